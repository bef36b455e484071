using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.Running;
using Studio.Data;

namespace Studio.Boards;

/// <summary>The results database as pages and API read it. Everybody with an account reads all runs; who asked for one, and administrators, change it.</summary>
public sealed class ResultsService(RunStore store, IDbContextFactory<StudioDb> databases)
{
    /// <summary>Runs of a sweep that are shown, the latest: as many as one sweep can have settings.</summary>
    public const int MaxSweep = SweepGrid.MaxSettings;

    /// <summary>Of the bootstrap: a comparison has the same numbers each time.</summary>
    private const ulong Seed = 0;

    public static bool CanChange(CurrentUser user, Run run)
    {
        ArgumentNullException.ThrowIfNull(user);
        ArgumentNullException.ThrowIfNull(run);
        return user.IsAdmin || (user.CanWrite && run.OwnerId.Length > 0 && run.OwnerId == user.Id);
    }

    /// <summary>Latest first.</summary>
    /// <param name="page">From 1.</param>
    public async Task<Paged<RunLine>> ListAsync(RunQuery query, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var (skip, take) = Paging.Check(page, size);
        var (runs, total) = await store.ListAsync(
            new() { Task = query.Task, Model = query.Model, State = query.State, Source = query.Source, SweepId = query.Sweep, Text = query.Text, Skip = skip, Take = take }, ct).ConfigureAwait(false);
        return new(await LinesAsync(runs, ct).ConfigureAwait(false), total, page, size);
    }

    /// <summary>What the list can be narrowed by.</summary>
    public Task<RunFacets> FacetsAsync(CancellationToken ct) => store.FacetsAsync(ct);

    /// <exception cref="RequestException">404.</exception>
    public async Task<Run> GetAsync(string id, CancellationToken ct) => await FindAsync(id, ct).ConfigureAwait(false) ?? throw RequestException.NotFound("run", AccountRules.Shorten(id));

