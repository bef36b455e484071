using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat.Planning;

/// <summary>Reads a process-wide meter, so nothing else may allocate meanwhile.</summary>
[CollectionDefinition(nameof(MemoryModelTests), DisableParallelization = true)]
public sealed class MemoryMeter;

[Collection(nameof(MemoryModelTests))]
public sealed class MemoryModelTests
{
    private static ModelConfig SmallModel(SafetensorsDtype stored) => new()
    {
        TorchDtype = stored,
        Vision = VisionConfig.ForTower("umt-large")!,
        Language = new LanguageConfig
        {
            Layers = 6,
            HiddenSize = 512,
            Heads = 8,
            KeyValueHeads = 2,
            HeadDim = 64,
            IntermediateSize = 1024,
            VocabularySize = 2000,
            TieWordEmbeddings = true,
        },
    };

    [Theory]
    [InlineData(SafetensorsDtype.F32, false, 1600)]
    [InlineData(SafetensorsDtype.F32, true, 1600)]
    [InlineData(SafetensorsDtype.BF16, true, 1600)]
    [InlineData(SafetensorsDtype.BF16, false, 2400)]
    public void PrefillPeak_MeasuredRun_IsAboveAndClose(SafetensorsDtype stored, bool compressed, int visual)
    {
        var model = SmallModel(stored);
        var settings = compressed ? new VisualDropout(CompressionType.Uniform0Attention, [1, 4], [1, 0.75, 0.25]) : CompressionSettings.Off;
        var type = stored == SafetensorsDtype.F32 ? ScalarType.Float32 : ScalarType.BFloat16;
        using var weights = Random(model.Language, type);
        using var decoder = new Qwen2Decoder(model.Language, weights, Device.CPU, ScalarType.Float32);
        using var scope = torch.NewDisposeScope();
        var frames = visual / 16 / 4 * 4;
        var embeddings = torch.zeros([frames * 16, model.Language.HiddenSize]);
        var prompt = new Prompt([new PromptPart.Visual("video", embeddings), new PromptPart.Text([.. Enumerable.Range(0, 40)])]);
        using var state = decoder.NewSequence(settings);

        var before = torch.CpuMemory().Live;
        torch.ResetPeakMemory();
        _ = decoder.Prefill(state, prompt, ct: TestContext.Current.CancellationToken);
        var measured = torch.CpuMemory().Peak - before;

        var memory = CostModel.Of(new() { Model = model, Visuals = [VisualInput.Video(frames)], TextTokens = 40, Compression = settings }).Memory;
        var expected = memory.PrefillPeak - memory.VisualEmbeddings;
        Assert.Equal(state.Cache.CapacityBytes, memory.KvCache);
        Assert.True(measured <= expected * 1.125, $"measured {measured:N0} bytes, above the {expected:N0} of the formula and the allocator's eighth");
        Assert.True(measured >= expected * 0.85, $"measured {measured:N0} bytes: the formula's {expected:N0} is too far above");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void StageHidden_AttentionDrop_IsWhatTheSequenceKeeps(bool retain)
    {
        var model = SmallModel(SafetensorsDtype.F32);
        var settings = new VisualDropout(CompressionType.Uniform0Attention, [1, 4], [1, 0.75, 0.25]);
        using var weights = Random(model.Language, ScalarType.Float32);
        using var decoder = new Qwen2Decoder(model.Language, weights, Device.CPU, ScalarType.Float32);
        using var scope = torch.NewDisposeScope();
        using var state = new SequenceState(new KvCache(6, 2, 64, ScalarType.Float32, Device.CPU), settings) { RetainForReuse = retain };
        _ = decoder.Prefill(state, new([new PromptPart.Visual("video", torch.zeros([128, 512])), new PromptPart.Text([1, 2, 3])]), ct: TestContext.Current.CancellationToken);

        var memory = CostModel.Of(new() { Model = model, Visuals = [VisualInput.Video(8)], TextTokens = 3, Compression = settings, RetainForReuse = retain }).Memory;
        Assert.Equal(state.StageHidden?.nbytes ?? 0, memory.StageHidden);
    }

    [Fact]
    public void Of_LongerVideo_TowerBatchStaysFlat()
    {
        MemoryCost At(int frames) => CostModel.Of(new() { Model = PublishedModels.TwoB448, Visuals = [VisualInput.Video(frames)], TextTokens = 64 }).Memory;
        Assert.Equal(At(64).TowerBatch, At(10_000).TowerBatch);
        Assert.Equal(160_000L * 1536 * 4, At(10_000).VisualEmbeddings);
    }

    [Fact]
    public void Of_StoredTypeIsComputeType_ConvertsNothing()
    {
        var request = new CostRequest { Model = PublishedModels.TwoB448, Visuals = [VisualInput.Video(64)], TextTokens = 64, ComputeType = ScalarType.BFloat16 };
        var (same, other) = (CostModel.Of(request).Memory, CostModel.Of(request with { ComputeType = ScalarType.Float32 }).Memory);
        Assert.Equal((0, 0, 0), (same.ConvertedTower, same.ConvertedLayer, same.ConvertedHead));
        Assert.Equal((290_479_104 + 3_935_232) * 4L, other.ConvertedTower);
        Assert.Equal(0, other.ConvertedLayer); // the kernels read it as stored
        Assert.True(CostModel.Of(request with { ComputeType = ScalarType.Float32, ConvertsWeights = true }).Memory.ConvertedLayer > 46_000_000 * 4L);
    }

    private static Weights Random(LanguageConfig c, ScalarType type)
    {
        var tensors = new Dictionary<string, Tensor>();
        using var scope = torch.NewDisposeScope();
        void Add(string name, params long[] shape) => tensors[name] = torch.zeros(shape, type).DetachFromDisposeScope();
        long h = c.HiddenSize, kv = c.KeyValueHeads * c.HeadDim;
        Add("model.embed_tokens.weight", c.VocabularySize, h);
        Add("model.norm.weight", h);
        for (var l = 0; l < c.Layers; l++)
        {
            var p = $"model.layers.{l}.";
            Add(p + "input_layernorm.weight", h);
            Add(p + "post_attention_layernorm.weight", h);
            foreach (var (name, rows) in new[] { ("q", h), ("k", kv), ("v", kv) })
            {
                Add($"{p}self_attn.{name}_proj.weight", rows, h);
                Add($"{p}self_attn.{name}_proj.bias", rows);
            }

            Add(p + "self_attn.o_proj.weight", h, h);
            Add(p + "mlp.gate_proj.weight", c.IntermediateSize, h);
            Add(p + "mlp.up_proj.weight", c.IntermediateSize, h);
            Add(p + "mlp.down_proj.weight", h, c.IntermediateSize);
        }

        return new(tensors, "zeros");
    }
}
