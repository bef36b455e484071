using System.Globalization;

namespace Studio.Benchmarks.Records.Reports;

/// <summary>Something in which two runs differ besides what is compared.</summary>
/// <param name="What">"frames", "prompt", "scorer", "data", "protocol", "variant", "judge", "task" or "source".</param>
/// <param name="Message">For people.</param>
public sealed record ComparisonWarning(string What, string Message);

/// <summary>What must be equal for two numbers to be compared.</summary>
public static class Comparability
{
    /// <summary>Runs with equal texts may be compared. Model and compression are not in it: they are what is compared.</summary>
    public static string GroupOf(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        return string.Join('\n', Facts(run).Select(f => $"{f.What}={f.Value}"));
    }

    /// <summary>Every difference, in a fixed order; empty where the two may be compared.</summary>
    public static IReadOnlyList<ComparisonWarning> Warnings(Run first, Run second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return
        [
            .. Facts(first).Zip(Facts(second)).Where(p => p.First.Value != p.Second.Value).Select(p => new ComparisonWarning(p.First.What, Message(p.First, p.Second))),
            .. Facts(first).Zip(Facts(second)).Where(p => p.First.Value == p.Second.Value && p.First.Value.Length == 0 && p.First.MustBeKnown)
                .Select(p => new ComparisonWarning(p.First.What, $"The {p.First.Name} is unknown for both.")),
        ];
    }

    /// <summary>Of a control, blind or by lot: it reads no video and no frames, but must have been asked the same questions in the same words.</summary>
    public static IReadOnlyList<ComparisonWarning> ControlWarnings(Run run, Run control)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(control);
        var pairs = Facts(run).Zip(Facts(control)).Where(p => p.First.What is "prompt" or "scorer" or "judge" or "source").Append((Questions(run), Questions(control)));
        return [.. pairs.Where(p => p.Item1.Value != p.Item2.Value).Select(p => new ComparisonWarning(p.Item1.What, Message(p.Item1, p.Item2)))];
    }

    private static Fact Questions(Run run)
    {
        var hash = run.Provenance.Length > 2 ? RecordJson.Read<Provenance>(run.Provenance).AnnotationHash : "";
        return new("data", "set of questions", $"{hash} {run.Samples}") { Shown = hash.Length == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"{Short(hash)}, {run.Samples} of them") };
    }

    private static string Message(Fact first, Fact second)
    {
        if (first.Shown.Length == 0 || second.Shown.Length == 0)
        {
            return $"The {first.Name} of {(first.Shown.Length == 0 ? "the first" : "the second")} is unknown; the other's is {(first.Shown.Length == 0 ? second.Shown : first.Shown)}.";
        }

        return $"The {first.Name} differs: {first.Shown} and {second.Shown}.";
    }

    private static Fact[] Facts(Run run) =>
    [
        new("task", "task", run.Task),
        new("data", "data", run.DataHash) { Shown = Short(run.DataHash), MustBeKnown = true },
        new("frames", "choice of frames", run.Frames),
        new("prompt", "version of the prompts", Version(run.PromptVersion)) { MustBeKnown = true },
        new("scorer", "version of the scorer", Version(run.ScorerVersion)) { MustBeKnown = true },
        new("protocol", "protocol", run.Protocol.ToString().ToLowerInvariant()),
        new("variant", "variant", run.Variant.ToString().ToLowerInvariant()),
        new("judge", "judge", Judge(run)),
        new("source", "program", run.Source),
    ];

    private static string Version(int number) => number == 0 ? "" : number.ToString(CultureInfo.InvariantCulture);

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;

    private static string Judge(Run run) => EvalRequest.Of(run)?.JudgeModel ?? "";

    private sealed record Fact(string What, string Name, string Value)
    {
        public string Shown { get; init; } = Value;

        /// <summary>Without it two runs cannot be called comparable.</summary>
        public bool MustBeKnown { get; init; }
    }
}
