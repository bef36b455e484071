using Studio.Engine.Video;

namespace Studio.Benchmarks.Verification;

/// <summary>Videos that reference numbers of sampling are about.</summary>
internal static class ReferenceVideo
{
    /// <summary>A video of constant rate; what does not matter to sampling is made up.</summary>
    public static VideoInfo Of(long frames, double rate) => new()
    {
        Path = "reference",
        FileSize = 1,
        Container = "mp4",
        Codec = "h264",
        PixelFormat = "yuv420p",
        Duration = frames / rate,
        AverageFrameRate = rate,
        FrameCount = frames,
        FrameCountSource = FrameCountSource.Container,
        Width = 64,
        Height = 48,
        Rotation = 0,
        SampleAspectRatio = 1,
        HasAudio = false,
        IsVariableFrameRate = false,
        IsStillImage = false,
    };
}
