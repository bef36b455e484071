using System.Diagnostics;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.EngineBench;

/// <summary>A prompt of random visual tokens, read several times, and tokens generated behind it.</summary>
internal static class DecoderStage
{
    /// <summary>Steps before the measured ones: buffers grow and code is compiled in them.</summary>
    internal const int WarmUpSteps = 2;

    private const double PrefillAim = 0.70, DecodeAim = 0.60;
    private const int WarmUpRows = 32;

    public static void Run(BenchContext context, Action<BenchRow> emit)
    {
        var (model, options) = (context.Model, context.Options);
        var perFrame = model.Config.Connector.TokensPerFrame;
        var frames = context.WholeClips((options.PrefillTokens + perFrame - 1) / perFrame);
        var reserve = options.DecodeTokens + WarmUpSteps + 1;
        var request = context.Request(frames, options.DecodeTokens + WarmUpSteps, reserve);
        var cost = CostModel.Of(request);
        WarmUp(context);
        var live = BenchContext.StartPeak();
        using var scope = torch.NewDisposeScope();
        var prompt = PromptOf(context, frames);
        DecoderSequence? state = null;
        try
        {
            if (options.Stages.Contains(BenchStage.Prefill)) emit(Prefill(context, cost, prompt, reserve, live, ref state));
            if (!options.Stages.Contains(BenchStage.Decode)) return;
            state ??= Read(context, prompt, reserve);
            emit(Decode(context, cost, state, live));
        }
        finally
        {
            state?.Dispose();
        }
    }

    /// <summary>Text, one video of random visual tokens as small as the decoder's own embeddings, text.</summary>
    public static Prompt PromptOf(BenchContext context, int frames)
    {
        var noise = new NoiseTokens(context, frames);
        return PromptOf(context, new HeldTokens(noise.Read(0, noise.Count, context.Ct), noise.TokensPerFrame));
    }

    /// <summary>The same with visual tokens of any making.</summary>
    public static Prompt PromptOf(BenchContext context, IVisualTokens tokens)
    {
        int[] Ids(int from, int count) => [.. Enumerable.Range(from, count).Select(i => i % context.Model.Config.Language.VocabularySize)];
        var (before, text) = (context.TextBefore, context.Options.TextTokens);
        return new([new PromptPart.Text(Ids(0, before)), new PromptPart.Visual("noise", tokens), new PromptPart.Text(Ids(before, text - before))]);
    }

    private static BenchRow Prefill(BenchContext context, Cost cost, Prompt prompt, int reserve, long live, ref DecoderSequence? state)
    {
        var (model, options) = (context.Model, context.Options);
        context.Say($"prefill: {prompt.Length} tokens, {options.Repeats} times");
        var before = context.Before();
        torch.ResetPeakMemory();
        DecoderSequence? last = null;
        var seconds = Runs.Of(context, options.Repeats, () =>
        {
            last?.Dispose();
            last = Read(context, prompt, reserve);
        });
        var peak = context.PeakSince(live);
        state = last;
        var after = context.After();
        var limit = new BenchLimit("matrix products", "FLOP/s", before.Gemm(model.Dtype), after.Gemm(model.Dtype));
        var share = cost.Decoder.PrefillFlops / Runs.Median(seconds) / limit.Mean;
        return new()
        {
            Name = "prefill",
            Unit = "tokens",
            Items = prompt.Length,
            Seconds = seconds,
            Flops = cost.Decoder.PrefillFlops,
            Limit = limit,
            Share = share,
            PeakBytes = peak,
            FormulaBytes = peak is null ? null : cost.Memory.PrefillPeak,
            Aims = model.Device.IsCpu ? [BenchRow.AtLeast(share, PrefillAim, "matrix products"), BenchRow.NearFormula(peak!.Value, cost.Memory.PrefillPeak)] : [],
            Notes = $"{prompt.VisualTokens:N0} random visual tokens, {prompt.Length - prompt.VisualTokens} of text, {string.Join("/", cost.Tokens.Stages.Select(s => s.VisualTokens))} {(cost.Tokens.Windows is { } w ? $"kept of {w.Windows} windows" : "alive by stage")}; "
                + $"{cost.Decoder.Attention / cost.Decoder.PrefillFlops:0%} of the operations in attention; warm-up: {WarmUpRows} tokens",
        };
    }

