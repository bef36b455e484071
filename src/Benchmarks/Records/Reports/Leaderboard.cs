using Studio.Benchmarks.Evaluation.Tasks;

namespace Studio.Benchmarks.Records.Reports;

/// <summary>A finished run on a board.</summary>
/// <param name="Summary">Its numbers.</param>
/// <param name="Group">Number of its comparability group, from 1; 0 for controls, which stand beside every group.</param>
/// <param name="IsControl">Answered blind or by lot.</param>
/// <param name="IsImported">Another program's.</param>
/// <param name="Warnings">In what it differs from the board's first group; of controls, which see no video, whether they answered other questions.</param>
/// <param name="Others">Earlier runs with exactly the same settings, model and data that this one stands for.</param>
public sealed record BoardRow(Run Run, RunSummary Summary, int Group, bool IsControl, bool IsImported, IReadOnlyList<ComparisonWarning> Warnings, int Others)
{
    public Provenance? Provenance => Run.Provenance.Length > 2 ? RecordJson.Read<Provenance>(Run.Provenance) : null;
}

/// <summary>The finished runs of a task, best first.</summary>
public sealed record Leaderboard
{
    /// <summary>Latest runs that are looked at.</summary>
    public const int MaxRuns = 2000;

    public required string Task { get; init; }

    public required string Title { get; init; }

    public required IReadOnlyList<BoardRow> Rows { get; init; }

    /// <summary>Comparability groups among the rows; more than one: numbers of different groups must not be compared.</summary>
    public required int Groups { get; init; }

    /// <summary>For people, above the board; empty where every two rows may be compared.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <param name="all">Every finished run; otherwise of runs with equal settings, weights and data the latest alone. The best of several would be
    /// better than any of them is, and settings that differ in anything that decides the answers stand for themselves.</param>
    public static async Task<Leaderboard> ForAsync(IRunStore store, string task, bool all, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentException.ThrowIfNullOrWhiteSpace(task);
        var (runs, total) = await ReadAsync(store, task, ct).ConfigureAwait(false);
        var entries = runs.Where(r => r.Summary is not null).Select(r => (Run: r, Summary: RecordJson.Read<RunSummary>(r.Summary!))).ToList();
        var groups = entries.Where(e => !IsControl(e.Run)).GroupBy(e => Comparability.GroupOf(e.Run)).OrderByDescending(g => g.Count()).ThenBy(g => g.Max(e => e.Run.Id), StringComparer.Ordinal).ToList();
        var numbers = groups.Select((g, i) => (g.Key, Number: i + 1)).ToDictionary(g => g.Key, g => g.Number, StringComparer.Ordinal);
        var main = groups.Count > 0 ? groups[0].First().Run : null;
        var rows = entries.GroupBy(e => all ? e.Run.Id : $"{e.Run.Source}\n{e.Run.Key}")
            .Select(g => (Latest: g.MaxBy(e => e.Run.Id, StringComparer.Ordinal), Count: g.Count()))
            .OrderByDescending(g => g.Latest.Summary.Accuracy).ThenByDescending(g => g.Latest.Run.Id, StringComparer.Ordinal)
            .Select(g =>
            {
                var control = IsControl(g.Latest.Run);
                return new BoardRow(g.Latest.Run, g.Latest.Summary, control ? 0 : numbers[Comparability.GroupOf(g.Latest.Run)], control, g.Latest.Run.Source != "studio",
                    main is null ? [] : control ? Comparability.ControlWarnings(main, g.Latest.Run) : Comparability.Warnings(main, g.Latest.Run).Where(w => numbers[Comparability.GroupOf(g.Latest.Run)] != 1 || w.Message.Contains("unknown", StringComparison.Ordinal)).ToList(), g.Count - 1);
            }).ToList();
        return new Leaderboard
        {
            Task = task,
            Title = TaskCatalog.TryGet(task, out var known) ? known.Title : task,
            Rows = rows,
            Groups = groups.Count,
            Warnings = [.. Notes(groups.Count, total)],
        };
    }

    private static bool IsControl(Run run) => run.Variant is EvalVariant.Blind or EvalVariant.Random;

    private static IEnumerable<string> Notes(int groups, int total)
    {
        if (groups > 1) yield return $"The rows are of {groups} groups that differ in frames, prompts, scorer, data or program: compare numbers within a group only.";
        if (total > MaxRuns) yield return $"{total} runs of this task are finished; the latest {MaxRuns} are shown.";
    }

    private static async Task<(List<Run> Runs, int Total)> ReadAsync(IRunStore store, string task, CancellationToken ct)
    {
        var found = new List<Run>();
        while (true)
        {
            var (page, total) = await store.ListAsync(new RunFilter { Task = task, State = RunState.Finished, Skip = found.Count, Take = Math.Min(RunFilter.MaxTake, MaxRuns - found.Count) }, ct).ConfigureAwait(false);
            found.AddRange(page);
            if (page.Count == 0 || found.Count >= MaxRuns) return (found, total);
        }
    }
}