    /// <summary>Null where there is none.</summary>
    public async Task<Run?> FindAsync(string id, CancellationToken ct)
    {
        try
        {
            return await store.GetAsync(id, ct).ConfigureAwait(false);
        }
        catch (KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>Whether a run of the task is finished.</summary>
    public async Task<bool> HasBoardAsync(string task, CancellationToken ct) => (await store.ListAsync(new() { Task = task, State = RunState.Finished, Take = 1 }, ct).ConfigureAwait(false)).Total > 0;

    /// <summary>Tasks with a finished run.</summary>
    public async Task<IReadOnlyList<string>> BoardTasksAsync(CancellationToken ct)
    {
        var tasks = new List<string>(); // at most the facets'
        foreach (var task in (await store.FacetsAsync(ct).ConfigureAwait(false)).Tasks)
        {
            if (await HasBoardAsync(task, ct).ConfigureAwait(false)) tasks.Add(task);
        }

        return tasks;
    }

    public async Task<RunLine> LineAsync(Run run, CancellationToken ct) => (await LinesAsync([run], ct).ConfigureAwait(false))[0];

    /// <exception cref="RequestException">404.</exception>
    public async Task<Sample> SampleAsync(string runId, int ordinal, CancellationToken ct) =>
        await store.SampleAsync(runId, ordinal, ct).ConfigureAwait(false) ?? throw RequestException.NotFound("sample", $"{ordinal}' of run '{AccountRules.Shorten(runId)}");

    /// <summary>One page of a run's samples. The whole run is read, a page of the database at a time; only what is shown is kept.</summary>
    /// <param name="page">From 1.</param>
    public async Task<Paged<Sample>> SamplesAsync(string runId, SampleQuery query, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(query);
        var (skip, take) = Paging.Check(page, size);
        var (found, total) = (new List<Sample>(), 0);
        await foreach (var sample in store.SamplesAsync(runId, ct).ConfigureAwait(false))
        {
            if (!Matches(sample, query)) continue;
            if (total >= skip && found.Count < take) found.Add(sample);
            total++;
        }

        return new(found, total, page, size);
    }

    public Task<IReadOnlyList<RunGroup>> GroupsAsync(string runId, CancellationToken ct) => RunGroups.OfAsync(store.SamplesAsync(runId, ct), ct);

    /// <summary>The sample before and behind one; null at the ends.</summary>
    public async Task<(int? Before, int? After)> NeighboursAsync(string runId, int ordinal, CancellationToken ct) =>
        (ordinal > 0 && await store.SampleAsync(runId, ordinal - 1, ct).ConfigureAwait(false) is not null ? ordinal - 1 : null,
            await store.SampleAsync(runId, ordinal + 1, ct).ConfigureAwait(false) is not null ? ordinal + 1 : null);

    /// <exception cref="RequestException">There is no such run, or its samples cannot be paired.</exception>
    public async Task<ComparisonView> CompareAsync(string first, string second, FlipShow show = FlipShow.All, int page = 1, int size = Paging.DefaultSize, CancellationToken ct = default)
    {
        var (skip, take) = Paging.Check(page, size);
        var (a, b) = (await GetAsync(first, ct).ConfigureAwait(false), await GetAsync(second, ct).ConfigureAwait(false));
        if (a.Id == b.Id) throw RequestException.Invalid($"run '{a.Id}' is compared with itself; choose another one beside it");
        RunComparison made;
        try
        {
            // Ten thousand resamples of many videos take a while: not on the page's own turn.
            made = await Task.Run(() => RunComparison.OfAsync(store, a.Id, b.Id, Seed, ct), ct).ConfigureAwait(false);
        }
        catch (InvalidDataException e)
        {
            throw RequestException.Conflict(e.Message);
        }

        var flips = made.Flips.Where(f => show == FlipShow.All || (show == FlipShow.Gained ? f.Second > f.First : f.Second < f.First)).ToList();
        var lines = await LinesAsync([a, b], ct).ConfigureAwait(false);
        return new(
            lines[0], lines[1], made.Paired, made.OnlyFirst, made.OnlySecond, IntervalView.Of(made.First), IntervalView.Of(made.Second),
            made.Difference is { } d ? new(IntervalView.Of(d.Difference), d.PValue, d.Resamples) : null, made.Paired > 0 ? made.McNemar : null, IntervalView.Finite(made.MinimalDifference), made.Warnings,
            [.. flips.Skip(skip).Take(take)], flips.Count, made.Flips.Count(f => f.Second < f.First), made.Flips.Count(f => f.Second > f.First), page, size);
    }

    /// <summary>In what two runs differ besides what is compared; empty where one of them is not there.</summary>
    public async Task<IReadOnlyList<ComparisonWarning>> WarningsAsync(string first, string second, CancellationToken ct) =>
        await FindAsync(first, ct).ConfigureAwait(false) is { } a && await FindAsync(second, ct).ConfigureAwait(false) is { } b ? Comparability.Warnings(a, b) : [];

    /// <exception cref="RequestException">404: no run of this task is finished.</exception>
    public async Task<BoardView> BoardAsync(string task, bool all, CancellationToken ct)
    {
        if (string.IsNullOrWhiteSpace(task)) throw RequestException.Invalid("the task is empty; name one, for instance niah");
        var board = await Leaderboard.ForAsync(store, task, all, ct).ConfigureAwait(false);
        return board.Rows.Count > 0 ? BoardView.Of(board) : throw RequestException.NotFound("finished run of the task", AccountRules.Shorten(task));
    }

    /// <exception cref="RequestException">404.</exception>
    public async Task<SweepView> SweepAsync(string id, CancellationToken ct)
    {
        var (runs, total) = await SweepRunsAsync(id, ct).ConfigureAwait(false);
        if (runs.Count == 0) throw RequestException.NotFound("sweep", AccountRules.Shorten(id));
        List<Run> ordered = [.. runs.OrderBy(r => r.CreatedAt).ThenBy(r => r.Id, StringComparer.Ordinal)];
        var lines = (await LinesAsync(ordered, ct).ConfigureAwait(false)).ToDictionary(l => l.Id, StringComparer.Ordinal);
        return new(
            id, ordered[0].Task, total, [.. SweepRow.Of(ordered).Select(r => new SweepLine(lines[r.Run.Id], r.Summary.Costs, r.Fronts))],
            [.. ordered.Where(r => r.Summary is null).Select(r => lines[r.Id])]);
    }

    /// <exception cref="RequestException">It is somebody else's, too long, or there is no such run.</exception>
    public async Task SetNoteAsync(CurrentUser user, string runId, string note, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(note);
        _ = await ForChangeAsync(user, runId, ct).ConfigureAwait(false);
        if (note.Length > RunStore.MaxNote) throw RequestException.Invalid($"the note has {note.Length} characters; {RunStore.MaxNote} are possible");
        await store.SetNoteAsync(runId, note.Trim(), ct).ConfigureAwait(false);
    }

    /// <summary>Deletes a run with its samples and the links to it.</summary>
    /// <exception cref="RequestException">It is somebody else's, it is being worked on, or there is no such run.</exception>
    public async Task DeleteAsync(CurrentUser user, string runId, CancellationToken ct)
    {
        var run = await ForChangeAsync(user, runId, ct).ConfigureAwait(false);
        if (run.State == RunState.Running) throw RequestException.Conflict($"run '{runId}' is being worked on; cancel its job first");
        await store.DeleteAsync(runId, ct).ConfigureAwait(false);
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false)) _ = await db.ShareLinks.Where(l => l.Target == ShareTarget.Run && l.TargetId == runId).ExecuteDeleteAsync(ct).ConfigureAwait(false);
    }

