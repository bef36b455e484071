using Studio.Benchmarks.Evaluation.Statistics;

namespace Studio.Benchmarks.Records.Reports;

/// <summary>A document that one run has right and the other wrong, or where the score differs.</summary>
/// <param name="FirstOrdinal">Its sample in the first run.</param>
public sealed record Flip(string DocumentId, int FirstOrdinal, int SecondOrdinal, double First, double Second, string? FirstAnswer, string? SecondAnswer, string Expected);

/// <summary>Two runs on the documents that both scored.</summary>
public sealed record RunComparison
{
    /// <summary>Characters of an answer that a flip shows.</summary>
    public const int MaxAnswer = 200;

    public required string FirstId { get; init; }

    public required string SecondId { get; init; }

    /// <summary>Documents that both scored.</summary>
    public required int Paired { get; init; }

    /// <summary>Scored by the first only.</summary>
    public required int OnlyFirst { get; init; }

    public required int OnlySecond { get; init; }

    /// <summary>Mean scores over the paired documents, 0 to 1, with 95 % intervals.</summary>
    public required Estimate First { get; init; }

    public required Estimate Second { get; init; }

    /// <summary>Second minus first by paired bootstrap over clusters; null without paired documents.</summary>
    public required BootstrapResult? Difference { get; init; }

    /// <summary>Null where a score is neither 0 nor 1.</summary>
    public required McNemar? McNemar { get; init; }

    /// <summary>Smallest true difference that these documents would show with a power of 0.8 at a level of 0.05; NaN where that cannot be told: for fewer than two clusters, and where no difference varies.</summary>
    public required double MinimalDifference { get; init; }

    /// <summary>In order of the first run's documents.</summary>
    public required IReadOnlyList<Flip> Flips { get; init; }

    /// <summary>In what the runs differ besides what is compared.</summary>
    public required IReadOnlyList<ComparisonWarning> Warnings { get; init; }

    /// <param name="seed">Of the bootstrap: the same seed gives the same numbers.</param>
    public static async Task<RunComparison> OfAsync(IRunStore store, string firstId, string secondId, ulong seed, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(store);
        var (first, second) = (await store.GetAsync(firstId, ct).ConfigureAwait(false), await store.GetAsync(secondId, ct).ConfigureAwait(false));
        return Of(first, await ReadAsync(store, firstId, ct).ConfigureAwait(false), second, await ReadAsync(store, secondId, ct).ConfigureAwait(false), seed);
    }

    /// <summary>From rows at hand; those without a score are left out.</summary>
    public static RunComparison Of(Run first, IEnumerable<Sample> firstSamples, Run second, IEnumerable<Sample> secondSamples, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(firstSamples);
        ArgumentNullException.ThrowIfNull(secondSamples);
        return Of(first, firstSamples.Where(SampleDocuments.IsScored).Select(Side.Of), second, secondSamples.Where(SampleDocuments.IsScored).Select(Side.Of), seed);
    }

    private static RunComparison Of(Run first, IEnumerable<Side> firstSides, Run second, IEnumerable<Side> secondSides, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var (a, b) = (Index(first, firstSides), Index(second, secondSides));
        var pairs = a.Values.Where(s => b.ContainsKey(s.DocumentId)).OrderBy(s => s.Ordinal).Select(s => (First: s, Second: b[s.DocumentId])).ToList();
        var (firstScores, secondScores) = (pairs.ConvertAll(p => p.First.Score), pairs.ConvertAll(p => p.Second.Score));
        var clusters = pairs.ConvertAll(p => p.First.Cluster);
        var differences = pairs.ConvertAll(p => p.Second.Score - p.First.Score);
        var binary = pairs.TrueForAll(p => p.First.Score is 0 or 1 && p.Second.Score is 0 or 1);
        var error = Estimates.ClusteredError(differences, clusters);
        var warnings = Comparability.Warnings(first, second).ToList();
        if (pairs.Count < Math.Max(a.Count, b.Count)) warnings.Add(new("documents", $"Only {pairs.Count} documents are scored in both; {a.Count - pairs.Count} are in the first only, {b.Count - pairs.Count} in the second."));
        return new RunComparison
        {
            FirstId = first.Id,
            SecondId = second.Id,
            Paired = pairs.Count,
            OnlyFirst = a.Count - pairs.Count,
            OnlySecond = b.Count - pairs.Count,
            First = RunSummaries.Estimate(firstScores, clusters),
            Second = RunSummaries.Estimate(secondScores, clusters),
            Difference = pairs.Count == 0 ? null : PairedBootstrap.Run(firstScores, secondScores, seed, clusters),
            McNemar = binary ? McNemar.Of(firstScores.ConvertAll(s => s == 1), secondScores.ConvertAll(s => s == 1)) : null,
            // Documents whose differences are all the same say nothing of how differences vary: an error of 0 is no estimate of it.
            MinimalDifference = error > 0 ? Power.MinimalDifference(error, 0.05, Power.DefaultPower) : double.NaN,
            Flips = [.. pairs.Where(p => p.First.Score != p.Second.Score).Select(p => new Flip(p.First.DocumentId, p.First.Ordinal, p.Second.Ordinal, p.First.Score, p.Second.Score, p.First.Answer, p.Second.Answer, p.First.Expected))],
            Warnings = warnings,
        };
    }

    private static Dictionary<string, Side> Index(Run run, IEnumerable<Side> sides)
    {
        var index = new Dictionary<string, Side>(StringComparer.Ordinal);
        foreach (var side in sides)
        {
            if (!index.TryAdd(side.DocumentId, side)) throw new InvalidDataException($"Run {run.Id} has the document '{side.DocumentId}' twice; its samples cannot be paired.");
        }

        return index;
    }

    /// <summary>Of each row only what is compared is kept: answers can be long.</summary>
    private static async Task<List<Side>> ReadAsync(IRunStore store, string runId, CancellationToken ct)
    {
        var sides = new List<Side>();
        await foreach (var sample in store.SamplesAsync(runId, ct).ConfigureAwait(false))
        {
            if (SampleDocuments.IsScored(sample)) sides.Add(Side.Of(sample));
        }

        return sides;
    }

    private sealed record Side(int Ordinal, string DocumentId, string Cluster, double Score, string? Answer, string Expected)
    {
        public static Side Of(Sample sample) => new(sample.Ordinal, sample.DocumentId, sample.Cluster, sample.Corrected!.Value, Cut(sample.CorrectedParsed ?? sample.Answer), Cut(sample.Expected)!);

        private static string? Cut(string? text) => text?.Length > MaxAnswer ? text[..MaxAnswer] + "…" : text;
    }
}
