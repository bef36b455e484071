using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

/// <summary>A decoder with summary tokens, small enough for a test and with a window that is quickly crossed.</summary>
internal sealed class VstModel : IDisposable
{
    internal const int Window = 48, PerFrame = 4;

    internal static readonly LanguageConfig Config = new()
    {
        Layers = 4,
        HiddenSize = 48,
        Heads = 4,
        KeyValueHeads = 2,
        HeadDim = 12,
        IntermediateSize = 80,
        VocabularySize = 220,
        RopeTheta = 1e6,
    };

    private readonly Weights _weights;

    internal VstModel(ScalarType stored = ScalarType.Float32)
    {
        var random = new RandomWeights(11, 0.1f);
        var vision = VisionConfig.ForTower("openai/clip-vit-large-patch14-336")!;
        var layout = TensorLayout.For(new ModelConfig { ModelType = ModelConfig.VideoXlType, Language = Config, Vision = vision, Connector = ConnectorConfig.Pooled(vision), Vst = new() });
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        foreach (var expected in layout.Tensors.Where(t => t.Scope == CheckpointScope.Language))
        {
            using var scope = torch.NewDisposeScope();
            var tensor = torch.empty(expected.Shape);
            random.Fill(expected.Name, expected.Role == WeightRole.Norm ? WeightRole.Matrix : expected.Role, 0, tensor.data<float>());
            tensors.Add(expected.Name, (expected.Role == WeightRole.Norm ? tensor + 1 : tensor).to(stored).DetachFromDisposeScope());
        }

        _weights = new(tensors, "test weights");
        Decoder = new(Config, new() { Window = Window, Ratios = [2, 4, 8] }, _weights, Device.CPU, ScalarType.Float32);
        Ordinary = new(Config, _weights, Device.CPU, ScalarType.Float32);
    }

    internal VstDecoder Decoder { get; }

    /// <summary>The other system's decoder over the same weights.</summary>
    internal Qwen2Decoder Ordinary { get; }

    internal Weights Weights => _weights;

    /// <summary>[count, hidden], owned by the current scope.</summary>
    internal static Tensor Features(int count, string name = "video")
    {
        var visual = torch.empty([count, Config.HiddenSize]);
        new RandomWeights(5, 0.5f).Fill(name, WeightRole.Matrix, 0, visual.data<float>());
        return visual;
    }

    internal static PromptPart.Text Text(int from, int count) => new([.. Enumerable.Range(from, count).Select(i => i % Config.VocabularySize)]);

    internal static PromptPart.Visual Visual(int count, string name = "video") => new(name, new HeldTokens(Features(count, name), PerFrame));

    internal float[] Read(VstSequence state, params PromptPart[] parts)
    {
        using var logits = Decoder.Prefill(state, new(parts), ct: TestContext.Current.CancellationToken);
        return logits.ToArray<float>();
    }

    /// <summary>Logits behind a prompt in a sequence of its own.</summary>
    internal float[] Fresh(CompressionSettings settings, params PromptPart[] parts)
    {
        using var state = Decoder.NewSequence(settings);
        return Read(state, parts);
    }

    internal static void AssertClose(float[] expected, float[] actual, float tolerance = 2e-5f)
    {
        Assert.Equal(expected.Length, actual.Length);
        Assert.InRange(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), 0, tolerance);
    }

    public void Dispose()
    {
        Decoder.Dispose();
        Ordinary.Dispose();
        _weights.Dispose();
    }
}
