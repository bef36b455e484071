using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Engine.Chat.Planning;

/// <summary>
/// Bytes that our implementation holds, term by term. A peak is the largest sum of terms that live together; terms are
/// upper estimates of element data, to which the allocator adds at most an eighth by rounding.
/// </summary>
/// <param name="StoredWeights">All weights as stored. On the CPU a file mapping: page cache, not counted in <see cref="WorkingPeak"/>.</param>
/// <param name="ConvertedTower">Copies of tower and connector in the compute type, made at load; 0 where they are stored in it.</param>
/// <param name="VisualEmbeddings">N × H elements: the finished visual tokens, held for the whole question; of a long video of Video-XL a window of them.</param>
/// <param name="TowerBatch">One micro-batch of clips: pixels, and the blocks' widest moment or merging's, with at most 64 MiB of similarities.</param>
/// <param name="Rotary">fp32 cosines and sines of at most twice the prompt's positions.</param>
/// <param name="KvCache">Σ (S_l + reserve) rows of every layer after the prompt; of Video-XL as many as its fullest window needs.</param>
/// <param name="StageHidden">Hidden states kept at the first drop that ranks by attention, (rows + reserve) × H; 0 without one.</param>
/// <param name="Hidden">Hidden states of the prompt at the prefill's peak, S × H: those before a drop together with those behind it.</param>
/// <param name="ChunkScratch">What a layer takes for one chunk of <see cref="DecoderCore.ChunkRows"/> rows, at the peak.</param>
/// <param name="ConvertedLayer">One layer's matrices in the compute type; 0 where they are stored in it, or with own kernels.</param>
/// <param name="ConvertedHead">The head in the compute type while the last row meets it; 0 likewise, or with own kernels.</param>
/// <param name="EncodePeak">Embeddings and one micro-batch.</param>
/// <param name="PrefillPeak">Embeddings, rotary tables, and the largest sum over layers of cache so far, hidden states, scratch and converted layer; or the head's moment.</param>
/// <param name="DecodePeak">Embeddings, tables, cache with the new tokens (one layer twice while it grows), and the largest converted matrix.</param>
public sealed record MemoryCost(
    long StoredWeights, long ConvertedTower, long VisualEmbeddings, long TowerBatch, long Rotary, long KvCache, long StageHidden,
    long Hidden, long ChunkScratch, long ConvertedLayer, long ConvertedHead, long EncodePeak, long PrefillPeak, long DecodePeak)
{
    /// <summary>The most held at a time besides the stored weights.</summary>
    public long WorkingPeak => ConvertedTower + Math.Max(EncodePeak, Math.Max(PrefillPeak, DecodePeak));

    /// <summary>The most held at a time, stored weights included.</summary>
    public long Peak => StoredWeights + WorkingPeak;
}

internal static class MemoryModel
{
    /// <summary>Bound of the similarities that token merging holds at a time.</summary>
    private const long MergeScoreBytes = 64L << 20;

    public static MemoryCost Of(CostRequest request, TokenCost tokens, WeightCount count, WeightCost weights)
    {
        if (tokens.Windows is { } windows) return OfWindows(request, tokens, windows, count, weights);
        var language = request.Model.Language;
        long h = language.HiddenSize, item = request.ComputeType.ItemSize(), rowBytes = CostModel.CacheRowBytes(language, request.ComputeType);
        var converts = request.Stored != request.ComputeType;
        var embeddings = tokens.Visual * h * item;
        var batch = tokens.Visual == 0 ? 0 : TowerBatch(request, tokens);
        var rotary = 2L * (language.HeadDim / 2) * sizeof(float) * Math.Max(1024, 2L * (tokens.Prompt + request.NewTokens));
        var layer = converts && request.ConvertsWeights ? count.DecoderLayer * item : 0;
        var embedding = count.Embedding * item;
        var head = converts && request.ConvertsWeights ? embedding : 0;
        var stage = request.Dropout.FirstAttentionStage;
        var stageHidden = stage < request.Dropout.DropAfterLayers.Count && request.RetainForReuse
            ? (tokens.Stages[stage].Rows + (long)request.ReserveAhead) * h * item : 0;

        var (peak, hidden, scratch) = Prefill(request, tokens, stageHidden, layer);
        var cache = tokens.RowsPerLayer.Sum(s => (long)s + request.ReserveAhead) * rowBytes;
        var ending = (tokens.RowsPerLayer[^1] * h * item) + cache + stageHidden + head;
        var matrix = converts && request.ConvertsWeights ? Math.Max(embedding, (long)language.IntermediateSize * h * item) : 0;
        var grown = cache + ((long)language.Layers * request.NewTokens * rowBytes);
        var growing = (tokens.RowsPerLayer.Max() + (long)request.NewTokens + request.ReserveAhead) * rowBytes;
        return new(
            weights.Total, converts ? (count.Tower + count.Connector) * item : 0, embeddings, batch, rotary, cache, stageHidden,
            hidden, scratch, layer, head,
            embeddings + batch, embeddings + rotary + Math.Max(peak, ending), embeddings + rotary + grown + growing + stageHidden + matrix);
    }

