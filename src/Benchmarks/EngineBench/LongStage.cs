using Studio.Engine.Chat;
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
        // Video-XL reads a video piece by piece: what it takes must not grow with the tokens.
        var streams = model.Config.Vst is not null;
        var request = context.Request(frames, reserve: 1, retain: false);
        var cost = CostModel.Of(streams ? request with { KeepTokensUpTo = 0 } : request);
        context.Say($"long: {Units.Count(frames)} frames, {Units.Count(cost.Tokens.Prompt)} tokens, {options.Compression}; {Units.Flops(cost.Decoder.PrefillFlops)}; the formula expects {Units.Bytes(cost.Memory.PrefillPeak)} at the peak");
        var before = context.Before();
        var live = BenchContext.StartPeak();
        using var scope = torch.NewDisposeScope();
        var watcher = new Watcher(context, live, cost.Memory.PrefillPeak);
        var prompt = streams ? DecoderStage.PromptOf(context, new NoiseTokens(context, frames, watcher.OnTokens)) : DecoderStage.PromptOf(context, frames);
        var language = model.Config.Language;
        using DecoderSequence state = !streams
            ? new SequenceState(new KvCache(language.Layers, language.KeyValueHeads, language.HeadDim, model.Dtype, model.Device), VisualDropout.Of(options.Compression, language.Layers)) { RetainForReuse = false }
            : model.NewSequence(context.Compression);
        state.ReserveAhead = 1;
        var seconds = context.Timed(() => model.Prefill(state, prompt, streams ? null : watcher, context.Ct).Dispose());
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
            Notes = $"{Units.Count(frames)} frames, {string.Join("/", cost.Tokens.Stages.Select(s => s.VisualTokens))} visual tokens {(streams ? $"kept of {Units.Count(prompt.VisualTokens)}" : "alive by stage")}, cache {Units.Bytes(state.Cache.CapacityBytes)}; {cost.Decoder.Attention / cost.Decoder.PrefillFlops:0%} of the operations in attention; "
                + $"logits of every token, which are never made, would take {Units.Bytes(cost.Decoder.AllLogitsBytes)}",
        };
    }

    private sealed class Watcher(BenchContext context, long live, long formula) : ITraceRecorder
    {
        private readonly long _start = context.Time.GetTimestamp();

        public void OnLayer(int layer, Tensor hidden, IReadOnlyList<int> rows) =>
            Say($"layer {layer + 1} of {context.Model.Config.Language.Layers}, {Units.Count(rows.Count)} rows");

        public void OnTokens(int read) => Say($"{Units.Count(read)} visual tokens");

        /// <summary>Nothing is traced here.</summary>
        public TraceParts Finish(DecoderSequence state) => new([], [], []);

        private void Say(string what)
        {
            torch.synchronize(context.Model.Device);
            var memory = context.PeakSince(live) is { } peak ? $", peak {Units.Bytes(peak)} of the formula's {Units.Bytes(formula)}" : "";
            context.Say($"long: {what}, {Units.Seconds(context.Time.GetElapsedTime(_start).TotalSeconds)} so far{memory}");
        }
    }
}
