using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Studio.Benchmarks.Evaluation.Import;

/// <summary>
/// Rows of a Parquet file as JSON: flat columns and lists of one level, of texts, numbers and truth values; pages plain or by dictionary,
/// uncompressed, Snappy or gzip. That covers the annotation files of the benchmarks; anything else is refused by name.
/// Source: the format's specification in the Apache parquet-format repository.
/// </summary>
internal static class ParquetRows
{
    /// <summary>Rows beyond this are refused.</summary>
    public const int MaxRows = 5_000_000;

    /// <summary>A page may have this many bytes uncompressed.</summary>
    private const int MaxPage = 256 << 20;

    private const int FooterEnd = 8;

    private sealed record Column(string Name, int Type, int Definitions, int Repeated, bool IsList);

    public static JsonElement Read(byte[] file)
    {
        try
        {
            return ReadChecked(file);
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or InvalidCastException or KeyNotFoundException or OverflowException)
        {
            throw new InvalidDataException($"The Parquet file is damaged: {e.Message}", e);
        }
    }

    private static JsonElement ReadChecked(byte[] file)
    {
        if (file.Length < 12 || !file.AsSpan(0, 4).SequenceEqual("PAR1"u8) || !file.AsSpan(file.Length - 4).SequenceEqual("PAR1"u8))
        {
            throw new InvalidDataException("The file is no Parquet file (its marks are missing), or was cut off.");
        }

        var length = BinaryPrimitives.ReadInt32LittleEndian(file.AsSpan(file.Length - FooterEnd));
        if (length <= 0 || length > file.Length - 12) throw new InvalidDataException("The Parquet file's footer is damaged.");
        var meta = new ThriftCompact(file.AsSpan(file.Length - FooterEnd - length, length)).ReadStruct();
        var total = (long)meta[3];
        if (total is < 0 or > MaxRows) throw new InvalidDataException($"The Parquet file has {total} rows; at most {MaxRows} are read.");
        var columns = Columns([.. ((List<object>)meta[2]).Cast<Dictionary<int, object>>()]);
        var rows = new List<JsonObject>();
        foreach (var group in ((List<object>)meta[4]).Cast<Dictionary<int, object>>())
        {
            var first = rows.Count;
            var count = checked((int)(long)group[3]);
            for (var i = 0; i < count; i++) rows.Add([]);
            foreach (var chunk in ((List<object>)group[1]).Cast<Dictionary<int, object>>())
            {
                var data = (Dictionary<int, object>)chunk[3];
                var path = string.Join('.', ((List<object>)data[3]).Cast<string>());
                if (!columns.TryGetValue(path, out var column)) throw new InvalidDataException($"The Parquet file has a column '{path}' that its schema lacks.");
                var at = first;
                foreach (var value in Values(file, data, column))
                {
                    if (at >= rows.Count) throw new InvalidDataException($"Column '{path}' has more values than rows.");
                    rows[at++][column.Name] = value;
                }

                if (at != rows.Count) throw new InvalidDataException($"Column '{path}' has {at - first} values for {count} rows.");
            }
        }

        return JsonSerializer.SerializeToElement(rows);
    }

    /// <summary>Leaves of the schema by their path.</summary>
    private static Dictionary<string, Column> Columns(List<Dictionary<int, object>> schema)
    {
        var columns = new Dictionary<string, Column>();
        var next = 1;
        void Walk(List<string> path, int definitions, int repeated)
        {
            var node = schema[next++];
            var kind = node.TryGetValue(3, out var k) ? (long)k : 0;
            path = [.. path, (string)node[4]];
            if (kind != 0) definitions++;
            if (kind == 2) repeated = repeated == 0 ? definitions : throw new InvalidDataException($"Column '{string.Join('.', path)}' has lists in lists, which are not read.");
            if (node.TryGetValue(5, out var children) && (long)children > 0)
            {
                for (var i = 0; i < (long)children; i++) Walk(path, definitions, repeated);
                return;
            }

            var name = string.Join('.', path);
            if (path.Count > 1 && repeated == 0) throw new InvalidDataException($"Column '{name}' is a structure; flat columns and lists are read.");
            columns[name] = new(path[0], (int)(long)node[1], definitions, repeated, repeated > 0);
        }

        var top = (long)schema[0][5];
        for (var i = 0; i < top; i++) Walk([], 0, 0);
        return columns;
    }

