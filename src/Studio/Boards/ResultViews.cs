using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Benchmarks.Evaluation.Statistics;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Reports;
using Studio.Benchmarks.Running;

namespace Studio.Boards;

/// <summary>A value with its 95 % interval; without a value where nothing was scored.</summary>
public sealed record IntervalView(double? Value, double Low, double High)
{
    public static IntervalView Of(Estimate estimate)
    {
        ArgumentNullException.ThrowIfNull(estimate);
        return new(Finite(estimate.Value), Finite(estimate.Low) ?? 0, Finite(estimate.High) ?? 1);
    }

    public static IntervalView Of(RunSummary summary)
    {
        ArgumentNullException.ThrowIfNull(summary);
        return Of(new Estimate(summary.Accuracy, summary.Low, summary.High));
    }

    internal static double? Finite(double value) => double.IsFinite(value) ? value : null;
}

/// <summary>Which run, in words.</summary>
/// <param name="Setting">Variant, frames and compression.</param>
/// <param name="Accuracy">Mean corrected score, 0 to 1; null until the run is finished.</param>
public sealed record RunLine(
    string Id, string Source, string Task, string Model, string Setting, string Compression, string Frames, EvalVariant Variant, EvalProtocol Protocol, RunState State, string? SweepId,
    string OwnerName, string Note, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, int Samples, int Recorded, int? Scored, int? Failed, IntervalView? Accuracy, string? Error)
{
    public bool IsImported => Source != "studio";

    /// <summary>The preset that was asked for, such as "strong"; null for a schedule of one's own and where none was named.</summary>
    public string? Preset { get; init; }

    /// <summary>Variant, frames and compression, a preset by its name.</summary>
    [JsonIgnore]
    public string SettingWords => Preset is null ? Setting : Setting.Replace($"compression {Compression}", Preset, StringComparison.Ordinal);

    /// <summary>As it was asked for, with folders of the machine in it.</summary>
    [JsonIgnore]
    public string Given { get; init; } = "";

    /// <summary>0 to 1.</summary>
    public double Done => Samples == 0 ? 0 : Math.Min(1, (double)Recorded / Samples);

    public static RunLine Of(Run run, int recorded)
    {
        ArgumentNullException.ThrowIfNull(run);
        var summary = run.Summary is { } text ? RecordJson.Read<RunSummary>(text) : null;
        return new(
            run.Id, run.Source, run.Task, run.Model, EvalText.Setting(run), run.Compression, run.Frames, run.Variant, run.Protocol, run.State, run.SweepId, run.OwnerName, run.Note, run.CreatedAt, run.FinishedAt,
            run.Samples, recorded, summary?.Scored, summary?.Failed, summary is null ? null : IntervalView.Of(summary), run.Error) { Given = run.Given, Preset = PresetOf(run) };
    }

    private static string? PresetOf(Run run) =>
        run.Source == "studio" && EvalRequest.Of(run)?.Setting.Compress is { Length: > 0 } asked && asked != run.Compression && asked.All(char.IsAsciiLetter) ? asked : null;
}

/// <param name="Warnings">In what the row differs from the board's first group.</param>
/// <param name="Provenance">What the run was made with; null where that is unknown.</param>
/// <param name="Others">Earlier runs of exactly the same setting, weights and data that this one stands for.</param>
public sealed record BoardLine(
    RunLine Run, int Group, bool IsControl, bool IsImported, double? Chance, RunCosts Costs, IReadOnlyList<ComparisonWarning> Warnings, int Others, string PromptVersion, string ScorerVersion, string DataHash,
    Provenance? Provenance);

/// <param name="Groups">Groups of comparable rows; compare within a group only.</param>
/// <param name="Chance">Mean probability of guessing right over the task's questions; null where no run knows it.</param>
public sealed record BoardView(string Task, string Title, IReadOnlyList<BoardLine> Rows, int Groups, IReadOnlyList<string> Warnings, double? Chance)
{
    public static BoardView Of(Leaderboard board)
    {
        ArgumentNullException.ThrowIfNull(board);
        return new(
            board.Task, board.Title,
            [.. board.Rows.Select(r => new BoardLine(
                RunLine.Of(r.Run, r.Summary.Scored + r.Summary.Failed), r.Group, r.IsControl, r.IsImported, r.Summary.Chance is { } chance ? IntervalView.Finite(chance) : null, r.Summary.Costs, r.Warnings, r.Others,
                Version(r.Run.PromptVersion), Version(r.Run.ScorerVersion), r.Run.DataHash, ProvenanceOf(r.Run)))],
            board.Groups, board.Warnings, board.Rows.Select(r => r.Summary.Chance).FirstOrDefault(c => c is { } chance && double.IsFinite(chance)));
    }

    /// <summary>Null where it is unknown, as of another program's run.</summary>
    internal static Provenance? ProvenanceOf(Run run)
    {
        try
        {
            return run.Provenance.Length > 2 ? RecordJson.Read<Provenance>(run.Provenance) : null;
        }
        catch (JsonException)
        {
            return null; // an imported run's own words
        }
    }

