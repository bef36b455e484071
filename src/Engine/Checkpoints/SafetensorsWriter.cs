using System.Runtime.InteropServices;
using System.Text.Json;

namespace Studio.Engine.Checkpoints;

/// <summary>What a safetensors file will contain under one name.</summary>
/// <param name="Name">Unique, not empty and not <c>__metadata__</c>.</param>
/// <param name="Dtype">Element type.</param>
/// <param name="Shape">Sizes, outermost first.</param>
public sealed record TensorDeclaration(string Name, SafetensorsDtype Dtype, IReadOnlyList<long> Shape)
{
    /// <summary>Bytes the tensor takes.</summary>
    /// <exception cref="OverflowException">The shape exceeds 2^63 bytes.</exception>
    public long ByteLength => Shape.Aggregate((long)Dtype.Size(), (product, size) => checked(product * size));
}

/// <summary>
/// Writes a safetensors file as a stream: all tensors are declared first, then their bytes follow in that order, in
/// pieces of any size. Nothing appears under the final name before <see cref="Commit"/>.
/// </summary>
public sealed class SafetensorsWriter : IDisposable
{
    private readonly string _path;
    private readonly string _temporary;
    private readonly IReadOnlyList<TensorDeclaration> _tensors;
    private readonly FileStream _stream;
    private int _current;
    private long _writtenOfCurrent;
    private bool _closed;

    private SafetensorsWriter(string path, IReadOnlyList<TensorDeclaration> tensors, byte[] header)
    {
        _path = path;
        _tensors = tensors;
        _temporary = AtomicFile.TemporaryName(path);
        _stream = new FileStream(_temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 1 << 20);
        _stream.Write(BitConverter.GetBytes((ulong)header.Length));
        _stream.Write(header);
        SkipEmpty();
    }

    /// <summary>Starts a file.</summary>
    /// <param name="path">Final name; an existing file is replaced at <see cref="Commit"/>.</param>
    /// <param name="tensors">All tensors, in the order in which their data will be written.</param>
    /// <param name="metadata">Strings for <c>__metadata__</c>; <c>format: pt</c> when not given, as other readers want
    /// it.</param>
    /// <exception cref="ArgumentException">A name is empty, reserved or used twice, or a size is negative.</exception>
    public static SafetensorsWriter Create(
        string path, IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        path = Path.GetFullPath(path);
        byte[] header = Header(tensors, metadata ?? new Dictionary<string, string> { ["format"] = "pt" });
        return new SafetensorsWriter(path, tensors, header);
    }

    /// <summary>Appends bytes to the current tensor.</summary>
    /// <param name="name">Must be the tensor whose turn it is: a guard against writing in another order than declared.</param>
    /// <param name="data">Any part of the remaining elements, in memory order (little-endian).</param>
    /// <exception cref="InvalidOperationException">Another tensor's turn, or more bytes than declared.</exception>
    public void Write<T>(string name, ReadOnlySpan<T> data)
        where T : unmanaged
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(data);
        if (_current >= _tensors.Count || _tensors[_current].Name != name)
        {
            string turn = _current < _tensors.Count
                ? $"it is the turn of '{_tensors[_current].Name}'"
                : "all tensors are written";
            throw new InvalidOperationException($"{_path}: cannot write '{name}': {turn}.");
        }

        long left = _tensors[_current].ByteLength - _writtenOfCurrent;
        if (bytes.Length > left)
        {
            throw new InvalidOperationException($"{_path}: '{name}' has {left} bytes left to write, got {bytes.Length}.");
        }

        _stream.Write(bytes);
        _writtenOfCurrent += bytes.Length;
        if (bytes.Length == left)
        {
            _current++;
            _writtenOfCurrent = 0;
            SkipEmpty();
        }
    }

    /// <summary>Flushes to disk and renames to the final name.</summary>
    /// <exception cref="InvalidOperationException">Some declared data was not written.</exception>
    public void Commit()
    {
        ObjectDisposedException.ThrowIf(_closed, this);
        if (_current < _tensors.Count)
        {
            TensorDeclaration open = _tensors[_current];
            throw new InvalidOperationException(
                $"{_path}: '{open.Name}' has {open.ByteLength - _writtenOfCurrent} bytes left to write "
                + $"({_tensors.Count - _current} tensors open).");
        }

        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
        File.Move(_temporary, _path, overwrite: true);
        _closed = true;
    }

    /// <summary>Drops the unfinished file unless <see cref="Commit"/> succeeded.</summary>
    public void Dispose()
    {
        if (!_closed)
        {
            _closed = true;
            _stream.Dispose();
            File.Delete(_temporary);
        }
    }

    private void SkipEmpty()
    {
        while (_current < _tensors.Count && _tensors[_current].ByteLength == 0)
        {
            _current++;
        }
    }

    private static byte[] Header(IReadOnlyList<TensorDeclaration> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata.Count > 0)
            {
                json.WriteStartObject(SafetensorsHeader.MetadataKey);
                foreach ((string key, string value) in metadata.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                {
                    json.WriteString(key, value);
                }

                json.WriteEndObject();
            }

            long offset = 0;
            foreach (TensorDeclaration tensor in tensors)
            {
                if (tensor.Name.Length == 0 || tensor.Name == SafetensorsHeader.MetadataKey || !names.Add(tensor.Name))
                {
                    throw new ArgumentException($"'{tensor.Name}' is empty, reserved or declared twice.", nameof(tensors));
                }

                if (tensor.Shape.Any(size => size < 0))
                {
                    throw new ArgumentException($"'{tensor.Name}' has a negative size: {TensorEntry.Format(tensor.Shape)}.",
                        nameof(tensors));
                }

                WriteTensor(json, tensor, ref offset);
            }

            json.WriteEndObject();
        }

        // Spaces up to a multiple of 8 keep the first tensor aligned.
        while (buffer.Length % 8 != 0)
        {
            buffer.WriteByte((byte)' ');
        }

        return buffer.Length <= SafetensorsHeader.MaxLength
            ? buffer.ToArray()
            : throw new ArgumentException(
                $"The header takes {buffer.Length} bytes; the format allows {SafetensorsHeader.MaxLength}.", nameof(tensors));
    }

    private static void WriteTensor(Utf8JsonWriter json, TensorDeclaration tensor, ref long offset)
    {
        json.WriteStartObject(tensor.Name);
        json.WriteString("dtype", tensor.Dtype.HeaderName());
        json.WriteStartArray("shape");
        foreach (long size in tensor.Shape)
        {
            json.WriteNumberValue(size);
        }

        json.WriteEndArray();
        json.WriteStartArray("data_offsets");
        json.WriteNumberValue(offset);
        offset = checked(offset + tensor.ByteLength);
        json.WriteNumberValue(offset);
        json.WriteEndArray();
        json.WriteEndObject();
    }
}
