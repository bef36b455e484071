using System.Text.Json;
using Studio.Benchmarks.Verification;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Which frames a document's clip or frame folder gives.</summary>
internal static class FrameChecks
{
    public static void Run(EvalCheck check)
    {
        foreach (var row in check.Rows)
        {
            var id = row.Text("id")!;
            var (video, most) = (row.GetProperty("video"), row.GetProperty("max_num_frames").GetInt32());
            (double, double)? clip = row.GetProperty("clip") is { ValueKind: JsonValueKind.Array } span ? (span[0].GetDouble(), span[1].GetDouble()) : null;
            if (row.Text("reader") == "img")
            {
                var rate = FrameFolders.Rate(row.Text("path")!);
                var (indices, seconds) = FrameFolders.Choose(video.GetProperty("images").GetInt32(), rate, clip, most);
                check.Report.Equal($"{id} frames", indices, row.Longs("frame_indices"));
                check.Report.Equal($"{id} rate", rate, row.Number("fps"));
                check.Report.Equal($"{id} seconds", seconds, row.Number("duration"));
                continue;
            }

            var info = ReferenceVideo.Of(video.GetProperty("frames").GetInt64(), video.GetProperty("fps").GetDouble());
            var selection = FrameSampling.Select(info, new() { MaxFrames = most, StartSeconds = clip?.Item1, EndSeconds = clip?.Item2, ClipLength = 1 });
            check.Report.Equal($"{id} frames", selection.Indices, row.Longs("frame_indices"));
            check.Report.Equal($"{id} seconds", selection.Duration, row.Number("duration"));
        }
    }
}