    private static string Version(int number) => number == 0 ? "unknown" : number.ToString(System.Globalization.CultureInfo.InvariantCulture);
}

/// <param name="Fronts">Costs for which no other setting is as right and cheaper: "time", "memory", "tokens", "FLOPs".</param>
public sealed record SweepLine(RunLine Run, RunCosts Costs, IReadOnlyList<string> Fronts);

/// <param name="Total">Runs of the sweep; the latest <see cref="ResultsService.MaxSweep"/> of them are here.</param>
/// <param name="Settings">Of the finished runs, in the order in which they were asked for.</param>
/// <param name="Waiting">Runs without numbers yet, or that failed.</param>
public sealed record SweepView(string Id, string Task, int Total, IReadOnlyList<SweepLine> Settings, IReadOnlyList<RunLine> Waiting);

public sealed record DifferenceView(IntervalView Difference, double PValue, int Resamples);

/// <summary>Two runs on the documents that both scored.</summary>
/// <param name="Difference">Second minus first by paired bootstrap over videos; null without paired documents.</param>
/// <param name="MinimalDifference">Smallest true difference that these documents would show with a power of 0.8 at a level of 0.05; null where that cannot be told.</param>
/// <param name="Flips">One page of them, in the order of the first run's documents.</param>
/// <param name="FlipsInAll">Documents whose score differs, of those that are asked for.</param>
/// <param name="Lost">Documents whose score is lower in the second.</param>
/// <param name="Gained">Documents whose score is higher in the second.</param>
public sealed record ComparisonView(
    RunLine First, RunLine Second, int Paired, int OnlyFirst, int OnlySecond, IntervalView FirstAccuracy, IntervalView SecondAccuracy, DifferenceView? Difference, McNemar? McNemar, double? MinimalDifference,
    IReadOnlyList<ComparisonWarning> Warnings, IReadOnlyList<Flip> Flips, int FlipsInAll, int Lost, int Gained, int Page, int Size);

/// <summary>Which flips of a comparison a list shows.</summary>
public enum FlipShow
{
    All,

    /// <summary>The second run has a lower score.</summary>
    Lost,

    /// <summary>The second run has a higher score.</summary>
    Gained,
}

/// <param name="Label">"part" or a label's name.</param>
public sealed record GroupView(string Label, string Value, int Count, IntervalView Score)
{
    public static GroupView Of(RunGroup group)
    {
        ArgumentNullException.ThrowIfNull(group);
        return new(group.Label, group.Value, group.Count, IntervalView.Of(group.Score));
    }
}

/// <summary>Which samples of a run a list shows.</summary>
public enum SampleShow
{
    All,

    /// <summary>Scored, and not wholly right.</summary>
    Wrong,

    /// <summary>Scored, and wholly right.</summary>
    Right,

    /// <summary>Unscored.</summary>
    Failed,
}

/// <summary>A label that samples have in common; "part" is the part of the set.</summary>
public sealed record SampleLabel(string Name, string Value)
{
    /// <summary>Of "name:value"; null where there is no name.</summary>
    public static SampleLabel? TryParse(string? text) => text?.IndexOf(':', StringComparison.Ordinal) is { } at and > 0 ? new(text[..at], text[(at + 1)..]) : null;

    public override string ToString() => $"{Name}:{Value}";
}

/// <param name="labels">All of which a sample has.</param>
/// <param name="text">Part of document, question or answer, without case.</param>
public sealed class SampleQuery(SampleShow show = SampleShow.All, IReadOnlyList<SampleLabel>? labels = null, string? text = null)
{
    public SampleShow Show => show;

    public IReadOnlyList<SampleLabel> Labels { get; } = labels ?? [];

    public string? Text => text;

    public bool IsEmpty => show == SampleShow.All && Labels.Count == 0 && string.IsNullOrWhiteSpace(text);
}

/// <summary>Which runs a list shows.</summary>
/// <param name="Text">Part of task, model, compression or note, without case.</param>
public sealed record RunQuery(string? Task = null, string? Model = null, RunState? State = null, string? Source = null, string? Sweep = null, string? Text = null)
{
    public bool IsEmpty => this == new RunQuery();
}

/// <summary>How the video of a sample can be watched.</summary>
/// <param name="Path">Address below the studio's; null where it cannot be watched.</param>
/// <param name="Reason">Why not, and what to do; null where it can.</param>
/// <param name="Start">Second where the part that was shown begins; null for the whole video.</param>
/// <param name="Needles">Seconds in which needles are shown.</param>
public sealed record ClipView(string? Path, string? Reason, double? Start = null, double? End = null, IReadOnlyList<ClipSpan>? Needles = null);

/// <summary>Seconds of a video.</summary>
public sealed record ClipSpan(double Start, double End);

/// <param name="Note">Free text; empty removes it.</param>
public sealed record RunNote(string Note);
