using Studio.Benchmarks.Evaluation.Import;
using Studio.Benchmarks.Evaluation.Tasks;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Puts the subtitles of Video-MME and LongVideoBench into documents.</summary>
internal sealed class SubtitleFiles
{
    /// <summary>Larger subtitle files are refused.</summary>
    public const long MaxBytes = 16L << 20;

    private readonly EvalTask _task;
    private readonly string[] _folders;

    /// <param name="roots">Where a folder "subtitle" or "subtitles" may be.</param>
    public SubtitleFiles(EvalTask task, IEnumerable<string> roots)
    {
        var folders = roots.Where(r => r.Length > 0).SelectMany(r => (string[])[Path.Combine(r, "subtitle"), Path.Combine(r, "subtitles")]).Select(Path.GetFullPath).Distinct().ToList();
        (_task, _folders) = (task, [.. folders.Where(Directory.Exists)]);
        if (_folders.Length == 0)
        {
            throw new InvalidDataException($"{task.Name}: its prompts have the videos' subtitles, and there is no folder of them; unpack the benchmark's subtitles into one of {string.Join(", ", folders)}.");
        }
    }

    /// <summary>Whether the prompts of a task have subtitles.</summary>
    public static bool Apply(EvalTask task) => task is VideoMme { WithSubtitles: true } or LongVideoBench { ReadsSubtitles: true };

    /// <summary>The document with its subtitles. A Video-MME video may have none; LongVideoBench's prompt cannot be made without.</summary>
    public EvalDocument Attach(EvalDocument document, DataHash hash)
    {
        if (_task is VideoMme)
        {
            var text = Find(Path.ChangeExtension(document.Media, ".srt")) is { } file ? File.ReadAllText(file) : null;
            hash.Add(text ?? "");
            return document with { SubtitleFile = text };
        }

        if (NameOf(document) is not { Length: > 0 } name || Find(name) is not { } path) return document;
        hash.AddFile(path);
        return document with { Subtitles = LongVideoBench.ReadSubtitles(AnnotationFile.Read(path), path) };
    }

    /// <summary>Subtitle files without which a prompt cannot be made, in order, each once.</summary>
    public IEnumerable<string> Missing(IEnumerable<EvalDocument> documents) =>
        _task is VideoMme ? [] : documents.Where(d => d.Subtitles is null).Select(d => $"subtitles/{NameOf(d)}").Distinct();

    private static string NameOf(EvalDocument document) => document.Labels.TryGetValue("subtitle_path", out var name) ? name : "";

    private string? Find(string name)
    {
        foreach (var folder in _folders)
        {
            var path = Path.GetFullPath(Path.Combine(folder, name));
            if (!path.StartsWith(folder + Path.DirectorySeparatorChar, StringComparison.Ordinal) || !File.Exists(path)) continue;
            return new FileInfo(path).Length <= MaxBytes ? path : throw new InvalidDataException($"{_task.Name}: the subtitle file '{path}' has more than {MaxBytes} bytes.");
        }

        return null;
    }
}
