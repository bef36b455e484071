using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat.Planning;

/// <summary>
/// The cost of a question from sizes alone: tokens, FLOPs, bytes (spec section 9). Pure. Separator rows between visual
/// tokens are not counted: no published model has them.
/// </summary>
public static class CostModel
{
    /// <exception cref="ArgumentException">A value out of range, named; see <see cref="CostRequest"/>.</exception>
    public static Cost Of(CostRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request.Validate();
        var model = request.Model;
        var count = WeightCount.Of(model, request.SeparateHead ?? model.Language.TieWordEmbeddings != true);
        var windows = WindowPlan.Of(request);
        var tokens = windows is null ? Tokens(request) : Tokens(request, windows);
        var item = request.Stored.ItemSize();
        var weights = new WeightCost(count.Tower * item, count.Connector * item, count.Decoder * item);
        return new(tokens, Visual(model, tokens, windows?.TowerPasses ?? 1), Decoder(request, tokens, windows), weights, MemoryModel.Of(request, tokens, count, weights));
    }

    /// <summary>Visual tokens of one input.</summary>
    internal static int VisualTokens(VisualInput visual, ConnectorConfig connector) =>
        checked(visual.Frames * (visual.IsVideo ? connector.TokensPerFrame : connector.TokensPerImage));

    /// <summary>Cache bytes of one row in one layer.</summary>
    internal static long CacheRowBytes(LanguageConfig language, ScalarType type) => 2L * language.KeyValueHeads * language.HeadDim * type.ItemSize();

    /// <summary>Tokens that the tower's blocks read for a clip of so many frames; InternVideo2 adds a class token.</summary>
    internal static long TowerTokens(VisionConfig vision, int frames) =>
        ((long)frames * vision.TokensPerFrame) + (vision.Kind == VisionTowerKind.UmtLarge ? 0 : 1);

    private static TokenCost Tokens(CostRequest request)
    {
        var (language, settings) = (request.Model.Language, request.Dropout);
        var spans = request.Visuals.Select(v => VisualTokens(v, request.Model.Connector)).ToArray();
        var rowBytes = CacheRowBytes(language, request.ComputeType);
        var stages = new List<PlannedStage>(); // bounded by VisualDropout.MaxStages + 1
        for (var stage = 0; stage <= settings.DropAfterLayers.Count; stage++)
        {
            var first = stage == 0 ? 0 : settings.DropAfterLayers[stage - 1];
            var end = stage == settings.DropAfterLayers.Count ? language.Layers : settings.DropAfterLayers[stage];
            var visual = checked(spans.Sum(n => settings.Alive(n, stage)));
            var rows = checked(visual + request.TextTokens);
            stages.Add(new(stage, first, end - first, visual, rows, rows * rowBytes * (end - first)));
        }

        int[] perLayer = [.. Enumerable.Range(0, language.Layers).Select(l => stages[settings.StageOfLayer(l)].Rows)];
        return Tokens(request, stages, perLayer, null);
    }

    private static TokenCost Tokens(CostRequest request, WindowPlan plan)
    {
        var language = request.Model.Language;
        return Tokens(request, [plan.Stage(language, CacheRowBytes(language, request.ComputeType))], [.. Enumerable.Repeat(plan.HeldRows, language.Layers)], plan.Cost);
    }

    private static TokenCost Tokens(CostRequest request, IReadOnlyList<PlannedStage> stages, int[] rowsPerLayer, WindowCost? windows)
    {
        var frames = request.Visuals.Where(v => v.IsVideo).Sum(v => v.Frames);
        var crops = request.Visuals.Where(v => !v.IsVideo).Sum(v => v.Frames);
        var visual = checked(request.Visuals.Sum(v => VisualTokens(v, request.Model.Connector)));
        return new(
            frames, frames / request.Model.Vision.FramesPerClip, crops, visual, request.TextTokens, request.NewTokens, stages, rowsPerLayer, stages.Sum(s => s.KvBytes), windows);
    }

