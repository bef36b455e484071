using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Store;
using Studio.Hosting;
using Studio.Library;

namespace Studio.Boards.Files;

/// <param name="Run">As the list of runs has it.</param>
/// <param name="Samples">Samples in the files; 0 where they have numbers only.</param>
/// <param name="WasThere">The same run had been imported before; nothing was written.</param>
/// <param name="Path">Of the run in this API.</param>
/// <param name="Page">Of the run for people.</param>
public sealed record ImportedRunView(RunLine Run, int Samples, bool WasThere, string Path, string Page);

/// <param name="Runs">In the order of the files.</param>
public sealed record ImportedRuns(IReadOnlyList<ImportedRunView> Runs);

/// <summary>Runs into the results database and all of it out of it, over HTTP, by the code of <c>eval import</c> and <c>eval backup</c>.</summary>
internal sealed class RunFiles(RunStore store, ResultsService results, StudioFolders folders, RunUploadLimits limits, DiskSpace disk, LibraryLimits library, TimeProvider time) : IDisposable
{
    /// <summary>Type of an import's body.</summary>
    public const string FormType = "multipart/form-data";

    /// <summary>A file of results is held in memory several times while it is read, and a backup is as large as the database: one at a time.</summary>
    private readonly SemaphoreSlim _turn = new(1);

    public void Dispose() => _turn.Dispose();

    /// <summary>Takes a form of files.</summary>
    /// <exception cref="RequestException">It is no form, a bound is crossed, or a file holds no results; the message names it.</exception>
    public async Task<ImportedRuns> ImportAsync(CurrentUser user, HttpRequest request, CancellationToken ct)
    {
        if (request.ContentLength > limits.MaxBytes) throw TooMuch();
        if (disk.Free(folders.Passing) - library.DiskReserveBytes < (request.ContentLength ?? 0)) throw Refusals.DiskFull("the server's disk has too little free space for these files; ask an administrator for space");
        using var folder = new PassingFolder(folders, time);
        var start = await ReceiveAsync(folder, request, ct).ConfigureAwait(false);
        await _turn.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            return await ReadAsync(user, folder, start, ct).ConfigureAwait(false);
        }
        finally
        {
            _ = _turn.Release();
        }
    }

    /// <summary>Copies the whole database into a file of a folder that the caller disposes of.</summary>
    /// <exception cref="RequestException">The disk has no room for it.</exception>
    public async Task<(PassingFolder Folder, string File)> BackUpAsync(CancellationToken ct)
    {
        if (!store.Target.IsPostgres && File.Exists(folders.Results) && disk.Free(folders.Passing) - library.DiskReserveBytes < new FileInfo(folders.Results).Length)
            throw Refusals.DiskFull("the server's disk has too little free space for a copy of the database; free some, or use ./run eval backup with a file on another disk");
        await _turn.WaitAsync(ct).ConfigureAwait(false);
        var folder = new PassingFolder(folders, time);
        try
        {
            var file = System.IO.Path.Combine(folder.Path, "results.db");
            _ = await store.BackupAsync(file, ct).ConfigureAwait(false);
            return (folder, file);
        }
        catch
        {
            folder.Dispose();
            throw;
        }
        finally
        {
            _ = _turn.Release();
        }
    }

    private async Task<string> ReceiveAsync(PassingFolder folder, HttpRequest request, CancellationToken ct)
    {
        if (!MediaTypeHeaderValue.TryParse(request.ContentType, out var type) || !type.MediaType.Equals(FormType, StringComparison.OrdinalIgnoreCase))
            throw RequestException.With(StatusCodes.Status415UnsupportedMediaType, $"the body's type is '{request.ContentType}'; send a form ({FormType}) with each file as a part");
        if (HeaderUtilities.RemoveQuotes(type.Boundary).Value is not { Length: > 0 } boundary) throw RequestException.Invalid($"the body's type is '{request.ContentType}'; a boundary of the form's parts is missing");
        var files = new ResultFiles(folder.Path, limits);
        try
        {
            // As it comes, straight into the folder: nothing of a large form is held in memory or written twice.
            var reader = new MultipartReader(boundary, request.Body);
            for (var parts = 0; await reader.ReadNextSectionAsync(ct).ConfigureAwait(false) is { } section; parts++)
            {
                if (parts == limits.MaxFiles) throw RequestException.TooLarge($"the form has more than {limits.MaxFiles} parts; send a .zip of the folder, or the folders below it one by one");
                if (section.AsFileSection() is { FileStream: { } content } file && file.FileName.Length > 0) await files.AddAsync(file.FileName, content, ct).ConfigureAwait(false);
            }
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            throw TooMuch();
        }
        catch (Exception e) when (e is InvalidDataException or IOException and not BadHttpRequestException)
        {
            throw RequestException.Invalid($"the form cannot be read: {Plain(e.Message, folder).TrimEnd('.')}; send it again");
        }

        return files.Start;
    }

    private async Task<ImportedRuns> ReadAsync(CurrentUser user, PassingFolder folder, string start, CancellationToken ct)
    {
        var made = new List<ImportedRun>();
        try
        {
            await foreach (var run in RunImport.EachAsync(store, start, time, new ImportedBy(user.Id, user.Name, user.IsAdmin), ct).ConfigureAwait(false)) made.Add(run);
        }
        catch (InvalidDataException e)
        {
            var before = made.Count switch { 0 => "", 1 => " One run before it is in the database.", var n => $" {n} runs before it are in the database." };
            throw RequestException.Invalid(Plain(e.Message, folder) + before);
        }

        var views = new List<ImportedRunView>();
        foreach (var (run, samples, wasThere) in made)
            views.Add(new(await results.LineAsync(run, ct).ConfigureAwait(false), samples, wasThere, $"/api/v1/eval/runs/{run.Id}", $"/results/{run.Id}"));
        return new(views);
    }

    /// <summary>With files' names as they were sent: where the server keeps them is nobody's business.</summary>
    private static string Plain(string message, PassingFolder folder) =>
        message.Replace(folder.Path + System.IO.Path.DirectorySeparatorChar, "", StringComparison.Ordinal).Replace(folder.Path, "The upload", StringComparison.Ordinal);

    private RequestException TooMuch() => RequestException.TooLarge($"the request has more than {limits.MaxBytes >> 20} MiB; send a .zip, or the folders below it one by one, or import on the server with ./run eval import");
}
