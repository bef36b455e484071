using System.Buffers;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Studio.Engine.Checkpoints.Hub;

/// <summary>
/// Fetches published models: configuration, tokenizer and weights, resumable and verified. Each call needs nothing but
/// its arguments and what earlier calls left in the folder.
/// </summary>
public sealed partial class HubClient : IDisposable
{
    /// <summary>Bytes of a listing the client is willing to read.</summary>
    public const int MaxListing = 16 * 1024 * 1024;

    /// <summary>Files without a SHA-256 are small (configuration, tokenizer); anything larger is refused.</summary>
    public const long MaxSmallFile = 64 * 1024 * 1024;

    /// <summary>Files per model.</summary>
    public const int MaxFiles = ShardIndex.MaxShards + 32;

    private const int MaxFoldersNamed = 20;

    /// <summary>Space left free on the disk beyond the model itself.</summary>
    public const long SpareBytes = 256 * 1024 * 1024;

    /// <summary>Held while a pull into a folder runs. The file stays: removing it would let two pulls hold different files of
    /// one name.</summary>
    public const string LockFileName = ".pull.lock";

    private readonly HubOptions _options;
    private readonly HubTransport _transport;
    private readonly Uri _root;

    /// <summary>A client.</summary>
    /// <param name="options">Endpoint, token, retry rules; from the environment when null.</param>
    /// <param name="handler">Transport, not disposed here; must not follow redirects itself. A pooled socket handler when
    /// null.</param>
    /// <exception cref="HubException">A token is set for an endpoint without encryption that is not this machine.</exception>
    public HubClient(HubOptions? options = null, HttpMessageHandler? handler = null)
    {
        _options = options ?? HubOptions.FromEnvironment();
        _transport = new HubTransport(_options, handler);
        // Without the closing slash a mirror's path would be replaced instead of extended.
        _root = new Uri(_options.Endpoint.AbsoluteUri.TrimEnd('/') + "/");
    }

    /// <summary>Whether a text has the form OWNER/NAME, or OWNER/NAME/FOLDER, of the hub.</summary>
    public static bool IsHubId(string text) => HubIdPattern().IsMatch(text) && !text.Contains("..", StringComparison.Ordinal);

    /// <summary>Which files of a repository a model needs: config, generation config, tokenizer, safetensors and their
    /// index.</summary>
    public static bool IsNeeded(string name) =>
        PlainNamePattern().IsMatch(name)
        && (name is ModelConfig.FileName or GenerationConfig.FileName or ShardIndex.FileName or "vocab.json" or "merges.txt"
            || (name.StartsWith("tokenizer", StringComparison.Ordinal) && name.EndsWith(".json", StringComparison.Ordinal))
            || name.EndsWith(".safetensors", StringComparison.Ordinal));

    /// <summary>Downloads a model into a folder, continuing what an earlier call began.</summary>
    /// <param name="hubId">OWNER/NAME; the model may lie in a folder of the repository (Video-XL's does), which has to be named,
    /// OWNER/NAME/FOLDER, only if there are several.</param>
    /// <param name="folder">Target; created if absent. Partial files end in <c>.part</c> and survive cancellation and
    /// failure.</param>
    /// <param name="revision">Branch, tag or commit; resolved to a commit once, so all files match.</param>
    /// <param name="progress">Told about each mebibyte, wait and finished file.</param>
    /// <param name="cancellationToken">Stops at once, keeping the partial file.</param>
    /// <exception cref="HubException">Another pull uses the folder, the disk is too small, access is refused, or the files
    /// cannot be had or verified within the allowed attempts.</exception>
    public async Task<PullResult> PullAsync(
        string hubId, string folder, string revision = "main", IProgress<PullProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        if (!IsHubId(hubId))
        {
            throw new HubException($"'{hubId}' is not of the form OWNER/NAME or OWNER/NAME/FOLDER.");
        }

        folder = Path.GetFullPath(folder);
        Directory.CreateDirectory(folder);
        using FileStream held = Lock(folder, hubId);
        (string commit, IReadOnlyList<HubFile> files) = await ListAsync(hubId, revision, cancellationToken).ConfigureAwait(false);
        DeleteStaleParts(folder, files);
        CheckSpace(folder, hubId, files);

        var download = new HubDownload(_transport, _options, hubId, folder, files.Sum(file => file.Size), progress);
        var pulled = new List<PulledFile>();
        foreach (HubFile file in files)
        {
            var uri = new Uri(_root, $"{Repository(hubId)}/resolve/{commit}/{file.UrlPath}");
            pulled.Add(await download.FetchAsync(file, uri, cancellationToken).ConfigureAwait(false));
        }

        return new PullResult(hubId, commit, folder, pulled);
    }

