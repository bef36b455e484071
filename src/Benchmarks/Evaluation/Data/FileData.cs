using System.Globalization;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Documents of annotation files, with videos of a folder.</summary>
internal sealed class FileData : IMediaSource
{
    private readonly VideoFolder? _folder;
    private readonly SubtitleFiles? _subtitles;
    private readonly FrameFolderVideos _frames;

    private FileData(VideoFolder? folder, SubtitleFiles? subtitles, FrameFolderVideos frames) => (_folder, _subtitles, _frames) = (folder, subtitles, frames);

    /// <summary>Official tasks, and folders of the drawn world.</summary>
    public static EvalData Open(EvalRequest request, EvalTask task, EvalDataOptions options)
    {
        var files = AnnotationFiles.Find(task, request.Annotations);
        // What `world make` and a user's own set name is beside their annotations.
        var beside = task is WorldSet or CustomSet ? Path.GetDirectoryName(files[0].Path) : null;
        var folder = OpenFolder(request, task, request.Videos ?? beside);
        using var hash = new DataHash();
        var documents = AnnotationFiles.Read(task, files, hash);
        SubtitleFiles? subtitles = null;
        if (SubtitleFiles.Apply(task))
        {
            var roots = files.Select(f => Path.GetDirectoryName(f.Path)!).Append(request.Videos ?? "");
            subtitles = new SubtitleFiles(task, roots.SelectMany(r => (string[])[r, r.Length > 0 ? Path.Combine(r, TaskFolder(task)) : "", Path.GetDirectoryName(r) ?? ""]));
            documents = [.. documents.Select(d => subtitles.Attach(d, hash))];
        }

        Func<EvalDocument, EvalDocument>? prepare = task is VideoMmeVideoXl { WithSubtitles: true } ? new Prober(folder, options).Prepare : null;
        return new EvalData(request, task, documents, hash.Take(), new FileData(folder, subtitles, new(request.Setting, task.Limits, options)), prepare);
    }

    /// <summary>One's own set: request.Annotations is its file.</summary>
    public static EvalData OpenCustom(EvalRequest request, EvalDataOptions options) => Open(request, CustomTask(request), options);

    public static CustomSet CustomTask(EvalRequest request)
    {
        if (string.IsNullOrWhiteSpace(request.Annotations) || !File.Exists(request.Annotations))
        {
            throw new InvalidDataException($"{EvalDataSource.Custom}: there is no file '{request.Annotations}'; name the CSV or JSONL file of your questions (columns video, question, options, answer).");
        }

        return new CustomSet($"{EvalDataSource.Custom}/{Path.GetFileNameWithoutExtension(request.Annotations)}", Path.GetFileName(request.Annotations));
    }

    public IReadOnlyList<string> Missing(IReadOnlyList<EvalDocument> documents) =>
        [.. _folder?.Missing(documents) ?? [], .. _subtitles?.Missing(documents) ?? []];

    public async ValueTask<EvalMedia?> OpenAsync(EvalDocument document, CancellationToken cancellationToken)
    {
        if (document.Media.Length == 0) return null;
        if (_folder is null) throw new MediaException(MediaError.NotFound, document.Media, $"'{document.Media}' ({document.Id}) was not looked for: the evaluation was opened without videos.");
        var path = _folder.Find(document) ?? throw _folder.NotThere(document);
        return Directory.Exists(path) ? await _frames.GetAsync(path, document.Media, document.Clip, cancellationToken).ConfigureAwait(false)
            : new EvalMedia(path, document.Clip, WorldTask.HasNeedles(document) ? document.Evidence : []);
    }

    private static VideoFolder? OpenFolder(EvalRequest request, EvalTask task, string? folder)
    {
        if (string.IsNullOrWhiteSpace(folder))
        {
            return request.Variant is EvalVariant.Blind or EvalVariant.Random ? null
                : throw new InvalidDataException($"{task.Name}: its videos do not ship with the studio; name the folder that holds them, or take the variant without video.");
        }

        return Directory.Exists(folder) ? new VideoFolder(folder, TaskFolder(task)) : throw new InvalidDataException($"{task.Name}: there is no folder '{folder}'; name the folder of its videos.");
    }

    private static string TaskFolder(EvalTask task) => Path.GetDirectoryName(task.Files[0].File) ?? "";

    /// <summary>Frames and rate of videos, where the subtitle lines in a prompt hang on them.</summary>
    private sealed class Prober(VideoFolder? folder, EvalDataOptions options)
    {
        private readonly Dictionary<string, VideoInfo?> _known = new(StringComparer.Ordinal); // bounded by the annotations

        /// <summary>Without the video the lines cannot be chosen: the document stays without them.</summary>
        public EvalDocument Prepare(EvalDocument document)
        {
            if (document.SubtitleFile is not { Length: > 0 }) return document;
            if (!_known.TryGetValue(document.Media, out var info))
            {
                info = folder?.Find(document) is { } path && File.Exists(path) ? new VideoProbe(options.FoundTools, options.Limits).ProbeAsync(path).GetAwaiter().GetResult() : null;
                _known.Add(document.Media, info);
            }

            if (info is null) return document with { SubtitleFile = null };
            return document with
            {
                Labels = new SortedDictionary<string, string>(document.Labels.ToDictionary(), StringComparer.Ordinal)
                {
                    [VideoMmeVideoXl.FramesLabel] = info.FrameCount.ToString(CultureInfo.InvariantCulture),
                    [VideoMmeVideoXl.FpsLabel] = info.AverageFrameRate.ToString("R", CultureInfo.InvariantCulture),
                },
            };
        }
    }
}
