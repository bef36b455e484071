namespace Studio.Engine.Compression.Views;

/// <summary>What another way of keeping starts from.</summary>
public enum CounterfactualBasis
{
    /// <summary>The other way rules from the first drop on: it chooses among what it kept itself before.</summary>
    Run,

    /// <summary>At each drop the other way chooses among the tokens that this run offered to it.</summary>
    Drop,
}

/// <summary>
/// What evenly spaced and random keeping at the same budget would have kept, against what the run kept. Same budget: as many
/// tokens at each drop.
/// </summary>
/// <remarks>
/// <para>Uniform: <see cref="TokenSelection.Uniform"/>, in each media by itself with the run's ratios, as a run with that type
/// does; where an earlier drop left a media fewer candidates than its ratio asks for, over all media together.</para>
/// <para>Random: every set of as many of the candidates is equally likely; one is drawn from the seed. What a random choice
/// shares with the k tokens kept is hypergeometric: of N tokens that it could have kept it shares k k / N on average, with
/// variance k (k / N) (1 - k / N) (N - k) / (N - 1). N is all visual tokens (<see cref="CounterfactualBasis.Run"/>: a random part
/// of a random part is a random part) or those offered (<see cref="CounterfactualBasis.Drop"/>).</para>
/// </remarks>
public static class Counterfactual
{
    /// <returns>One entry a drop; none when nothing was dropped.</returns>
    /// <exception cref="InvalidDataException">The trace's settings do not fit its stages.</exception>
    public static IReadOnlyList<CounterfactualStage> Of(TraceShape shape, CounterfactualBasis basis, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(shape);
        if (!Enum.IsDefined(basis)) throw new ArgumentOutOfRangeException(nameof(basis), basis, "use Run or Drop");
        if (shape.Stages < 2) return []; // nothing was dropped
        var ratios = Ratios(shape);
        var stages = new List<CounterfactualStage>(); // bounded by the stages
        var random = new RandomSubset(seed);
        int[] uniform = shape.Alive(0), drawn = uniform;
        for (var s = 1; s < shape.Stages; s++)
        {
            var (offered, kept) = (shape.Alive(s - 1), shape.Alive(s));
            uniform = Uniform(shape, basis == CounterfactualBasis.Run ? uniform : offered, ratios, s, kept.Length);
            drawn = random.Draw(basis == CounterfactualBasis.Run ? drawn : offered, kept.Length);
            var stage = shape.Trace.Stages[s];
            var population = basis == CounterfactualBasis.Run ? shape.VisualTokens : offered.Length;
            stages.Add(new(
                s, stage.FirstLayer, stage.Method, offered.Length, kept.Length, population,
                Kept(shape, kept, kept, offered, stage.Scores), Kept(shape, uniform, kept, offered, stage.Scores), Kept(shape, drawn, kept, offered, stage.Scores),
                Expected(kept.Length, population)));
        }

        return stages;
    }

    private static VisualDropout Ratios(TraceShape shape)
    {
        try
        {
            var settings = VisualDropout.Parse(shape.Trace.Settings, shape.Layers);
            if (settings.StageRatios.Count == shape.Stages) return settings;
        }
        catch (ArgumentException)
        {
            // said below
        }

        throw new InvalidDataException($"the trace is damaged: its settings '{shape.Trace.Settings}' do not describe {shape.Stages} stages of {shape.Layers} layers");
    }

    private static int[] Uniform(TraceShape shape, int[] candidates, VisualDropout settings, int stage, int budget)
    {
        var chosen = new List<int>(budget);
        var at = 0;
        for (var m = 0; m < shape.Trace.Media.Count; m++)
        {
            var (first, (_, end)) = (at, shape.TokensOf(m));
            while (at < candidates.Length && candidates[at] < end) at++;
            var share = settings.Alive(shape.Trace.Media[m].Tokens, stage);
            if (share > at - first) return Together(candidates, budget);
            foreach (var i in TokenSelection.Uniform(at - first, share)) chosen.Add(candidates[first + i]);
        }

        return chosen.Count == budget ? [.. chosen] : Together(candidates, budget);
    }

    private static int[] Together(int[] candidates, int budget) => Array.ConvertAll(TokenSelection.Uniform(candidates.Length, budget), i => candidates[i]);

    /// <param name="chosen">Ascending, as are <paramref name="kept"/> and <paramref name="offered"/>.</param>
    private static KeptTokens Kept(TraceShape shape, int[] chosen, int[] kept, int[] offered, float[] scores)
    {
        var (shared, k) = (0, 0);
        foreach (var token in chosen)
        {
            while (k < kept.Length && kept[k] < token) k++;
            if (k < kept.Length && kept[k] == token) shared++;
        }

        double mass = 0, all = 0;
        var c = 0;
        for (var i = 0; i < scores.Length; i++)
        {
            all += scores[i];
            while (c < chosen.Length && chosen[c] < offered[i]) c++;
            if (c < chosen.Length && chosen[c] == offered[i]) mass += scores[i];
        }

        var (clips, at) = (0, 0);
        for (var clip = 0; clip < shape.TotalClips; clip++)
        {
            var end = shape.TokensOfClip(clip).End;
            var before = at;
            while (at < chosen.Length && chosen[at] < end) at++;
            if (at > before) clips++;
        }

        var union = chosen.Length + kept.Length - shared;
        return new(chosen.Length, shared, kept.Length == 0 ? 1 : shared / (double)kept.Length, union == 0 ? 1 : shared / (double)union, clips, all > 0 ? mass / all : null);
    }

    private static ExpectedOverlap Expected(int kept, int population)
    {
        if (population == 0) return new(0, 1, 0);
        double k = kept, n = population;
        var mean = k * k / n;
        var variance = n < 2 ? 0 : k * (k / n) * (1 - (k / n)) * (n - k) / (n - 1);
        return new(mean, k / n, Math.Sqrt(variance));
    }
}

/// <summary>One drop, and what other ways would have kept at it.</summary>
/// <param name="Stage">The stage (0-based) that the drop begins.</param>
/// <param name="Layer">Its first layer, 0-based.</param>
/// <param name="Method">How the run chose: uniform or attention.</param>
/// <param name="Offered">Tokens alive before the drop in the run.</param>
/// <param name="Budget">k: tokens kept.</param>
/// <param name="Population">N: tokens that a random choice could have kept.</param>
/// <param name="Actual">The run's own choice, for its clips and mass.</param>
/// <param name="Expected">What random choices share with the run's on average.</param>
public sealed record CounterfactualStage(
    int Stage, int Layer, string Method, int Offered, int Budget, int Population, KeptTokens Actual, KeptTokens Uniform, KeptTokens Random, ExpectedOverlap Expected);

/// <summary>A choice of tokens against the run's.</summary>
/// <param name="Count">Tokens chosen.</param>
/// <param name="Shared">Of them, kept by the run too.</param>
/// <param name="SharedShare">Shared / kept by the run.</param>
/// <param name="Jaccard">Shared / chosen by either.</param>
/// <param name="Clips">Clips with at least one chosen token.</param>
/// <param name="ScoreShare">Of the attention score of all tokens offered to the drop, the share on chosen ones; null when the drop did not rank.</param>
public sealed record KeptTokens(int Count, int Shared, double SharedShare, double Jaccard, int Clips, double? ScoreShare);

/// <param name="Shared">Mean number of shared tokens: k k / N.</param>
/// <param name="SharedShare">The same over k: k / N.</param>
/// <param name="Deviation">Standard deviation of the number.</param>
public sealed record ExpectedOverlap(double Shared, double SharedShare, double Deviation);
