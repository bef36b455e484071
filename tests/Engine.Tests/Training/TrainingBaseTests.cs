using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Vision;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class TrainingBaseTests : IDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("base").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    [Theory]
    [InlineData("tiny-random", ModelSystem.VideoChatFlash)]
    [InlineData("tiny-random-xl", ModelSystem.VideoXl)]
    public void Create_TinyGeometry_IsTheSeedsModelWithATokenizer(string geometry, ModelSystem system)
    {
        string[] folders = [.. new ulong[] { 3, 3, 4 }.Select((seed, i) => Make(new TrainingBase { Geometry = geometry, Seed = seed }, $"{i}"))];
        byte[][] weights = [.. folders.Select(f => File.ReadAllBytes(Path.Combine(f, "model.safetensors")))];
        Assert.Equal(weights[0], weights[1]);
        Assert.NotEqual(weights[0], weights[2]);
        ModelConfig config = ModelConfig.Load(folders[0]);
        Assert.Equal(system, config.System);
        Assert.Equal(Tokenizer.Load(Path.Combine(folders[0], "tokenizer.json")).VocabularySize, config.Language.VocabularySize);
        using Checkpoint checkpoint = Checkpoint.Open(folders[0]);
        Assert.Equal(SafetensorsDtype.F32, checkpoint.Config.TorchDtype);
    }

    [Fact]
    public void Create_GeometryFolder_CountsFromTheRecipesAndReplacesAnOlderBase()
    {
        string geometry = Path.Combine(_root, "recipes", "small"), words = Path.Combine(_root, "recipes", "words");
        _ = Directory.CreateDirectory(words);
        _ = Directory.CreateDirectory(geometry);
        ByteLevelTokenizerWriter.Write(Path.Combine(words, "tokenizer.json"), [("a", "b")]);
        int size = Tokenizer.Load(Path.Combine(words, "tokenizer.json")).VocabularySize;
        TinyModels.VideoChatFlash(size + 5, 1, 2, layers: 5).Save(geometry);
        string made = Make(new TrainingBase { Geometry = "tiny-random" }, "made");
        Assert.Equal(made, Make(new TrainingBase { Geometry = "small", Tokenizer = "words" }, "made"));
        Assert.Equal((5, size + 5), (ModelConfig.Load(made).Language.Layers, ModelConfig.Load(made).Language.VocabularySize));
        Assert.Equal(size, Tokenizer.Load(Path.Combine(made, "tokenizer.json")).VocabularySize);
        Assert.False(Directory.Exists(made + ".tmp"));

        // Without one of its own to name, the tokenizer beside the geometry serves; one that is too large does not.
        Assert.Contains("tokenizer.json", Refused(new TrainingBase { Geometry = "small" }), StringComparison.Ordinal);
        ByteLevelTokenizerWriter.Write(Path.Combine(geometry, "tokenizer.json"), [("a", "b"), ("c", "d")]);
        Assert.Equal(size + 1, Tokenizer.Load(Path.Combine(Make(new TrainingBase { Geometry = "small" }, "own"), "tokenizer.json")).VocabularySize);
        TinyModels.VideoChatFlash(size, 1, 2).Save(geometry);
        Assert.Contains($"{size + 1} tokens", Refused(new TrainingBase { Geometry = "small" }), StringComparison.Ordinal);
        Assert.Equal(5, ModelConfig.Load(made).Language.Layers); // a refusal leaves what is there
    }

    /// <summary>Summary tokens come from what a decoder has learned before it has them.</summary>
    [Fact]
    public void Create_VideoXl_LeavesSummaryTokensToTheStageThatNeedsThem()
    {
        using Checkpoint checkpoint = Checkpoint.Open(Make(new TrainingBase { Geometry = "tiny-random-xl" }, "xl"));
        Assert.DoesNotContain(checkpoint.Layout.Tensors, t => TensorLayout.VstOrigin(t.Name) is not null && checkpoint.Contains(t.Name));
    }

    [Fact]
    public void MiniModels_VideoXl_HasWindowsThatEveryPublishedRatioDivides()
    {
        ModelConfig config = MiniModels.VideoXl(500, 1, 2);
        Assert.Equal((16, 192), (config.Connector.TokensPerFrame, config.Vst!.Window));
        Assert.All(Studio.Engine.Compression.VstCompression.PublishedRatios, r => Assert.Equal(0, config.Vst.Window % r));
        config.Save(_root);
        Assert.Equal(config.ToJson(), ModelConfig.Load(_root).ToJson());
    }

    [Theory]
    [InlineData("mini")]
    [InlineData("mini-xl")]
    public void Create_MiniGeometry_FitsIntoTheRepositoryAndKnowsTheWorldsWords(string geometry)
    {
        string folder = Make(new TrainingBase { Geometry = geometry, Seed = 5, Merges = 1400 }, "mini");
        var tokenizer = Tokenizer.Load(Path.Combine(folder, "tokenizer.json"));
        Assert.Equal(tokenizer.VocabularySize, ModelConfig.Load(folder).Language.VocabularySize);
        Assert.InRange(new FileInfo(Path.Combine(folder, "model.safetensors")).Length / 2, 1, 16_000_000); // as bf16
        Assert.Equal(9, tokenizer.Encode("Which of these objects appears in the video?\n").Length);
        Assert.Equal(3, tokenizer.Encode(" yellow crystal ball").Length);
    }

    [Fact]
    public void Create_DecoderOfAnotherModel_IsTakenWithItsTokenizerAndNothingElse()
    {
        string given = Make(new TrainingBase { Geometry = "mini", Seed = 5, Merges = 20 }, "given");
        string made = Make(new TrainingBase { Geometry = "mini-xl", Seed = 6, Decoder = "../given" }, "made");
        Assert.Equal(File.ReadAllBytes(Path.Combine(given, "tokenizer.json")), File.ReadAllBytes(Path.Combine(made, "tokenizer.json")));
        using Checkpoint from = Checkpoint.Open(given), to = Checkpoint.Open(made);
        Assert.Equal(ModelSystem.VideoXl, to.Config.System);
        using Weights source = TrainingCheckpoint.LoadWeights(from, Device.CPU), taken = TrainingCheckpoint.LoadWeights(to, Device.CPU);
        int same = 0;
        foreach (ExpectedTensor tensor in to.Layout.Tensors.Where(t => to.Contains(t.Name)))
        {
            bool isDecoder = tensor.Scope is not (CheckpointScope.Vision or CheckpointScope.Connector);
            Assert.Equal(isDecoder, source.TryGet(tensor.Name) is { } value && value.shape.SequenceEqual(taken.Get(tensor.Name).shape) && value.ToArray<float>().AsSpan().SequenceEqual(taken.Get(tensor.Name).ToArray<float>()));
            same += isDecoder ? 1 : 0;
        }

        Assert.True(same > 60, $"{same} tensors"); // six layers of eleven or twelve, the embedding and the last norm

        _ = Make(new TrainingBase { Geometry = "tiny-random" }, "small");
        Assert.Contains("name a model with", Refused(new TrainingBase { Geometry = "mini-xl", Decoder = "../small" }), StringComparison.Ordinal);
        Assert.Contains("merges", Assert.Throws<ArgumentException>(new TrainingBase { Geometry = "mini-xl", Decoder = "d", Merges = 3 }.Validate).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Change_DecoderWithoutSummaryTokens_StartsThemFromItsOrdinaryOnes()
    {
        string reading = Make(new TrainingBase { Geometry = "mini", Seed = 6, Merges = 20 }, "reading"), joined = Path.Combine(_root, "joined"), compressing = Path.Combine(_root, "compressing");
        RandomCheckpoint.Create(compressing, MiniModels.VideoXl(ModelConfig.Load(reading).Language.VocabularySize, 1, 2), 5, SafetensorsDtype.F32, cancellationToken: TestContext.Current.CancellationToken);
        File.Copy(Path.Combine(reading, "tokenizer.json"), Path.Combine(compressing, "tokenizer.json"));
        new TrainingBase { Model = "../compressing", Decoder = "../reading" }.Change(compressing, joined, Path.Combine(_root, "recipes"));
        using Checkpoint from = Checkpoint.Open(reading), to = Checkpoint.Open(joined);
        using Weights source = TrainingCheckpoint.LoadWeights(from, Device.CPU), made = TrainingCheckpoint.LoadWeights(to, Device.CPU);
        string[] summary = [.. to.Layout.Tensors.Select(t => t.Name).Where(n => TensorLayout.VstOrigin(n) is not null)];
        Assert.True(summary.Length > 18, $"{summary.Length} tensors of summary tokens");
        Assert.All(summary, name =>
        {
            float[] origin = source.Get(TensorLayout.VstOrigin(name)!).ToArray<float>(), own = made.Get(name).ToArray<float>();
            Assert.Equal(name == TensorLayout.VstEmbedding ? origin.AsSpan(2 * own.Length, own.Length).ToArray() : origin, own); // 2: what ends a turn
        });
    }

    [Fact]
    public void Change_ModelAndAnotherDecoder_KeepsTowerAndProjectorAndTakesTheRest()
    {
        string seeing = Make(new TrainingBase { Geometry = "mini", Seed = 5, Merges = 20 }, "seeing");
        string reading = Make(new TrainingBase { Geometry = "mini", Seed = 6, Merges = 20 }, "reading");
        string joined = Path.Combine(_root, "joined");
        var wanted = new TrainingBase { Model = "../seeing", Decoder = "../reading" };
        wanted.Change(seeing, joined, Path.Combine(_root, "recipes"));
        using Checkpoint eyes = Checkpoint.Open(seeing), words = Checkpoint.Open(reading), both = Checkpoint.Open(joined);
        using Weights fromEyes = TrainingCheckpoint.LoadWeights(eyes, Device.CPU), fromWords = TrainingCheckpoint.LoadWeights(words, Device.CPU), made = TrainingCheckpoint.LoadWeights(both, Device.CPU);
        foreach (ExpectedTensor tensor in both.Layout.Tensors.Where(t => both.Contains(t.Name)))
        {
            Weights source = tensor.Scope is CheckpointScope.Vision or CheckpointScope.Connector ? fromEyes : fromWords;
            Assert.Equal(source.Get(tensor.Name).ToArray<float>(), made.Get(tensor.Name).ToArray<float>());
        }

        Assert.True(File.Exists(Path.Combine(joined, "tokenizer.json")));
        string nothing = Assert.Throws<ArgumentException>(() => (wanted with { Decoder = "../nothing" }).Change(seeing, joined, Path.Combine(_root, "recipes"))).Message;
        Assert.Contains("nothing", nothing, StringComparison.Ordinal);
        Assert.Contains("run the recipe", nothing, StringComparison.Ordinal);
    }

    [Fact]
    public void Change_Average_IsTheMeanOfAllAndRefusesWhatDoesNotFit()
    {
        string[] folders = [.. new ulong[] { 5, 6, 7 }.Select(seed => Make(new TrainingBase { Geometry = "tiny-random", Seed = seed }, $"of-{seed}"))];
        string made = Path.Combine(_root, "made"), recipes = Path.Combine(_root, "recipes");
        new TrainingBase { Model = "../of-5", Average = ["../of-6", "../of-7"] }.Change(folders[0], made, recipes);
        float[][] all = [.. folders.Append(made).Select(Values)];
        Assert.NotEqual(all[0], all[1]);
        Assert.All(Enumerable.Range(0, all[0].Length), i => Assert.Equal((all[0][i] + all[1][i] + all[2][i]) / 3, all[3][i], 1e-6f));
        new TrainingBase { Model = "../of-5", Average = ["../of-5"] }.Change(folders[0], made, recipes); // replaced
        Assert.Equal(all[0], Values(made));

        _ = Make(new TrainingBase { Geometry = "tiny-random", Merges = 5 }, "words");
        Assert.Contains("another tokenizer", RefusedAverage("../words"), StringComparison.Ordinal);
        Assert.Contains("run the recipe", RefusedAverage("../nothing"), StringComparison.Ordinal);
        string deeper = Path.Combine(_root, "deeper"), words = Path.Combine(folders[0], "tokenizer.json");
        int vocabulary = ModelConfig.Load(folders[0]).Language.VocabularySize;
        RandomCheckpoint.Create(deeper, TinyModels.VideoChatFlash(vocabulary, 1, 2, layers: 5), 5, SafetensorsDtype.F32, cancellationToken: TestContext.Current.CancellationToken);
        File.Copy(words, Path.Combine(deeper, "tokenizer.json"));
        Assert.Contains("do not both have", RefusedAverage("../deeper"), StringComparison.Ordinal);
        Assert.Equal(all[0], Values(made)); // a refusal leaves what is there
        Assert.Contains("beside a geometry", Refused(new TrainingBase { Geometry = "tiny-random", Average = ["../of-5"] }), StringComparison.Ordinal);
        Assert.Contains("0 models", Refused(new TrainingBase { Model = "m", Average = [] }), StringComparison.Ordinal);
        Assert.Contains("17 models", Refused(new TrainingBase { Model = "m", Average = [.. Enumerable.Repeat("../of-5", TrainingBase.MaxAveraged + 1)] }), StringComparison.Ordinal);

        string RefusedAverage(string other) =>
            Assert.Throws<ArgumentException>(() => new TrainingBase { Model = "../of-5", Average = [other] }.Change(folders[0], made, recipes)).Message;

        static float[] Values(string folder)
        {
            using Checkpoint checkpoint = Checkpoint.Open(folder);
            using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
            return [.. weights.Names.Order(StringComparer.Ordinal).SelectMany(n => weights.Get(n).ToArray<float>())];
        }
    }

    /// <summary>With patches loud enough nothing is left of the positions, and louder ones change nothing more; quiet ones let positions be seen.</summary>
    [Fact]
    public void Change_PatchScale_ChangesNothingButWhatPositionsCount()
    {
        string model = Make(new TrainingBase { Geometry = "mini", Seed = 5, Merges = 20 }, "model");
        float[] own = Features(model), loud = Scaled(500), louder = Scaled(1000), quiet = Scaled(0.125);
        Assert.Equal(own, Scaled(1));
        Assert.True(Distance(loud, louder) < 0.01, $"{Distance(loud, louder)}");
        Assert.True(Distance(own, quiet) > 10 * Distance(loud, louder), $"{Distance(own, quiet)}");
        Assert.True(Distance(quiet, loud) > Distance(own, loud), $"{Distance(quiet, loud)}, {Distance(own, loud)}");
        Assert.Equal(quiet, Features(Make(new TrainingBase { Geometry = "mini", Seed = 5, Merges = 20, PatchScale = 0.125 }, "made")));
        Assert.Contains("learns its positions", Refused(new TrainingBase { Geometry = "mini-xl", PatchScale = 0.5 }), StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new TrainingBase { Model = "m" }.Change(model, Path.Combine(_root, "none"), _root));

        float[] Scaled(double scale)
        {
            string folder = Path.Combine(_root, $"scaled-{scale}");
            new TrainingBase { Model = "../model", PatchScale = scale }.Change(model, folder, Path.Combine(_root, "recipes"));
            return Features(folder);
        }
    }

    /// <summary>Without attention the two towers compute the same: norms, biases, the table and the way into the projector are carried over exactly, but for the closing norm's size.</summary>
    [Fact]
    public void Change_LearnPositions_CarriesOverWhatDoesNotAttend()
    {
        string model = Make(new TrainingBase { Geometry = "mini", Seed = 5, Merges = 20 }, "model"), deaf = Path.Combine(_root, "deaf"), learning = Path.Combine(_root, "learning");
        using (Checkpoint checkpoint = Checkpoint.Open(model))
        using (Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU))
        using (torch.no_grad())
        {
            const string blocks = "model.vision_tower.vision_tower.encoder.";
            using var scope = torch.NewDisposeScope();
            int seed = 0;
            foreach (string name in weights.Names.Where(n => n.StartsWith(blocks, StringComparison.Ordinal)))
            {
                Tensor tensor = weights.Get(name);
                bool attends = name.Contains("attn.proj.weight", StringComparison.Ordinal);
                if (attends || tensor.ndim == 1)
                {
                    _ = tensor.copy_(attends ? torch.zeros(tensor.shape) : Ramp(tensor.numel(), ++seed)); // random weights have no biases and norms of 1
                }
            }

            TrainingCheckpoint.SaveModel(deaf, checkpoint.Config, weights, model, SafetensorsDtype.F32);
        }

        new TrainingBase { Model = "../deaf", LearnPositions = true }.Change(deaf, learning, Path.Combine(_root, "recipes"));
        VisionConfig fixedOnes = ModelConfig.Load(deaf).Vision, learned = ModelConfig.Load(learning).Vision;
        Assert.Equal((VisionTowerKind.InternVideo2, fixedOnes.HiddenSize, fixedOnes.BuiltLayers, fixedOnes.MlpHiddenSize), (learned.Kind, learned.HiddenSize, learned.BuiltLayers, learned.MlpHiddenSize));
        using var outer = torch.NewDisposeScope();
        Tensor before = Read(deaf, normed: false), after = Read(learning, normed: true);
        Assert.True(Distance(before.ToArray<float>(), after.ToArray<float>()) < 1e-4, $"{Distance(before.ToArray<float>(), after.ToArray<float>())}");
        Assert.Contains("learns its positions already", Assert.Throws<ArgumentException>(() => new TrainingBase { Model = "../learning", LearnPositions = true }.Change(learning, deaf, Path.Combine(_root, "recipes"))).Message, StringComparison.Ordinal);

        // The projector's first layer on what the tower gives; each patch brought to the same size first, as the norm did that is gone.
        static Tensor Read(string folder, bool normed)
        {
            using torch.GradModeGuard constant = torch.no_grad();
            using var checkpoint = Checkpoint.Open(folder);
            using var weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
            Tensor features = torch.tensor(Features(folder)).view(-1, checkpoint.Config.Vision.HiddenSize);
            Tensor up = weights.Get("model.mm_projector.mlp.0.weight"), bias = weights.Get("model.mm_projector.mlp.0.bias");
            Tensor raw = normed ? features / features.pow(2).mean(1, keepdim: true).sqrt() : features;
            Tensor read = torch.matmul(raw, up.t());

            // One number for all patches: the fold divides by it, and what is left of it is taken out of both sides.
            Tensor centred = read - read.mean(0, keepdim: true);
            return (centred / centred.pow(2).mean().sqrt()).clone();
        }

        static Tensor Ramp(long count, int seed) => torch.tensor([.. Enumerable.Range(0, (int)count).Select(i => 1 + (0.3f * (float)Math.Sin((i + 1) * seed * 0.71)))]);
    }

    [Fact]
    public void Validate_WrongBase_IsRefusedByName()
    {
        Assert.Contains("neither or both", Assert.Throws<ArgumentException>(new TrainingBase().Validate).Message, StringComparison.Ordinal);
        Assert.Contains("neither or both", Assert.Throws<ArgumentException>(new TrainingBase { Model = "a", Geometry = "b" }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("'t'", Assert.Throws<ArgumentException>(new TrainingBase { Model = "a", Tokenizer = "t" }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("-1", Assert.Throws<ArgumentException>(new TrainingBase { Geometry = "mini", Merges = -1 }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("4097", Assert.Throws<ArgumentException>(new TrainingBase { Geometry = "mini", Merges = 4097 }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("7", Assert.Throws<ArgumentException>(new TrainingBase { Geometry = "mini", Tokenizer = "t", Merges = 7 }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("7", Assert.Throws<ArgumentException>(new TrainingBase { Geometry = "2b@448", Merges = 7 }.Validate).Message, StringComparison.Ordinal);
        Assert.Contains("without a tokenizer", Refused(new TrainingBase { Geometry = "2b@448" }), StringComparison.Ordinal);
        _ = Directory.CreateDirectory(Path.Combine(_root, "recipes"));
        ByteLevelTokenizerWriter.Write(Path.Combine(_root, "recipes", "tokenizer.json"), []);
        Assert.Contains("'nothing'", Refused(new TrainingBase { Geometry = "nothing", Tokenizer = "." }), StringComparison.Ordinal);
    }

    private static float[] Features(string folder)
    {
        using var scope = torch.NewDisposeScope();
        using torch.GradModeGuard constant = torch.no_grad();
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
        VisionConfig vision = checkpoint.Config.Vision;
        using var tower = VisionTower.Load(vision, weights, Device.CPU, ScalarType.Float32);
        Tensor ramp = torch.tensor(Enumerable.Range(0, vision.FramesPerClip * 3 * vision.ImageSize * vision.ImageSize).Select(i => (float)Math.Sin(i * 0.37)).ToArray());
        return tower.Forward(ramp.view(1, vision.FramesPerClip, 3, vision.ImageSize, vision.ImageSize), TestContext.Current.CancellationToken).ToArray<float>();
    }

    private static double Distance(float[] a, float[] b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (double)(x - y)).Sum() / a.Sum(x => x * (double)x));

    private string Make(TrainingBase what, string name)
    {
        string folder = Path.Combine(_root, name);
        what.Create(folder, Path.Combine(_root, "recipes"), TestContext.Current.CancellationToken);
        return folder;
    }

    private string Refused(TrainingBase what) => Assert.Throws<ArgumentException>(() => Make(what, "refused")).Message;
}
