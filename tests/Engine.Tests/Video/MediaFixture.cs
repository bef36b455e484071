using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Engine.Tests.Video;

/// <summary>Classes that run ffmpeg share its files and run one after another, so that time limits are not met by crowding.</summary>
[CollectionDefinition(Name)]
public sealed class MediaTestGroup : ICollectionFixture<MediaFixture>
{
    public const string Name = "media";
}

/// <summary>Makes small media files with ffmpeg in a temporary folder; each name is made once.</summary>
public sealed class MediaFixture : IDisposable
{
    private const int MakeLimitMilliseconds = 60_000;

    private readonly ConcurrentDictionary<string, Lazy<string>> _made = new();

    public MediaFixture()
    {
        Folder = Directory.CreateTempSubdirectory("studio-video-").FullName;
        Tools = MediaTools.Locate();
    }

    public string Folder { get; }

    public MediaTools Tools { get; }

    public VideoProbe Probe => new(Tools);

    public FrameReader Reader => new(Tools);

    /// <summary>Runs ffmpeg with space-separated arguments (no spaces inside) and the new file's path at the end.</summary>
    public string Make(string name, string arguments) =>
        _made.GetOrAdd(name, _ => new Lazy<string>(() =>
        {
            string path = Path.Combine(Folder, name);
            Run(["-y", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries), path]);
            return path;
        })).Value;

    public string Write(string name, ReadOnlySpan<byte> bytes)
    {
        string path = Path.Combine(Folder, name);
        File.WriteAllBytes(path, bytes);
        return path;
    }

    /// <summary>96x64, 25 frames a second, each frame different.</summary>
    public string Clip(int frames, string name, string encoding) =>
        Make(name, $"-f lavfi -i testsrc2=s=96x64:r=25 -frames:v {frames} {encoding}");

    /// <summary>
    /// A copy of an MP4 whose display matrix turns the picture clockwise. The matrix is written into the track header box
    /// directly, because the option for it differs between versions of ffmpeg.
    /// </summary>
    public string Rotated(string path, int degrees)
    {
        byte[] bytes = File.ReadAllBytes(path);
        int matrix = bytes.AsSpan().IndexOf("tkhd"u8) + 4 + 40;
        int one = 1 << 16;
        (int a, int b, int c, int d) = degrees switch { 90 => (0, one, -one, 0), 180 => (-one, 0, 0, -one), 270 => (0, -one, one, 0), _ => (one, 0, 0, one) };
        int[] values = [a, b, 0, c, d, 0, 0, 0, 1 << 30];
        for (int i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(matrix + (4 * i)), values[i]);
        }

        return Write($"turned{degrees}-{Path.GetFileName(path)}", bytes);
    }

    /// <summary>All frames of a file, decoded by a plain call of ffmpeg.</summary>
    public byte[] DecodeAll(string path, string filter = "null") =>
        Run(["-i", path, "-map", "0:v:0", "-vf", filter, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1"]);

    /// <summary>A folder with stand-ins for both tools, each running the same shell lines.</summary>
    public MediaTools FakeTools(string lines)
    {
        string folder = Directory.CreateDirectory(Path.Combine(Folder, Guid.NewGuid().ToString("N"))).FullName;
        foreach (string tool in (string[])["ffmpeg", "ffprobe"])
        {
            string path = Path.Combine(folder, tool);
            File.WriteAllText(path, $"#!/bin/sh\n{lines}\n");
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        return MediaTools.Locate(folder, Environment.GetEnvironmentVariable("PATH"));
    }

    /// <summary>Ids of living processes whose command line contains a text.</summary>
    public static List<int> ProcessesWith(string text)
    {
        var found = new List<int>();
        foreach (string folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), CultureInfo.InvariantCulture, out int id) && id != Environment.ProcessId)
            {
                try
                {
                    if (File.ReadAllText(Path.Combine(folder, "cmdline")).Contains(text, StringComparison.Ordinal))
                    {
                        found.Add(id);
                    }
                }
                catch (Exception e) when (e is IOException or UnauthorizedAccessException)
                {
                    // The process ended while we looked, or belongs to someone else.
                }
            }
        }

        return found;
    }

    /// <summary>True when a process is neither running nor an unreaped child.</summary>
    public static bool IsGone(int id) => !Directory.Exists($"/proc/{id}");

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private byte[] Run(IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Tools.Ffmpeg, ["-v", "error", "-nostdin", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        using var output = new MemoryStream();
        process.StandardOutput.BaseStream.CopyTo(output);
        Assert.True(process.WaitForExit(MakeLimitMilliseconds), "ffmpeg did not end");
        Assert.True(process.ExitCode == 0, errors.Result);
        return output.ToArray();
    }
}
