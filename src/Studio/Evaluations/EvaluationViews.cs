using System.Text.Json;
using Studio.Benchmarks.Records;

namespace Studio.Evaluations;

/// <summary>A task that can be run.</summary>
/// <param name="Name">In requests.</param>
/// <param name="Title">For people.</param>
/// <param name="IsReady">It runs without files: the studio draws its videos and questions.</param>
/// <param name="Files">Annotation files that the official set has; empty for one's own set.</param>
/// <param name="NeedsVideos">Whether a folder of videos has to be named.</param>
/// <param name="NeedsJudge">Whether another model scores the answers.</param>
/// <param name="IsNeedleGrid">Lengths, depths or hops, and questions a cell can be given.</param>
/// <param name="Grid">What a drawn needle task takes where a request says nothing; null for others.</param>
/// <param name="MaxFrames">Frames at most, where no setting says otherwise.</param>
public sealed record EvalTaskView(
    string Name, string Title, bool IsReady, IReadOnlyList<string> Files, bool NeedsVideos, bool NeedsJudge, bool IsNeedleGrid, bool HasHops, NeedleGridView? Grid, int MaxFrames, int MaxNewTokens, int PromptVersion, int ScorerVersion);

/// <summary>Cells of a drawn needle task.</summary>
/// <param name="Lengths">Frames.</param>
/// <param name="Depths">From 0 to 1; of a single needle.</param>
/// <param name="Hops">Steps; of a chain.</param>
/// <param name="PerCell">Questions.</param>
public sealed record NeedleGridView(IReadOnlyList<int> Lengths, IReadOnlyList<double> Depths, IReadOnlyList<int> Hops, int PerCell);

/// <summary>A run as it is recorded.</summary>
/// <param name="Given">The request as it was asked for.</param>
/// <param name="Resolved">The settings as resolved for model and data.</param>
/// <param name="Summary">Reported numbers; null until it is finished.</param>
public sealed record EvalRunView(
    string Id, string Source, string Task, string Model, EvalVariant Variant, EvalProtocol Protocol, string Compression, string Frames, RunState State, string? Error, int Samples,
    string? SweepId, string OwnerId, string OwnerName, string Note, DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt, JsonElement? Given, JsonElement? Resolved, JsonElement? Provenance,
    JsonElement? Summary)
{
    internal static EvalRunView Of(Run run, bool isWhole) => new(
        run.Id, run.Source, run.Task, run.Model, run.Variant, run.Protocol, run.Compression, run.Frames, run.State, run.Error, run.Samples, run.SweepId, run.OwnerId, run.OwnerName, run.Note,
        run.CreatedAt, run.FinishedAt, isWhole ? EvalJson.Parse(run.Given) : null, isWhole ? EvalJson.Parse(run.Resolved) : null, isWhole ? EvalJson.Parse(run.Provenance) : null,
        EvalJson.Parse(run.Summary));
}

/// <summary>An answer as it is recorded.</summary>
/// <param name="Parsed">As the original's scorer read it.</param>
/// <param name="Official">The original's number, 0 to 1.</param>
/// <param name="Corrected">The corrected number, 0 to 1; null where the sample failed.</param>
/// <param name="ErrorClass">Kind of failure; null where it was scored.</param>
public sealed record EvalSampleView(
    int Ordinal, string DocumentId, string Part, string Media, string MediaHash, string Question, string Prompt, string? Answer, string? Judgement, string Expected, JsonElement? Options, string? Parsed,
    string? CorrectedParsed, double? Official, double? Corrected, string? ErrorClass, string? Error, int Frames, int VisualTokens, JsonElement? StageTokens, int GeneratedTokens,
    JsonElement? Labels, JsonElement? Measures, JsonElement? Survival, JsonElement? Costs, DateTimeOffset RecordedAt)
{
    internal static EvalSampleView Of(Sample s) => new(
        s.Ordinal, s.DocumentId, s.Part, s.Media, s.MediaHash, s.Question, s.Prompt, s.Answer, s.Judgement, s.Expected, EvalJson.Parse(s.Options), s.Parsed, s.CorrectedParsed, s.Official, s.Corrected,
        s.ErrorClass, s.Error, s.Frames, s.VisualTokens, EvalJson.Parse(s.StageTokens), s.GeneratedTokens, EvalJson.Parse(s.Labels), EvalJson.Parse(s.Measures), EvalJson.Parse(s.Survival),
        EvalJson.Parse(s.Costs), s.RecordedAt);
}

/// <summary>Recorded JSON as a part of an answer.</summary>
internal static class EvalJson
{
    /// <summary>Null for nothing, and for what an import left that is no JSON.</summary>
    public static JsonElement? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
