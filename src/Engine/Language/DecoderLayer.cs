using Studio.Engine.Checkpoints;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>The weights of one Qwen2 layer: pre-norm attention with grouped keys and values, pre-norm gated MLP.</summary>
internal sealed class DecoderLayer
{
    public DecoderLayer(Weights weights, int index)
    {
        var prefix = $"model.layers.{index}.";
        Linear Load(string name, bool bias) =>
            new(weights.Get($"{prefix}{name}.weight"), bias ? weights.Get($"{prefix}{name}.bias") : null, weights.Corrections.GetValueOrDefault($"{prefix}{name}.weight"));
        InputNorm = weights.Get(prefix + "input_layernorm.weight");
        PostAttentionNorm = weights.Get(prefix + "post_attention_layernorm.weight");
        Query = Load("self_attn.q_proj", bias: true);
        Key = Load("self_attn.k_proj", bias: true);
        Value = Load("self_attn.v_proj", bias: true);
        Output = Load("self_attn.o_proj", bias: false);
        Gate = Load("mlp.gate_proj", bias: false);
        Up = Load("mlp.up_proj", bias: false);
        Down = Load("mlp.down_proj", bias: false);
    }

    private DecoderLayer(DecoderLayer stored, ScalarType dtype)
    {
        Linear As(Linear l) => new(l.WeightAs(dtype), l.BiasAs(dtype), l.Correction);
        (InputNorm, PostAttentionNorm) = (stored.InputNorm, stored.PostAttentionNorm);
        (Query, Key, Value, Output) = (As(stored.Query), As(stored.Key), As(stored.Value), As(stored.Output));
        (Gate, Up, Down) = (As(stored.Gate), As(stored.Up), As(stored.Down));
    }

    public Tensor InputNorm { get; }
    public Tensor PostAttentionNorm { get; }
    public Linear Query { get; }
    public Linear Key { get; }
    public Linear Value { get; }
    public Linear Output { get; }
    public Linear Gate { get; }
    public Linear Up { get; }
    public Linear Down { get; }

    /// <summary>
    /// The layer with its matrices in another type, in the current scope: one conversion serves many chunks of rows. Itself
    /// where no conversion is needed: the CPU kernels read weights as stored.
    /// </summary>
    public DecoderLayer In(ScalarType dtype) => Query.Weight.dtype == dtype || CpuPath.ReadsAsStored(Query.Weight, dtype) ? this : new(this, dtype);

    /// <summary>Every tensor that the layer reads.</summary>
    public IEnumerable<Tensor> Tensors => new[] { Query, Key, Value, Output, Gate, Up, Down }.SelectMany(l => l.Tensors).Append(InputNorm).Append(PostAttentionNorm);

    /// <summary>down(silu(gate x) * up x).</summary>
    /// <param name="decoding">One row, straight from the weights as stored.</param>
    /// <exception cref="OperationCanceledException">Between two products: three quarters of a layer's work are here.</exception>
    public Tensor Mlp(Tensor x, bool decoding = false, CancellationToken ct = default)
    {
        if (decoding) return Down.ForwardRow(Activations.SiluMul(Gate.ForwardRow(x), Up.ForwardRow(x)));
        ct.ThrowIfCancellationRequested();
        var gate = Gate.Forward(x);
        ct.ThrowIfCancellationRequested();
        var inner = Activations.SiluMul(gate, Up.Forward(x));
        ct.ThrowIfCancellationRequested();
        return Down.Forward(inner);
    }
}
