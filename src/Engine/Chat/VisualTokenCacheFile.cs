using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>
/// One cache entry as a safetensors file: <c>tokens</c> [n, hidden], <c>owners</c> [patches] where recorded, and in the
/// metadata a version, the provenance as JSON and a checksum over the latter and all data.
/// </summary>
internal static class VisualTokenCacheFile
{
    /// <summary>Raised when the content changes; a file of another version is not read.</summary>
    internal const int FormatVersion = 1;

    internal const string VersionKey = "studio.visual_tokens.version";
    internal const string ProvenanceKey = "studio.visual_tokens.provenance";
    internal const string ChecksumKey = "studio.visual_tokens.crc32c";

    private const string TokensName = "tokens";
    private const string OwnersName = "owners";

    /// <summary>Upper bound of the header's parts that do not depend on the entry, and of its padding.</summary>
    private const int FixedHeaderBytes = 1024;

    internal static readonly ICacheFormat<EncodedMedia> Format = new Files();

    private static readonly JsonSerializerOptions s_json = new()
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        Converters = { new JsonStringEnumConverter(allowIntegerValues: false) },
    };

    /// <summary>Provenance as stored; positions of frames follow from their order.</summary>
    private sealed record Provenance(
        string Key, MediaKind Kind, string Name, long[] Indices, double[] Times, int FramesPerClip, int TokensPerClip,
        int GridHeight, int GridWidth, double Duration, string? Message, int? TileColumns, int? TileRows);

    /// <summary>Upper bound of the file's length.</summary>
    internal static long Size(EncodedMedia media) => Size(media, Describe(media));

    /// <summary>Writes a file that appears whole or not at all.</summary>
    /// <exception cref="IOException">The disk is full or gone.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder is read only.</exception>
    internal static void Write(string path, EncodedMedia media)
    {
        using var scope = torch.NewDisposeScope();
        var tokens = media.Tokens.cpu().contiguous();
        var provenance = Describe(media);
        var checksum = new ContentCacheChecksum();
        checksum.Append(Encoding.UTF8.GetBytes(provenance));
        foreach (var piece in CacheFileParts.Pieces(tokens)) checksum.Append(CacheFileParts.Bytes(piece));
        checksum.Append(media.Owners);

        var metadata = new Dictionary<string, string>
        {
            [VersionKey] = FormatVersion.ToString(),
            [ProvenanceKey] = provenance,
            [ChecksumKey] = checksum.Text,
        };
        List<TensorDeclaration> declared = [new(TokensName, CacheFileParts.Stored(tokens.dtype), tokens.shape)];
        if (media.Owners is { } owners) declared.Add(new(OwnersName, SafetensorsDtype.U8, [owners.Length]));
        using var writer = SafetensorsWriter.Create(path, declared, metadata);
        foreach (var piece in CacheFileParts.Pieces(tokens)) writer.Write(TokensName, CacheFileParts.Bytes(piece));
        if (media.Owners is not null) writer.Write<byte>(OwnersName, media.Owners);
        writer.Commit();
    }

    /// <summary>Maps a file and checks all of it.</summary>
    /// <exception cref="CheckpointException">Not a safetensors file; with an inner exception, it could not be opened.</exception>
    /// <exception cref="InvalidDataException">It is damaged, of another version, or of another key.</exception>
    internal static EncodedMedia Read(string path, string key)
    {
        using var file = SafetensorsFile.Open(path);
        var version = file.Metadata.GetValueOrDefault(VersionKey);
        CacheFileParts.Require(version == FormatVersion.ToString(), path, $"version {FormatVersion}", version ?? "none");
        var text = file.Metadata.GetValueOrDefault(ProvenanceKey) ?? "";
        var checksum = new ContentCacheChecksum();
        checksum.Append(Encoding.UTF8.GetBytes(text));
        CacheFileParts.Require(file.Tensors.TryGetValue(TokensName, out var entry), path, "tokens", "none");
        CacheFileParts.Append(ref checksum, file, entry!);
        byte[]? owners = null;
        if (file.Tensors.TryGetValue(OwnersName, out var map))
        {
            CacheFileParts.Require(map.Dtype == SafetensorsDtype.U8 && map.ByteLength <= Array.MaxLength, path, "owners as bytes", $"{map.ByteLength} bytes of {map.Dtype}");
            checksum.Append(owners = file.Bytes(map).ToArray());
        }

        CacheFileParts.Require(checksum.Text == file.Metadata.GetValueOrDefault(ChecksumKey), path, "data of its checksum", "other data");

        using var scope = torch.NewDisposeScope();
        try
        {
            var p = JsonSerializer.Deserialize<Provenance>(text, s_json) ?? throw new JsonException("null");
            CacheFileParts.Require(p.Key == key, path, $"key {key}", p.Key);
            CacheFileParts.Require(p.Indices.Length == p.Times.Length, path, $"{p.Indices.Length} times", $"{p.Times.Length}");
            FrameRef[] frames = [.. p.Indices.Select((index, i) => new FrameRef(i, index, p.Times[i]))];
            return new(
                p.Key, p.Kind, p.Name, MappedTensors.Map(file, entry!), frames, p.FramesPerClip, p.TokensPerClip, p.GridHeight, p.GridWidth,
                p.Duration, p.Message, owners, p.TileColumns, p.TileRows);
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException or OverflowException)
        {
            throw new InvalidDataException($"{path}: the provenance is wrong: {exception.Message}", exception);
        }
    }

    private static long Size(EncodedMedia media, string provenance) =>
        media.Tokens.nbytes + (media.Owners?.Length ?? 0) + JsonEncodedText.Encode(provenance).EncodedUtf8Bytes.Length + FixedHeaderBytes;

    private static string Describe(EncodedMedia media) => JsonSerializer.Serialize(
        new Provenance(
            media.Key, media.Kind, media.Name, [.. media.Frames.Select(f => f.Index)], [.. media.Frames.Select(f => f.Time)], media.FramesPerClip,
            media.TokensPerClip, media.GridHeight, media.GridWidth, media.Duration, media.Message, media.TileColumns, media.TileRows), s_json);

    private sealed class Files : ICacheFormat<EncodedMedia>
    {
        long ICacheFormat<EncodedMedia>.Size(EncodedMedia entry) => Size(entry);

        void ICacheFormat<EncodedMedia>.Write(string path, EncodedMedia entry) => Write(path, entry);

        EncodedMedia ICacheFormat<EncodedMedia>.Read(string path, string key) => Read(path, key);
    }
}
