using Studio.Benchmarks.Evaluation.Import;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Finds a task's annotation files where a user may have put them, and reads them.</summary>
internal static class AnnotationFiles
{
    private static readonly string[] s_extensions = [".json", ".jsonl", ".parquet", ".csv"];

    /// <param name="annotations">A folder with the files as the task names them or side by side, or the one file of a task that has one.</param>
    /// <exception cref="InvalidDataException">A file is not there; the message names task, file and folder.</exception>
    public static IReadOnlyList<(string Path, string Part)> Find(EvalTask task, string? annotations)
    {
        var names = string.Join(", ", task.Files.Take(3).Select(f => f.File)) + (task.Files.Count > 3 ? $" and {task.Files.Count - 3} more" : "");
        if (string.IsNullOrWhiteSpace(annotations))
        {
            throw new InvalidDataException($"{task.Name}: its annotation files ({names}) do not ship with the studio; download {task.Title} from its authors and name the folder of these files.");
        }

        if (File.Exists(annotations))
        {
            return task.Files.Count == 1 ? [(Path.GetFullPath(annotations), task.Files[0].Part)]
                : throw new InvalidDataException($"{task.Name}: '{annotations}' is one file, but the task has {task.Files.Count} ({names}); name the folder that holds them.");
        }

        if (!Directory.Exists(annotations)) throw new InvalidDataException($"{task.Name}: there is no folder or file '{annotations}'; name the folder that holds {names}.");
        var found = task.Files.Select(f => (Path: Locate(annotations, f.File), f.Part, f.File)).ToList();
        var missing = found.Where(f => f.Path is null).Select(f => f.File).ToList();
        return missing.Count == 0 ? [.. found.Select(f => (f.Path!, f.Part))]
            : throw new InvalidDataException($"{task.Name}: {missing.Count} of {found.Count} annotation files are not in '{annotations}': {string.Join(", ", missing.Take(5))}{(missing.Count > 5 ? ", …" : "")}. Put them there under these names (.json, .jsonl, .parquet or .csv).");
    }

    /// <summary>All documents of all files, in order, and the SHA-256 over the files.</summary>
    /// <exception cref="InvalidDataException">A file cannot be read as the task's; the message names it.</exception>
    public static IReadOnlyList<EvalDocument> Read(EvalTask task, IReadOnlyList<(string Path, string Part)> files, DataHash hash)
    {
        var documents = new List<EvalDocument>();
        hash.Add(task.Name);
        foreach (var (path, part) in files)
        {
            try
            {
                documents.AddRange(task.ReadFile(AnnotationFile.Read(path), part));
                hash.Add(part).AddFile(path);
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw new InvalidDataException(e.Message.Contains(path, StringComparison.Ordinal) ? $"{task.Name}: {e.Message}" : $"{task.Name}: '{path}' cannot be used: {e.Message}", e);
            }

            if (documents.Count > EvalDataSource.MaxDocuments) throw new InvalidDataException($"{task.Name}: more than {EvalDataSource.MaxDocuments} documents; split '{path}'.");
        }

        return documents.Count > 0 ? documents : throw new InvalidDataException($"{task.Name}: '{files[0].Path}' holds no questions.");
    }

    private static string? Locate(string folder, string file)
    {
        var name = Path.GetFileName(file);
        foreach (var candidate in (string[])[file, name])
        {
            foreach (var extension in s_extensions.Prepend(Path.GetExtension(file)))
            {
                var path = Path.GetFullPath(Path.Combine(folder, Path.ChangeExtension(candidate, extension)));
                if (File.Exists(path)) return path;
            }
        }

        return null;
    }
}
