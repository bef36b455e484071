using System.Globalization;
using System.Security.Cryptography;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Draws scripts into the store of videos.</summary>
internal sealed class DrawnVideos(EvalDataOptions options)
{
    /// <summary>Pixels a side: what the shipped models read is smaller.</summary>
    internal const int Side = 224;

    private const int Quality = 18;

    /// <summary>Part of every recipe: raised whenever the same script gives another file.</summary>
    internal const string Version = "drawn 1";

    /// <summary>The file of a script, drawn now if it is not there.</summary>
    /// <exception cref="MediaException">It cannot be written, or two frames of its haystack are the same.</exception>
    public Task<string> GetAsync(WorldScript script, CancellationToken cancellationToken) => options.Videos.GetAsync(
        Recipe(script),
        (path, stop) => new H264Writer(options.FoundTools, options.Limits).WriteAsync(
            path, new H264Settings(Side, Side, new FrameRate(script.Fps)) { Quality = Quality, KeyFrames = 4 * script.Fps }, FramesAsync(script, 0, script.FrameCount), stop),
        cancellationToken);

    /// <summary>All that decides the pictures of a script's frames.</summary>
    internal static string Recipe(WorldScript script) =>
        string.Create(CultureInfo.InvariantCulture, $"{Version} {WorldDataset.Version} {script.Fingerprint()} {script.Seed} {script.Fps} {Side} {Quality}");

    /// <summary>Frames of a script, RGB.</summary>
    /// <param name="from">First frame.</param>
    /// <param name="to">Behind the last frame.</param>
    /// <exception cref="MediaException">Two frames of its haystack are the same.</exception>
#pragma warning disable CS1998 // drawing waits for nothing
    internal static async IAsyncEnumerable<ReadOnlyMemory<byte>> FramesAsync(WorldScript script, int from, int to)
    {
        var renderer = new WorldRenderer(Side, Side);
        var frame = new byte[renderer.FrameBytes];
        var unique = new UniqueFrames();
        for (var i = from; i < to; i++)
        {
            renderer.Draw(script, i, frame);
            if (script.SegmentAt(script.TimeOf(i)) is WorldHaystack && !unique.Add(frame))
            {
                throw new MediaException(MediaError.EncodeFailed, $"seed {script.Seed}", $"frame {i} of the drawn haystack with seed {script.Seed} repeats an earlier one; give another seed.");
            }

            yield return frame;
        }
    }
#pragma warning restore CS1998
}

/// <summary>Frames of a haystack by the SHA-256 of their pixels. Bound: one hash a frame, of at most a day's frames.</summary>
internal sealed class UniqueFrames
{
    private readonly HashSet<Int128> _seen = [];

    public int Count => _seen.Count;

    /// <summary>False where the same picture came before.</summary>
    public bool Add(ReadOnlySpan<byte> rgb)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(rgb, hash);
        return _seen.Add(System.Runtime.InteropServices.MemoryMarshal.Read<Int128>(hash));
    }
}
