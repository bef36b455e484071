using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// Sees a prefill from inside: what traces and exactness tests record. Tensors are borrowed for the length of a call.
/// </summary>
public interface IDecoderObserver
{
    /// <summary>Whether <see cref="OnAttention"/> is wanted: it costs one attention row a layer.</summary>
    bool WantsAttention => false;

    /// <summary>Whether the last layer must be computed for every row, and not only for the one that is read.</summary>
    bool WantsEveryOutput => false;

    /// <summary>A layer's output for the rows that ran through it now.</summary>
    /// <param name="layer">0-based.</param>
    /// <param name="hidden">[new rows, hidden].</param>
    /// <param name="rows">Prompt row of each, ascending.</param>
    void OnLayer(int layer, Tensor hidden, IReadOnlyList<int> rows) { }

    /// <summary>A drop has happened before a layer.</summary>
    void OnDrop(DropRecord drop, Tensor hidden) { }

    /// <summary>The last prompt row's attention in a layer, averaged over heads.</summary>
    /// <param name="row">fp32, one share for each row alive in the layer, in order.</param>
    /// <param name="rows">Prompt row of each.</param>
    void OnAttention(int layer, ReadOnlySpan<float> row, IReadOnlyList<int> rows) { }
}

/// <param name="Stage">0-based.</param>
/// <param name="Layer">The first layer (0-based) that runs without the dropped tokens.</param>
/// <param name="ByAttention">Or evenly spaced.</param>
/// <param name="KeptLocal">Rows that stay, as indices into the rows offered to this drop.</param>
/// <param name="KeptRows">The same, as rows of the prompt.</param>
/// <param name="Scores">The ranking's fp32 score of each visual token offered; empty when evenly spaced.</param>
public sealed record DropRecord(int Stage, int Layer, bool ByAttention, IReadOnlyList<int> KeptLocal, IReadOnlyList<int> KeptRows, float[] Scores);