    /// <summary>
    /// Video-XL makes the cache once, for its fullest moment, before the first frame is decoded, and encodes frames while it
    /// reads: the tower's batch, and behind it a window's rows, stand beside the whole cache. A video's tokens are all held
    /// where they fit into the bound; of a longer one a window of them, freed once its rows stand.
    /// </summary>
    private static MemoryCost OfWindows(CostRequest request, TokenCost tokens, WindowCost windows, WeightCount count, WeightCost weights)
    {
        var language = request.Model.Language;
        long h = language.HiddenSize, item = request.ComputeType.ItemSize(), rowBytes = CostModel.CacheRowBytes(language, request.ComputeType);
        var converts = request.Stored != request.ComputeType;
        long held = 0, piece = 0;
        foreach (var visual in request.Visuals)
        {
            var bytes = CostModel.VisualTokens(visual, request.Model.Connector) * h * item;
            if (!visual.IsVideo || bytes <= request.KeepTokensUpTo) held += bytes;
            else piece = Math.Max(piece, (windows.WindowTokens + (long)request.Model.Connector.TokensPerFrame) * h * item);
        }

        var batch = tokens.Visual == 0 ? 0 : TowerBatch(request, tokens);
        long prompt = tokens.RowsPerLayer[^1], capacity = Math.Max(windows.CacheRows, prompt + request.ReserveAhead);
        var rotary = 2L * (language.HeadDim / 2) * sizeof(float) * Math.Max(1024, 2L * Math.Max(windows.CacheRows, prompt + request.NewTokens));
        var cache = language.Layers * capacity * rowBytes;
        var layer = converts && request.ConvertsWeights ? count.DecoderLayer * item : 0;
        var embedding = count.Embedding * item;
        var head = converts && request.ConvertsWeights ? embedding : 0;
        var text = (long)request.TextTokens;
        var rows = Math.Max(windows.WindowRows, text);
        var (hidden, scratch) = (rows * h * item, Scratch(request, rows, windows.CacheRows) + (windows.Summaries == 0 ? 0 : (windows.WindowRows - windows.WindowTokens + 1L) * rowBytes));
        var matrix = converts && request.ConvertsWeights ? Math.Max(embedding, (long)language.IntermediateSize * h * item) : 0;
        var answered = prompt + request.NewTokens;
        // An answer mostly fits into the room that the windows took.
        var growing = answered <= capacity ? 0 : (language.Layers * (answered + request.ReserveAhead - capacity) * rowBytes) + (capacity * rowBytes);
        return new(
            weights.Total, converts ? (count.Tower + count.Connector) * item : 0, held + piece, batch, rotary, cache, 0, hidden, scratch, layer, head,
            held + piece + batch + cache + rotary, held + rotary + cache + Math.Max(hidden + scratch + layer, (text * h * item) + head), held + rotary + cache + growing + matrix);
    }

    /// <summary>The layer at which cache so far, hidden states, scratch and kept states are largest together.</summary>
    private static (long Peak, long Hidden, long Scratch) Prefill(CostRequest request, TokenCost tokens, long stageHidden, long convertedLayer)
    {
        var (language, settings) = (request.Model.Language, request.Dropout);
        long h = language.HiddenSize, item = request.ComputeType.ItemSize(), rowBytes = CostModel.CacheRowBytes(language, request.ComputeType);
        (long Peak, long Hidden, long Scratch) most = default;
        long cache = 0;
        for (var l = 0; l < language.Layers; l++)
        {
            long rows = tokens.RowsPerLayer[l], before = l == 0 ? rows : tokens.RowsPerLayer[l - 1];
            var kept = settings.StageOfLayer(l) > settings.FirstAttentionStage ? stageHidden : 0;
            // Rows are gathered anew at a drop, and the old ones freed once the new ones stand: before the layer runs.
            var gathering = before == rows ? 0 : cache + ((before + rows) * h * item) + kept;
            cache += (rows + request.ReserveAhead) * rowBytes;
            var (hidden, scratch) = (rows * h * item, Scratch(request, rows, rows));
            var running = cache + hidden + scratch + convertedLayer + kept;
            if (running >= most.Peak) most = (running, hidden, scratch);
            if (gathering > most.Peak) most = (gathering, (before + rows) * h * item, 0);
        }

        return most;
    }

