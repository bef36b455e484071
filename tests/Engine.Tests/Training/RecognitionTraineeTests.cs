using Studio.Engine.Checkpoints;
using Studio.Engine.Tests.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class RecognitionTraineeTests : IDisposable
{
    private readonly string _root = Path.Combine(Path.GetTempPath(), $"recognition-{Guid.NewGuid():N}");

    public void Dispose()
    {
        if (Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Loss_TwoAlbumsOverAndOver_AreRecognisedAndOnlyTheTowerChanges(bool isXl)
    {
        ModelConfig config = isXl ? XlTraining.Config : TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = Random(config);
        Dictionary<string, float[]> before = weights.Names.ToDictionary(n => n, n => weights.Get(n).ToArray<float>());
        TrainingStage stage = Stage() with { Rates = new PartRates { Tower = 3e-3 } };
        using ITrainee trainee = Trainees.Create(stage, config, weights, TestTokenizers.Tiny, Device.CPU, 3);
        RecognitionTrainee recognition = Assert.IsType<RecognitionTrainee>(trainee);
        var source = new WorldSource(stage.Data, 5);
        TrainingExample[] samples = [source.Sample(0), source.Sample(1)];
        (double first, double last) = Learn(trainee, stage, samples, loss =>
        {
            Assert.Equal(2 * 4 * config.Vision.GridSide * config.Vision.GridSide, loss.Rows);
            Assert.InRange(loss.Supervised, 8, loss.Rows / 2);
        });
        Assert.True(last < first / 2, $"{first} became {last}");
        RecognitionScore score = recognition.Measure(samples, TestContext.Current.CancellationToken);
        Assert.True(score.Objects.Right > score.Objects.Of * 0.6, $"{score}");
        foreach (string name in weights.Names)
        {
            bool isTower = TensorLayout.For(config).Tensors.Any(t => t.Name == name && t.Used && t.Scope == CheckpointScope.Vision);
            Assert.True(isTower || before[name].SequenceEqual(weights.Get(name).ToArray<float>()), name);
        }

        Assert.Contains(weights.Names, n => !before[n].SequenceEqual(weights.Get(n).ToArray<float>()));
    }

    [Theory]
    [InlineData(false, WordsOf.Patches, false)]
    [InlineData(false, WordsOf.Patches, true)]
    [InlineData(true, WordsOf.Patches, false)]
    [InlineData(true, WordsOf.Tokens, false)]
    [InlineData(true, WordsOf.Tokens, true)]
    public void Loss_OfWords_WhatIsProjectedPointsAtItsNamesAndTheDecoderStaysAsItIs(bool isXl, WordsOf wordsOf, bool lettersInPlace)
    {
        ModelConfig config = isXl ? XlTraining.Config : TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = Random(config);
        Dictionary<string, float[]> before = weights.Names.ToDictionary(n => n, n => weights.Get(n).ToArray<float>());
        TrainingStage stage = Stage() with { Rates = new PartRates { Tower = 3e-3, Projector = 3e-3 }, WordsOf = wordsOf, LettersInPlace = lettersInPlace };
        using ITrainee trainee = Trainees.Create(stage, config, weights, TestTokenizers.Tiny, Device.CPU, 3);
        WordTrainee words = Assert.IsType<WordTrainee>(trainee);
        var source = new WorldSource(stage.Data, 5);
        TrainingExample[] samples = [source.Sample(0), source.Sample(1)];
        (int right, int named) = words.Measure(samples, TestContext.Current.CancellationToken);
        Assert.True(right < named / 2);
        (double first, double last) = Learn(trainee, stage, samples);
        Assert.True(last < first, $"{first} became {last}");
        Assert.True(words.Measure(samples, TestContext.Current.CancellationToken).Right > named * 0.6, $"{words.Measure(samples, TestContext.Current.CancellationToken)}, {right} at first");
        Dictionary<string, ExpectedTensor> layout = TensorLayout.For(config).Tensors.ToDictionary(t => t.Name);
        foreach (string name in weights.Names)
        {
            bool changes = layout[name].Used && layout[name].Scope is CheckpointScope.Vision or CheckpointScope.Connector;
            Assert.True(changes || before[name].SequenceEqual(weights.Get(name).ToArray<float>()), name);
        }
    }

    /// <summary>Clips of a moving thing: its way is learned where the tower sees clips, and not asked of single frames.</summary>
    [Fact]
    public void Loss_OfWordsInClips_NamesPlaceMotionAndBackdrop()
    {
        ModelConfig config = TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = Random(config);
        TrainingStage plain = Stage() with
        {
            Rates = new PartRates { Tower = 3e-3, Projector = 3e-3 },
            Frames = new TrainingFrames { Min = 4, Max = 8 },
            Data = new TrainingData { World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Direction] = 1 }, Seconds = [4], Fps = 2, Objects = 80 }, WorldSide = 96 },
        };
        TrainingExample[] samples = [.. Enumerable.Range(0, 2).Select(i => new WorldSource(plain.Data, 5).Sample(i))];
        (double loss, int labelled) = First(plain);
        (double framewise, int same) = First(plain with { PlaceAndMotion = true });
        (double clipwise, int still) = First(plain with { PlaceAndMotion = true, InClips = true });
        (double _, int more) = First(plain with { Backdrops = true });
        Assert.Equal((labelled, labelled), (same, still));
        Assert.True(more > labelled + 20, $"{more} patches with the backdrop, {labelled} without");
        Assert.Equal(3, ((double[])[loss, framewise, clipwise]).Distinct().Count());

        TrainingStage stage = plain with { PlaceAndMotion = true, InClips = true };
        using WordTrainee trainee = Assert.IsType<WordTrainee>(Trainees.Create(stage, config, weights, TestTokenizers.Tiny, Device.CPU, 3));
        (double first, double last) = Learn(trainee, stage, samples);
        Assert.True(last < first, $"{first} became {last}");
        Assert.Contains("inClips", Assert.Throws<ArgumentException>(() => Trainees.Check(stage, XlTraining.Config)).Message, StringComparison.Ordinal);

        (double Loss, int Labelled) First(TrainingStage asked)
        {
            using ITrainee one = Trainees.Create(asked, config, weights, TestTokenizers.Tiny, Device.CPU, 3);
            using var scope = torch.NewDisposeScope();
            TraineeLoss result = one.Loss(samples, TestContext.Current.CancellationToken);
            return (result.Loss.item<float>(), result.Supervised);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Run_StoppedAndResumed_KeepsTheHeadAndEndsWithTheSameWeights(int stopAfter)
    {
        string start = Path.Combine(_root, "base");
        RandomCheckpoint.Create(start, TinyModels.VideoChatFlash(layers: 4), 3, SafetensorsDtype.F32, cancellationToken: TestContext.Current.CancellationToken);
        File.Copy(Path.Combine(Golden.Folder("tiny_tokenizer"), "tokenizer.json"), Path.Combine(start, "tokenizer.json"));
        var recipe = new TrainingRecipe { Name = "test", SaveEvery = 2, SaveType = "fp32", Stages = [Stage(), Stage() with { Name = "again", Steps = 2 }] };
        using var stop = new CancellationTokenSource();
        int updates = 0;
        TrainingOutcome whole = Run("whole", null);
        TrainingOutcome part = Run("parts", _ => Stop());
        Assert.Equal((false, stopAfter), (part.Finished, updates));
        Assert.True(File.Exists(Path.Combine(part.Folder, "head.safetensors")));
        TrainingOutcome rest = Run("parts", null, resume: true);
        Assert.True(whole.Finished && rest.Finished);
        Assert.Equal(File.ReadAllBytes(Path.Combine(whole.Folder, "model.safetensors")), File.ReadAllBytes(Path.Combine(rest.Folder, "model.safetensors")));
        Assert.False(File.Exists(Path.Combine(whole.Folder, "head.safetensors"))); // the model is as published ones are

        TrainingOutcome Run(string folder, Action<TrainingUpdate>? onUpdate, bool resume = false) =>
            new Trainer(TimeProvider.System, (stage, seed) => new WorldSource(stage.Data, seed)).Run(
                new TrainingRun { Recipe = recipe, Folder = Path.Combine(_root, folder), BaseModel = start, Resume = resume }, onUpdate, onUpdate is null ? TestContext.Current.CancellationToken : stop.Token);

        void Stop()
        {
            if (++updates == stopAfter)
            {
                stop.Cancel();
            }
        }
    }

    [Fact]
    public void Validate_StagesThatCannotBeLearned_SaysWhatIsWrong()
    {
        TrainingStage stage = Stage();
        stage.Validate();
        (stage with { Rates = new PartRates { Projector = 1e-3 } }).Validate();
        Says(stage with { Rates = new PartRates { Tower = 1e-3, Decoder = 1e-3 } }, "without the decoder");
        Says(stage with { Data = new TrainingData { Annotations = [new AnnotationFile("a.json")] } }, "each patch shows");
        Says(stage with { Ratios = [2] }, "no decoder");
        Says(stage with { WordsOf = WordsOf.Tokens }, "wordsOf is Tokens");
        Says(stage with { Data = stage.Data with { Told = 0.5 } }, "a told video has none");
        Says(stage with { LettersInPlace = true }, "lettersInPlace is true");
        Says(stage with { PlaceAndMotion = true }, "placeAndMotion is true");
        Says(stage with { Backdrops = true }, "backdrops is true");
        Says(stage with { Recognition = false, InClips = true }, "inClips is true");

        static void Says(TrainingStage stage, string part) => Assert.Contains(part, Assert.Throws<ArgumentException>(stage.Validate).Message, StringComparison.Ordinal);
    }

    /// <summary>Sixty updates on the same samples: the first loss and the last.</summary>
    private static (double First, double Last) Learn(ITrainee trainee, TrainingStage stage, TrainingExample[] samples, Action<TraineeLoss>? check = null)
    {
        using var optimizer = new AdamW(trainee.Groups, stage.Optimizer);
        (double first, double last) = (0, 0);
        for (int step = 0; step < 60; step++)
        {
            using var scope = torch.NewDisposeScope();
            optimizer.ZeroGradients();
            TraineeLoss loss = trainee.Loss(samples, TestContext.Current.CancellationToken);
            loss.Loss.backward();
            _ = optimizer.ClipGradients(1);
            optimizer.Step(1);
            last = loss.Loss.item<float>();
            first = step == 0 ? last : first;
            check?.Invoke(loss);
        }

        return (first, last);
    }

    private static TrainingStage Stage() => new()
    {
        Name = "recognition",
        Recognition = true,
        Rates = new PartRates { Tower = 1e-3 },
        Template = TrainingTemplate.Plain,
        Batch = 1,
        Accumulation = 2,
        Steps = 4,
        Frames = new TrainingFrames { Min = 1, Max = 4 },
        Data = new TrainingData { Album = new AlbumData { Pictures = [4], Objects = 80 }, WorldSide = 96 },
    };

    private Weights Random(ModelConfig config)
    {
        string folder = Path.Combine(_root, "model");
        RandomCheckpoint.Create(folder, config, 3, SafetensorsDtype.F32);
        using var checkpoint = Checkpoint.Open(folder);
        return TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU);
    }
}
