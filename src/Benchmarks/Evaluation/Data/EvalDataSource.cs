using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>Opens what a request asks for: annotation files and videos of the user's, or what the studio draws itself.</summary>
public static class EvalDataSource
{
    /// <summary>Name of the task that reads one's own file.</summary>
    public const string Custom = "custom";

    /// <summary>More documents are refused: all are held in memory.</summary>
    public const int MaxDocuments = 1_000_000;

    /// <exception cref="ArgumentException">The request asks for what cannot be; the message names it.</exception>
    /// <exception cref="InvalidDataException">An annotation file is missing or cannot be read as the task's.</exception>
    /// <exception cref="Engine.Video.MediaException">A video that the prompts need to know of cannot be probed.</exception>
    public static IEvalData Open(EvalRequest request, EvalDataOptions options)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(options);
        Require(request.Offset >= 0, $"an offset of {request.Offset}", "0 or more");
        Require(request.Limit is null or >= 1, $"a limit of {request.Limit}", "1 or more documents");
        if (request.Task.Equals(Custom, StringComparison.OrdinalIgnoreCase)) return FileData.OpenCustom(request, options);
        return TaskCatalog.Get(request.Task) switch
        {
            WorldSet set when request.Annotations is null => DrawnWorld.Open(request, set, options),
            NiahSingle task when request.Annotations is null => DrawnNeedles.Open(request, task is NiahMulti, options),
            NeedleTask task => ComposedNeedles.Open(request, task, options),
            var task => FileData.Open(request, task, options),
        };
    }

    /// <summary>The task whose documents, prompts and scores a request gets, without opening its data.</summary>
    /// <exception cref="ArgumentException">There is no such task.</exception>
    public static EvalTask TaskOf(EvalRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        if (request.Task.Equals(Custom, StringComparison.OrdinalIgnoreCase)) return FileData.CustomTask(request);
        return TaskCatalog.Get(request.Task) is NiahSingle task && request.Annotations is null ? new WorldNeedle(task is NiahMulti) : TaskCatalog.Get(request.Task);
    }

    internal static void Require(bool met, string value, string allowed)
    {
        if (!met) throw new ArgumentException($"An evaluation with {value}; give {allowed}.");
    }
}
