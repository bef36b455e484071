using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// The Qwen2 decoder with visual summary tokens (video-xl.md section 3). Text is read as it is. A visual span is read window by
/// window, each through all layers: its rows, visual tokens and summary tokens (VST) interleaved, stand behind the cache and see
/// all of it and all earlier rows of the window; behind the last of them only the VSTs' keys and values move up, and the next
/// window overwrites the rest.
/// </summary>
/// <remarks>
/// A VST stands at one position in its own window and at another one for everything later: the first free one of the cache, for
/// good. Its key is therefore rotated twice, once in each place, and never again. Memory is one window and the cache, whatever
/// the length of a video; with every visual token kept the same steps give the ordinary decoder.
/// </remarks>
public sealed class VstDecoder : IDisposable
{
    private readonly VstLayer[] _own;
    private readonly Tensor _embedding;

    /// <param name="weights">Borrowed: must outlive the decoder. Stored in any float type.</param>
    /// <param name="dtype">The type of activations and cache; fp32 is the reference.</param>
    public VstDecoder(LanguageConfig config, VstConfig vst, Weights weights, Device device, ScalarType dtype)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(vst);
        ArgumentNullException.ThrowIfNull(weights);
        Vst = vst;
        _embedding = weights.Get(TensorLayout.VstEmbedding);
        _own = [.. Enumerable.Range(0, config.Layers).Select(l => new VstLayer(weights, l))];
        Core = new(config, weights, device, dtype);
    }

    public LanguageConfig Config => Core.Config;

    public VstConfig Vst { get; }

    public Device Device => Core.Device;

    public ScalarType Dtype => Core.Dtype;

    internal DecoderCore Core { get; }

    public void Dispose() => Core.Dispose();

    /// <summary>An empty sequence for prompts under one compression setting.</summary>
    /// <exception cref="ArgumentException">The settings are another system's, or do not fit the window.</exception>
    public VstSequence NewSequence(CompressionSettings settings) => new(Core.NewCache(), VstCompression.Of(settings, Vst));

    /// <inheritdoc cref="DecoderCore.Decode"/>
    public Tensor Decode(VstSequence state, int id) => Core.Decode(state, id);

    /// <inheritdoc cref="DecoderCore.DecodeRow"/>
    public Span<float> DecodeRow(VstSequence state, int id) => Core.DecodeRow(state, id);

    /// <summary>
    /// Reads a prompt into a sequence, re-using what it shares with the sequence's former one, and returns the logits
    /// behind its last row: fp32 [vocabulary], on the CPU, owned by the caller's scope.
    /// </summary>
    /// <exception cref="ArgumentException">The prompt is empty or ends with visual tokens.</exception>
    /// <exception cref="OperationCanceledException">Checked before each chunk; the sequence then holds no rows.</exception>
    public Tensor Prefill(VstSequence state, Prompt prompt, IDecoderObserver? observer = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(prompt);
        if (prompt.Parts.Count == 0 || prompt.Parts[^1] is not PromptPart.Text) throw new ArgumentException("a prompt ends with text: summary tokens predict nothing");
        using var mode = torch.inference_mode();
        using var scope = torch.NewDisposeScope();
        var common = state.Begin(prompt);
        try
        {
            var steps = Plan(state, prompt, common, ct);
            Reserve(state, steps);
            Tensor? last = null;
            foreach (var step in steps)
            {
                if (step.Text is { } ids) last = ReadText(state, step.Start, ids, isLast: step == steps[^1], observer, ct);
                else ReadSpan(state, step, ct);
            }

            state.Finish(prompt);
            return Core.Logits(last!.narrow(0, last.size(0) - 1, 1)).MoveToOuterDisposeScope();
        }
        catch
        {
            state.TruncateTo(0);
            throw;
        }
    }

    /// <summary>What has to be read: a text's ids or a visual span cut into windows.</summary>
    /// <param name="Start">First row of the prompt.</param>
    private sealed record Step(int Start, IReadOnlyList<int>? Text, PromptPart.Visual? Visual, IReadOnlyList<VstWindow> Windows);

    private List<Step> Plan(VstSequence state, Prompt prompt, int from, CancellationToken ct)
    {
        var steps = new List<Step>(); // bounded by the prompt's parts
        var at = 0;
        foreach (var part in prompt.Parts)
        {
            var skip = Math.Clamp(from - at, 0, part.Length);
            if (skip < part.Length)
            {
                steps.Add(part switch
                {
                    PromptPart.Text text => new(at + skip, [.. text.Ids.Skip(skip)], null, []),
                    PromptPart.Visual visual => new(at, null, visual, state.Settings.RuleFor(Vst).Cut(ShapeOf(visual.Tokens, ct), Vst.Window)),
                    _ => throw new InvalidOperationException("unknown prompt part"),
                });
            }

            at += part.Length;
        }

        return steps;
    }

    private static VisualSpanShape ShapeOf(IVisualTokens tokens, CancellationToken ct) =>
        new(tokens.Count, tokens.TokensPerFrame, tokens.HasSimilarity ? () => tokens.Similarity(ct) : null);

    /// <summary>Makes room once for all that is to come: the fullest moment, a window's rows or the answer's.</summary>
    private static void Reserve(VstSequence state, List<Step> steps)
    {
        int held = state.CachedRowCount, most = held;
        foreach (var step in steps)
        {
            held += step.Text?.Count ?? 0;
            foreach (var window in step.Windows)
            {
                most = Math.Max(most, held + window.Rows);
                held += window.Kept;
            }
        }

        for (var layer = 0; layer < state.Cache.Layers; layer++) state.Cache.Reserve(layer, Math.Max(most, held + state.ReserveAhead));
    }

    /// <summary>Text rows through all layers; the last text's last row is what the answer begins with.</summary>
    /// <returns>The rows' last outputs that somebody reads, else undefined.</returns>
    private Tensor ReadText(VstSequence state, int start, IReadOnlyList<int> ids, bool isLast, IDecoderObserver? observer, CancellationToken ct)
    {
        var hidden = Core.Embed(ids);
        var at = state.CachedRowCount;
        int[] rows = observer is null || !isLast ? [] : [.. Enumerable.Range(start, ids.Count)];
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            var output = layer < Config.Layers - 1 || (isLast && observer?.WantsEveryOutput == true) ? LayerOutput.Every : isLast ? LayerOutput.LastRow : LayerOutput.Nothing;
            Core.RunLayer(layer, hidden, state, decoding: false, output, isLast ? observer : null, ct: ct);
            if (isLast) observer?.OnLayer(layer, hidden, rows);
        }

        state.AddPart(new(start, ids.Count, at, ids.Count, [], []));
        return hidden;
    }

    private void ReadSpan(VstSequence state, Step step, CancellationToken ct)
    {
        var (tokens, at) = (step.Visual!.Tokens, state.CachedRowCount);
        var attention = new List<WindowAttention>(); // bounded by the windows
        var held = at;
        foreach (var window in step.Windows)
        {
            ct.ThrowIfCancellationRequested();
            using var scope = torch.NewDisposeScope();
            var recorder = state.RecordAttention ? new WindowAttentionRecorder(window, state.Parts, held, tokens.TokensPerFrame, Core.Scale) : null;
            // A window too short for a summary token leaves nothing behind, so it need not be read.
            if (window.Kept > 0) ReadWindow(state, window, Interleave(window, tokens.Read(window.Start, window.Length, ct)), held, recorder, ct);
            if (recorder is not null) attention.Add(recorder.Finish());
            held += window.Kept;
        }

        state.AddPart(new(step.Start, tokens.Count, at, held - at, step.Windows, attention));
    }

    private void ReadWindow(VstSequence state, VstWindow window, Tensor hidden, int held, WindowAttentionRecorder? recorder, CancellationToken ct)
    {
        var rows = new WindowRows(window, Device);
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            var last = layer == Config.Layers - 1; // of which only keys and values are used
            if (window.Ratio == 0)
            {
                Core.RunLayer(layer, hidden, state, decoding: false, last ? LayerOutput.Nothing : LayerOutput.Every, ct: ct);
                continue;
            }

            using var scope = torch.NewDisposeScope();
            if (!last) recorder?.NextLayer();
            var mixed = new WindowLayer(rows, _own[layer].In(Dtype), Config.KeyValueHeads, Config.HeadDim, Dtype, Device, recorder);
            Core.RunLayer(layer, hidden, state, decoding: false, last ? LayerOutput.Nothing : LayerOutput.Every, mixed: mixed, ct: ct);
            KeepSummaries(state.Cache, layer, held, mixed, window.Vsts);
        }
    }

    /// <summary>Moves a window's summary tokens to the first free rows, their keys rotated to those positions, and forgets its other rows.</summary>
    private void KeepSummaries(KvCache cache, int layer, int held, WindowLayer window, int count)
    {
        var (cos, sin) = (Core.Rotary.Cos.narrow(0, held, count), Core.Rotary.Sin.narrow(0, held, count));
        _ = cache.Keys(layer).narrow(1, held, count).copy_(Activations.Rotate(window.Keys, cos, sin).transpose(0, 1));
        _ = cache.Values(layer).narrow(1, held, count).copy_(window.Values.transpose(0, 1));
        cache.Truncate(layer, held + count);
    }

    /// <summary>[rows, hidden], fresh: visual tokens, which are given back, with the summary embedding behind every few of them.</summary>
    private Tensor Interleave(VstWindow window, Tensor features)
    {
        var hidden = torch.empty([window.Rows, Config.HiddenSize], Dtype, Device);
        using var scope = torch.NewDisposeScope();
        using var given = features;
        if (window.Ratio == 0)
        {
            _ = hidden.copy_(features);
            return hidden;
        }

        Tensor Rows(int count, Func<int, int> row) => torch.tensor(Enumerable.Range(0, count).Select(i => (long)row(i)).ToArray()).to(Device);
        _ = hidden.index_copy_(0, Rows(window.Length, window.RowOfToken), features.to(Device, Dtype));
        _ = hidden.index_copy_(0, Rows(window.Vsts, window.RowOfVst), _embedding.to(Dtype).expand(window.Vsts, Config.HiddenSize));
        return hidden;
    }
}