    /// <summary>The commit of a revision and the needed files at it, sorted by name.</summary>
    /// <exception cref="HubException">No such model or revision, no access, or a listing that makes no sense.</exception>
    public async Task<(string Commit, IReadOnlyList<HubFile> Files)> ListAsync(
        string hubId, string revision, CancellationToken cancellationToken)
    {
        string what = $"{hubId} at {revision}";
        var uri = new Uri(_root, $"api/models/{Repository(hubId)}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        byte[] listing = await HubRetry.RunAsync(
            _options,
            async () => await ReadListingAsync(uri, what, cancellationToken).ConfigureAwait(false),
            (_, _) => { },
            cancellationToken).ConfigureAwait(false);
        try
        {
            using var document = JsonDocument.Parse(listing);
            return Parse(document.RootElement, what, FolderOf(hubId));
        }
        catch (Exception exception) when (
            exception is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new HubException($"{what}: the hub's listing cannot be read ({exception.Message}). Check HF_ENDPOINT.",
                exception);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _transport.Dispose();

    /// <summary>OWNER/NAME of OWNER/NAME/FOLDER.</summary>
    private static string Repository(string hubId) => FolderOf(hubId) is { } folder ? hubId[..^(folder.Length + 1)] : hubId;

    private static string? FolderOf(string hubId) => hubId.Split('/') is [_, _, var folder] ? folder : null;

    private static (string Commit, IReadOnlyList<HubFile> Files) Parse(JsonElement root, string what, string? wanted)
    {
        string commit = root.GetProperty("sha").GetString() ?? "";
        if (!CommitPattern().IsMatch(commit))
        {
            throw new HubException($"{what}: the listing's commit is '{commit}', expected 40 hex digits.");
        }

        var listed = new List<(string Folder, string Name, JsonElement Entry)>(); // bounded by MaxListing
        foreach (JsonElement sibling in root.GetProperty("siblings").EnumerateArray())
        {
            string path = sibling.GetProperty("rfilename").GetString() ?? "";
            int slash = path.IndexOf('/', StringComparison.Ordinal);
            (string folder, string name) = slash < 0 ? ("", path) : (path[..slash], path[(slash + 1)..]);
            bool considered = wanted is null ? folder.Length == 0 || PlainNamePattern().IsMatch(folder) : folder == wanted;
            if (considered && IsNeeded(name))
            {
                listed.Add((folder, name, sibling));
            }
        }

        List<HubFile> files = [.. Model(listed, what, wanted).Select(file => File(file.Entry, file.Name, what) with { Folder = file.Folder })];

        if (files.Count > MaxFiles || files.Select(file => file.Name).Distinct(StringComparer.Ordinal).Count() != files.Count)
        {
            throw new HubException(
                $"{what}: {files.Count} model files, some perhaps twice; expected at most {MaxFiles} different ones.");
        }

        return (commit, [.. files.OrderBy(file => file.Name, StringComparer.Ordinal)]);
    }

    /// <summary>The files of the folder that holds the model: the top one if it does, else the only one that does.</summary>
    private static IEnumerable<(string Folder, string Name, JsonElement Entry)> Model(
        List<(string Folder, string Name, JsonElement Entry)> files, string what, string? wanted)
    {
        var models = files.GroupBy(file => file.Folder, StringComparer.Ordinal).Where(IsModel).OrderBy(folder => folder.Key, StringComparer.Ordinal).ToList();
        if (models.Count > 1 && models[0].Key.Length > 0)
        {
            throw new HubException(
                $"{what} has models in several folders: {string.Join(", ", models.Take(MaxFoldersNamed).Select(m => m.Key))}. Name one: OWNER/NAME/FOLDER.");
        }

        return models.Count > 0
            ? models[0]
            : throw new HubException(
                $"{what} has no {ModelConfig.FileName} with *.safetensors in {(wanted is null ? "its top folder or one below it" : $"its folder {wanted}")}: no model the engine can load.");

        static bool IsModel(IEnumerable<(string Folder, string Name, JsonElement Entry)> folder) => folder.Any(file => file.Name == ModelConfig.FileName)
            && folder.Any(file => file.Name.EndsWith(".safetensors", StringComparison.Ordinal));
    }

    private static HubFile File(JsonElement sibling, string name, string what)
    {
        long size = sibling.TryGetProperty("size", out JsonElement bytes) && bytes.TryGetInt64(out long value) ? value : -1;
        string? sha256 = null;
        string? blob = sibling.TryGetProperty("blobId", out JsonElement id) ? id.GetString() : null;
        if (sibling.TryGetProperty("lfs", out JsonElement lfs) && lfs.ValueKind == JsonValueKind.Object)
        {
            sha256 = lfs.GetProperty("sha256").GetString();
            size = lfs.GetProperty("size").GetInt64();
            // The blob id of a large file is that of its pointer, not of its content.
            blob = null;
        }

        if (size < 0 || (sha256 is null && size > MaxSmallFile) || (sha256 is not null && !Sha256Pattern().IsMatch(sha256))
            || (blob is not null && !CommitPattern().IsMatch(blob)))
        {
            throw new HubException($"{what}: the listing's entry for {name} has no usable size and hash (size {size}).");
        }

        return new HubFile(name, size, sha256, blob);
    }

    private static FileStream Lock(string folder, string hubId)
    {
        try
        {
            return new FileStream(Path.Combine(folder, LockFileName), FileMode.OpenOrCreate, FileAccess.ReadWrite,
                FileShare.None);
        }
        catch (IOException exception) when (exception is not DirectoryNotFoundException)
        {
            throw new HubException(
                $"Another pull into {folder} is running ({exception.Message}); wait for it or stop it before pulling {hubId}.",
                exception);
        }
    }

    /// <summary>Partial files of other revisions would only fill the disk; those of this one are continued.</summary>
    private static void DeleteStaleParts(string folder, IReadOnlyList<HubFile> files)
    {
        foreach (string part in Directory.EnumerateFiles(folder, "*.part"))
        {
            if (!files.Any(file => file.PartName == Path.GetFileName(part)))
            {
                System.IO.File.Delete(part);
            }
        }
    }

    private void CheckSpace(string folder, string hubId, IReadOnlyList<HubFile> files)
    {
        long missing = 0;
        foreach (HubFile file in files)
        {
            var final = new FileInfo(Path.Combine(folder, file.Name));
            var part = new FileInfo(Path.Combine(folder, file.PartName));
            bool there = final.Exists && final.Length == file.Size;
            missing += there ? 0 : Math.Max(0, file.Size - (part.Exists ? part.Length : 0));
        }

        long free = _options.FreeBytes(folder);
        if (missing > 0 && free < missing + SpareBytes)
        {
            throw new HubException(
                $"{hubId} needs {missing} more bytes and {SpareBytes} to spare in {folder}; {free} are free. "
                + "Free space or choose another folder.");
        }
    }

    private async Task<byte[]> ReadListingAsync(Uri uri, string what, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _transport.GetAsync(uri, what, 0, cancellationToken).ConfigureAwait(false);
        await using Stream body = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        using var listing = new MemoryStream();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            int read;
            while ((read = await HubRetry.ReadAsync(body, buffer, what, _options.StallTimeout, cancellationToken)
                .ConfigureAwait(false)) > 0)
            {
                if (listing.Length + read > MaxListing)
                {
                    throw new HubRequestException($"{what}: the listing exceeds {MaxListing} bytes.", mayRetry: false);
                }

                listing.Write(buffer, 0, read);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }

        return listing.ToArray();
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?\z")]
    private static partial Regex HubIdPattern();

    [GeneratedRegex(@"\A[A-Za-z0-9_][A-Za-z0-9._-]{0,199}\z")]
    private static partial Regex PlainNamePattern();

    [GeneratedRegex(@"\A[0-9a-f]{40}\z")]
    private static partial Regex CommitPattern();

    [GeneratedRegex(@"\A[0-9a-f]{64}\z")]
    private static partial Regex Sha256Pattern();
}