    /// <summary>One value a row: null, a value, or a list of them.</summary>
    private static List<JsonNode?> Values(byte[] file, Dictionary<int, object> data, Column column)
    {
        var start = data.TryGetValue(11, out var dictionaryAt) && (long)dictionaryAt > 0 ? (long)dictionaryAt : (long)data[9];
        var (at, left, codec) = (checked((int)start), (long)data[5], (long)data[4]);
        List<object> dictionary = [];
        var rows = new List<JsonNode?>();
        while (left > 0)
        {
            var reader = new ThriftCompact(file.AsSpan(at));
            var head = reader.ReadStruct();
            at += reader.Position;
            var (kind, whole, packed) = ((long)head[1], checked((int)(long)head[2]), checked((int)(long)head[3]));
            if (whole is < 0 or > MaxPage) throw new InvalidDataException($"A page of column '{column.Name}' has {whole} bytes; at most {MaxPage} are read.");
            var page = file.AsSpan(at, packed);
            at += packed;
            switch (kind)
            {
                case 0:
                    var v1 = (Dictionary<int, object>)head[5];
                    left -= (long)v1[1];
                    PageOne(Unpack(page, codec, whole), (int)(long)v1[1], (long)v1[2], column, dictionary, rows);
                    break;
                case 2:
                    dictionary = Plain(Unpack(page, codec, whole), (int)(long)((Dictionary<int, object>)head[7])[1], column.Type);
                    break;
                case 3:
                    var v2 = (Dictionary<int, object>)head[8];
                    left -= (long)v2[1];
                    PageTwo(page, whole, codec, v2, column, dictionary, rows);
                    break;
                default: break; // an index page
            }
        }

        return rows;
    }

    private static void PageOne(ReadOnlySpan<byte> page, int count, long encoding, Column column, List<object> dictionary, List<JsonNode?> rows)
    {
        int[] Levels(ref ReadOnlySpan<byte> rest, int max)
        {
            if (max == 0) return new int[count];
            var bytes = BinaryPrimitives.ReadInt32LittleEndian(rest);
            var levels = Hybrid(rest.Slice(4, bytes), Bits(max), count);
            rest = rest[(4 + bytes)..];
            return levels;
        }

        var repetitions = Levels(ref page, column.IsList ? 1 : 0);
        var definitions = Levels(ref page, column.Definitions);
        Assemble(repetitions, definitions, page, encoding, column, dictionary, rows);
    }

    private static void PageTwo(ReadOnlySpan<byte> page, int whole, long codec, Dictionary<int, object> head, Column column, List<object> dictionary, List<JsonNode?> rows)
    {
        var (count, definitionBytes, repetitionBytes) = ((int)(long)head[1], (int)(long)head[5], (int)(long)head[6]);
        var repetitions = column.IsList ? Hybrid(page[..repetitionBytes], 1, count) : new int[count];
        var definitions = column.Definitions > 0 ? Hybrid(page.Slice(repetitionBytes, definitionBytes), Bits(column.Definitions), count) : new int[count];
        var levels = repetitionBytes + definitionBytes;
        var values = head.TryGetValue(7, out var packed) && packed is false ? page[levels..] : Unpack(page[levels..], codec, whole - levels);
        Assemble(repetitions, definitions, values, (long)head[4], column, dictionary, rows);
    }

    private static void Assemble(int[] repetitions, int[] definitions, ReadOnlySpan<byte> bytes, long encoding, Column column, List<object> dictionary, List<JsonNode?> rows)
    {
        var present = definitions.Count(d => d == column.Definitions);
        var values = encoding switch
        {
            0 => Plain(bytes, present, column.Type),
            2 or 8 => present == 0 ? [] : [.. Hybrid(bytes[1..], bytes[0], present).Select(i => dictionary[i])],
            _ => throw new InvalidDataException($"Column '{column.Name}' is encoded in a way ({encoding}) that is not read; plain and dictionary are."),
        };
        var next = 0;
        for (var i = 0; i < definitions.Length; i++)
        {
            var value = definitions[i] == column.Definitions ? Node(values[next++]) : null;
            if (!column.IsList) rows.Add(value);
            else if (repetitions[i] == 0) rows.Add(definitions[i] >= column.Repeated ? new JsonArray(value) : definitions[i] == column.Repeated - 1 ? new JsonArray() : null);
            else ((JsonArray)rows[^1]!).Add(value);
        }
    }