    private static BenchRow Decode(BenchContext context, Cost cost, DecoderSequence state, long live)
    {
        var (model, options) = (context.Model, context.Options);
        context.Say($"decode: {options.DecodeTokens} tokens");
        var before = context.Before();
        torch.ResetPeakMemory();
        var (seconds, allocated) = (new double[options.DecodeTokens], new long[options.DecodeTokens]);
        var sampler = new Sampler(model.DefaultGeneration with { MaxNewTokens = WarmUpSteps + options.DecodeTokens, StopIds = [] });
        var id = 0;
        for (var step = -WarmUpSteps; step < options.DecodeTokens; step++)
        {
            context.Ct.ThrowIfCancellationRequested();
            var heap = GC.GetAllocatedBytesForCurrentThread();
            var start = Stopwatch.GetTimestamp();
            id = sampler.Next(model.DecodeRow(state, id));
            var elapsed = Stopwatch.GetElapsedTime(start);
            var bytesOfStep = GC.GetAllocatedBytesForCurrentThread() - heap;
            if (step >= 0) (seconds[step], allocated[step]) = (elapsed.TotalSeconds, bytesOfStep);
        }

        var peak = context.PeakSince(live);
        var after = context.After();
        Array.Sort(seconds);
        // The rows that warming up and the steps themselves add are cached like the prompt's: half of them on average.
        var added = (WarmUpSteps + (options.DecodeTokens / 2.0)) * model.Config.Language.Layers;
        var bytes = cost.Decoder.DecodeBytesPerToken + (added * CostModel.CacheRowBytes(model.Config.Language, model.Dtype));
        var limit = new BenchLimit("copying", "B/s", before.CopyBytesPerSecond, after.CopyBytesPerSecond);
        var share = bytes / Runs.Median(seconds) / limit.Mean;
        // The list of generated ids doubles now and then: that is a token in many, so the median is the steady state.
        Array.Sort(allocated);
        var perStep = (double)allocated[allocated.Length / 2];
        return new()
        {
            Name = "decode",
            Unit = "tokens",
            Items = 1,
            Seconds = seconds,
            Flops = cost.Decoder.DecodePerToken,
            Bytes = bytes,
            Limit = limit,
            Share = share,
            PeakBytes = peak,
            FormulaBytes = peak is null ? null : cost.Memory.DecodePeak,
            AllocatedPerStep = perStep,
            Aims = model.Device.IsCpu
                ? [BenchRow.AtLeast(share, DecodeAim, "copying"), new("no managed allocation per token in steady state", perStep == 0), BenchRow.NearFormula(peak!.Value, cost.Memory.DecodePeak)]
                : [],
            Notes = $"{options.DecodeTokens} tokens, greedy, behind {state.Length - options.DecodeTokens - WarmUpSteps:N0}, {Units.Bytes(bytes)} of weights and cache a token; "
                + $"reading alone reaches {Units.ByteRate((before.ReadBytesPerSecond + after.ReadBytesPerSecond) / 2)}; {allocated.Sum()} managed bytes in all; warm-up: {WarmUpSteps} tokens",
        };
    }

    private static DecoderSequence Read(BenchContext context, Prompt prompt, int reserve)
    {
        var state = context.Model.NewSequence(context.Compression);
        state.ReserveAhead = reserve;
        try
        {
            context.Model.Prefill(state, prompt, null, context.Ct).Dispose();
            return state;
        }
        catch
        {
            state.Dispose();
            throw;
        }
    }

    public static void WarmUp(BenchContext context)
    {
        var model = context.Model;
        using var state = model.NewSequence(Engine.Compression.CompressionSettings.Resolve(Engine.Compression.CompressionSettings.Off, model.Config));
        int[] ids = [.. Enumerable.Range(0, WarmUpRows).Select(i => i % model.Config.Language.VocabularySize)];
        model.Prefill(state, new([new PromptPart.Text(ids)]), null, context.Ct).Dispose();
        _ = model.DecodeRow(state, 0);
    }
}
