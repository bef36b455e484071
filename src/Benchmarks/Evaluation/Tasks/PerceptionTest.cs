using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Perception Test's multiple-choice validation set as VideoChat-Flash runs it. Defects kept: every option behind the second is labelled
/// (C), though a fourth is D when scored; only capitals with word boundaries count ("A person" is A, "b" is nothing).
/// </summary>
public sealed class PerceptionTest : EvalTask
{
    public override string Name => "perceptiontest";

    public override string Title => "Perception Test (val, multiple choice)";

    public override EvalLimits Limits => new(512, 1024);

    public override IReadOnlyList<(string File, string Part)> Files => [("perceptiontest/mc_question_val.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var options = fields.Options("options");
        var gold = fields.Whole("answer_id");
        if (gold < 0 || gold >= options.Count) throw fields.Problem($"'answer_id' is {gold}, but there are {options.Count} options.");
        return new EvalDocument
        {
            // Questions are numbered within a video.
            Id = $"{fields.Text("video_name")}/{fields.TextOr("question_id", index.ToString(System.Globalization.CultureInfo.InvariantCulture))}",
            Media = fields.Text("video_name") + ".mp4",
            Question = fields.Text("question"),
            Options = options,
            Answer = options[gold],
            Gold = gold,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["area"] = fields.TextOr("area", ""), ["reasoning"] = fields.TextOr("reasoning", "") },
        };
    }

    public override EvalPrompt Prompt(EvalDocument document) => new("\nQuestion: " + document.Question
        + string.Concat(document.Options.Select((option, i) => $"\n({Letters.At(Math.Min(i, 2))}). {option}")) + "\nOnly give the best option.");

    public override EvalScore Score(EvalDocument document, string answer)
    {
        var text = PythonText.Strip(answer);
        var at = PythonText.IndexOfIsolated(text, "ABCD");
        var letter = at < 0 ? null : text[at].ToString();
        return ChoiceScore.Of(document, answer, letter, letter is not null && letter == document.GoldLetter ? 1 : 0);
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0) =>
    [
        Row("overall", samples),
        .. Means.By(samples, "area").Select(g => Row($"area: {g.Key}", [.. g])),
        .. Means.By(samples, "reasoning").Select(g => Row($"reasoning: {g.Key}", [.. g])),
    ];

    private static AggregateRow Row(string name, IReadOnlyList<ScoredSample> samples) =>
        new(name, samples.Count == 0 ? 0 : samples.Sum(s => s.Score.Official!.Value) / samples.Count, Means.Corrected(samples, 1), samples.Count, AggregateUnit.Fraction);
}
