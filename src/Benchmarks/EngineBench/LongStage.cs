using Studio.Engine.Chat.Planning;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// A prompt as long as thousands of frames through the decoder alone: does it fit this machine, as the formula says? Keeps
/// nothing for a second question. One run, which can take long; it reports every layer.
/// </summary>
internal static class LongStage
{
    public static BenchRow Run(BenchContext context)
    {
        var (model, options) = (context.Model, context.Options);
        var frames = context.WholeClips(options.LongFrames);
        var cost = CostModel.Of(context.Request(frames, reserve: 1, retain: false));
        context.Say($"long: {Units.Count(frames)} frames, {Units.Count(cost.Tokens.Prompt)} tokens, {options.Compression}; {Units.Flops(cost.Decoder.PrefillFlops)}; the formula expects {Units.Bytes(cost.Memory.PrefillPeak)} at the peak");
        var before = context.Before();
        var live = BenchContext.StartPeak();
        using var scope = torch.NewDisposeScope();
        var prompt = DecoderStage.PromptOf(context, frames);
        using var state = new SequenceState(
            new KvCache(model.Config.Language.Layers, model.Config.Language.KeyValueHeads, model.Config.Language.HeadDim, model.Dtype, model.Device),
            VisualDropout.Of(options.Compression, model.Config.Language.Layers)) { RetainForReuse = false, ReserveAhead = 1 };
        var watcher = new LayerWatcher(context, live, cost.Memory.PrefillPeak);
        var seconds = context.Timed(() => context.Dropping.Prefill(state, prompt, watcher, context.Ct).Dispose());
        var peak = context.PeakSince(live);
        var after = context.After();
        var limit = new BenchLimit("matrix products", "FLOP/s", before.Gemm(model.Dtype), after.Gemm(model.Dtype));
        return new()
        {
            Name = "long prefill",
            Unit = "tokens",
            Items = prompt.Length,
            Seconds = [seconds],
            Flops = cost.Decoder.PrefillFlops,
            Limit = limit,
            Share = cost.Decoder.PrefillFlops / seconds / limit.Mean,
            PeakBytes = peak,
            FormulaBytes = peak is null ? null : cost.Memory.PrefillPeak,
            Aims = peak is { } bytes ? [BenchRow.NearFormula(bytes, cost.Memory.PrefillPeak)] : [],
            Notes = $"{Units.Count(frames)} frames, {string.Join("/", cost.Tokens.Stages.Select(s => s.VisualTokens))} visual tokens alive by stage, cache {Units.Bytes(state.Cache.CapacityBytes)}; {cost.Decoder.Attention / cost.Decoder.PrefillFlops:0%} of the operations in attention; "
                + $"logits of every token, which are never made, would take {Units.Bytes(cost.Decoder.AllLogitsBytes)}",
        };
    }

    private sealed class LayerWatcher(BenchContext context, long live, long formula) : IDecoderObserver
    {
        private readonly long _start = context.Time.GetTimestamp();

        public void OnLayer(int layer, Tensor hidden, IReadOnlyList<int> rows)
        {
            torch.synchronize(context.Model.Device);
            var memory = context.PeakSince(live) is { } peak ? $", peak {Units.Bytes(peak)} of the formula's {Units.Bytes(formula)}" : "";
            context.Say($"long: layer {layer + 1} of {context.Model.Config.Language.Layers}, {Units.Count(rows.Count)} rows, {Units.Seconds(context.Time.GetElapsedTime(_start).TotalSeconds)} so far{memory}");
        }
    }
}
