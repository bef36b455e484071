using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>What summary tokens have of their own in a layer: query, key and value projections. All else is the layer's.</summary>
internal sealed class VstLayer
{
    public VstLayer(Weights weights, int index)
    {
        Linear Load(string name) => new(weights.Get($"model.layers.{index}.self_attn.beacon_{name}.weight"), weights.Get($"model.layers.{index}.self_attn.beacon_{name}.bias"));
        (Query, Key, Value) = (Load("q_proj"), Load("k_proj"), Load("v_proj"));
    }

    private VstLayer(VstLayer stored, ScalarType dtype)
    {
        Linear As(Linear l) => new(l.WeightAs(dtype), l.BiasAs(dtype));
        (Query, Key, Value) = (As(stored.Query), As(stored.Key), As(stored.Value));
    }

    public Linear Query { get; }
    public Linear Key { get; }
    public Linear Value { get; }

    /// <summary>Every tensor of its own.</summary>
    public IEnumerable<Tensor> Tensors => new[] { Query, Key, Value }.SelectMany(l => l.Tensors);

    /// <summary>The projections in another type, in the current scope; themselves where the CPU kernels read weights as stored.</summary>
    public VstLayer In(ScalarType dtype) => Query.Weight.dtype == dtype || CpuPath.ReadsAsStored(Query.Weight, dtype) ? this : new(this, dtype);
}

/// <summary>
/// Which rows of a window are summary tokens, chunk by chunk as a layer runs them. Made once a window, in the current scope.
/// </summary>
internal sealed class WindowRows
{
    private readonly Dictionary<int, Chunk> _chunks = []; // bounded by the window over the chunk

    public WindowRows(VstWindow window, Device device)
    {
        Window = window;
        var vst = new bool[window.Rows];
        for (var m = 0; m < window.Vsts; m++) vst[window.RowOfVst(m)] = true;
        for (int start = 0, before = 0; start < window.Rows; start += DecoderCore.ChunkRows)
        {
            long[] Indices(bool wanted) => [.. Enumerable.Range(0, Math.Min(DecoderCore.ChunkRows, window.Rows - start)).Where(i => vst[start + i] == wanted).Select(i => (long)i)];
            var (raw, own) = (Indices(false), Indices(true));
            _chunks[start] = new(torch.tensor(raw).to(device), torch.tensor(own).to(device), [.. own.Select(i => (int)i)], before);
            before += own.Length;
        }
    }

    public VstWindow Window { get; }

    public Chunk this[int start] => _chunks[start];

    /// <param name="Raw">Rows of visual tokens, counted within the chunk.</param>
    /// <param name="Own">Rows of summary tokens.</param>
    /// <param name="OwnRows">The same on the host.</param>
    /// <param name="Before">Summary tokens of earlier chunks.</param>
    internal sealed record Chunk(Tensor Raw, Tensor Own, int[] OwnRows, int Before);
}

/// <summary>
/// One window on its way through one layer: visual tokens go through the layer's projections, summary tokens through their
/// own, whose keys (unrotated) and values are kept for the cache.
/// </summary>
/// <param name="record">Where summary tokens' attention is added up; null: nobody asks.</param>
internal sealed class WindowLayer(WindowRows rows, VstLayer own, int kvHeads, int headDim, ScalarType dtype, Device device, WindowAttentionRecorder? record) : IMixedRows
{
    /// <summary>[VSTs, kv_heads, head_dim], unrotated.</summary>
    public Tensor Keys { get; } = torch.empty([rows.Window.Vsts, kvHeads, headDim], dtype, device);

    /// <summary>[VSTs, kv_heads, head_dim].</summary>
    public Tensor Values { get; } = torch.empty([rows.Window.Vsts, kvHeads, headDim], dtype, device);

    public Tensor Query(Linear ordinary, Tensor normed, int start) => Merge(ordinary, own.Query, normed, start, null);

    public Tensor Key(Linear ordinary, Tensor normed, int start) => Merge(ordinary, own.Key, normed, start, Keys);

    public Tensor Value(Linear ordinary, Tensor normed, int start) => Merge(ordinary, own.Value, normed, start, Values);

    public void OnQueries(Tensor queries, Tensor keys, int start) => record?.Add(queries, keys, start, rows[start].OwnRows, rows[start].Before);

    private Tensor Merge(Linear ordinary, Linear summary, Tensor normed, int start, Tensor? kept)
    {
        using var scope = torch.NewDisposeScope();
        var chunk = rows[start];
        if (chunk.OwnRows.Length == 0) return ordinary.Forward(normed).MoveToOuterDisposeScope();
        var merged = torch.empty([normed.size(0), ordinary.OutFeatures], normed.dtype, normed.device);
        if (chunk.OwnRows.Length < normed.size(0)) _ = merged.index_copy_(0, chunk.Raw, ordinary.Forward(normed.index_select(0, chunk.Raw)));
        var product = summary.Forward(normed.index_select(0, chunk.Own));
        _ = merged.index_copy_(0, chunk.Own, product);
        _ = kept?.narrow(0, chunk.Before, chunk.OwnRows.Length).copy_(product.view(chunk.OwnRows.Length, kvHeads, headDim));
        return merged.MoveToOuterDisposeScope();
    }
}
