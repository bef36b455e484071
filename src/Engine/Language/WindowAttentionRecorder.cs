using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>Adds up, layer by layer, where the summary tokens of one window look.</summary>
/// <param name="window">The window; it is read behind the rows of <paramref name="parts"/> and of its own span's earlier windows.</param>
/// <param name="parts">What the cache holds of the prompt before the window's span.</param>
/// <param name="memory">Rows of the cache before the window.</param>
/// <param name="tokensPerFrame">Tokens of each frame of the span.</param>
internal sealed class WindowAttentionRecorder(VstWindow window, IReadOnlyList<CachedPart> parts, int memory, int tokensPerFrame, double scale)
{
    private readonly int _firstFrame = window.Start / tokensPerFrame;
    private readonly int _frames = ((window.Start + window.Length - 1) / tokensPerFrame) - (window.Start / tokensPerFrame) + 1;
    private readonly double[] _onFrames = new double[window.Vsts * (((window.Start + window.Length - 1) / tokensPerFrame) - (window.Start / tokensPerFrame) + 1)];
    private readonly double[] _earlier = new double[window.Vsts], _text = new double[window.Vsts], _own = new double[window.Vsts];
    private int _layers;

    /// <summary>Called before each layer that summary tokens attend in.</summary>
    public void NextLayer() => _layers++;

    /// <param name="queries">Of a chunk, [rows, heads, head_dim].</param>
    /// <param name="keys">[kv_heads, memory + rows so far, head_dim].</param>
    /// <param name="start">First row of the chunk within the window.</param>
    /// <param name="own">Its rows that are summary tokens; the first of them is number <paramref name="first"/>.</param>
    public void Add(Tensor queries, Tensor keys, int start, int[] own, int first)
    {
        for (var i = 0; i < own.Length; i++)
        {
            using var scope = torch.NewDisposeScope();
            var row = Attention.RowShares(queries.select(0, own[i]), keys.narrow(1, 0, memory + start + own[i] + 1), scale);
            Share(row, first + i);
        }
    }

    public WindowAttention Finish()
    {
        float[] Mean(double[] sums) => Array.ConvertAll(sums, s => (float)(s / Math.Max(1, _layers)));
        return new(_frames, Mean(_onFrames), Mean(_earlier), Mean(_text), Mean(_own));
    }

    private void Share(float[] row, int vst)
    {
        double before = 0, text = 0;
        for (var i = 0; i < memory; i++) before += row[i];
        foreach (var part in parts)
        {
            if (part.IsVisual) continue;
            for (var i = 0; i < part.CacheLength; i++) text += row[part.CacheStart + i];
        }

        _text[vst] += text;
        _earlier[vst] += before - text;
        for (var token = 0; token < window.Length; token++)
        {
            var at = memory + window.RowOfToken(token);
            if (at >= row.Length) break;
            _onFrames[(vst * _frames) + ((window.Start + token) / tokensPerFrame) - _firstFrame] += row[at];
        }

        for (var m = 0; m <= vst; m++) _own[vst] += row[memory + window.RowOfVst(m)];
    }
}
