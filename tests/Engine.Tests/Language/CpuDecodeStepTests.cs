using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Layers;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

/// <summary>
/// The step for one token against the general path: bit for bit where that runs the same kernels, within rounding where it
/// runs composed operators. The reference's own numbers are in the verification's language cases.
/// </summary>
public sealed class CpuDecodeStepTests
{
    private static readonly LanguageConfig s_config = new()
    {
        // Grouped heads, and widths that fill no register evenly.
        Layers = 5,
        HiddenSize = 90,
        Heads = 6,
        KeyValueHeads = 2,
        HeadDim = 22,
        IntermediateSize = 203,
        VocabularySize = 301,
        RopeTheta = 10_000,
    };

    public static TheoryData<ScalarType, bool, string> Cases
    {
        get
        {
            var cases = new TheoryData<ScalarType, bool, string>();
            foreach (var stored in new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16 })
            {
                cases.Add(stored, true, "off");
                cases.Add(stored, false, "uniform:1,3:1,0.6,0.3");
                cases.Add(stored, true, "uniform0_attention:2,4:1,0.5,0.25");
                cases.Add(stored, false, "attention:3:1,0.5");
            }

            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void DecodeRow_OverRaggedCaches_EqualsTheGeneralPath(ScalarType stored, bool ownHead, string compress)
    {
        using var model = new Model(stored, ownHead);
        var settings = VisualDropout.Parse(compress, s_config.Layers);
        var actual = Generate(model, settings, 12, (state, id) => model.Decoder.DecodeRow(state, id).ToArray(), out var lengths);
        var sameKernels = Generate(model, settings, 12, (state, id) => model.Decoder.DecodeGeneral(state, id).ToArray<float>(), out _);
        var composed = Generate(model, settings, 12, (state, id) => Composed(() => model.Decoder.DecodeRow(state, id).ToArray()), out _);
        Assert.Equal(compress == "off" ? 1 : settings.DropAfterLayers.Count + 1, lengths.Distinct().Count());
        for (var step = 0; step < actual.Count; step++)
        {
            Assert.Equal(sameKernels[step], actual[step]);
            for (var i = 0; i < actual[step].Length; i++) Assert.Equal(composed[step][i], actual[step][i], 2e-4f * (1 + Math.Abs(composed[step][i])));
        }
    }

    [Fact]
    public void Decode_GivesTheSameRowAsATensorOfItsOwn()
    {
        using var model = new Model(ScalarType.BFloat16);
        using var state = model.Prefilled(CompressionSettings.Off);
        using var other = model.Prefilled(CompressionSettings.Off);
        using var scope = torch.NewDisposeScope();
        var owned = model.Decoder.Decode(state, 7);
        var row = model.Decoder.DecodeRow(other, 7).ToArray();
        _ = model.Decoder.Decode(state, 8);
        Assert.Equal(row, owned.ToArray<float>());
    }

    [Fact]
    public void DecodeRow_SixteenBitActivations_TakesTheGeneralPath()
    {
        using var model = new Model(ScalarType.BFloat16, activations: ScalarType.BFloat16);
        var rows = Generate(model, CompressionSettings.Off, 3, (state, id) => model.Decoder.DecodeRow(state, id).ToArray(), out _);
        var general = Generate(model, CompressionSettings.Off, 3, (state, id) => model.Decoder.DecodeGeneral(state, id).ToArray<float>(), out _);
        Assert.Equal(general, rows);
    }

    [Fact]
    public void DecodeRow_InSteadyState_AllocatesNoManagedMemory()
    {
        using var model = new Model(ScalarType.BFloat16);
        using var state = model.Prefilled(new VisualDropout(CompressionType.Uniform0Attention, [2, 4], [1, 0.5, 0.25]));
        state.ReserveAhead = 400; // as a conversation does: the whole answer
        var sampler = new Sampler(new() { MaxNewTokens = 400, Temperature = 0 });
        var id = 3;
        for (var warm = 0; warm < 100; warm++) id = sampler.Next(model.Decoder.DecodeRow(state, id));

        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var step = 0; step < 50; step++) id = sampler.Next(model.Decoder.DecodeRow(state, id));
        Assert.Equal(before, GC.GetAllocatedBytesForCurrentThread());
    }

