using System.Globalization;
using System.Text.Json;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Verification;

/// <summary>Which frames are chosen, and what the prompt says about them.</summary>
internal static class SamplingChecks
{
    public static void Run(Check check)
    {
        var (golden, report) = (check.Golden, check.Report);
        var at = 0;
        foreach (var row in golden.Root.GetProperty("table").EnumerateArray()) Row(report, row, $"row {at++} ({row.GetProperty("preset").GetString()})");
        at = 0;
        foreach (var row in golden.Root.GetProperty("clip_table").EnumerateArray()) Clip(report, row, $"clip {at++}");
    }

    public static void RunVideoXl(Check check)
    {
        var at = 0;
        foreach (var row in check.Golden.Root.GetProperty("table").EnumerateArray())
        {
            var (frames, rule) = (row.GetProperty("total_frames").GetInt64(), row.GetProperty("rule").GetString());
            var actual = rule switch
            {
                "uniform" => FrameSampling.VideoXlUniform(frames, row.GetProperty("max_frames").GetInt32()),
                "one_fps" => FrameSampling.VideoXlOnePerSecond(frames, row.GetProperty("fps").GetDouble()),
                _ => FrameSampling.VideoXlTraining(frames, row.GetProperty("fps").GetDouble()),
            };
            check.Report.Equal($"row {at++} ({rule}) indices", actual, Longs(row.GetProperty("indices")));
        }
    }

    private static void Row(VerificationReport report, JsonElement row, string name)
    {
        var given = row.GetProperty("settings");
        var sample = given.GetProperty("sample").GetString()!;
        var info = ReferenceVideo.Of(row.GetProperty("vlen").GetInt64(), row.GetProperty("fps").GetDouble());
        var expected = Longs(row.GetProperty("indices"));
        var perSecond = sample.StartsWith("fps", StringComparison.Ordinal) ? double.Parse(sample.AsSpan(3), CultureInfo.InvariantCulture) : 1;
        var max = given.GetProperty("max_num_frames").GetInt32();
        if (expected.Length == 0)
        {
            // The original gives nothing for a video under half a step, and fails later; Select falls back to one frame.
            report.Equal($"{name} indices", FrameSampling.AtRate(info.FrameCount, info.AverageFrameRate, perSecond, max, truncate: true), expected);
            return;
        }

        var selection = FrameSampling.Select(info, new()
        {
            Mode = sample switch { "dynamic_fps1" => SamplingMode.Published, "middle" => SamplingMode.Frames, _ => SamplingMode.Fps },
            RoundTo = given.GetProperty("local_num_frames").GetInt32(),
            MinFrames = given.GetProperty("min_num_frames").GetInt32(),
            MaxFrames = max,
            FrameCount = given.GetProperty("num_frames").GetInt32(),
            FramesPerSecond = perSecond,
            TruncateAtMaxFrames = true,
            ClipLength = 1, // the table is of what is chosen, before whole clips are made of it
        });
        report.Equal($"{name} indices", selection.Indices, expected);
        report.Equal($"{name} message", [selection.Message], [row.GetProperty("msg_short").GetString()!]);
        if (!row.TryGetProperty("msg_long", out var message)) return;
        report.Equal($"{name} long message", [DurationMessage.Long(selection.Duration, selection.Times)], [message.GetString()!]);
    }

    private static void Clip(VerificationReport report, JsonElement row, string name)
    {
        var rate = row.GetProperty("fps").GetDouble();
        var info = ReferenceVideo.Of((long)Math.Round(row.GetProperty("duration").GetDouble() * rate), rate);
        var (start, end) = (row.GetProperty("start").GetDouble(), row.GetProperty("end").GetDouble());
        var (offset, frames, duration) = FrameSampling.Clip(info, start, end);
        report.Equal($"{name} first frame and frames", [offset, frames], [row.GetProperty("start_index").GetInt64(), row.GetProperty("clip_vlen").GetInt64()]);
        report.Equal($"{name} duration", [duration], [row.GetProperty("clip_duration").GetDouble()]);
        var selection = FrameSampling.Select(info, SamplingSettings.Default with { StartSeconds = start, EndSeconds = end });
        report.Equal($"{name} indices", selection.Indices, Longs(row.GetProperty("indices")));
    }

    private static long[] Longs(JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt64())];
}
