using Studio.Engine.Chat.Planning;
using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// One whole window of visual tokens read at each published ratio, and with every token kept: what summary tokens cost, and the
/// cache that a thousand frames leave. Models without summary tokens have no such rows.
/// </summary>
internal static class WindowStage
{
    private const double Aim = 0.70;

    public static void Run(BenchContext context, Action<BenchRow> emit)
    {
        if (context.Model.Config.Vst is not { } vst) return;
        var perFrame = context.Model.Config.Connector.TokensPerFrame;
        var frames = Math.Max(1, vst.Window / perFrame);
        DecoderStage.WarmUp(context);
        foreach (var settings in VstCompression.PublishedRatios.Where(r => r <= vst.Window).Select(r => VstCompression.Given(r)).Prepend(VstCompression.Kept))
        {
            emit(Read(context, settings, frames));
        }
    }

    private static BenchRow Read(BenchContext context, VstCompression settings, int frames)
    {
        var model = context.Model;
        context.Say($"windows: {frames} frames, {settings}, {context.Options.Repeats} times");
        var cost = CostModel.Of(context.Request(frames, reserve: 1) with { Compression = settings });
        var before = context.Before();
        var live = BenchContext.StartPeak();
        using var scope = torch.NewDisposeScope();
        var prompt = DecoderStage.PromptOf(context, frames);
        long cacheBytes = 0;
        var seconds = Runs.Of(context, context.Options.Repeats, () =>
        {
            using var state = model.NewSequence(settings);
            state.ReserveAhead = 1;
            model.Prefill(state, prompt, null, context.Ct).Dispose();
            cacheBytes = state.Cache.Bytes;
        });
        var peak = context.PeakSince(live);
        var after = context.After();
        var limit = new BenchLimit("matrix products", "FLOP/s", before.Gemm(model.Dtype), after.Gemm(model.Dtype));
        var share = cost.Decoder.PrefillFlops / Runs.Median(seconds) / limit.Mean;
        var rowBytes = model.Config.Language.Layers * CostModel.CacheRowBytes(model.Config.Language, model.Dtype);
        var perThousand = (cacheBytes - (context.Options.TextTokens * rowBytes)) * 1000.0 / frames;
        return new()
        {
            Name = settings.IsOff ? "window kept" : $"window 1/{settings.Ratios[0]}",
            Unit = "tokens",
            Items = prompt.VisualTokens,
            Seconds = seconds,
            Flops = cost.Decoder.PrefillFlops,
            Limit = limit,
            Share = share,
            PeakBytes = peak,
            FormulaBytes = peak is null ? null : cost.Memory.PrefillPeak,
            Aims = model.Device.IsCpu ? [BenchRow.AtLeast(share, Aim, "matrix products"), BenchRow.NearFormula(peak!.Value, cost.Memory.PrefillPeak)] : [],
            Notes = $"{frames} frames of random visual tokens and {context.Options.TextTokens} of text in {cost.Tokens.Windows!.RowsRead:N0} rows, {cost.Tokens.Windows.Kept:N0} kept; cache of 1,000 frames: {Units.Bytes(perThousand)}",
        };
    }
}