    [Fact]
    public void DecodeRow_BeyondTheReservedRows_GrowsAndKeepsTheNumbers()
    {
        using var model = new Model(ScalarType.Float32);
        var settings = new VisualDropout(CompressionType.Uniform, [1, 3], [1, 0.6, 0.3]);
        var roomy = Generate(model, settings, 30, (state, id) => model.Decoder.DecodeRow(state, id).ToArray(), out _);
        var capacities = new HashSet<long>();
        var tight = Generate(
            model, settings, 30,
            (state, id) =>
            {
                state.ReserveAhead = 3;
                var row = model.Decoder.DecodeRow(state, id).ToArray();
                for (var layer = 0; layer < s_config.Layers; layer++) Assert.InRange(state.Cache.Capacity(layer) - state.Cache.Length(layer), 0, 3);
                _ = capacities.Add(state.Cache.Capacity(0));
                return row;
            },
            out _,
            reserveAhead: 0);
        Assert.Equal(roomy, tight);
        Assert.InRange(capacities.Count, 7, 8); // 30 rows in steps of 4
    }

    [Fact]
    public void DecodeRow_BeyondTheRotaryTable_GrowsIt()
    {
        using var model = new Model(ScalarType.Float32);
        float[] Last(Func<SequenceState, int, float[]> decode)
        {
            using var state = model.Prefilled(CompressionSettings.Off, textRows: 1020);
            float[] row = [];
            for (var step = 0; step < 8; step++) row = decode(state, step);
            Assert.Equal(1020 + 8, state.Cache.Length(0));
            return row;
        }

        var actual = Last((state, id) => model.Decoder.DecodeRow(state, id).ToArray());
        var expected = Last((state, id) => model.Decoder.DecodeGeneral(state, id).ToArray<float>());
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void DecodeRow_SequencesInTurn_KeepTheirOwnRows()
    {
        using var model = new Model(ScalarType.Float32);
        using SequenceState one = model.Prefilled(CompressionSettings.Off), two = model.Prefilled(CompressionSettings.Off);
        var first = model.Decoder.DecodeRow(one, 5);
        var before = first.ToArray();
        var second = model.Decoder.DecodeRow(two, 6);
        Assert.Equal(before, first.ToArray());
        Assert.NotEqual(before, second.ToArray());
    }

    [Fact]
    public void DecodeRow_RowOverwrittenByTheCaller_DoesNotReachTheNextToken()
    {
        using var model = new Model(ScalarType.Float32);
        var clean = Generate(model, CompressionSettings.Off, 4, (state, id) => model.Decoder.DecodeRow(state, id).ToArray(), out _);
        var scribbled = Generate(
            model, CompressionSettings.Off, 4,
            (state, id) =>
            {
                var row = model.Decoder.DecodeRow(state, id);
                var copy = row.ToArray();
                row.Fill(float.NaN);
                return copy;
            },
            out _);
        Assert.Equal(clean, scribbled);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(301)]
    public void DecodeRow_IdOutsideTheVocabulary_IsRefusedAndChangesNothing(int id)
    {
        using var model = new Model(ScalarType.Float32);
        using var state = model.Prefilled(CompressionSettings.Off);
        int[] lengths = [.. state.Cache.Lengths];
        var length = state.Length;
        var error = Assert.Throws<ArgumentOutOfRangeException>(() => model.Decoder.DecodeRow(state, id).Length);
        Assert.Contains("301", error.Message, StringComparison.Ordinal);
        Assert.Equal(lengths, state.Cache.Lengths);
        Assert.Equal(length, state.Length);
    }

    [Fact]
    public void DecodeRow_WeightsFreed_IsAnError()
    {
        using var model = new Model(ScalarType.Float32);
        using var state = model.Prefilled(CompressionSettings.Off);
        model.Weights.Dispose();
        Assert.Throws<ObjectDisposedException>(() => model.Decoder.DecodeRow(state, 1).Length);
    }

    [Fact]
    public void Prefill_AfterGeneratedTokens_ReadsThemAgain()
    {
        using var model = new Model(ScalarType.Float32);
        using var scope = torch.NewDisposeScope();
        using var state = model.Prefilled(CompressionSettings.Off, textRows: 20);
        for (var id = 0; id < 5; id++) _ = model.Decoder.DecodeRow(state, id);
        var further = state.Prompt.Append([9, 10]);
        var warm = model.Decoder.Prefill(state, further, ct: TestContext.Current.CancellationToken).ToArray<float>();
        using var fresh = model.Decoder.NewSequence(CompressionSettings.Off);
        Assert.Equal(model.Decoder.Prefill(fresh, further, ct: TestContext.Current.CancellationToken).ToArray<float>(), warm);
        Assert.Equal(further.Length - 7, state.ReusedRows);
    }

    /// <summary>The logits behind so many tokens, the same ones whatever the logits are.</summary>
    private static List<float[]> Generate(Model model, CompressionSettings settings, int tokens, Func<SequenceState, int, float[]> decode, out int[] lengths, int? reserveAhead = null)
    {
        using var scope = torch.NewDisposeScope();
        using var state = model.Prefilled(settings, reserveAhead: reserveAhead);
        var rows = new List<float[]>();
        for (var i = 0; i < tokens; i++) rows.Add(decode(state, (i * 37) % s_config.VocabularySize));
        lengths = [.. state.Cache.Lengths];
        return rows;
    }

    private static float[] Composed(Func<float[]> decode)
    {
        CpuPath.Disabled = true;
        try
        {
            return decode();
        }
        finally
        {
            CpuPath.Disabled = false;
        }
    }

    private sealed class Model : IDisposable
    {
        public Model(ScalarType stored, bool ownHead = true, ScalarType activations = ScalarType.Float32)
        {
            var (tensors, random, c) = (new Dictionary<string, Tensor>(StringComparer.Ordinal), new RandomWeights(11, 0.1f), s_config);
            void Make(string name, WeightRole role, params long[] shape)
            {
                using var scope = torch.NewDisposeScope();
                var tensor = torch.empty(shape);
                random.Fill(name, role == WeightRole.Norm ? WeightRole.Matrix : role, 0, tensor.data<float>());
                if (role == WeightRole.Norm) tensor = tensor + 1; // not all alike
                tensors.Add(name, tensor.to(stored).DetachFromDisposeScope());
            }

            void MakeLinear(string name, long output, long input, bool bias)
            {
                Make(name + ".weight", WeightRole.Matrix, output, input);
                if (bias) Make(name + ".bias", WeightRole.Bias, output);
            }

            Make("model.embed_tokens.weight", WeightRole.Matrix, c.VocabularySize, c.HiddenSize);
            Make("model.norm.weight", WeightRole.Norm, c.HiddenSize);
            if (ownHead) Make("lm_head.weight", WeightRole.Matrix, c.VocabularySize, c.HiddenSize);
            var (queries, keys) = (c.Heads * c.HeadDim, c.KeyValueHeads * c.HeadDim);
            for (var layer = 0; layer < c.Layers; layer++)
            {
                var prefix = $"model.layers.{layer}.";
                Make(prefix + "input_layernorm.weight", WeightRole.Norm, c.HiddenSize);
                Make(prefix + "post_attention_layernorm.weight", WeightRole.Norm, c.HiddenSize);
                MakeLinear(prefix + "self_attn.q_proj", queries, c.HiddenSize, bias: true);
                MakeLinear(prefix + "self_attn.k_proj", keys, c.HiddenSize, bias: true);
                MakeLinear(prefix + "self_attn.v_proj", keys, c.HiddenSize, bias: true);
                MakeLinear(prefix + "self_attn.o_proj", c.HiddenSize, queries, bias: false);
                MakeLinear(prefix + "mlp.gate_proj", c.IntermediateSize, c.HiddenSize, bias: false);
                MakeLinear(prefix + "mlp.up_proj", c.IntermediateSize, c.HiddenSize, bias: false);
                MakeLinear(prefix + "mlp.down_proj", c.HiddenSize, c.IntermediateSize, bias: false);
            }

            Weights = new(tensors, "test weights");
            Decoder = new(s_config, Weights, Device.CPU, activations);
        }

        public Weights Weights { get; }

        public Qwen2Decoder Decoder { get; }

        /// <summary>A sequence that has read text, forty visual tokens and a question; or text alone.</summary>
        public SequenceState Prefilled(CompressionSettings settings, int textRows = 0, int? reserveAhead = null)
        {
            using var scope = torch.NewDisposeScope();
            var visual = torch.empty([40, s_config.HiddenSize]);
            new RandomWeights(5, 0.1f).Fill("video", WeightRole.Matrix, 0, visual.data<float>());
            PromptPart[] parts = textRows > 0
                ? [new PromptPart.Text([.. Enumerable.Range(0, textRows).Select(i => i % s_config.VocabularySize)])]
                : [new PromptPart.Text([3, 4, 5]), new PromptPart.Visual("video", visual.to(Decoder.Dtype)), new PromptPart.Text([8, 9])];
            var state = Decoder.NewSequence(settings);
            if (reserveAhead is { } rows) state.ReserveAhead = rows;
            _ = Decoder.Prefill(state, new(parts), ct: TestContext.Current.CancellationToken);
            return state;
        }

        public void Dispose()
        {
            Decoder.Dispose();
            Weights.Dispose();
        }
    }
}
