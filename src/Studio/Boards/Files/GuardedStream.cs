namespace Studio.Boards.Files;

/// <summary>Reads of another stream, of which only so many bytes are given: what a reader takes into memory is bounded before it is known.</summary>
internal sealed class GuardedStream(Stream inner, string refusal) : Stream
{
    /// <summary>Bytes that may still be read.</summary>
    public long Left { get; set; } = long.MaxValue;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => inner.Length;

    public override long Position { get => inner.Position; set => inner.Position = value; }

    /// <exception cref="InvalidDataException">More is read than is left.</exception>
    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer);
        Left -= read;
        return Left >= 0 ? read : throw new InvalidDataException(refusal);
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    /// <summary>At once: what is read is a file of this machine.</summary>
    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        cancellationToken.IsCancellationRequested ? ValueTask.FromCanceled<int>(cancellationToken) : ValueTask.FromResult(Read(buffer.Span));

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override long Seek(long offset, SeekOrigin origin) => inner.Seek(offset, origin);

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
