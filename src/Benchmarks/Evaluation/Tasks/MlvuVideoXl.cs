using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// MLVU as Video-XL runs it: the options stand in the question, the character before the answer's first ")", or the whole answer,
/// must be the letter ("D", "(D) text"; "D." is wrong), and the total is per question, not the mean of the parts.
/// </summary>
public sealed class MlvuVideoXl : EvalTask
{
    /// <summary>Parts in the order of the original's report; two are generative and stay empty here.</summary>
    internal static readonly string[] Types = ["TR", "AR", "VS", "NQA", "ER", "PQA", "SSC", "AO", "AC"];

    public override string Name => "mlvu_videoxl";

    public override string Title => "MLVU (multiple choice, dev) as Video-XL";

    public override EvalLimits Limits => new(256, 16);

    public override IReadOnlyList<(string File, string Part)> Files => [("mlvu_videoxl/mlvu_dev.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var (question, answer) = (fields.Text("question"), fields.Text("answer"));
        var options = Options(question);
        var gold = Letters.IndexOf(answer);
        return new EvalDocument
        {
            Id = $"{index}",
            Media = fields.Text("video_name"),
            Question = question,
            Options = options,
            Answer = answer,
            Gold = gold >= 0 && gold < options.Count ? gold : null,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["task_type"] = fields.Text("task_type") },
        };
    }

    public override EvalPrompt Prompt(EvalDocument document) => new($"\n{document.Question}\nOnly give the best option.\n\nBest option: (");

    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        var parsed = Parse(PythonText.Strip(answer));
        return ChoiceScore.Of(document, answer, parsed, parsed == document.Answer ? 1 : 0);
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0) =>
    [
        Row("overall", samples),
        .. Types.Select(t => Row($"task_type: {t}", [.. samples.Where(s => s.Document.Labels["task_type"] == t)])),
    ];

    private static AggregateRow Row(string name, IReadOnlyList<ScoredSample> samples) =>
        new(name, samples.Count == 0 ? 0 : 100 * samples.Sum(s => s.Score.Official!.Value) / samples.Count, Means.Corrected(samples), samples.Count);

    /// <summary>The character before the first ")", for a bracket in front the last one as Python's index -1 has it; else all of it.</summary>
    private static string Parse(string answer) => answer.IndexOf(')', StringComparison.Ordinal) switch
    {
        < 0 => answer,
        0 => answer[^1..],
        var at => answer[(at - 1)..at],
    };

    private static List<string> Options(string question) => [.. question.Split('\n').Where(line => line is ['(', >= 'A' and <= 'Z', ')', ..]).Select(line => line[3..].TrimStart())];
}