    private static VisualCost Visual(ModelConfig model, TokenCost tokens, int passes)
    {
        var (vision, connector, h) = (model.Vision, model.Connector, model.Language.HiddenSize);
        var pools = model.System == ModelSystem.VideoXl;
        var clipTokens = connector.TokensPerFrame * vision.FramesPerClip;
        var (towerClip, mergeClip) = (Tower(vision, vision.FramesPerClip), MergeOf(vision.FramesPerClip, clipTokens));
        var mlpClip = Mlp(vision.FramesPerClip, clipTokens);
        return new(
            towerClip, (passes * tokens.Clips * towerClip) + (tokens.Crops * Tower(vision, 1)),
            mergeClip, (tokens.Clips * mergeClip) + (tokens.Crops == 0 ? 0 : tokens.Crops * MergeOf(1, connector.TokensPerImage)),
            mlpClip, (tokens.Clips * mlpClip) + (tokens.Crops * Mlp(1, connector.TokensPerImage)));

        double MergeOf(int frames, int target) => pools ? 0 : Merge(vision, frames, target);
        double Mlp(int frames, double rows) => 2 * (((pools ? (double)frames * vision.TokensPerFrame : rows) * vision.HiddenSize * h) + (rows * h * h));
    }

    internal static double Tower(VisionConfig vision, int frames)
    {
        double n = TowerTokens(vision, frames), d = vision.HiddenSize, m = vision.MlpHiddenSize, p = 3.0 * vision.PatchSize * vision.PatchSize;
        return (vision.BuiltLayers * ((2 * n * ((4 * d * d) + (2 * d * m))) + (4 * n * n * d))) + (2 * n * p * d);
    }

    /// <summary>Each step compares the even positions with the odd ones and at most halves the tokens (spec section 3.4).</summary>
    private static double Merge(VisionConfig vision, int frames, int target)
    {
        var tokens = frames * vision.TokensPerFrame;
        if (tokens < target)
        {
            throw new ArgumentException($"{vision.TowerName}: {tokens} patches cannot merge to {target} tokens; the configuration needs larger frames, longer clips or fewer tokens");
        }

        double sum = 0, channels = (double)vision.HiddenSize / vision.Heads;
        while (tokens > target)
        {
            sum += 2.0 * (tokens - (tokens / 2)) * (tokens / 2) * channels;
            tokens -= Math.Min(tokens - target, tokens / 2);
        }

        return sum;
    }

    private static DecoderCost Decoder(CostRequest request, TokenCost tokens, WindowPlan? plan)
    {
        var language = request.Model.Language;
        double h = language.HiddenSize, v = language.VocabularySize, layers = language.Layers;
        double q = (double)language.Heads * language.HeadDim, kv = (double)language.KeyValueHeads * language.HeadDim;
        var matrix = checked((long)((2 * h * q) + (2 * h * kv) + (3 * h * language.IntermediateSize)));
        double lastRows = tokens.RowsPerLayer[^1], ranking = 0;
        if (plan is null)
        {
            var settings = request.Dropout;
            for (var drop = settings.FirstAttentionStage; drop < settings.DropAfterLayers.Count; drop++)
            {
                double rows = tokens.Stages[drop].Rows;
                ranking += (2 * rows * h * kv) + (2 * h * q) + (2 * q * rows);
            }
        }

        // Rows through a layer, all layers together, and pairs compared in the last one.
        var rowLayers = plan is null ? tokens.RowLayers : plan.Cost.RowsRead * layers;
        var attention = plan is null ? 2 * q * tokens.SquaredRows : 4 * q * plan.Pairs * layers;
        var (lastRead, lastPairs) = plan is null ? (lastRows, lastRows * lastRows / 2) : (plan.Cost.RowsRead, plan.Pairs);
        var skipped = ((lastRead - 1) * 2 * (matrix - (2 * h * kv))) + (4 * q * lastPairs) - (4 * q * lastRows);
        var perToken = (2 * ((layers * matrix) + (h * v))) + (4 * q * tokens.RowLayers);
        double steps = Math.Max(0, request.NewTokens - 1), later = steps * (steps - 1) / 2; // rows that earlier steps added, per layer
        double stored = request.Stored.ItemSize(), compute = request.ComputeType.ItemSize();
        var elements = (layers * matrix) + (h * v);
        var converted = request.ConvertsWeights && request.Stored != request.ComputeType;
        double rowBytes = CacheRowBytes(language, request.ComputeType);
        return new(
            matrix, 2.0 * matrix * rowLayers, attention, 2 * h * v, ranking, skipped, sizeof(float) * v * tokens.Prompt,
            perToken, (steps * perToken) + (4 * q * layers * later), (int)steps,
            (elements * stored) + tokens.KvBytes,
            (steps * ((elements * (converted ? stored + (2 * compute) : stored)) + tokens.KvBytes)) + (layers * later * rowBytes));
    }
}
