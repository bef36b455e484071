using System.Text;

namespace Studio.Benchmarks.Evaluation.Import;

/// <summary>
/// Reads structures of Thrift's compact protocol without their definitions: a struct is field number to value, a list a list.
/// Source: the protocol's specification in the Apache Thrift repository (thrift-compact-protocol.md).
/// </summary>
internal ref struct ThriftCompact(ReadOnlySpan<byte> bytes)
{
    /// <summary>Deeper structures are refused; Parquet's have five levels.</summary>
    private const int MaxDepth = 32;

    private readonly ReadOnlySpan<byte> _bytes = bytes;
    private int _depth;

    /// <summary>Bytes read.</summary>
    public int Position { get; private set; }

    public Dictionary<int, object> ReadStruct()
    {
        if (++_depth > MaxDepth) throw new InvalidDataException("The file's structures are nested too deeply.");
        var fields = new Dictionary<int, object>();
        var id = 0;
        while (true)
        {
            var head = Byte();
            if (head == 0) break;
            var type = head & 0x0f;
            id = head >> 4 is > 0 and var delta ? id + delta : (int)ZigZag();
            fields[id] = type switch
            {
                1 => true,
                2 => false,
                _ => Value(type),
            };
        }

        _depth--;
        return fields;
    }

    private object Value(int type) => type switch
    {
        1 or 2 => Byte() == 1,
        3 => (long)(sbyte)Byte(),
        4 or 5 or 6 => ZigZag(),
        7 => BitConverter.ToDouble(Take(8)),
        8 => Encoding.UTF8.GetString(Take((int)Math.Min(Varint(), int.MaxValue))),
        9 or 10 => List(),
        12 => ReadStruct(),
        _ => throw new InvalidDataException($"The file's header has a field of kind {type}, which Parquet does not use."),
    };

    private List<object> List()
    {
        var head = Byte();
        var count = head >> 4 is < 15 and var small ? small : (int)Math.Min(Varint(), int.MaxValue);
        // Every entry takes a byte at least.
        if (count > _bytes.Length - Position) throw new InvalidDataException($"The file's header announces {count} entries in {_bytes.Length - Position} bytes.");
        var list = new List<object>(count);
        for (var i = 0; i < count; i++) list.Add(Value(head & 0x0f));
        return list;
    }

    private long ZigZag()
    {
        var value = Varint();
        return (long)(value >> 1) ^ -(long)(value & 1);
    }

    private ulong Varint()
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var b = Byte();
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }

        throw new InvalidDataException("A number in the file's header has no end.");
    }

    private byte Byte() => Position < _bytes.Length ? _bytes[Position++] : throw new InvalidDataException("The file's header ends early.");

    private ReadOnlySpan<byte> Take(int count)
    {
        if (count < 0 || count > _bytes.Length - Position) throw new InvalidDataException("The file's header ends early.");
        Position += count;
        return _bytes.Slice(Position - count, count);
    }
}
