using System.Text.RegularExpressions;
using Studio.Engine.Checkpoints.Hub;

namespace Studio.Engine.Checkpoints;

/// <summary>A request to the store that cannot be met; the message says why and what to do.</summary>
public sealed class ModelStoreException : Exception
{
    internal ModelStoreException(string message, Exception? inner = null)
        : base(message, inner)
    {
    }
}

/// <summary>Outcome of checking a stored model.</summary>
/// <param name="Name">Name within the store.</param>
/// <param name="Problems">Empty when all files are there with the recorded size and hash and open as a model.</param>
public sealed record VerifyResult(string Name, IReadOnlyList<string> Problems)
{
    /// <summary>Whether nothing was found.</summary>
    public bool IsSound => Problems.Count == 0;
}

/// <summary>
/// The user's models. Layout: <c>ROOT/NAME/model.json</c> and, for pulled models, the files in <c>ROOT/NAME/files</c>.
/// </summary>
/// <remarks>
/// Adding a folder records a reference: its absolute path, sizes and hashes. Nothing is copied, and removing such a model
/// never touches the folder. Pulled files belong to the store and are deleted with the model. Operations on different
/// models may run at the same time; two pulls of one model are refused by <see cref="HubClient"/>.
/// </remarks>
public sealed partial class ModelStore
{
    private const string FilesFolder = "files";

    private readonly TimeProvider _clock;
    private readonly int _maxModels;

