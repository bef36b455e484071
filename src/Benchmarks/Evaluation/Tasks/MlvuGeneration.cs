using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// MLVU's generative parts, development set: captions of a sub-scene and summaries of a video. A judge gives two marks of 1 to 5, which are
/// added; G-Avg is the mean of both parts' totals, at most 10. Prompts, marks and sums are those of the benchmark's open_bench.py,
/// evaluate_ssc.py, evaluate_summary.py, calculate.py and calculate_sum.py, whose judge is gpt-4-turbo.
/// </summary>
/// <remarks>
/// Defects of the original's sums (calculate.py, calculate_sum.py): a mark without a space behind its colon loses its first character, and
/// one without a comma behind it ends only at the reply's last character (<see cref="MarkText"/>); what is no number then stops the whole
/// calculation; marks that are missing are 0, below the lowest mark; where only one is there it counts as the first whichever it is; marks beyond
/// 5 count. Corrected: each mark is read by its name, whatever surrounds it; one that is missing is the lowest, 1, and others are held within 1 to 5.
/// </remarks>
public sealed class MlvuGeneration : EvalTask
{
    /// <summary>Scoring points of a question at most; the benchmark has a handful.</summary>
    public const int MaxPoints = 100;

    private const double LeastMark = 1, MostMark = 5, MostMarks = 2 * MostMark;

    private readonly IReadOnlyList<MlvuJudging> _parts;
    private readonly string? _part;

    /// <param name="part">sub_scene or summary; null for both, whose headline is G-Avg.</param>
    public MlvuGeneration(string? part = null)
    {
        (_part, _parts) = (part, [.. MlvuJudging.All.Where(p => part is null || p.Name == part)]);
        if (_parts.Count == 0) throw new ArgumentException($"'{part}' is no generative part of MLVU; parts are {string.Join(", ", MlvuJudging.All.Select(p => p.Name))}.", nameof(part));
    }

    /// <summary>The task of each part, then that of both.</summary>
    public static IEnumerable<MlvuGeneration> Each => [.. MlvuJudging.All.Select(p => new MlvuGeneration(p.Name)), new()];

    public override string Name => $"mlvu_{_part ?? "generation"}";

    public override string Title => _part is null ? "MLVU (generation, dev)" : $"MLVU ({_parts[0].Title}, dev)";

    /// <summary>Of ten marks: a judge that sees nothing right gives 20 %.</summary>
    public override string Measure => "of 10 marks";

    /// <summary>
    /// The benchmark leaves frames and tokens to each model; its own examples have 1000 new tokens (VideoChat, VideoChat2, 16 frames) and 1024
    /// (Video-LLaVA). Frames as for the multiple-choice parts.
    /// </summary>
    public override EvalLimits Limits => new(512, 1024);

    public override IReadOnlyList<(string File, string Part)> Files => [.. _parts.Select(p => (p.File, p.Name))];

    public override bool NeedsJudge => true;

