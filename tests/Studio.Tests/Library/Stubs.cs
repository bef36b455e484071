using Studio.Data;
using Studio.Engine.Video;
using Studio.Library;

namespace Studio.Tests.Library;

/// <summary>A disk with as much room as a test says.</summary>
internal sealed class FixedDisk : DiskSpace
{
    public long FreeBytes { get; set; } = long.MaxValue;

    public override long Free(string folder) => FreeBytes;
}

/// <summary>Takes any bytes for a video, when and how a test says: for what happens around the look into a file.</summary>
internal sealed class StubInspector() : MediaInspector(new())
{
    private int _inside;

    public bool Missing { get; set; }

    public bool Refuse { get; set; }

    public SemaphoreSlim? Gate { get; set; }

    public int Calls { get; private set; }

    public int Inside => Volatile.Read(ref _inside);

    public int MostInside { get; private set; }

    public override async Task<MediaFacts> InspectAsync(string path, CancellationToken ct)
    {
        Calls++;
        MostInside = Math.Max(MostInside, Interlocked.Increment(ref _inside));
        try
        {
            if (Missing) throw new MediaException(MediaError.ToolMissing, "ffprobe", "ffprobe was not found");
            if (Refuse) throw new MediaException(MediaError.NotMedia, path, $"'{path}' is a stub");
            if (Gate is not null) await Gate.WaitAsync(ct);
            return new(VideoKind.Video, ".mp4", 1, 16, 16, 25, 25, "stub");
        }
        finally
        {
            _ = Interlocked.Decrement(ref _inside);
        }
    }
}
