using System.Collections.Concurrent;

namespace Studio.Engine.Video;

/// <summary>Pixel buffers of one video, all of one size, handed round between decoder and consumer.</summary>
internal sealed class FramePool
{
    /// <summary>Free buffers kept for use again; more are left to the garbage collector.</summary>
    internal const int MaxFree = 8;

    private readonly ConcurrentBag<byte[]> _free = [];
    private int _freeCount;
    private int _inUse;
    private int _peakInUse;
    private int _allocated;

    internal FramePool(int frameBytes)
    {
        FrameBytes = frameBytes;
    }

    internal int FrameBytes { get; }

    internal int InUse => Volatile.Read(ref _inUse);

    internal int PeakInUse => Volatile.Read(ref _peakInUse);

    internal int Free => Volatile.Read(ref _freeCount);

    /// <summary>Buffers ever created.</summary>
    internal int Allocated => Volatile.Read(ref _allocated);

    /// <summary>A buffer with one user: the caller.</summary>
    internal FrameBuffer Rent()
    {
        if (_free.TryTake(out byte[]? bytes))
        {
            Interlocked.Decrement(ref _freeCount);
        }
        else
        {
            bytes = GC.AllocateUninitializedArray<byte>(FrameBytes);
            Interlocked.Increment(ref _allocated);
        }

        int now = Interlocked.Increment(ref _inUse);
        int peak;
        while (now > (peak = Volatile.Read(ref _peakInUse)) && Interlocked.CompareExchange(ref _peakInUse, now, peak) != peak)
        {
        }

        return new FrameBuffer(this, bytes);
    }

    internal void Return(byte[] bytes)
    {
        Interlocked.Decrement(ref _inUse);
        if (Interlocked.Increment(ref _freeCount) <= MaxFree)
        {
            _free.Add(bytes);
        }
        else
        {
            Interlocked.Decrement(ref _freeCount);
        }
    }
}

/// <summary>A pooled buffer with a count of users, because a repeated frame is yielded more than once.</summary>
internal sealed class FrameBuffer
{
    private readonly FramePool _pool;
    private readonly byte[] _bytes;
    private int _users = 1;

    internal FrameBuffer(FramePool pool, byte[] bytes)
    {
        (_pool, _bytes) = (pool, bytes);
    }

    internal Memory<byte> Bytes => _bytes;

    internal void AddUser() => Interlocked.Increment(ref _users);

    internal void RemoveUser()
    {
        if (Interlocked.Decrement(ref _users) == 0)
        {
            _pool.Return(_bytes);
        }
    }
}
