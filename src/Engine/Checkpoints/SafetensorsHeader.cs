using System.Text;
using System.Text.Json;

namespace Studio.Engine.Checkpoints;

/// <summary>
/// Parsed and fully checked header of a safetensors file: 8 bytes little-endian header length n, n bytes of JSON, then
/// the tensors without gaps. Nothing of a file is used before all of this holds.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The format's own limit; a longer header is taken for a file of another kind.</summary>
    public const long MaxLength = 100_000_000;

    public const int PrefixLength = 8;

    public const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly long _dataStart;
    private readonly long _dataLength;
    private readonly Dictionary<string, TensorEntry> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);
    private bool _sawMetadata;

    private SafetensorsHeader(string path, long dataStart, long dataLength)
    {
        _path = path;
        _dataStart = dataStart;
        _dataLength = dataLength;
    }

    public IReadOnlyDictionary<string, TensorEntry> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    public static SafetensorsHeader Parse(MappedFile file)
    {
        if (file.Length < PrefixLength)
        {
            throw Problem(file.Path, "file length", "at least 8 bytes for the header length", $"{file.Length} bytes");
        }

        ulong length = BitConverter.ToUInt64(file.Span(0, PrefixLength));
        if (length is < 2 or > MaxLength)
        {
            throw Problem(file.Path, "header length", $"2 to {MaxLength} bytes", $"{length}",
                "This is not a safetensors file.");
        }

        long dataStart = PrefixLength + (long)length;
        if (dataStart > file.Length)
        {
            throw Problem(file.Path, "header", $"{length} bytes after the length field", $"{file.Length - PrefixLength} bytes",
                "The file is truncated; fetch it again.");
        }

        ReadOnlySpan<byte> json = file.Span(PrefixLength, (int)length);
        if (json[0] != (byte)'{')
        {
            throw Problem(file.Path, "header", "JSON that starts with '{'", $"byte 0x{json[0]:X2}",
                "This is not a safetensors file.");
        }

        var header = new SafetensorsHeader(file.Path, dataStart, file.Length - dataStart);
        try
        {
            header.ReadObject(json);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or DecoderFallbackException)
        {
            throw new CheckpointException(
                new CheckpointProblem(file.Path, "header", "valid JSON", exception.Message,
                    "The file is damaged; fetch it again."),
                exception);
        }

        header.CheckCoverage();
        return header;
    }

    private void ReadObject(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            if (name == MetadataKey)
            {
                ReadMetadata(ref reader);
                continue;
            }

            if (name.Length == 0)
            {
                throw Problem(_path, "header", "tensors with a name", "an empty name");
            }

            TensorEntry entry = ReadTensor(ref reader, name);
            if (!_tensors.TryAdd(name, entry))
            {
                throw Problem(_path, name, "one entry in the header", "two");
            }
        }

        // Reading on makes the parser refuse anything but white space after the closing brace.
        while (reader.Read())
        {
        }
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (_sawMetadata)
        {
            throw Problem(_path, MetadataKey, "one entry in the header", "two");
        }

        _sawMetadata = true;
        reader.Read();
        Require(reader.TokenType == JsonTokenType.StartObject, MetadataKey, "an object of strings", Describe(reader.TokenType));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            reader.Read();
            Require(reader.TokenType == JsonTokenType.String, $"{MetadataKey}.{key}", "a string", Describe(reader.TokenType));
            Require(_metadata.TryAdd(key, reader.GetString()!), $"{MetadataKey}.{key}", "one entry", "two");
        }
    }

    private TensorEntry ReadTensor(ref Utf8JsonReader reader, string name)
    {
        reader.Read();
        Require(reader.TokenType == JsonTokenType.StartObject, name, "an object with dtype, shape and data_offsets",
            Describe(reader.TokenType));
        SafetensorsDtype? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            switch (field)
            {
                case "dtype":
                    Require(dtype is null, $"{name}.dtype", "one entry", "two");
                    Require(reader.TokenType == JsonTokenType.String, $"{name}.dtype", "a string", Describe(reader.TokenType));
                    string spelling = reader.GetString()!;
                    Require(SafetensorsDtypes.TryParseHeaderName(spelling, out SafetensorsDtype parsed), $"{name}.dtype",
                        SafetensorsDtypes.Supported, $"'{spelling}'");
                    dtype = parsed;
                    break;
                case "shape":
                    Require(shape is null, $"{name}.shape", "one entry", "two");
                    shape = ReadNumbers(ref reader, $"{name}.shape");
                    break;
                case "data_offsets":
                    Require(offsets is null, $"{name}.data_offsets", "one entry", "two");
                    offsets = ReadNumbers(ref reader, $"{name}.data_offsets");
                    Require(offsets.Length == 2, $"{name}.data_offsets", "two numbers", $"{offsets.Length}");
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        Require(dtype is not null, name, "a dtype", "none");
        Require(shape is not null, name, "a shape", "none");
        Require(offsets is not null, name, "data_offsets", "none");
        return Checked(name, dtype!.Value, shape!, offsets![0], offsets[1]);
    }

    private TensorEntry Checked(string name, SafetensorsDtype dtype, long[] shape, long begin, long end)
    {
        Require(begin <= end && end <= _dataLength, name, $"a byte range inside the {_dataLength} data bytes",
            $"[{begin}, {end})",
            "The header does not fit the file, or the file is truncated; fetch it again.");
        long bytes = dtype.Size();
        try
        {
            bytes = shape.Contains(0) ? 0 : shape.Aggregate(bytes, (product, size) => checked(product * size));
        }
        catch (OverflowException)
        {
            throw Problem(_path, name, "a shape below 2^63 bytes", TensorEntry.Format(shape));
        }

        Require(end - begin == bytes, name, $"{bytes} bytes for {dtype.HeaderName()} {TensorEntry.Format(shape)}",
            $"{end - begin} bytes");
        return new TensorEntry(name, dtype, shape, _dataStart + begin, bytes);
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string subject)
    {
        Require(reader.TokenType == JsonTokenType.StartArray, subject, "an array of whole numbers", Describe(reader.TokenType));
        var numbers = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            Require(reader.TokenType == JsonTokenType.Number, subject, "whole numbers", Describe(reader.TokenType));
            Require(reader.TryGetInt64(out long number) && number >= 0, subject, "whole numbers from 0 to 2^63-1",
                Encoding.UTF8.GetString(reader.ValueSpan));
            numbers.Add(number);
        }

        return [.. numbers];
    }

    /// <summary>Each data byte belongs to exactly one tensor: an overlap or hole is a damaged or doctored header.</summary>
    private void CheckCoverage()
    {
        long cursor = _dataStart;
        string before = "the header";
        foreach (TensorEntry entry in _tensors.Values.OrderBy(e => e.Offset).ThenBy(e => e.ByteLength))
        {
            Require(entry.Offset == cursor, entry.Name, $"data at byte {cursor}, right after {before}",
                entry.Offset < cursor ? $"an overlap: byte {entry.Offset}" : $"a hole: byte {entry.Offset}");
            cursor += entry.ByteLength;
            before = entry.Name;
        }

        Require(cursor == _dataStart + _dataLength, "file length", $"{cursor} bytes, the end of {before}",
            $"{_dataStart + _dataLength} bytes");
    }

    private void Require(bool condition, string subject, string expected, string found, string? remedy = null)
    {
        if (!condition)
        {
            throw Problem(_path, subject, expected, found, remedy);
        }
    }

    private static string Describe(JsonTokenType token) => $"JSON {token}";

    private static CheckpointException Problem(
        string path, string subject, string expected, string found, string? remedy = null) =>
        new(new CheckpointProblem(path, subject, expected, found, remedy));
}