    private static JsonValue? Node(object value) => value switch
    {
        string text => JsonValue.Create(text),
        long whole => JsonValue.Create(whole),
        double number => JsonValue.Create(number),
        _ => JsonValue.Create((bool)value),
    };

    private static List<object> Plain(ReadOnlySpan<byte> bytes, int count, int type)
    {
        // Truth values take a bit, everything else at least four bytes.
        if (count < 0 || count > bytes.Length * 8L) throw new InvalidDataException($"A page of {bytes.Length} bytes announces {count} values.");
        var values = new List<object>(count);
        var at = 0;
        for (var i = 0; i < count; i++)
        {
            switch (type)
            {
                case 0: values.Add(((bytes[i / 8] >> (i % 8)) & 1) == 1); break;
                case 1: values.Add((long)BinaryPrimitives.ReadInt32LittleEndian(bytes[at..])); at += 4; break;
                case 2: values.Add(BinaryPrimitives.ReadInt64LittleEndian(bytes[at..])); at += 8; break;
                case 4: values.Add((double)BinaryPrimitives.ReadSingleLittleEndian(bytes[at..])); at += 4; break;
                case 5: values.Add(BinaryPrimitives.ReadDoubleLittleEndian(bytes[at..])); at += 8; break;
                case 6:
                    var length = BinaryPrimitives.ReadInt32LittleEndian(bytes[at..]);
                    values.Add(Encoding.UTF8.GetString(bytes.Slice(at + 4, length)));
                    at += 4 + length;
                    break;
                default: throw new InvalidDataException($"The Parquet file has values of kind {type}, which are not read.");
            }
        }

        return values;
    }

    /// <summary>The mix of runs and packed bits that levels and dictionary places are stored in.</summary>
    private static int[] Hybrid(ReadOnlySpan<byte> bytes, int width, int count)
    {
        var values = new int[count];
        var (at, done) = (0, 0);
        while (done < count)
        {
            var (head, shift) = (0, 0);
            byte b;
            do
            {
                b = bytes[at++];
                head |= (b & 0x7f) << shift;
                shift += 7;
            }
            while (b >= 0x80 && shift < 32);
            if ((head & 1) == 0)
            {
                var value = 0;
                for (var i = 0; i < (width + 7) / 8; i++) value |= bytes[at++] << (8 * i);
                var run = Math.Min(head >> 1, count - done);
                if (run <= 0) throw new InvalidDataException("A run of the Parquet file is empty.");
                values.AsSpan(done, run).Fill(value);
                done += run;
                continue;
            }

            var (packed, bit) = (Math.Min((head >> 1) * 8, count - done), at * 8L);
            if (packed <= 0) throw new InvalidDataException("A run of the Parquet file is empty.");
            for (var i = 0; i < packed; i++)
            {
                for (var k = 0; k < width; k++, bit++) values[done + i] |= ((bytes[(int)(bit / 8)] >> (int)(bit % 8)) & 1) << k;
            }

            done += packed;
            at += (head >> 1) * width;
        }

        return values;
    }

    private static int Bits(int max) => 32 - int.LeadingZeroCount(max);

    private static ReadOnlySpan<byte> Unpack(ReadOnlySpan<byte> page, long codec, int whole)
    {
        switch (codec)
        {
            case 0: return page;
            case 1: return Snappy.Decompress(page, whole);
            case 2:
                var output = new byte[whole];
                using (var stream = new GZipStream(new MemoryStream(page.ToArray()), CompressionMode.Decompress)) stream.ReadExactly(output);
                return output;
            default: throw new InvalidDataException($"The Parquet file is compressed in a way ({codec}) that is not read; Snappy and gzip are. Export it as .jsonl.");
        }
    }
}
