namespace Studio.Engine.Checkpoints;

/// <summary>
/// A safetensors file, memory mapped and checked. Opening reads the header only; weights are paged in when touched.
/// </summary>
/// <remarks>
/// Disposing gives back this object's own reference to <see cref="Mapping"/>. A tensor that outlives it calls
/// <see cref="MappedFile.AddReference"/> first. Fields of mixed sizes make tensors unaligned: read them accordingly.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private int _disposed;

    private SafetensorsFile(MappedFile mapping, SafetensorsHeader header)
    {
        Mapping = mapping;
        Tensors = header.Tensors;
        Metadata = header.Metadata;
    }

    /// <summary>Absolute path.</summary>
    public string Path => Mapping.Path;

    /// <summary>The shared mapping under all tensors.</summary>
    public MappedFile Mapping { get; }

    /// <summary>All tensors by name.</summary>
    public IReadOnlyDictionary<string, TensorEntry> Tensors { get; }

    /// <summary>The <c>__metadata__</c> strings; empty when the file has none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>Maps and checks a file.</summary>
    /// <exception cref="CheckpointException">The file is missing, empty, truncated or its header is wrong in any way.</exception>
    public static SafetensorsFile Open(string path)
    {
        path = System.IO.Path.GetFullPath(path);
        MappedFile mapping;
        try
        {
            mapping = MappedFile.Open(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(new CheckpointProblem(path, "file", "a readable safetensors file", exception.Message),
                exception);
        }

        try
        {
            return new SafetensorsFile(mapping, SafetensorsHeader.Parse(mapping));
        }
        catch
        {
            mapping.Release();
            throw;
        }
    }

    /// <summary>Address of a tensor's first byte; valid while a reference to <see cref="Mapping"/> is held.</summary>
    /// <exception cref="ArgumentException">The entry belongs to another file.</exception>
    /// <exception cref="ObjectDisposedException">The mapping is gone.</exception>
    public nint DataPointer(TensorEntry entry) => Mapping.Address + (nint)Own(entry).Offset;

    /// <summary>A tensor's bytes; valid while a reference to <see cref="Mapping"/> is held.</summary>
    /// <exception cref="ArgumentException">The entry belongs to another file, or is 2 GiB or larger.</exception>
    public ReadOnlySpan<byte> Bytes(TensorEntry entry)
    {
        if (Own(entry).ByteLength > int.MaxValue)
        {
            throw new ArgumentException(
                $"{entry.Name} has {entry.ByteLength} bytes, more than a span can hold; use DataPointer.", nameof(entry));
        }

        return Mapping.Span(entry.Offset, (int)entry.ByteLength);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            Mapping.Release();
        }
    }

    private TensorEntry Own(TensorEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        return Tensors.TryGetValue(entry.Name, out TensorEntry? own) && ReferenceEquals(own, entry)
            ? entry
            : throw new ArgumentException($"'{entry.Name}' is not an entry of {Path}.", nameof(entry));
    }
}
