using Studio.Benchmarks.Evaluation.Data;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

/// <summary>A folder of a test's own with files, and a store of videos.</summary>
public sealed class DataFolder : IDisposable
{
    private readonly VideoStore _store;

    public DataFolder()
    {
        Root = Directory.CreateTempSubdirectory("evaldata").FullName;
        _store = new VideoStore(Path.Combine(Root, "cache"));
        Options = new EvalDataOptions { Videos = _store, Tools = Tools };
    }

    public static MediaTools Tools { get; } = MediaTools.Locate();

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    public string Root { get; }

    public EvalDataOptions Options { get; }

    public VideoStore Store => _store;

    public string Write(string name, string text)
    {
        var path = PathOf(name);
        File.WriteAllText(path, text);
        return path;
    }

    /// <summary>The full path of a file to be; its folder is made.</summary>
    public string PathOf(string name)
    {
        var path = Path.Combine(Root, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    public string CopySample(string name)
    {
        var path = PathOf(name);
        File.Copy(Sample, path);
        return path;
    }

    /// <summary>A video of one colour a frame, one frame a second.</summary>
    public async Task<string> ColoursAsync(string name, int frames, Func<int, (byte R, byte G, byte B)> colour, int width = 64, int height = 48)
    {
        var path = PathOf(name);
        await new H264Writer(Tools).WriteAsync(path, new H264Settings(width, height, new FrameRate(1)) { Quality = 10 }, Frames(), TestContext.Current.CancellationToken);
        return path;

        async IAsyncEnumerable<ReadOnlyMemory<byte>> Frames()
        {
            await Task.CompletedTask;
            var rgb = new byte[width * height * 3];
            for (var i = 0; i < frames; i++)
            {
                var (r, g, b) = colour(i);
                for (var at = 0; at < rgb.Length; at += 3) (rgb[at], rgb[at + 1], rgb[at + 2]) = (r, g, b);
                yield return rgb;
            }
        }
    }

    /// <summary>JPEG pictures of a video, evenly spread.</summary>
    public static async Task<IReadOnlyList<byte[]>> JpegsAsync(string video, int count)
    {
        var info = await new VideoProbe(Tools).ProbeAsync(video, cancellationToken: TestContext.Current.CancellationToken);
        return await new ThumbnailReader(Tools).ReadStripAsync(info, count, 256, TestContext.Current.CancellationToken);
    }

    /// <summary>The colour in the middle of every frame.</summary>
    public static async Task<IReadOnlyList<(byte R, byte G, byte B)>> MiddlesAsync(string video)
    {
        var info = await new VideoProbe(Tools).ProbeAsync(video, cancellationToken: TestContext.Current.CancellationToken);
        var colours = new List<(byte, byte, byte)>();
        var all = new FrameSelection(info, [.. Enumerable.Range(0, (int)info.FrameCount).Select(i => (long)i)]);
        await foreach (var frame in new FrameReader(Tools).ReadAsync(info, all, TestContext.Current.CancellationToken))
        {
            var at = (((info.Height / 2) * info.Width) + (info.Width / 2)) * 3;
            colours.Add((frame.Rgb.Span[at], frame.Rgb.Span[at + 1], frame.Rgb.Span[at + 2]));
            frame.Dispose();
        }

        return colours;
    }

    public void Dispose()
    {
        _store.Dispose();
        Directory.Delete(Root, recursive: true);
    }
}
