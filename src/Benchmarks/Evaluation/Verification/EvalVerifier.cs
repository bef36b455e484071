using System.Diagnostics;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>A benchmark's prompts, parsed answers, scores and aggregates against the originals' own.</summary>
/// <param name="Name">The golden file without its ending.</param>
/// <param name="Notes">What could not be compared, and why.</param>
public sealed record EvalTaskResult(string Name, int Compared, int Different, IReadOnlyList<string> Differences, IReadOnlyList<string> Notes, TimeSpan Elapsed)
{
    public bool Passed => Different == 0 && Compared > 0;
}

/// <summary>Every golden evaluation file of a folder.</summary>
public sealed record EvalVerification(string Folder, IReadOnlyList<EvalTaskResult> Tasks)
{
    public int Passed => Tasks.Count(t => t.Passed);

    public int Failed => Tasks.Count - Passed;
}

/// <summary>Checks the tasks against golden files: what the originals' code asked, read, scored and reported for the same documents.</summary>
public static class EvalVerifier
{
    /// <summary>Names the golden folder where no other is given.</summary>
    public const string FolderVariable = Studio.Benchmarks.Verification.Verifier.FolderVariable;

    private static readonly SortedDictionary<string, Action<EvalCheck>> s_checks = new(StringComparer.Ordinal)
    {
        ["charades"] = GroundingChecks.Charades,
        ["clip_frames"] = FrameChecks.Run,
        ["longvideobench"] = ChoiceChecks.LongVideoBench,
        ["longvideobench_upstream"] = ChoiceChecks.LongVideoBenchUpstream,
        ["lvbench"] = ChoiceChecks.Flash,
        ["mlvu_mc"] = ChoiceChecks.Flash,
        ["mlvu_videoxl"] = ChoiceChecks.MlvuVideoXl,
        ["mvbench"] = ChoiceChecks.Flash,
        ["nextqa_mc"] = ChoiceChecks.NextQa,
        ["niah"] = NeedleChecks.Niah,
        ["perceptiontest"] = ChoiceChecks.PerceptionTest,
        ["vdc"] = GroundingChecks.Vdc,
        ["videomme"] = VideoMmeChecks.Flash,
        ["videomme_videoxl"] = VideoMmeChecks.VideoXl,
        ["videoxl_niah"] = NeedleChecks.VideoXl,
        ["vnbench"] = NeedleChecks.VnBench,
    };

    /// <summary>Names of the golden files that are known.</summary>
    public static IEnumerable<string> Known => s_checks.Keys;

    /// <summary>
    /// The folder of golden evaluation files: in the given folder or it itself, else the variable's, else "shared/golden/eval" in the folder
    /// above the repository or one further up. Null where there is none.
    /// </summary>
    public static string? Locate(string? given, string root)
    {
        var named = given ?? (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } variable ? variable : null);
        if (named is not null) return Directory.Exists(Path.Combine(named, "eval")) ? Path.Combine(named, "eval") : named;
        for (var at = new DirectoryInfo(root).Parent; at is not null; at = at.Parent)
        {
            var folder = Path.Combine(at.FullName, "shared", "golden", "eval");
            if (Directory.Exists(folder)) return folder;
        }

        return null;
    }

    /// <summary>Checks every file of the folder. A file that is not known counts as failed.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder, or no golden file in it.</exception>
    public static EvalVerification Run(string folder, Action<EvalTaskResult>? progress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(folder);
        folder = Path.GetFullPath(folder);
        var names = Directory.Exists(folder)
            ? Directory.GetFiles(folder, "*.jsonl").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal).ToList() : [];
        if (names.Count == 0)
        {
            throw new DirectoryNotFoundException($"{folder} has no golden evaluation files (*.jsonl). Name their folder with --golden DIR or {FolderVariable}.");
        }

        var golden = new GoldenEval(folder);
        var results = new List<EvalTaskResult>();
        foreach (var name in names)
        {
            ct.ThrowIfCancellationRequested();
            var result = One(golden, name);
            progress?.Invoke(result);
            results.Add(result);
        }

        return new(folder, results);
    }

    private static EvalTaskResult One(GoldenEval golden, string name)
    {
        var watch = Stopwatch.StartNew();
        var check = new EvalCheck(golden, name);
        if (!s_checks.TryGetValue(name, out var run)) check.Report.Fail(name, "no check for this file yet");
        else Try(check, run);
        return new(name, check.Report.Compared, check.Report.Different, check.Report.Differences, check.Notes, watch.Elapsed);
    }

    private static void Try(EvalCheck check, Action<EvalCheck> run)
    {
        try
        {
            run(check);
        }
#pragma warning disable CA1031 // whatever a damaged golden file makes a check throw is this task's failure, not the run's
        catch (Exception e) when (e is not OperationCanceledException)
#pragma warning restore CA1031
        {
            check.Report.Fail(check.Name, $"{e.GetType().Name}: {e.Message}");
        }
    }
}
