namespace Studio.Benchmarks.Records;

/// <summary>Where a run is.</summary>
public enum RunState
{
    /// <summary>Recorded; no sample is being worked on. A run that was interrupted or cancelled is here too: the same request goes on with it.</summary>
    Open,

    Running,

    /// <summary>Every sample is recorded, scored or failed.</summary>
    Finished,

    /// <summary>It could not go on: the reason is in <see cref="Run.Error"/>.</summary>
    Failed,
}

/// <summary>One evaluation: a row of the results database. Facts that never change after the start are set once.</summary>
public sealed class Run
{
    /// <summary>Sorts by time; unique.</summary>
    public required string Id { get; set; }

    /// <summary>SHA-256 of everything that decides the samples (<see cref="Resolved"/> without folders): equal keys, equal results.</summary>
    public required string Key { get; set; }

    /// <summary>"studio", or where an imported run comes from ("lmms-eval").</summary>
    public string Source { get; set; } = "studio";

    public required string Task { get; set; }

    public required string Model { get; set; }

    public EvalVariant Variant { get; set; }

    public EvalProtocol Protocol { get; set; }

    /// <summary>Compression as resolved for the model, in its text form; empty where unknown.</summary>
    public string Compression { get; set; } = "";

    /// <summary>Frames as resolved ("uniform 64", "rule 64 to 512", …), for people; empty where unknown.</summary>
    public string Frames { get; set; } = "";

    public int PromptVersion { get; set; }

    public int ScorerVersion { get; set; }

    /// <summary>SHA-256 over the annotations and every video's own hash: the data it was run on.</summary>
    public string DataHash { get; set; } = "";

    /// <summary>The <see cref="EvalRequest"/> as given, JSON.</summary>
    public required string Given { get; set; }

    /// <summary>The settings as resolved for model and data, JSON.</summary>
    public required string Resolved { get; set; }

    /// <summary><see cref="Records.Provenance"/>, JSON.</summary>
    public required string Provenance { get; set; }

    /// <summary>Samples it will have.</summary>
    public int Samples { get; set; }

    public RunState State { get; set; }

    public string? Error { get; set; }

    /// <summary>Groups the runs of one sweep; null for a run of its own.</summary>
    public string? SweepId { get; set; }

    /// <summary>Who asked for it; empty on the command line.</summary>
    public string OwnerId { get; set; } = "";

    public string OwnerName { get; set; } = "";

    /// <summary>Free text of the owner.</summary>
    public string Note { get; set; } = "";

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>Reported numbers (<see cref="RunSummary"/>), JSON; null until the run is finished.</summary>
    public string? Summary { get; set; }
}

/// <summary>What a run was made with.</summary>
public sealed record Provenance
{
    /// <summary>Commit of the source, or "unknown" in a folder without history.</summary>
    public required string Commit { get; init; }

    /// <summary>Whether files differed from that commit.</summary>
    public bool IsDirty { get; init; }

    public required string StudioVersion { get; init; }

    public required string LibtorchVersion { get; init; }

    /// <summary>Name and version of every package that has a part in the result.</summary>
    public IReadOnlyDictionary<string, string> Packages { get; init; } = new SortedDictionary<string, string>(StringComparer.Ordinal);

    public required string Device { get; init; }

    public required string Dtype { get; init; }

    public required int Threads { get; init; }

    /// <summary>SHA-256 of the model's weights and configuration.</summary>
    public required string ModelHash { get; init; }

    /// <summary>SHA-256 of the annotation files.</summary>
    public required string AnnotationHash { get; init; }

    /// <summary>Decoder of videos and its version.</summary>
    public required string Ffmpeg { get; init; }
}
