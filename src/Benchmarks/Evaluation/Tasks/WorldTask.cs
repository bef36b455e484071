using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Scoring;
using Studio.Engine.Training;
using Studio.Engine.World;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Questions about videos of the drawn world, asked in the words that the shipped models learned. Letters are read by the corrected
/// extraction; open answers must be the same words, where case, articles and punctuation do not count. A reply may say first what leads to its answer
/// (<see cref="WorldQuestion.Stated"/>). There is no original: both scores are the corrected one.
/// </summary>
public abstract class WorldTask : EvalTask
{
    internal const string KindLabel = "kind", FormLabel = "form", LengthLabel = "length";

    /// <summary>Above what the originals' tasks of the same names have: their prompts and scores are others.</summary>
    private const int OwnVersions = 100;

    public override int PromptVersion => OwnVersions + 1;

    public override int ScorerVersion => OwnVersions + 1 + base.ScorerVersion;

    /// <summary>New tokens enough for a rationale that counts to eight, and for the longest description.</summary>
    public override EvalLimits Limits => new(512, 96);

    /// <summary>A line of an annotation file that <c>world make</c> wrote.</summary>
    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var place = $"{Name} row {index}";
        try
        {
            var annotation = WorldAnnotation.Parse(row.GetRawText());
            return Document(annotation.Id, annotation.Video, annotation.ToQuestion(), annotation.Duration);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{place}: {e.Message} Is this an {WorldFolder.AnnotationsName} that `world make` wrote?", e);
        }
    }

    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new(WorldSource.Prompt(Question(document)));
    }

    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(answer);
        if (document.Options.Count > 0)
        {
            var score = ChoiceScore.Of(document, WorldQuestion.Stated(answer), null, null);
            return score with { Parsed = score.CorrectedParsed, Official = score.Corrected };
        }

        var right = Question(document).IsRight(answer) ? 1 : 0;
        var stated = WorldQuestion.Stated(answer).Trim();
        return new() { Parsed = stated, Official = right, CorrectedParsed = stated, Corrected = right };
    }

    /// <summary>A document of a drawn video's question.</summary>
    /// <param name="seconds">Length of the video.</param>
    internal static EvalDocument Document(string id, string media, WorldQuestion question, double seconds)
    {
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            [KindLabel] = question.Kind.Name(),
            [FormLabel] = question.Options is null ? "open" : "lettered",
            [LengthLabel] = string.Create(CultureInfo.InvariantCulture, $"{seconds} s"),
        };
        if (question.Hops > 0) labels[NeedleGrid.HopsLabel] = question.Hops.ToString(CultureInfo.InvariantCulture);
        var gold = Letters.IndexOf(question.Letter);
        if (question.Options is { } options && (gold < 0 || gold >= options.Count)) throw new ArgumentException($"'{question.Letter}' is no letter of {options.Count} options.");
        return new EvalDocument
        {
            Id = id,
            Media = media,
            Question = question.Text,
            Options = question.Options ?? [],
            Answer = question.Answer,
            Gold = question.Options is null ? null : gold,
            Labels = labels,
            Evidence = [.. question.Evidence.Select(e => (e.Start, e.End))],
        };
    }

    /// <summary>Whether what shows the answer is a needle: cards in a haystack.</summary>
    internal static bool HasNeedles(EvalDocument document) => document.Labels.TryGetValue(KindLabel, out var kind) && (kind == WorldKind.Needle.Name() || kind == WorldKind.Chain.Name());

    private static WorldQuestion Question(EvalDocument document) => new()
    {
        Kind = WorldKinds.Parse(document.Labels[KindLabel]),
        Form = document.Options.Count == 0 ? WorldForm.Open : WorldForm.Lettered,
        Text = document.Question,
        Options = document.Options.Count == 0 ? null : document.Options,
        Answer = document.Answer,
        Letter = document.GoldLetter,
        Evidence = [],
    };
}

/// <summary>
/// The ready-made set: every kind of question about drawn videos of the test split, open and lettered, from eight seconds to a minute.
/// Nothing of it is stored but the recipe. With annotations it asks the questions of a folder that <c>world make</c> filled.
/// </summary>
public sealed class WorldSet : WorldTask
{
    public override string Name => "world";

    public override string Title => "Drawn world (every kind of question)";

    public override IReadOnlyList<(string File, string Part)> Files => [(WorldFolder.AnnotationsName, "")];

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(samples);
        AggregateRow Row(string name, IReadOnlyCollection<ScoredSample> members) => new(name, Means.Corrected(members), Means.Corrected(members), members.Count);
        var rows = new List<AggregateRow> { Row("overall", samples) };
        foreach (var label in (string[])[KindLabel, FormLabel, LengthLabel, NeedleGrid.HopsLabel]) rows.AddRange(Means.InOrder(Means.By(samples, label), g => g.Key).Select(g => Row($"{label}: {g.Key}", [.. g])));
        return rows;
    }
}

/// <summary>
/// Needles of the drawn world: a picture card in a haystack of unique frames, or cards that point to one another, four lettered options. One
/// cell for each length and depth, or length and number of steps.
/// </summary>
/// <param name="multi">Chains of cards.</param>
public sealed class WorldNeedle(bool multi = false) : WorldTask
{
    public override string Name => multi ? "mh-niah" : "niah";

    public override string Title => multi ? "MH-NIAH (drawn, multi hop)" : "NIAH (drawn, single hop)";

    /// <summary>New tokens enough for the chain's pictures before the answer.</summary>
    public override EvalLimits Limits => new(10_000, multi ? 64 : 16);

    public override IReadOnlyList<(string File, string Part)> Files => [];

    /// <summary>Rows per cell, frames outermost, and the mean over cells as "overall".</summary>
    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0) => NeedleTask.Cells(samples);
}