    private async Task<(List<Run> Runs, int Total)> SweepRunsAsync(string id, CancellationToken ct)
    {
        var runs = new List<Run>();
        while (true)
        {
            var (page, total) = await store.ListAsync(new() { SweepId = id, Skip = runs.Count, Take = Math.Min(RunFilter.MaxTake, MaxSweep - runs.Count) }, ct).ConfigureAwait(false);
            runs.AddRange(page);
            if (page.Count == 0 || runs.Count >= Math.Min(total, MaxSweep)) return (runs, total);
        }
    }

    private static bool Matches(Sample sample, SampleQuery query)
    {
        var shown = query.Show switch
        {
            SampleShow.Wrong => SampleDocuments.IsScored(sample) && sample.Corrected < 1,
            SampleShow.Right => SampleDocuments.IsScored(sample) && sample.Corrected >= 1,
            SampleShow.Failed => !SampleDocuments.IsScored(sample),
            _ => true,
        };
        return shown && InGroups(sample, query)
            && (string.IsNullOrWhiteSpace(query.Text) || new[] { sample.DocumentId, sample.Question, sample.Answer, sample.Media }.Any(t => t?.Contains(query.Text.Trim(), StringComparison.OrdinalIgnoreCase) == true));
    }

    private static bool InGroups(Sample sample, SampleQuery query)
    {
        if (query.Labels.Count == 0) return true;
        try
        {
            var labels = RecordJson.Read<Dictionary<string, string>>(sample.Labels);
            return query.Labels.All(l => (l.Name == RunGroups.Part ? sample.Part : labels.GetValueOrDefault(l.Name)) == l.Value);
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private async Task<Run> ForChangeAsync(CurrentUser user, string runId, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(user);
        var run = await GetAsync(runId, ct).ConfigureAwait(false);
        if (CanChange(user, run)) return run;
        throw RequestException.Forbidden(user.CanWrite ? "only who asked for this run and administrators change it" : "viewers read; ask an administrator for the editor role");
    }

    private async Task<IReadOnlyList<RunLine>> LinesAsync(IReadOnlyList<Run> runs, CancellationToken ct)
    {
        var counts = await store.CountsAsync([.. runs.Select(r => r.Id)], ct).ConfigureAwait(false);
        return [.. runs.Select(r => RunLine.Of(r, counts.GetValueOrDefault(r.Id)))];
    }
}