    /// <summary>Each part counts the same, however many documents it has.</summary>
    public override IReadOnlyList<ScoredUnit> Units(IReadOnlyList<ScoredSample> samples) => [.. samples.Select(s => ScoredUnit.Of(s, s.Document.Part))];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} {part} row {index}");
        var info = _parts.FirstOrDefault(p => p.Name == part) ?? throw fields.Problem($"'{part}' is no part of {Name}; parts are {string.Join(", ", _parts.Select(p => p.Name))}.");
        // Both files have the same columns but for the points: one in the other's place would be judged by the wrong text.
        if (fields.TextOr("question_type", info.Kind) is var kind && kind != info.Kind) throw fields.Problem($"'question_type' is '{kind}', not '{info.Kind}'; this is not {info.File}.");
        var points = info.HasPoints ? fields.Texts("scoring_points") : [];
        if (info.HasPoints && points.Count is 0 or > MaxPoints) throw fields.Problem($"'scoring_points' has {points.Count} points; 1 to {MaxPoints} are possible.");
        return new EvalDocument
        {
            Id = $"{part}/{index}",
            Part = part,
            Media = $"{info.Media}/{fields.Text("video")}",
            Question = fields.Text("question"),
            Answer = fields.Text("answer"),
            Points = points,
        };
    }

    /// <summary>The question alone, below the system text that the benchmark's template sets in place of the model's own.</summary>
    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return new(document.Question) { System = "Carefully watch this video and pay attention to every detail. Based on your observations, answer the given questions." };
    }

    /// <summary>What the judge is asked about an answer.</summary>
    public JudgeRequest Request(EvalDocument document, string answer) => Part(document).Request(document, answer);

    /// <summary>One question to the judge; its reply is scored as the answer.</summary>
    public override Task<string> JudgeAsync(EvalDocument document, string answer, IJudge judge, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(judge);
        return judge.AskAsync(Request(document, answer), ct);
    }

    /// <summary>Both marks added, as a share of ten; the marks themselves are measures, the corrected ones as "corrected.…".</summary>
    /// <param name="answer">The judge's reply.</param>
    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var part = Part(document);
        var names = part.MarkNames;
        var measures = ImmutableSortedDictionary.CreateBuilder<string, double>(StringComparer.Ordinal);
        var (official, parsed, error) = ((double?)null, (string?)null, (string?)null);
        try
        {
            var read = MarkText.Read(answer, names.Select(MlvuJudging.Key));
            // The original would print nan or inf for all documents: no number either.
            if (read.Any(mark => !double.IsFinite(mark))) throw new FormatException("A mark is no finite number.");
            var (first, second) = (read.ElementAtOrDefault(0), read.ElementAtOrDefault(1));
            (measures[names[0]], measures[names[1]], official) = (first, second, (first + second) / MostMarks);
            parsed = read.Count == 0 ? null : string.Join(" + ", read.Select(mark => Shown(mark)));
        }
        catch (FormatException e)
        {
            error = e.Message;
        }

        var marks = names.Select(name => MarkReader.Last(answer, MlvuJudging.Key(name))).ToList();
        var held = marks.ConvertAll(mark => Math.Clamp(mark ?? LeastMark, LeastMark, MostMark));
        for (var i = 0; i < held.Count; i++) measures[$"corrected.{names[i]}"] = held[i];
        return new EvalScore
        {
            Parsed = parsed,
            Official = official,
            OfficialError = error,
            CorrectedParsed = marks.Any(mark => mark is not null) ? string.Join(" + ", marks.Select(Shown)) : null,
            Corrected = held.Sum() / MostMarks,
            Measures = measures.ToImmutable(),
        };
    }

    /// <summary>"total" and its two marks; of both parts "G-Avg", then the same of each. Officially none where a reply stops the original.</summary>
    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        ArgumentNullException.ThrowIfNull(samples);
        if (_part is not null) return Rows(_parts[0], samples, "total", "");
        List<AggregateRow> totals = [], rows = [];
        foreach (var part in _parts)
        {
            IReadOnlyList<ScoredSample> members = [.. samples.Where(s => s.Document.Part == part.Name)];
            if (members.Count == 0) continue;
            var own = Rows(part, members, part.Name, $"{part.Name} ");
            totals.Add(own[0]);
            rows.AddRange(own);
        }

        // Average would leave out a part without an official number.
        var average = new AggregateRow("G-Avg", totals.Count == 0 || totals.Exists(t => t.Official is null) ? null : totals.Average(t => t.Official!.Value),
            totals.Count == 0 ? 0 : totals.Average(t => t.Corrected), samples.Count, AggregateUnit.MarksOfTen);
        return [average, .. rows];
    }

    private static AggregateRow[] Rows(MlvuJudging part, IReadOnlyList<ScoredSample> samples, string total, string prefix)
    {
        var fails = samples.Count == 0 || samples.Any(s => s.Score.OfficialError is not null);
        double Mean(string measure) => samples.Count == 0 ? 0 : samples.Sum(s => s.Score.Measures[measure]) / samples.Count;
        AggregateRow[] marks = [.. part.MarkNames.Select(name => new AggregateRow(prefix + name, fails ? null : Mean(name), Mean($"corrected.{name}"), samples.Count, AggregateUnit.Marks))];
        return [new(total, fails ? null : marks[0].Official + marks[1].Official, marks[0].Corrected + marks[1].Corrected, samples.Count, AggregateUnit.MarksOfTen), .. marks];
    }

    private MlvuJudging Part(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        return _parts.FirstOrDefault(p => p.Name == document.Part) ?? throw new ArgumentException($"{document.Id}: '{document.Part}' is no part of {Name}.", nameof(document));
    }

    private static string Shown(double? mark) => mark?.ToString("0.##", CultureInfo.InvariantCulture) ?? "?";
}
