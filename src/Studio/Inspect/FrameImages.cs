using Studio.Engine.Video;
using Studio.Hosting;

namespace Studio.Inspect;

/// <summary>
/// Single frames of library videos as PNG: exactly the frame of a number, decoded as the model's frames are, in the decoder's
/// process and under its limits.
/// </summary>
public sealed class FrameImages : IDisposable
{
    /// <summary>Bytes of pictures kept in memory.</summary>
    public const long BytesKept = 48L << 20;

    /// <summary>Facts about videos kept in memory.</summary>
    public const int ProbesKept = 32;

    /// <summary>Pictures decoded at once.</summary>
    public const int AtOnce = 2;

    /// <summary>Requests that may wait for their turn.</summary>
    public const int MostWaiting = 16;

    /// <summary>The smallest and largest longer side of a picture, pixels.</summary>
    public const int MinSide = 64, MaxSide = 1024;

    private readonly StudioFolders _folders;
    private readonly BoundedCache<(string File, long Index, int Side), byte[]> _pictures;
    private readonly BoundedCache<string, VideoInfo> _probes = new(ProbesKept, _ => 1);
    private readonly SemaphoreSlim _turns = new(AtOnce);
    private int _waiting;

    public FrameImages(StudioFolders folders)
        : this(folders, BytesKept)
    {
    }

    internal FrameImages(StudioFolders folders, long bytesKept) => (_folders, _pictures) = (folders, new(bytesKept, p => p.Length));

    internal (int Pictures, long Bytes) Kept => (_pictures.Count, _pictures.Weight);

    /// <summary>A frame, scaled down so that its longer side is at most <paramref name="side"/>; never scaled up.</summary>
    /// <param name="file">A file of the videos folder; access has been checked.</param>
    /// <param name="index">0-based number of the frame in the file.</param>
    /// <param name="side">Pixels, <see cref="MinSide"/> to <see cref="MaxSide"/>.</param>
    /// <returns>PNG; null when the file is gone.</returns>
    /// <exception cref="ArgumentException">There is no such frame, or the size is out of range.</exception>
    /// <exception cref="MediaException">The file cannot be decoded.</exception>
    /// <exception cref="FrameQueueFullException">Too many wait already.</exception>
    public async Task<byte[]?> ReadAsync(string file, long index, int side, CancellationToken ct)
    {
        if (side is < MinSide or > MaxSide) throw new ArgumentOutOfRangeException(nameof(side), side, $"a size of {side} pixels; give {MinSide} to {MaxSide}");
        var path = Path.Combine(_folders.Videos, file);
        if (!File.Exists(path)) return null;
        var key = (file, index, side);
        if (_pictures.TryGet(key, out var kept)) return kept;
        await TakeTurnAsync(ct);
        try
        {
            if (_pictures.TryGet(key, out kept)) return kept;
            var image = await DecodeAsync(path, index, ct);
            var png = PngWriter.Write(Fit(image, side));
            _pictures.Put(key, png);
            return png;
        }
        finally
        {
            _ = _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task TakeTurnAsync(CancellationToken ct)
    {
        if (Interlocked.Increment(ref _waiting) > MostWaiting)
        {
            _ = Interlocked.Decrement(ref _waiting);
            throw new FrameQueueFullException();
        }

        try
        {
            await _turns.WaitAsync(ct);
        }
        finally
        {
            _ = Interlocked.Decrement(ref _waiting);
        }
    }

    private async Task<RgbImage> DecodeAsync(string path, long index, CancellationToken ct)
    {
        var tools = MediaTools.Locate();
        if (!_probes.TryGet(path, out var info))
        {
            info = await new VideoProbe(tools).ProbeAsync(path, cancellationToken: ct);
            _probes.Put(path, info);
        }

        if (info.IsStillImage) return await new ImageReader(tools).ReadAsync(path, ct);
        await foreach (var frame in new FrameReader(tools).ReadAsync(info, new FrameSelection(info, [index]), ct))
        {
            using (frame) return new(frame.Width, frame.Height, frame.Rgb.ToArray());
        }

        throw new InvalidOperationException($"the reader gave no frame {index}");
    }

    private static RgbImage Fit(RgbImage image, int side)
    {
        var longer = Math.Max(image.Width, image.Height);
        if (longer <= side) return image;
        var scale = side / (double)longer;
        return image.Resize(Math.Max(1, (int)Math.Round(image.Width * scale)), Math.Max(1, (int)Math.Round(image.Height * scale)));
    }
}

/// <summary>Too many pictures are waited for.</summary>
public sealed class FrameQueueFullException()
    : Exception($"{FrameImages.MostWaiting} frames are waited for already; try again in a moment");
