using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.EngineBench;

/// <summary>Pictures of noise through tower and connector, on the way that a video's frames take.</summary>
internal static class VisionStage
{
    /// <summary>Frames of the two videos whose memory is compared, before rounding to whole clips.</summary>
    private const int ShortFrames = 8, LongFrames = 32;

    private const double TowerAim = 0.70;

    public static void Run(BenchContext context, Action<BenchRow> emit)
    {
        var (model, options) = (context.Model, context.Options);
        var frames = context.WholeClips(options.Frames);
        var clips = frames / context.ClipFrames;
        context.Say($"tower: {frames} frames in {clips} clips, {options.Repeats} times");
        var cost = CostModel.Of(context.Request(frames));
        var formula = cost.Memory.VisualEmbeddings + MemoryModel.TowerBatch(context.Request(frames), clips, context.ClipFrames);
        WarmUp(model);
        var before = context.Before();
        var (tower, connector) = (new double[options.Repeats], new double[options.Repeats]);
        long? peak = null;
        for (var run = 0; run < options.Repeats; run++)
        {
            var pass = Encode(context, frames, model.Encoder);
            (tower[run], connector[run]) = (pass.Tower, pass.Connector);
            if (pass.Peak is { } bytes) peak = Math.Max(peak ?? 0, bytes);
        }

        var after = context.After();
        Array.Sort(tower);
        Array.Sort(connector);
        var limit = new BenchLimit("matrix products", "FLOP/s", before.Gemm(model.Dtype), after.Gemm(model.Dtype));
        var together = Math.Min(clips, model.Encoder.MicroBatch(context.ClipFrames));
        var sizes = $"{frames} frames of {model.Config.Vision.ImageSize} x {model.Config.Vision.ImageSize} noise, {together} {(together == 1 ? "clip" : "clips")} at a time; warm-up: one still image";
        var towerShare = cost.Visual.Tower / Runs.Median(tower) / limit.Mean;
        if (options.Stages.Contains(BenchStage.Tower))
        {
            emit(new()
            {
                Name = "tower",
                Unit = "frames",
                Items = frames,
                Seconds = tower,
                Flops = cost.Visual.Tower,
                Limit = limit,
                Share = towerShare,
                PeakBytes = peak,
                FormulaBytes = peak is null ? null : formula,
                Aims = model.Device.IsCpu ? [BenchRow.AtLeast(towerShare, TowerAim, "matrix products"), BenchRow.NearFormula(peak!.Value, formula)] : [],
                Notes = sizes,
            });
        }

        if (!options.Stages.Contains(BenchStage.Connector)) return;
        var flops = cost.Visual.Merge + cost.Visual.Connector;
        emit(new()
        {
            Name = "connector",
            Unit = "frames",
            Items = frames,
            Seconds = connector,
            Flops = flops,
            Limit = limit,
            Share = flops / Runs.Median(connector) / limit.Mean,
            Notes = $"{context.ClipFrames * model.Config.Vision.TokensPerFrame:N0} patches of a clip {(model.Config.Vst is null ? "merged" : "pooled")} to {context.ClipFrames * model.Config.Connector.TokensPerFrame}; sorting and gathering count as time, not as operations",
        });
    }

    /// <summary>
    /// A short and a long video, one clip at a time: the long one may take as much more as its visual tokens are, and no more.
    /// </summary>
    public static BenchRow Flatness(BenchContext context)
    {
        var (shorter, longer) = (context.WholeClips(ShortFrames), context.WholeClips(LongFrames));
        context.Say($"memory: {shorter} frames against {longer}");
        WarmUp(context.Model);
        var oneByOne = context.Model.Encoder.WithActivations(1);
        var (few, many) = (Encode(context, shorter, oneByOne), Encode(context, longer, oneByOne));
        var expected = few.Peak is { } peak ? peak - few.TokenBytes + many.TokenBytes : (long?)null;
        return new()
        {
            Name = "memory",
            Unit = "frames",
            Items = longer,
            Seconds = [many.Tower + many.Connector],
            PeakBytes = many.Peak,
            FormulaBytes = expected,
            Aims = expected is { } bytes ? [new("flat in video length: at most 2% above the short video's, visual tokens aside", many.Peak!.Value <= bytes * 1.02)] : [],
            Notes = few.Peak is { } p
                ? $"peak of {shorter} frames: {Units.Bytes(p)} with {Units.Bytes(few.TokenBytes)} of visual tokens; of {longer} frames: {Units.Bytes(many.Peak!.Value)} with {Units.Bytes(many.TokenBytes)}; one clip at a time"
                : "only the CPU's tensor memory is metered",
        };
    }

    private static void WarmUp(VideoModel model)
    {
        using var scope = torch.NewDisposeScope();
        var side = model.Config.Vision.ImageSize;
        _ = model.Encoder.EncodeImages(torch.zeros([1, 3, side, side], model.Dtype, model.Device));
    }

    private static Pass Encode(BenchContext context, int frames, ClipEncoder encoder)
    {
        var costs = new CostLedger(context.Time);
        var live = BenchContext.StartPeak();
        var side = context.Model.Config.Vision.ImageSize;
        var (tokens, _) = new FrameEncoder(context.Model, costs, encoder).EncodeAll(
            Noise(frames, side, context.Options.Seed), frames, done => context.Say($"tower: {done} of {frames} frames"), context.Ct);
        using (tokens)
        {
            double Seconds(string stage) => costs.Costs.Single(c => c.Stage == stage).Milliseconds / 1000;
            return new(Seconds("tower"), Seconds("connector"), context.PeakSince(live), tokens.nbytes);
        }
    }

    /// <summary>Square frames of uniform noise, one buffer for all: each is read before the next is made.</summary>
    private static IEnumerable<VideoFrame> Noise(int count, int side, int seed)
    {
        var random = new Random(seed);
        var buffer = new FramePool(side * side * 3).Rent();
        for (var i = 0; i < count; i++)
        {
            random.NextBytes(buffer.Bytes.Span);
            yield return new(i, i, i, side, side, buffer);
        }
    }

    /// <param name="Peak">Above what was alive before; null where tensors do not live on the CPU.</param>
    private readonly record struct Pass(double Tower, double Connector, long? Peak, long TokenBytes);
}
