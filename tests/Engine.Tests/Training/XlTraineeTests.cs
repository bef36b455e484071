using System.Text.Json;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Tests.Tokenization;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;
using Xunit;
using static Studio.Engine.Tests.Training.XlTraining;

namespace Studio.Engine.Tests.Training;

public sealed class XlTraineeTests : IDisposable
{
    private readonly Weights _weights = Weights();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _weights.Dispose();
    }

    /// <summary>The reference's training step, with all parts of the model in their groups.</summary>
    [Fact]
    public void Forward_ReferenceStep_HasItsLossAndGradients()
    {
        string folder = Golden.Folder("vxl_train");
        using Checkpoint checkpoint = Checkpoint.Open(folder);
        using Weights weights = TrainingCheckpoint.LoadWeights(checkpoint, Device.CPU), golden = MappedTensors.MapAll(Path.Combine(folder, "case.safetensors"));
        using var trainee = new XlTrainee(Stage([.. checkpoint.Config.Vst!.Ratios]), checkpoint.Config, weights, TestTokenizers.Tiny, Device.CPU, 1);
        using (torch.enable_grad())
        {
            Tensor rows = trainee.Encode((golden.Get("pixels_u8").to(ScalarType.Float32) / 32) - 4, trainee.Config.Connector.TokensPerImage).reshape(-1, trainee.Config.Language.HiddenSize);
            int[] ids = golden.Get("input_ids").ToArray<int>(), labels = golden.Get("labels").ToArray<int>();
            int at = Array.IndexOf(ids, ChatMl.VisualPlaceholderId);
            var prompt = new Prompt([new PromptPart.Text(ids[..at]), new PromptPart.Visual("video", rows), new PromptPart.Text(ids[(at + 1)..])]);
            int[] all = [.. labels[..at], .. Enumerable.Repeat(TrainingForward.Ignored, (int)rows.size(0)), .. labels[(at + 1)..]];
            TrainingResult result = trainee.Forward([new TrainingSample(prompt, all)], [new TrainingExample("sample", [])], TestContext.Current.CancellationToken);
            Assert.Equal(golden.Get("loss").item<float>(), result.Loss.item<float>(), 1e-5f);
            result.Loss.backward();
        }

        const string Prefix = "grad.";
        string[] gradients = [.. golden.Names.Where(n => n.StartsWith(Prefix, StringComparison.Ordinal))];
        Assert.Equal(16, gradients.Length);
        foreach (string name in gradients)
        {
            float[] expected = golden.Get(name).ToArray<float>(), actual = weights.Get(name[Prefix.Length..]).grad!.ToArray<float>();
            float tolerance = 1e-4f * expected.Max(Math.Abs);
            Assert.All(expected.Zip(actual), p => Assert.True(Math.Abs(p.First - p.Second) <= tolerance + (1e-3f * Math.Abs(p.First)), $"{name}: {p.First} and {p.Second}"));
        }

        JsonElement without = Golden.Json("vxl_train", "case.json").GetProperty("params").GetProperty("parameters_without_or_zero_gradient");
        string[] trained = [.. trainee.Groups.SelectMany(g => g.Parameters).Where(p => p.Value.grad is { } g && g.abs().max().item<float>() > 0).Select(p => p.Name)];
        Assert.Equal(weights.Names.Except(without.EnumerateArray().Select(e => e.GetString()!)).Order(StringComparer.Ordinal), trained.Order(StringComparer.Ordinal));
    }

    /// <summary>The loss of an answer is what the model, asked the same and answering so, gives its tokens.</summary>
    [Theory]
    [InlineData("off")]
    [InlineData("vst:4")]
    [InlineData("vst:16")]
    public void Loss_Video_IsThatOfInference(string compress)
    {
        TrainingExample sample = Source().Sample(2);
        VstCompression settings = VstCompression.Parse(compress, Config.Vst!);
        using XlTrainee trainee = Trainee(Stage([.. settings.Ratios]), _weights);
        TraineeLoss loss = trainee.Loss([sample], TestContext.Current.CancellationToken);

        using var constant = torch.no_grad();
        using var tower = VisionTower.Load(Config.Vision, _weights, Device.CPU, ScalarType.Float32);
        using var connector = Connectors.Load(Config, _weights, Device.CPU, ScalarType.Float32);
        using var decoder = new VstDecoder(Config.Language, Config.Vst!, _weights, Device.CPU, ScalarType.Float32);
        var sampling = new SamplingSettings { Rule = SamplingRule.VideoXl, MaxFrames = 4, ClipLength = 1 };
        FrameSelection selection = FrameSampling.Select(sample.Video!.Info, sampling);
        Tensor pixels = torch.empty([selection.Count, 3, 96, 96]);
        int next = 0;
        byte[] square = new byte[3 * 96 * 96];
        foreach (VideoFrame frame in sample.Video.Read(selection, TestContext.Current.CancellationToken))
        {
            using (frame)
            {
                CentreCrop.Resize(frame.Rgb.Span, frame.Width, frame.Height, square, 96);
                PixelPreprocessor.Clip.Normalize(square, pixels.data<float>().Slice(next++ * square.Length, square.Length));
            }
        }

        Tensor rows = new ClipEncoder(tower, connector).EncodeImages(pixels, cancellation: TestContext.Current.CancellationToken).Tokens.reshape(-1, connector.Width);
        Assert.Equal(4 * PerFrame, rows.size(0));
        string question = sample.Turns[0].Text;
        Assert.StartsWith("<image>\n", question, StringComparison.Ordinal);
        int[] asked = ChatMl.EncodeTurns(TestTokenizers.Tiny, [new ChatTurn(ChatRole.User, ChatMl.SplitPlaceholders(question))]);
        int at = Array.IndexOf(asked, ChatMl.VisualPlaceholderId);
        _ = TestTokenizers.Tiny.TryGetId(ChatMl.TurnEnd, out int end);
        int[] answer = [.. TestTokenizers.Tiny.Encode(sample.Turns[1].Text, parseSpecial: false), end];
        using VstSequence state = decoder.NewSequence(settings);
        float[] logits = decoder.Prefill(
            state, new Prompt([new PromptPart.Text(asked[..at]), new PromptPart.Visual("video", rows), new PromptPart.Text(asked[(at + 1)..])]), ct: TestContext.Current.CancellationToken).ToArray<float>();
        double sum = 0;
        foreach (int id in answer)
        {
            sum += Math.Log(logits.Sum(l => Math.Exp(l))) - logits[id];
            logits = decoder.DecodeRow(state, id).ToArray();
        }

        Assert.Equal(answer.Length, loss.Supervised);
        Assert.Equal(sum / answer.Length, loss.Loss.item<float>(), 2e-4);
    }

    [Fact]
    public void RuleFor_Ratios_FollowFromSeedAndNumberAlone()
    {
        TrainingStage stage = Stage(1, 2, 4, 8, 12, 16);
        var span = new VisualSpanShape(100 * PerFrame, PerFrame, null);
        using XlTrainee first = Trainee(stage, _weights), again = Trainee(stage, _weights), other = Trainee(stage, _weights, seed: 4);
        TrainingExample[] samples = [.. Enumerable.Range(0, 6).Select(i => new TrainingExample("x", []) { Number = i })];
        VstWindow[][] drawn = [.. samples.Select(s => Draw(first, s))];
        Assert.Equal(drawn.Reverse(), samples.Reverse().Select(s => Draw(again, s))); // asked in another order
        Assert.Equal(6, drawn.Select(d => string.Join(',', d.Select(w => w.Ratio))).Distinct().Count());
        Assert.NotEqual(drawn[0], Draw(other, samples[0]));
        Assert.Equal([0, 2, 4, 8, 12, 16], drawn.SelectMany(d => d).Select(w => w.Ratio).Distinct().Order());
        Assert.All(drawn.SelectMany(d => d), w => Assert.Equal(w.Ratio == 0 ? PerFrame * 2 : PerFrame * 2 / w.Ratio, w.Kept));

        VstWindow[] Draw(XlTrainee trainee, TrainingExample sample) => [.. trainee.RuleFor(sample).Cut(span, Window)];
    }

    [Fact]
    public void Loss_Batch_IsTheMeanOverItsTokensWithEachSamplesOwnRatios()
    {
        TrainingStage stage = Stage(2, 4, 8, 12, 16);
        using XlTrainee trainee = Trainee(stage, _weights);
        TrainingExample[] samples = [.. Enumerable.Range(0, 2).Select(i => Source().Sample(i) with { Number = i })];
        TraineeLoss both = Loss(trainee, samples), one = Loss(trainee, samples[0]), two = Loss(trainee, samples[1]);
        Assert.Equal((one.Rows + two.Rows, one.Supervised + two.Supervised), (both.Rows, both.Supervised));
        float mean = ((one.Loss.item<float>() * one.Supervised) + (two.Loss.item<float>() * two.Supervised)) / both.Supervised;
        Assert.Equal(mean, both.Loss.item<float>(), 1e-5f);
        // What a sample draws matters, so a batch that shared one draw would differ.
        Assert.NotEqual(two.Loss.item<float>(), Loss(trainee, samples[1] with { Number = 0 }).Loss.item<float>());
    }

    [Fact]
    public void Loss_ImagesVideoAndText_HaveTheirRows()
    {
        RgbImage wide = Picture(190, 96), small = Picture(40, 40);
        TrainingTurn[] about = [new(ChatRole.User, "<image>\nWhat?"), new(ChatRole.Assistant, "That.")];
        var image = new TrainingExample("image", about) { Images = [_ => wide] };
        var several = new TrainingExample("several", [new(ChatRole.User, "<image>\n<image>\n<image>\nWhat?"), about[1]]) { Images = [_ => wide, _ => small, _ => wide] };
        var text = new TrainingExample("text", [new(ChatRole.User, "What?"), about[1]]);
        using XlTrainee tiled = Trainee(Stage(2), _weights);
        int words = Loss(tiled, text).Rows;
        PictureSize canvas = AnyResTiling.SelectBestResolution(new PictureSize(190, 96), AnyResTiling.ParsePinpoints(Config.ImageGridPinpoints!, 96));
        int tiles = canvas.Width / 96 * (canvas.Height / 96);
        Assert.Equal(new PictureSize(192, 96), canvas);
        Assert.InRange(Loss(tiled, image).Rows - (tiles * PerFrame), words, words + 2); // a newline more
        Assert.Equal(PerFrame, Loss(tiled, several).Rows - Loss(tiled, image).Rows); // three frames, two tiles
        Assert.InRange(Loss(tiled, Source().Sample(0)).Rows, 4 * PerFrame, (4 * PerFrame) + 300);

        TraineeLoss all = Loss(tiled, image, several, text);
        all.Loss.backward();
        Assert.All(tiled.Groups, g => Assert.Contains(g.Parameters, p => p.Value.grad is not null));

        using XlTrainee whole = Trainee(Stage() with { ImageTiles = false }, _weights);
        Assert.Equal(4 * PerFrame, Loss(whole, image).Rows - Loss(tiled, image).Rows + (tiles * PerFrame)); // a token a patch
    }

    [Fact]
    public void Loss_TextAlone_IsNeverCompressed()
    {
        var text = new TrainingExample("text", [new(ChatRole.User, string.Join(' ', Enumerable.Repeat("long", 200))), new(ChatRole.Assistant, "That.")]);
        using XlTrainee compressed = Trainee(Stage(16), _weights);
        float with = Loss(compressed, text).Loss.item<float>();
        using XlTrainee plain = Trainee(Stage(), _weights);
        Assert.Equal(Loss(plain, text).Loss.item<float>(), with, 1e-5f);
    }

    [Fact]
    public void Create_BaseWithoutSummaryTokens_StartsThemAsCopiesOnlyWhereTheyAreUsed()
    {
        using Weights weights = Weights(withVst: false);
        Trainee(Stage(), weights).Dispose();
        Assert.DoesNotContain(weights.Names, n => TensorLayout.VstOrigin(n) is not null);
        using (torch.no_grad())
        {
            _ = weights.Get("model.layers.1.self_attn.q_proj.weight").fill_(0.25f); // as if a stage had trained it
        }

        using XlTrainee trainee = Trainee(Stage(2, 4), weights);
        ParameterGroup summary = Assert.Single(trainee.Groups, g => g.Name == "summary");
        Assert.Equal(1 + (Config.Language.Layers * 6), summary.Parameters.Count);
        Assert.All(summary.Parameters.Where(p => p.Name != TensorLayout.VstEmbedding), p => Assert.Equal(weights.Get(TensorLayout.VstOrigin(p.Name)!).ToArray<float>(), p.Value.ToArray<float>()));
        Assert.All(weights.Get("model.layers.1.self_attn.beacon_q_proj.weight").ToArray<float>(), v => Assert.Equal(0.25f, v));
        int width = Config.Language.HiddenSize;
        Assert.Equal(weights.Get(TensorLayout.EmbedTokens).ToArray<float>().AsSpan(Config.Language.EosTokenIds[0] * width, width).ToArray(), weights.Get(TensorLayout.VstEmbedding).ToArray<float>());
        Loss(trainee, Source().Sample(0)).Loss.backward();
        Assert.All(summary.Parameters, p => Assert.NotNull(p.Value.grad)); // leaves of their own
    }

    [Fact]
    public void Create_Config_SaysTheRatiosLearned()
    {
        using XlTrainee some = Trainee(Stage(1, 4, 16), _weights), none = Trainee(Stage(), _weights);
        Assert.Equal([4, 16], some.Config.Vst!.Ratios);
        Assert.Equal(Config.Vst!.Ratios, none.Config.Vst!.Ratios);
    }

    [Fact]
    public void Create_StageOfTheOtherSystem_IsRefusedWithStageAndValue()
    {
        TrainingStage stage = Stage(2, 4);
        Refused(stage with { Template = TrainingTemplate.ChatFlash }, "template is chatFlash");
        Refused(stage with { Ratios = null, Rates = new PartRates { Decoder = 1 }, Drops = new TrainingDrops { Type = CompressionType.Uniform, Layers = [2], Ratios = [1, 0.5] } }, "drops are after layers [2]");
        Refused(stage with { Resolution = 192 }, "resolution is 192");
        Refused(stage with { Ratios = [2, Window + 1] }, $"ratio {Window + 1}");
        Refused(stage with { Ratios = [2, 2] }, "ratios are [2, 2]");
        Refused(stage with { Ratios = [0] }, "ratios are [0]");
        Refused(stage with { Ratios = null }, "rates.summary is 0.001 without ratios");
        Refused(stage with { Drops = new TrainingDrops { Type = CompressionType.Uniform, Layers = [2], Ratios = [1, 0.5] } }, "drops and ratios");

        ModelConfig flash = TinyModels.VideoChatFlash(layers: 4);
        using Weights weights = RandomModels.Weights(flash, 1, Device.CPU, ScalarType.Float32);
        TrainingStage own = Stage() with { Template = TrainingTemplate.ChatFlash };
        Assert.IsType<FlashTrainee>(Create(own, flash, weights)).Dispose();
        Assert.Contains("Stage 'all': ratios are [2, 4]", Error(own with { Ratios = [2, 4] }, flash, weights), StringComparison.Ordinal);
        Assert.Contains("Stage 'all': template is chatXl", Error(Stage(), flash, weights), StringComparison.Ordinal);
        Assert.Contains("Stage 'all': A resolution of 100", Error(own with { Resolution = 100 }, flash, weights), StringComparison.Ordinal);
        Assert.Contains("Stage 'all': data.severalImages", Error(own with { Data = own.Data with { SeveralImages = true } }, flash, weights), StringComparison.Ordinal);

        void Refused(TrainingStage wrong, string expected)
        {
            string message = Error(wrong, Config, _weights);
            Assert.Contains("Stage 'all'", message, StringComparison.Ordinal);
            Assert.Contains(expected, message, StringComparison.Ordinal);
        }

        static string Error(TrainingStage stage, ModelConfig config, Weights weights) => Assert.Throws<ArgumentException>(() =>
        {
            stage.Validate();
            Create(stage, config, weights).Dispose();
        }).Message;

        static ITrainee Create(TrainingStage stage, ModelConfig config, Weights weights) => Trainees.Create(stage, config, weights, TestTokenizers.Tiny, Device.CPU, 1);
    }

    private static TraineeLoss Loss(XlTrainee trainee, params TrainingExample[] samples) => trainee.Loss(samples, TestContext.Current.CancellationToken);

    private static RgbImage Picture(int width, int height)
    {
        byte[] rgb = new byte[width * height * 3];
        for (int i = 0; i < rgb.Length; i++)
        {
            rgb[i] = (byte)WorldRandom.Hash(9, (ulong)i);
        }

        return new RgbImage(width, height, rgb);
    }
}
