using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>A folder of videos as benchmarks unpack into it: files or folders of frames by the annotation's path, with its extension or another.</summary>
internal sealed class VideoFolder
{
    private static readonly string[] s_extensions = [".mp4", ".mkv", ".webm", ".avi", ".mov", ".MP4", ".m4v", ".flv", ".mpg"];

    private readonly string _folder;
    private readonly string[] _roots;

    /// <param name="taskFolder">Name of a folder below, that a collection of benchmarks may have for the task; empty for none.</param>
    public VideoFolder(string folder, string taskFolder)
    {
        _folder = Path.GetFullPath(folder);
        _roots = [.. ((string[])[_folder, Path.Combine(_folder, taskFolder), Path.Combine(_folder, "videos"), Path.Combine(_folder, "data"), Path.Combine(_folder, taskFolder, "videos")]).Distinct()];
    }

    /// <summary>Full path of the file or frame folder, or null where it is not there or lies outside.</summary>
    public string? Find(EvalDocument document)
    {
        foreach (var root in _roots)
        {
            var path = Path.GetFullPath(Path.Combine(root, document.Media));
            if (!path.StartsWith(_folder.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal)) continue;
            if (File.Exists(path) || Directory.Exists(path)) return path;
            foreach (var extension in s_extensions)
            {
                var other = document.MediaKind == MediaKind.Frames ? path + extension : Path.ChangeExtension(path, extension);
                if (File.Exists(other)) return other;
            }
        }

        return null;
    }

    /// <summary>Paths below the folder that are not there, in order, each once.</summary>
    public IReadOnlyList<string> Missing(IEnumerable<EvalDocument> documents)
    {
        var asked = new HashSet<string>(StringComparer.Ordinal);
        return [.. documents.Where(d => d.Media.Length > 0 && asked.Add(d.Media) && Find(d) is null).Select(d => d.Media)];
    }

    public MediaException NotThere(EvalDocument document) => new(
        MediaError.NotFound, Path.Combine(_folder, document.Media), $"'{document.Media}' ({document.Id}) is not below '{_folder}'; put it there, or name the folder that holds it.");
}
