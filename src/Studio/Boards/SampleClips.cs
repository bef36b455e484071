using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Video;
using Studio.Library;

namespace Studio.Boards;

/// <summary>
/// The video that a sample was asked about. Videos that the studio draws are everybody's; a file is sent to those who may read it in the
/// library (it is known by its hash), and from a folder of the machine to administrators only.
/// </summary>
public sealed class SampleClips(IDbContextFactory<StudioDb> databases, VideoLibrary library, VideoStore videos) : IDisposable
{
    /// <summary>Opened data kept: the documents of so many requests.</summary>
    public const int MaxOpen = 4;

    private readonly SemaphoreSlim _turn = new(1);
    private readonly LinkedList<(string Given, IEvalData Data)> _open = [];

    /// <summary>Requests whose documents are in memory.</summary>
    public int Open
    {
        get
        {
            lock (_open) return _open.Count;
        }
    }

    public void Dispose() => _turn.Dispose();

    /// <summary>How a person can watch it; nothing is drawn yet.</summary>
    public async Task<ClipView> DescribeAsync(CurrentUser user, Run run, Sample sample, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(sample);
        if (sample.Media.Length == 0) return new(null, "This question is asked without a video.");
        var path = $"api/v1/eval/runs/{run.Id}/samples/{sample.Ordinal}/clip";
        if (await InLibraryAsync(user, sample, ct).ConfigureAwait(false) is { } video) return await WithTimesAsync(new($"api/v1/videos/{video.Id}/content", null), user, run, sample, ct).ConfigureAwait(false);
        if (Request(run) is not { } request) return new(null, $"The run was imported: its video '{sample.Media}' is not in the library.");
        if (!IsDrawn(request) && !user.IsAdmin) return new(null, $"'{sample.Media}' lies in a folder of the machine, which only administrators see. Put the same file into the library to watch it here.");
        return await WithTimesAsync(new(path, null), user, run, sample, ct).ConfigureAwait(false);
    }

    /// <summary>The file, drawn now if need be; null where there is none that the person may see.</summary>
    public async Task<string?> FileAsync(CurrentUser user, Run run, Sample sample, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(sample);
        if (sample.Media.Length == 0) return null;
        if (await InLibraryAsync(user, sample, ct).ConfigureAwait(false) is { } video) return library.File(video);
        if (Request(run) is not { } request || !(IsDrawn(request) || user.IsAdmin)) return null;
        try
        {
            if (await DocumentAsync(run, request, sample, ct).ConfigureAwait(false) is not { } found || await found.Data.MediaAsync(found.Document, ct).ConfigureAwait(false) is not { } media) return null;
            // Annotations can name any file below the folder; only videos are sent.
            return MediaInspector.ContentType(Path.GetExtension(media.Path).ToLowerInvariant()).StartsWith("video/", StringComparison.Ordinal) && File.Exists(media.Path) ? media.Path : null;
        }
        catch (Exception e) when (e is MediaException or InvalidDataException or ArgumentException or IOException)
        {
            return null; // moved or deleted since the run
        }
    }

    /// <summary>Whether the studio draws the videos of a request itself.</summary>
    internal static bool IsDrawn(EvalRequest request) =>
        string.IsNullOrWhiteSpace(request.Annotations) && string.IsNullOrWhiteSpace(request.Videos) && TaskCatalog.TryGet(request.Task, out var task) && task is NiahSingle or WorldSet && task is not VideoXlNiah;

    /// <summary>Null for a run that was not made by the studio.</summary>
    private static EvalRequest? Request(Run run)
    {
        if (run.Source != "studio") return null;
        try
        {
            // Blind and random runs have the same documents, and a video that the model was not shown.
            var request = EvalRequest.FromJson(run.Given);
            return request.Variant is EvalVariant.Blind or EvalVariant.Random ? request with { Variant = EvalVariant.Standard } : request;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private async Task<ClipView> WithTimesAsync(ClipView clip, CurrentUser user, Run run, Sample sample, CancellationToken ct)
    {
        if (Request(run) is not { } request || !(IsDrawn(request) || user.IsAdmin)) return clip;
        var fromLibrary = !clip.Path!.EndsWith("/clip", StringComparison.Ordinal);
        try
        {
            if (await DocumentAsync(run, request, sample, ct).ConfigureAwait(false) is not { } found)
            {
                return fromLibrary ? clip : new(null, $"The data has changed since the run: '{sample.Media}' would not be the video that was shown.");
            }

            var document = found.Document;
            if (!fromLibrary && found.Data.Missing.Contains(document.Media, StringComparer.Ordinal)) return new(null, $"'{sample.Media}' is no longer in the folder of videos.");
            return clip with { Start = document.Clip?.Start, End = document.Clip?.End, Needles = [.. document.Evidence.Select(e => new ClipSpan(e.Start, e.End))] };
        }
        catch (Exception e) when (e is MediaException or InvalidDataException or ArgumentException or IOException)
        {
            return fromLibrary ? clip : new(null, $"The data of the run cannot be opened any more: {e.Message}");
        }
    }

    private async Task<Video?> InLibraryAsync(CurrentUser user, Sample sample, CancellationToken ct)
    {
        if (sample.MediaHash.Length == 0) return null;
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var video = await db.Videos.AsNoTracking().ReadableBy(user).Where(v => v.ContentHash == sample.MediaHash && v.Kind == VideoKind.Video).OrderBy(v => v.Id).FirstOrDefaultAsync(ct).ConfigureAwait(false);
            return video is not null && File.Exists(library.File(video)) ? video : null;
        }
    }

    /// <summary>The document of a sample; null where the data has other documents now.</summary>
    private async Task<(IEvalData Data, EvalDocument Document)?> DocumentAsync(Run run, EvalRequest request, Sample sample, CancellationToken ct)
    {
        var data = await DataAsync(request, ct).ConfigureAwait(false);
        var known = BoardView.ProvenanceOf(run)?.AnnotationHash;
        if (known is not null && known != data.AnnotationHash) return null;
        return sample.Ordinal < data.Documents.Count && data.Documents[sample.Ordinal] is var document && document.Id == sample.DocumentId && document.Media == sample.Media ? (data, document) : null;
    }

    private async Task<IEvalData> DataAsync(EvalRequest request, CancellationToken ct)
    {
        var given = (request with { Setting = request.Setting with { Model = null, Compress = null, Dtype = null, MaxNewTokens = null } }).ToJson(); // models and compression choose no video
        await _turn.WaitAsync(ct).ConfigureAwait(false);
        try
        {
            lock (_open)
            {
                for (var node = _open.First; node is not null; node = node.Next)
                {
                    if (node.Value.Given != given) continue;
                    _open.Remove(node);
                    _open.AddLast(node);
                    return node.Value.Data;
                }
            }

            var data = await Task.Run(() => EvalDataSource.Open(request, new() { Videos = videos }), ct).ConfigureAwait(false);
            lock (_open)
            {
                _ = _open.AddLast((given, data));
                if (_open.Count > MaxOpen) _open.RemoveFirst();
            }

            return data;
        }
        finally
        {
            _ = _turn.Release();
        }
    }
}
