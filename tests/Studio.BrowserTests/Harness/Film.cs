using System.Diagnostics;
using System.Globalization;
using Studio.Engine.Video;

namespace Studio.BrowserTests.Harness;

/// <summary>Videos that ffmpeg draws.</summary>
public static class Film
{
    /// <summary>H.264 in MP4 of a source that ffmpeg makes, such as testsrc2 or mandelbrot.</summary>
    /// <param name="quality">0 (largest file) to 51.</param>
    public static async Task<string> DrawAsync(string folder, string name, string source, int seconds, int quality = 23)
    {
        var path = Path.Combine(folder, name);
        var start = new ProcessStartInfo(MediaTools.Locate().Ffmpeg,
        [
            "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", source, "-t", seconds.ToString(CultureInfo.InvariantCulture),
            "-c:v", "libx264", "-preset", "ultrafast", "-crf", quality.ToString(CultureInfo.InvariantCulture), "-pix_fmt", "yuv420p", "-movflags", "+faststart", path,
        ]);
        using var process = Process.Start(start)!;
        await process.WaitForExitAsync();
        return process.ExitCode == 0 ? path : throw new InvalidOperationException($"ffmpeg could not draw {name} (exit code {process.ExitCode})");
    }
}
