using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>
/// <see cref="SummaryRows"/> as a safetensors file: <c>rows</c>, <c>attention</c> where recorded, and in the metadata a version,
/// what the rows are as JSON, and a checksum over that and all data.
/// </summary>
internal sealed class SummaryCacheFile : ICacheFormat<SummaryRows>
{
    /// <summary>Raised when the content changes; a file of another version is not read.</summary>
    internal const int FormatVersion = 1;

    internal const string VersionKey = "studio.summary_rows.version";
    internal const string ContentKey = "studio.summary_rows.content";
    internal const string ChecksumKey = "studio.summary_rows.crc32c";

    private const string RowsName = "rows", AttentionName = "attention";

    /// <summary>Upper bound of the header's parts that do not depend on the entry, and of its padding.</summary>
    private const int FixedHeaderBytes = 1024;

    private static readonly JsonSerializerOptions s_json = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    };

    /// <param name="Windows">Start, length, ratio and carry of each window in turn.</param>
    /// <param name="Frames">Frames of each window whose attention was recorded; empty where none was.</param>
    private sealed record Part(int Start, int Length, int CacheStart, int CacheLength, int[] Windows, int[] Frames);

    private sealed record Content(string Key, Part[] Parts);

    public long Size(SummaryRows entry) =>
        entry.Rows.nbytes + (sizeof(float) * entry.AttentionShares) + JsonEncodedText.Encode(Describe(entry)).EncodedUtf8Bytes.Length + FixedHeaderBytes;

    public void Write(string path, SummaryRows entry)
    {
        using var scope = torch.NewDisposeScope();
        var flat = entry.Rows.view(-1, entry.Rows.size(4));
        var attention = Shares(entry);
        var content = Describe(entry);
        var checksum = new ContentCacheChecksum();
        checksum.Append(Encoding.UTF8.GetBytes(content));
        foreach (var piece in CacheFileParts.Pieces(flat)) checksum.Append(CacheFileParts.Bytes(piece));
        checksum.Append(MemoryMarshal.AsBytes(attention.AsSpan()));
        var metadata = new Dictionary<string, string> { [VersionKey] = FormatVersion.ToString(), [ContentKey] = content, [ChecksumKey] = checksum.Text };
        List<TensorDeclaration> declared = [new(RowsName, CacheFileParts.Stored(flat.dtype), entry.Rows.shape)];
        if (attention.Length > 0) declared.Add(new(AttentionName, SafetensorsDtype.F32, [attention.Length]));
        using var writer = SafetensorsWriter.Create(path, declared, metadata);
        foreach (var piece in CacheFileParts.Pieces(flat)) writer.Write(RowsName, CacheFileParts.Bytes(piece));
        if (attention.Length > 0) writer.Write<float>(AttentionName, attention);
        writer.Commit();
    }

    public SummaryRows Read(string path, string key)
    {
        using var file = SafetensorsFile.Open(path);
        var version = file.Metadata.GetValueOrDefault(VersionKey);
        CacheFileParts.Require(version == FormatVersion.ToString(), path, $"version {FormatVersion}", version ?? "none");
        var text = file.Metadata.GetValueOrDefault(ContentKey) ?? "";
        var checksum = new ContentCacheChecksum();
        checksum.Append(Encoding.UTF8.GetBytes(text));
        CacheFileParts.Require(file.Tensors.TryGetValue(RowsName, out var entry), path, "rows", "none");
        CacheFileParts.Append(ref checksum, file, entry!);
        float[] attention = [];
        if (file.Tensors.TryGetValue(AttentionName, out var shares))
        {
            CacheFileParts.Require(shares.Dtype == SafetensorsDtype.F32, path, "attention in fp32", $"{shares.Dtype}");
            attention = MemoryMarshal.Cast<byte, float>(file.Bytes(shares)).ToArray();
            checksum.Append(MemoryMarshal.AsBytes(attention.AsSpan()));
        }

        CacheFileParts.Require(checksum.Text == file.Metadata.GetValueOrDefault(ChecksumKey), path, "data of its checksum", "other data");
        using var scope = torch.NewDisposeScope();
        try
        {
            var content = JsonSerializer.Deserialize<Content>(text, s_json) ?? throw new JsonException("null");
            CacheFileParts.Require(content.Key == key, path, $"key {key}", content.Key);
            var at = 0;
            CachedPart[] parts = [.. content.Parts.Select(p => PartOf(p, attention, ref at))];
            return new(key, MappedTensors.Map(file, entry!), parts);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or OverflowException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{path}: its description is wrong: {exception.Message}", exception);
        }
    }

    private static string Describe(SummaryRows entry) => JsonSerializer.Serialize(
        new Content(
            entry.Key,
            [.. entry.Parts.Select(p => new Part(
                p.Start, p.Length, p.CacheStart, p.CacheLength, [.. p.Windows.SelectMany(w => new[] { w.Start, w.Length, w.Ratio, w.Carry })], [.. p.Attention.Select(a => a.Frames)]))]), s_json);

    private static float[] Shares(SummaryRows entry)
    {
        var all = new float[entry.AttentionShares];
        var at = 0;
        foreach (var part in entry.Parts.SelectMany(p => p.Attention).SelectMany(a => new[] { a.OnFrames, a.Earlier, a.Text, a.Own }))
        {
            part.CopyTo(all, at);
            at += part.Length;
        }

        return all;
    }

    private static CachedPart PartOf(Part part, float[] attention, ref int at)
    {
        var windows = new VstWindow[part.Windows.Length / 4];
        for (var w = 0; w < windows.Length; w++) windows[w] = new(part.Windows[4 * w], part.Windows[(4 * w) + 1], part.Windows[(4 * w) + 2], part.Windows[(4 * w) + 3]);
        var recorded = new WindowAttention[part.Frames.Length];
        for (var w = 0; w < recorded.Length; w++)
        {
            var (frames, vsts) = (part.Frames[w], windows[w].Vsts);
            var start = at;
            at = checked(at + (vsts * (frames + 3)));
            if (frames < 0 || at > attention.Length) throw new JsonException($"attention of {frames} frames");
            float[] Piece(int from, int count) => attention[(start + from)..(start + from + count)];
            recorded[w] = new(frames, Piece(0, vsts * frames), Piece(vsts * frames, vsts), Piece(vsts * (frames + 1), vsts), Piece(vsts * (frames + 2), vsts));
        }

        return new(part.Start, part.Length, part.CacheStart, part.CacheLength, windows, recorded);
    }
}