    /// <summary>
    /// One chunk of c rows against the S rows that it sees of its layer. With the CPU's kernels: norms, keys, values, queries, attention's
    /// and the MLP's outputs, gate and up, all held to the chunk's end: c (4 H + 2 kv + 2 Q + 2 I). Composed: the larger of
    /// attention's moment and the MLP's. Attention then repeats keys and values for every query head (2 S Q), scales queries
    /// and collects blocks (3 c Q), and holds the scores of a block of at most 512 rows: 12 bytes each (in the compute type
    /// twice, fp32 softmax, weights in the compute type; all of them at most that). The MLP holds gate, up, their product and
    /// its factor (4 c I).
    /// </summary>
    private static long Scratch(CostRequest request, long running, long rows)
    {
        var language = request.Model.Language;
        long c = Math.Min(DecoderCore.ChunkRows, running), item = request.ComputeType.ItemSize(), h = language.HiddenSize;
        long q = (long)language.Heads * language.HeadDim, kv = (long)language.KeyValueHeads * language.HeadDim;
        if (request.UsesKernels) return c * ((4 * h) + (2 * kv) + (2 * q) + (2L * language.IntermediateSize)) * item;
        var kept = c * (h + (3 * kv) + (2 * q)) * item;
        var block = Math.Min(Layers.Attention.QueryBlock, c);
        var attention = (((2 * rows * q) + (3 * c * q)) * item) + (language.Heads * block * rows * 12);
        var mlp = c * ((3 * h) + q + (4L * language.IntermediateSize)) * item;
        return kept + Math.Max(attention, mlp);
    }

    /// <summary>
    /// A micro-batch: as many clips as the clip encoder's own estimate fits into its bound, at least one; each with its
    /// pixels. The larger of two moments: the tower's own estimate; and merging, which holds the features and similarities. Of
    /// Video-XL the latter is the projection: features, what every patch becomes, and that once more while it is pooled; and no
    /// more frames come together than a window has, unless content-aware windows look at all of them first.
    /// </summary>
    private static long TowerBatch(CostRequest request, TokenCost tokens)
    {
        return Math.Max(
            tokens.Clips == 0 ? 0 : TowerBatch(request, TogetherAtMost(), request.Model.Vision.FramesPerClip),
            request.Visuals.Where(v => !v.IsVideo).Select(v => TowerBatch(request, v.Frames, 1)).DefaultIfEmpty().Max());

        long TogetherAtMost()
        {
            if (tokens.Windows is not { } windows || request.Compression is Compression.VstCompression { Mode: Compression.VstMode.Content }) return tokens.Clips;
            var perFrame = request.Model.Connector.TokensPerFrame;
            return Math.Min(tokens.Clips, (windows.WindowTokens + perFrame - 1) / perFrame);
        }
    }

    /// <summary>So many clips or crops of the same length, as many together as the bound allows.</summary>
    internal static long TowerBatch(CostRequest request, long clips, int frames)
    {
        var vision = request.Model.Vision;
        long item = request.ComputeType.ItemSize(), d = vision.HiddenSize;
        var n = ((long)frames * vision.TokensPerFrame) + 1;
        var estimate = VisionTower.EstimateActivationBytes(vision, frames, request.Device, request.ComputeType);
        var together = Math.Clamp(request.ActivationBytes / estimate, 1, clips);
        var features = n * d * (item == sizeof(float) ? item : item + sizeof(float));
        var merging = request.Model.System == Checkpoints.ModelSystem.VideoXl
            ? together * (features + (2 * n * request.Model.Language.HiddenSize * item))
            : (together * features) + Math.Min(MergeScoreBytes, together * (n / 2) * (n / 2) * sizeof(float));
        return (together * frames * 3 * vision.ImageSize * vision.ImageSize * item) + Math.Max(together * estimate, merging);
    }
}
