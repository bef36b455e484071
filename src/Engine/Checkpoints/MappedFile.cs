using System.IO.MemoryMappedFiles;
using Microsoft.Win32.SafeHandles;
using Studio.Engine.Torch;

namespace Studio.Engine.Checkpoints;

/// <summary>
/// A whole file mapped privately (copy on write): pages come from the file's cache, writes through the pointer copy the
/// page and never reach the file.
/// </summary>
/// <remarks>
/// Reference counted, so that tensors over the mapping can outlive the object that opened it: each holder calls
/// <see cref="AddReference"/> before it stores the pointer and <see cref="Release"/> when done, from any thread. A holder
/// in native code must also keep this object reachable (a GCHandle as the deleter's context), because an unreachable
/// mapping is closed by its finalizer. Truncating the file while it is mapped makes later reads fault; weights are
/// replaced by renaming a new file over the old one, which leaves this mapping intact.
/// </remarks>
public sealed unsafe class MappedFile
{
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _pointer;
    private readonly ReferenceCount _references = new();

    private MappedFile(string path, long length, MemoryMappedFile file, MemoryMappedViewAccessor view)
    {
        Path = path;
        Length = length;
        _file = file;
        _view = view;
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _pointer = pointer + view.PointerOffset;
    }

    /// <summary>Absolute path of the file when it was opened.</summary>
    public string Path { get; }

    /// <summary>Length in bytes.</summary>
    public long Length { get; }

    /// <summary>Address of the first byte; valid while the caller holds a reference.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released.</exception>
    public nint Address
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsReleased, this);
            return (nint)_pointer;
        }
    }

    /// <summary>Whether the last reference was released and the file is no longer mapped.</summary>
    public bool IsReleased => _references.IsZero;

    /// <summary>Maps the whole file; the caller owns the first reference.</summary>
    /// <exception cref="CheckpointException">The file is empty: an empty mapping does not exist.</exception>
    /// <exception cref="IOException">The file cannot be opened.</exception>
    public static MappedFile Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        using SafeFileHandle handle = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete);
        long length = RandomAccess.GetLength(handle);
        if (length == 0)
        {
            throw new CheckpointException(new CheckpointProblem(path, "file length", "at least 8 bytes", "0 bytes",
                "The download or copy did not finish; fetch the file again."));
        }

        var file = MemoryMappedFile.CreateFromFile(
            handle, mapName: null, capacity: 0, MemoryMappedFileAccess.CopyOnWrite, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new MappedFile(path, length, file, file.CreateViewAccessor(0, length, MemoryMappedFileAccess.CopyOnWrite));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Takes one more reference.</summary>
    /// <exception cref="ObjectDisposedException">The last reference was released before.</exception>
    public void AddReference()
    {
        _references.Take(this);
    }

    /// <summary>Gives one reference back; the last one unmaps the file. Throws only when called once too often.</summary>
    /// <exception cref="InvalidOperationException">There was no reference left to release.</exception>
    public void Release()
    {
        int before = _references.GiveBack();
        if (before == 0)
        {
            throw new InvalidOperationException($"{Path} was released more often than it was referenced.");
        }

        if (before == 1)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file.Dispose();
        }
    }

    /// <summary>A view of some bytes; valid while the caller holds a reference.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The range leaves the file.</exception>
    public ReadOnlySpan<byte> Span(long offset, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(offset);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset, Length - length);
        return new ReadOnlySpan<byte>((byte*)Address + offset, length);
    }
}