    /// <summary>A store.</summary>
    /// <param name="root">Its folder; created with the first model.</param>
    /// <param name="clock">Time of recording; the system's when null.</param>
    /// <param name="maxModels">How many models it takes.</param>
    public ModelStore(string root, TimeProvider? clock = null, int maxModels = 256)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxModels, 1);
        Root = Path.GetFullPath(root);
        _clock = clock ?? TimeProvider.System;
        _maxModels = maxModels;
    }

    /// <summary>Absolute folder of the store.</summary>
    public string Root { get; }

    /// <summary>All models by name. Folders without a manifest (an unfinished pull) are left out.</summary>
    /// <exception cref="CheckpointException">A manifest is damaged.</exception>
    public IReadOnlyList<ModelManifest> List()
    {
        if (!Directory.Exists(Root))
        {
            return [];
        }

        return [.. Directory.EnumerateDirectories(Root)
            .Where(folder => File.Exists(Path.Combine(folder, ModelManifest.FileName)))
            .Select(folder => LoadManifest(Path.GetFileName(folder)))
            .OrderBy(manifest => manifest.Name, StringComparer.Ordinal)];
    }

    /// <summary>Records a model folder by reference, after opening it as a model and hashing its files.</summary>
    /// <param name="path">Folder with config.json and weights.</param>
    /// <param name="name">Name within the store; the folder's own when null.</param>
    /// <param name="progress">Told the bytes hashed so far.</param>
    /// <param name="cancellationToken">Stops without recording anything.</param>
    /// <exception cref="ModelStoreException">The name is unusable or taken, or the store is full.</exception>
    /// <exception cref="CheckpointException">The folder is no sound model.</exception>
    public async Task<ModelManifest> AddAsync(
        string path, string? name = null, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path));
        name = Usable(name ?? Path.GetFileName(path));
        Checkpoint.Open(path).Dispose();
        var files = new List<ModelFile>();
        long hashed = 0;
        IEnumerable<string> needed = Directory.EnumerateFiles(path).Where(file => HubClient.IsNeeded(Path.GetFileName(file)));
        foreach (string file in needed.Order(StringComparer.Ordinal))
        {
            long length = new FileInfo(file).Length;
            (string sha256, _) = await FileHashes.ComputeAsync(file, null, cancellationToken).ConfigureAwait(false);
            files.Add(new ModelFile(Path.GetFileName(file), length, sha256));
            hashed += length;
            progress?.Report(hashed);
        }

        return Record(new ModelManifest(name, ModelSource.Reference, path, null, null, _clock.GetUtcNow(), files));
    }

    /// <summary>Pulls a model from a hub into the store; called again after an interruption, it continues.</summary>
    /// <param name="client">The hub.</param>
    /// <param name="hubId">OWNER/NAME or OWNER/NAME/FOLDER, or a name of <see cref="PublishedGeometries"/>.</param>
    /// <param name="name">Name within the store; NAME in lower case when null.</param>
    /// <param name="revision">Branch, tag or commit.</param>
    /// <param name="progress">Told about bytes, waits and finished files.</param>
    /// <param name="cancellationToken">Stops at once; what was downloaded stays for the next call.</param>
    /// <exception cref="ModelStoreException">The name is unusable or taken, or the store is full.</exception>
    /// <exception cref="HubException">The pull failed.</exception>
    /// <exception cref="CheckpointException">What was published is no model this engine can load.</exception>
    public async Task<ModelManifest> PullAsync(
        HubClient client, string hubId, string? name = null, string revision = "main", IProgress<PullProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        hubId = PublishedGeometries.TryFind(hubId)?.HubId ?? hubId;
        name = Usable(name ?? hubId[(hubId.LastIndexOf('/') + 1)..].ToLowerInvariant());
        string folder = Path.Combine(Root, name, FilesFolder);
        PullResult pulled = await client.PullAsync(hubId, folder, revision, progress, cancellationToken).ConfigureAwait(false);
        Checkpoint.Open(folder).Dispose();
        return Record(new ModelManifest(
            name, ModelSource.Hub, folder, pulled.HubId, pulled.Commit, _clock.GetUtcNow(),
            [.. pulled.Files.Select(file => new ModelFile(file.Name, file.Size, file.Sha256))]));
    }

    /// <summary>Forgets a model and deletes what the store owns of it: the record, and pulled files with their
    /// leftovers.</summary>
    /// <returns>Bytes of model files freed; 0 for a reference.</returns>
    /// <exception cref="ModelStoreException">No such model, or its pull is running.</exception>
    public long Remove(string name)
    {
        string folder = Path.Combine(Root, CheckName(name));
        string files = Path.Combine(folder, FilesFolder);
        if (!File.Exists(Path.Combine(folder, ModelManifest.FileName)) && !Directory.Exists(files))
        {
            throw Unknown(name);
        }

        long freed = 0;
        if (Directory.Exists(files))
        {
            try
            {
                using var held = new FileStream(Path.Combine(files, HubClient.LockFileName), FileMode.OpenOrCreate,
                    FileAccess.ReadWrite, FileShare.None);
                // Only names a pull writes: anything a person put there stays, and so does the folder then.
                foreach (string file in Directory.EnumerateFiles(files).Where(IsOwned))
                {
                    freed += new FileInfo(file).Length;
                    File.Delete(file);
                }

                File.Delete(held.Name);
            }
            catch (IOException exception)
            {
                throw new ModelStoreException($"'{name}' cannot be removed: {exception.Message} Is it being pulled?", exception);
            }

            DeleteIfEmpty(files);
        }

        File.Delete(Path.Combine(folder, ModelManifest.FileName));
        DeleteIfEmpty(folder);
        return freed;
    }

    /// <summary>Compares a model's files with what was recorded and opens it as a model.</summary>
    /// <exception cref="ModelStoreException">No such model.</exception>
    public async Task<VerifyResult> VerifyAsync(
        string name, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        ModelManifest manifest = LoadManifest(CheckName(name));
        var problems = new List<string>();
        long done = 0;
        foreach (ModelFile file in manifest.Files)
        {
            var info = new FileInfo(Path.Combine(manifest.Folder, file.Name));
            if (!info.Exists)
            {
                problems.Add($"{info.FullName}: expected {file.Size} bytes, found no such file.");
            }
            else if (info.Length != file.Size)
            {
                problems.Add($"{info.FullName}: expected {file.Size} bytes, found {info.Length}.");
            }
            else
            {
                (string sha256, _) = await FileHashes.ComputeAsync(info.FullName, null, cancellationToken).ConfigureAwait(false);
                if (sha256 != file.Sha256)
                {
                    problems.Add($"{info.FullName}: expected SHA-256 {file.Sha256}, found {sha256}.");
                }
            }

            done += file.Size;
            progress?.Report(done);
        }

        try
        {
            Checkpoint.Open(manifest.Folder).Dispose();
        }
        catch (CheckpointException exception)
        {
            problems.Add(exception.Message);
        }

        return new VerifyResult(manifest.Name, problems);
    }

    /// <summary>
    /// The folder of a model given as a name in the store, a path to a folder with config.json, a hub id, or a name of
    /// <see cref="PublishedGeometries"/> that was pulled; tried in this order.
    /// </summary>
    /// <exception cref="ModelStoreException">Nothing fits; the message lists the models there are.</exception>
    /// <param name="builtIn">Models that are there besides the store's, for the message.</param>
    public string Resolve(string nameOrPathOrHubId, IReadOnlyList<string>? builtIn = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(nameOrPathOrHubId);
        IReadOnlyList<ModelManifest> models = List();
        if (models.FirstOrDefault(model => model.Name == nameOrPathOrHubId) is { } named)
        {
            return named.Folder;
        }

        if (File.Exists(Path.Combine(nameOrPathOrHubId, ModelConfig.FileName)))
        {
            return Path.GetFullPath(nameOrPathOrHubId);
        }

        string hubId = PublishedGeometries.TryFind(nameOrPathOrHubId)?.HubId ?? nameOrPathOrHubId;
        return models.FirstOrDefault(model => string.Equals(model.HubId, hubId, StringComparison.OrdinalIgnoreCase))?.Folder
            ?? throw Unknown(nameOrPathOrHubId, builtIn);
    }

    private ModelStoreException Unknown(string name, IReadOnlyList<string>? builtIn = null)
    {
        string known = string.Join(", ", List().Select(model => model.Name));
        string pull = HubClient.IsHubId(name) || PublishedGeometries.TryFind(name) is not null
            ? " Pull it first."
            : " Add its folder or pull it first.";
        return new ModelStoreException(
            $"No model '{name}' in {Root}; there {(known.Length == 0 ? "are none" : $"is {known}")}{(builtIn is { Count: > 0 } ? $", and built in are {string.Join(", ", builtIn)}" : "")}.{pull}");
    }

    private ModelManifest LoadManifest(string name)
    {
        string folder = Path.Combine(Root, name);
        string path = Path.Combine(folder, ModelManifest.FileName);
        return File.Exists(path) ? ModelManifest.Load(path, Path.Combine(folder, FilesFolder)) : throw Unknown(name);
    }

    private ModelManifest Record(ModelManifest manifest)
    {
        string folder = Path.Combine(Root, manifest.Name);
        Directory.CreateDirectory(folder);
        manifest.Save(Path.Combine(folder, ModelManifest.FileName));
        return manifest;
    }

    /// <summary>Checks that a new model may take this name.</summary>
    private string Usable(string name)
    {
        CheckName(name);
        if (File.Exists(Path.Combine(Root, name, ModelManifest.FileName)))
        {
            throw new ModelStoreException($"The store already has a model '{name}'; choose another name or remove it first.");
        }

        int models = List().Count;
        return models < _maxModels
            ? name
            : throw new ModelStoreException($"The store holds {models} models, its limit is {_maxModels}; remove one first.");
    }

    private static string CheckName(string name) => NamePattern().IsMatch(name)
        ? name
        : throw new ModelStoreException(
            $"'{name}' is no model name: use 1 to 96 letters, digits, '.', '_', '-' or '@', beginning with a letter or digit.");

    private static bool IsOwned(string path)
    {
        string name = Path.GetFileName(path);
        return HubClient.IsNeeded(name) || name.EndsWith(".part", StringComparison.Ordinal);
    }

    private static void DeleteIfEmpty(string folder)
    {
        if (!Directory.EnumerateFileSystemEntries(folder).Any())
        {
            Directory.Delete(folder);
        }
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@-]{0,95}\z")]
    private static partial Regex NamePattern();
}
