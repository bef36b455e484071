using Studio.Engine.Video;

namespace Studio.Benchmarks.EngineBench;

/// <summary>
/// From a file to pixels: decoding the chosen frames, resizing, normalising. Its limit is the decoder by itself going
/// through the whole file once; jumping to few frames of a long file can beat it.
/// </summary>
internal static class FrameStage
{
    private static readonly TimeSpan s_decoderLimit = TimeSpan.FromMinutes(10);

    public static BenchRow Run(BenchContext context)
    {
        var (model, options, ct) = (context.Model, context.Options, context.Ct);
        context.Say("frames: decoding");
        var tools = MediaTools.Locate();
        var info = new VideoProbe(tools).ProbeAsync(options.Video!, cancellationToken: ct).GetAwaiter().GetResult();
        if (info.IsStillImage) throw new ArgumentException($"{options.Video} is an image; the frames stage needs a video");
        var selection = FrameSampling.Select(info, SamplingSettings.Uniform(options.Frames) with { ClipLength = context.ClipFrames });
        var reader = new FrameReader(tools);
        var side = model.Config.Vision.ImageSize;
        var pixels = new float[3 * side * side];
        long bytes = 0;

        void Read()
        {
            bytes = 0;
            foreach (var frame in reader.ReadAsync(info, selection, ct).ToBlockingEnumerable(ct))
            {
                using (frame)
                {
                    bytes += frame.Rgb.Length;
                    model.WritePixels(frame, pixels);
                }
            }
        }

        var before = DecoderAlone(context, tools);
        Read();
        var seconds = Runs.Of(context, options.Repeats, Read);
        var limit = new BenchLimit("decoder alone", "s", before, DecoderAlone(context, tools));
        return new()
        {
            Name = BenchStage.Frames.ToString().ToLowerInvariant(),
            Unit = "frames",
            Items = selection.Count,
            Seconds = seconds,
            Limit = limit,
            Share = limit.Mean / Runs.Median(seconds),
            Notes = $"{Path.GetFileName(options.Video)}, {bytes / selection.Count / 3:N0} pixels a frame, resized to {side} x {side}; limit: the whole file decoded and thrown away; warm-up: one run",
        };
    }

    private static double DecoderAlone(BenchContext context, MediaTools tools) => context.Timed(() =>
    {
        var run = MediaProcess.CaptureAsync(
            new MediaCommand(tools.Ffmpeg), ["-v", "error", "-nostdin", "-i", context.Options.Video!, "-map", "0:v:0", "-f", "null", "-"],
            s_decoderLimit, context.Options.Video!, context.Ct).GetAwaiter().GetResult();
        if (run.ExitCode != 0) throw new MediaException(MediaError.Unreadable, context.Options.Video!, $"{context.Options.Video} cannot be decoded: {run.ErrorTail.Trim()}");
    });
}
