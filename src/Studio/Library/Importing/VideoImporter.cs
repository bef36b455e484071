using System.IO.Pipelines;
using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;
using Studio.Hosting;
using Studio.Library.Uploads;

namespace Studio.Library.Importing;

/// <summary>A file on its way into the library.</summary>
/// <param name="Length">Bytes in all.</param>
/// <param name="Copied">Bytes that are there; at the end the file is looked into.</param>
public readonly record struct ImportProgress(string Name, long Length, long Copied);

/// <summary>What became of a file.</summary>
/// <param name="Video">The video; the one that was there before where the content was known.</param>
/// <param name="IsNew">Whether it was not.</param>
public sealed record Imported(VideoView Video, bool IsNew);

/// <summary>
/// Brings files of this machine into the library: from import folders, the samples, and for the command line from anywhere. They
/// are copied, under the same limits, quota and checks as an upload.
/// </summary>
public sealed class VideoImporter : IDisposable
{
    private const int BlockBytes = 256 * 1024;

    private readonly UploadStore _uploads;
    private readonly VideoLibrary _library;
    private readonly ImportFolders _folders;
    private readonly StudioOptions _options;
    private readonly SemaphoreSlim _turns;

    internal VideoImporter(UploadStore uploads, VideoLibrary library, ImportFolders folders, StudioOptions options, LibraryLimits limits)
    {
        (_uploads, _library, _folders, _options) = (uploads, library, folders, options);
        _turns = new(limits.MaxImports);
    }

    /// <summary>Files of data/samples, by name.</summary>
    public IReadOnlyList<string> Samples =>
        new DirectoryInfo(SampleFolder) is { Exists: true } folder
            ? [.. folder.EnumerateFiles("*.mp4").Select(f => f.Name).Order(StringComparer.Ordinal)]
            : [];

    private string SampleFolder => Path.Combine(_options.RootFolder, "data", "samples");

    /// <summary>Imports a file of an import folder.</summary>
    /// <param name="root">Number of the folder.</param>
    /// <param name="path">Below it.</param>
    /// <exception cref="RequestException">It is not there, is refused, or does not fit.</exception>
    public Task<Imported> ImportAsync(CurrentUser user, int root, string path, IProgress<ImportProgress>? progress = null, CancellationToken ct = default) =>
        AddFileAsync(user, _folders.File(root, path), progress, ct);

    /// <summary>Imports all samples; those that are there already are given back as they are.</summary>
    /// <exception cref="RequestException">They do not fit, or there are none.</exception>
    public async Task<IReadOnlyList<Imported>> AddSamplesAsync(CurrentUser user, IProgress<ImportProgress>? progress = null, CancellationToken ct = default)
    {
        var samples = Samples;
        if (samples.Count == 0) throw RequestException.NotFound("sample", SampleFolder);
        var added = new List<Imported>(samples.Count);
        foreach (var sample in samples) added.Add(await AddFileAsync(user, Path.Combine(SampleFolder, sample), progress, ct).ConfigureAwait(false));
        return added;
    }

    /// <summary>Imports any file of this machine: for those who may read it anyway.</summary>
    /// <exception cref="RequestException">It is refused or does not fit.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    internal async Task<Imported> AddFileAsync(CurrentUser user, string file, IProgress<ImportProgress>? progress, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        Access.DemandWrite(user, user.Id, "library");
        var name = FileNames.Clean(Path.GetFileName(file));
        await _turns.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            var source = new FileStream(file, new FileStreamOptions { Access = FileAccess.Read, Share = FileShare.Read, BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan });
            await using (source.ConfigureAwait(false)) return await CopyAsync(user, name, source, progress, ct).ConfigureAwait(false);
        }
        finally
        {
            _ = _turns.Release();
        }
    }

    public void Dispose() => _turns.Dispose();

    private async Task<Imported> CopyAsync(CurrentUser user, string name, FileStream source, IProgress<ImportProgress>? progress, CancellationToken ct)
    {
        var length = source.Length;
        var upload = await _uploads.CreateAsync(user.Id, name, length, UploadMetadata.Format(name), ct).ConfigureAwait(false);
        var ended = false;
        try
        {
            var reader = PipeReader.Create(source, new StreamPipeReaderOptions(bufferSize: BlockBytes, minimumReadSize: BlockBytes / 2));
            var status = await _uploads.AppendAsync(user.Id, upload.Id, 0, length, reader, checksum: null, ct, at => progress?.Report(new(name, length, at))).ConfigureAwait(false);
            if (status.Offset < length) throw RequestException.Conflict($"'{name}' became shorter while it was copied; import it again when it is complete");
            while (status.State == UploadState.Checking) status = await _uploads.FinishAsync(user.Id, upload.Id, ct).ConfigureAwait(false);
            ended = true;
            if (status.State == UploadState.Refused) throw Refusals.NotMedia(status.Error!);
            return new(await _library.GetAsync(user, status.VideoId!, ct).ConfigureAwait(false), IsNew: status.VideoId == upload.Id);
        }
        finally
        {
            // Nobody resumes an import: what is not complete goes, and the row of one that ended has nobody to read it.
            await RemoveAsync(user, upload.Id, ended).ConfigureAwait(false);
        }
    }

    private async Task RemoveAsync(CurrentUser user, string id, bool ended)
    {
        try
        {
            await _uploads.DeleteAsync(user.Id, id, CancellationToken.None).ConfigureAwait(false);
        }
        catch (RequestException) when (!ended)
        {
            // A check that is still under way keeps it; it expires.
        }
    }
}
