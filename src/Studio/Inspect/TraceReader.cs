using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Studio.Hosting;

namespace Studio.Inspect;

/// <summary>Reads recorded traces, <c>traces/{answer id}.json.gz</c>. Those used lately stay in memory, read and checked: a trace never changes.</summary>
public sealed class TraceReader : IDisposable
{
    /// <summary>Bytes of traces kept in memory.</summary>
    public const long BytesKept = 192L << 20;

    /// <summary>The largest trace that is read, bytes of JSON: twice that of the most frames a model may be shown.</summary>
    public const long MaxJsonBytes = 256L << 20;

    private readonly StudioFolders _folders;
    private readonly BoundedCache<string, TraceShape> _kept;
    private readonly long _maxJsonBytes;
    private readonly SemaphoreSlim _reading = new(1); // one at a time: a second reader of the same trace finds it kept

    public TraceReader(StudioFolders folders)
        : this(folders, BytesKept, MaxJsonBytes)
    {
    }

    internal TraceReader(StudioFolders folders, long bytesKept, long maxJsonBytes) => (_folders, _kept, _maxJsonBytes) = (folders, new(bytesKept, Weigh), maxJsonBytes);

    internal int Kept => _kept.Count;

    /// <summary>A trace, read and checked.</summary>
    /// <param name="answerId">Access has been checked.</param>
    /// <returns>Null when the file is not there.</returns>
    /// <exception cref="InvalidDataException">The file is damaged; the message says what to do.</exception>
    public async Task<TraceShape?> ReadAsync(string answerId, CancellationToken ct)
    {
        if (_kept.TryGet(answerId, out var kept)) return kept;
        await _reading.WaitAsync(ct);
        try
        {
            if (_kept.TryGet(answerId, out kept)) return kept;
            var path = Path.Combine(_folders.Traces, $"{answerId}.json.gz");
            if (!File.Exists(path)) return null;
            var shape = TraceShape.Of(CompressionTrace.FromJson(await UnpackAsync(path, ct)));
            _kept.Put(answerId, shape);
            return shape;
        }
        catch (JsonException e)
        {
            throw new InvalidDataException($"the trace cannot be read ({e.Message}); ask the question again to record a new one", e);
        }
        finally
        {
            _ = _reading.Release();
        }
    }

    public void Dispose() => _reading.Dispose();

    private async Task<string> UnpackAsync(string path, CancellationToken ct)
    {
        await using var file = File.OpenRead(path);
        await using var gzip = new GZipStream(file, CompressionMode.Decompress);
        using var json = new MemoryStream();
        var block = new byte[128 << 10];
        for (int read; (read = await gzip.ReadAsync(block, ct)) > 0;)
        {
            if (json.Length + read > _maxJsonBytes) throw new InvalidDataException($"the trace has more than {_maxJsonBytes} bytes; ask the question again with fewer frames");
            json.Write(block, 0, read);
        }

        return Encoding.UTF8.GetString(json.GetBuffer(), 0, (int)json.Length);
    }

    /// <summary>Bytes of a trace's arrays, about.</summary>
    private static long Weigh(TraceShape shape)
    {
        var trace = shape.Trace;
        return 4096 + (shape.Columns.Count * 64L) + trace.Media.Sum(m => (m.Owners?.Length ?? 0) + (m.FrameTimes.Count * 16L))
            + trace.Stages.Sum(s => s.Alive.Length + (s.Scores.Length * 4L)) + trace.Layers.Sum(l => l.ClipMass.Length * 4L);
    }
}
