using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// VNBench, each question four times with rotated options; a sample is right only if all four tries are. Video-XL's prompt and extraction
/// (the first bracketed text of the answer), VideoNIAH's scorer: the text before the first period is A if it holds an A, else B, C, D.
/// </summary>
public sealed partial class VnBench : EvalTask
{
    private const int Tries = 4;

    private const string Instruction = "Carefully watch this video and pay attention to every detail. Based on your observations, select the best option that accurately addresses the question.";

    public override string Name => "vnbench";

    public override string Title => "VNBench (four tries)";

    public override int ScorerVersion => 3;

    /// <summary>One frame a second without a cap (video-xl.md 2.6, 7.2): as many as one selection may hold, almost 14 hours.</summary>
    public override EvalLimits Limits => new(SamplingSettings.MaxSelectedFrames, 1024);

    public override IReadOnlyList<(string File, string Part)> Files => [("vnbench/VNBench-main-4try.json", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var options = fields.Options("options");
        var answer = fields.Text("gt");
        var gold = options.ToList().LastIndexOf(answer); // the original's loop keeps the last of equal ones
        return new EvalDocument
        {
            Id = $"{index}",
            Media = fields.Text("video").Split('/')[^1],
            Question = fields.Text("question"),
            Options = options,
            Answer = answer,
            Gold = gold < 0 ? null : gold,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["type"] = fields.Text("type"), ["try"] = fields.Text("try") },
        };
    }

    /// <summary>Ids as Video-XL makes them: the video's name and a count within it, in file order.</summary>
    public override IReadOnlyList<EvalDocument> Finish(IReadOnlyList<EvalDocument> documents)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        return
        [
            .. documents.Select(document =>
            {
                var name = document.Media.Replace(".mp4", "", StringComparison.Ordinal);
                var count = counts.GetValueOrDefault(name);
                counts[name] = count + 1;
                return document with { Id = $"{name}_{count}" };
            }),
        ];
    }

    public override EvalPrompt Prompt(EvalDocument document)
    {
        var question = $"Question: {document.Question}\nOptions:\n" + string.Concat(document.Options.Select((option, i) => $"({Letters.At(i)}) {option}\n"));
        return new("\n" + PythonText.StripEnd(question) + "\n") { System = Instruction, Bare = true };
    }

    public override EvalScore Score(EvalDocument document, string answer)
    {
        var stored = Stored(answer);
        var letter = Letter(stored);
        return ChoiceScore.Of(document, answer, letter, letter == Gold(document) ? 1 : 0);
    }

    /// <summary>What Video-XL stores of an answer: its first bracketed text of one line, or all of it.</summary>
    internal static string Stored(string answer)
    {
        var text = PythonText.Strip(answer);
        return Brackets().Match(text) is { Success: true } match ? match.Groups[1].Value : text;
    }

    /// <summary>What the scorer makes of it: a letter, or the text before the first period.</summary>
    internal static string Letter(string stored)
    {
        var head = stored.Split('.')[0];
        foreach (var letter in "ABCD")
        {
            if (head.Contains(letter, StringComparison.Ordinal)) return letter.ToString();
        }

        return head;
    }

    /// <summary>A right answer that is none of the options becomes "@".</summary>
    internal static string Gold(EvalDocument document) => document.GoldLetter ?? "@";

    /// <summary>A unit a question whose four tries were scored, right if all are: guessing has to be right four times. Types count the same.</summary>
    public override IReadOnlyList<ScoredUnit> Units(IReadOnlyList<ScoredSample> samples)
    {
        ArgumentNullException.ThrowIfNull(samples);
        return
        [
            .. samples.GroupBy(s => (Type: s.Document.Labels["type"], s.Document.Media, s.Document.Question)).Where(q => q.Count() >= Tries)
                .Select(q => new ScoredUnit(q.All(s => s.Score.Corrected > 0) ? 1 : 0, q.First().Document.Cluster, q.Aggregate(1.0, (chance, s) => chance * Variants.Chance(s.Document)), q.Key.Type)),
        ];
    }

    /// <summary>
    /// "overall" is the mean over types. The official sample is an id without its last two characters, which merges or splits samples from the
    /// tenth question of a video on, and lacks a right try where one was not scored; the corrected one is a <see cref="Units">unit</see>.
    /// </summary>
    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var official = OfficialTypes(samples.Select(s => (s.Document.Id, s.Document.Labels["type"], s.Score.Official!.Value > 0)));
        var units = Units(samples).ToLookup(u => u.Group, StringComparer.Ordinal);
        var types = official.Select(t => new AggregateRow($"type: {t.Type}", t.Samples == 0 ? 0 : (double)t.Right / t.Samples,
            units[t.Type].Select(u => u.Score).DefaultIfEmpty().Average(), units[t.Type].Count(), AggregateUnit.Fraction)).ToList();
        return
        [
            new("overall", types.Count == 0 ? 0 : types.Sum(t => t.Official!.Value) / types.Count, types.Where(t => t.Count > 0).Select(t => t.Corrected).DefaultIfEmpty().Average(),
                types.Sum(t => t.Count), AggregateUnit.Fraction),
            .. types,
        ];
    }

    /// <summary>Right samples and samples of every type, by VideoNIAH's rule: exactly four right tries.</summary>
    internal static IReadOnlyList<(string Type, int Right, int Samples)> OfficialTypes(IEnumerable<(string Id, string Type, bool Right)> tries) =>
        [.. tries.GroupBy(t => t.Type).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g =>
        {
            var samples = g.GroupBy(t => t.Id.Length > 2 ? t.Id[..^2] : "").Select(s => s.Count(t => t.Right)).ToList();
            return (g.Key, samples.Count(right => right == Tries), samples.Count);
        })];

    [GeneratedRegex(@"\((.*?)\)", RegexOptions.CultureInvariant)]
    private static partial Regex Brackets();
}
