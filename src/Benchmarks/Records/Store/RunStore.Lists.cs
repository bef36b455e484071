using System.Data;
using Microsoft.EntityFrameworkCore;

namespace Studio.Benchmarks.Records.Store;

/// <summary>What lists of runs can be narrowed by; each in order, at most <see cref="RunStore.MaxFacets"/>.</summary>
public sealed record RunFacets(IReadOnlyList<string> Tasks, IReadOnlyList<string> Models, IReadOnlyList<string> Sources);

/// <summary>What pages with lists of runs ask besides the runs.</summary>
public sealed partial class RunStore
{
    /// <summary>Most values of one kind that a choice offers; a filter finds the others, too.</summary>
    public const int MaxFacets = 200;

    /// <summary>Characters of a note.</summary>
    public const int MaxNote = 2000;

    public Task<RunFacets> FacetsAsync(CancellationToken ct) => ReadAsync(
        async db => new RunFacets(
            await db.Runs.Select(r => r.Task).Distinct().OrderBy(t => t).Take(MaxFacets).ToListAsync(ct).ConfigureAwait(false),
            await db.Runs.Select(r => r.Model).Distinct().OrderBy(m => m).Take(MaxFacets).ToListAsync(ct).ConfigureAwait(false),
            await db.Runs.Select(r => r.Source).Distinct().OrderBy(s => s).Take(MaxFacets).ToListAsync(ct).ConfigureAwait(false)),
        ct);

    /// <summary>Samples that are recorded, by run; runs without any are left out.</summary>
    public Task<IReadOnlyDictionary<string, int>> CountsAsync(IReadOnlyCollection<string> runIds, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(runIds);
        return ReadAsync<IReadOnlyDictionary<string, int>>(
            async db => await db.Samples.Where(s => runIds.Contains(s.RunId)).GroupBy(s => s.RunId).Select(g => new { g.Key, Count = g.Count() })
                .ToDictionaryAsync(g => g.Key, g => g.Count, StringComparer.Ordinal, ct).ConfigureAwait(false),
            ct);
    }

    /// <summary>Replaces the free text of a run.</summary>
    /// <exception cref="ArgumentException">It is longer than <see cref="MaxNote"/>.</exception>
    /// <exception cref="KeyNotFoundException">There is no such run.</exception>
    public async Task SetNoteAsync(string runId, string note, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(note);
        if (note.Length > MaxNote) throw new ArgumentException($"A note has at most {MaxNote} characters, not {note.Length}.", nameof(note));
        var changed = await WriteAsync(
            db => db.Runs.Where(r => r.Id == runId).ExecuteUpdateAsync(u => u.SetProperty(r => r.Note, note), ct), IsolationLevel.ReadCommitted, ct).ConfigureAwait(false);
        if (changed == 0) throw Missing(runId);
    }
}
