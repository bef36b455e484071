using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Video Detailed Captions (AuroraCap): a caption of one of five aspects; a judge answers questions from the caption alone, then compares its
/// answers with the expected ones. The original draws a caption prompt anew for every document of every run; here the document's id chooses.
/// </summary>
/// <param name="aspect">short, detailed, main_object, camera or background.</param>
public sealed class Vdc(string aspect) : EvalTask
{
    /// <summary>Tokens of a judge's reply at most.</summary>
    public const int JudgeTokens = 256;

    /// <summary>Questions about one caption at most; the benchmark has 18 to 21.</summary>
    public const int MaxChecks = 200;

    private const double MostMarks = 5;

    private const string AnswerSystem = "You are an intelligent chatbot designed for providing accurate answers to questions related to the content based on a detailed description of a video or image.Here's how you can accomplish the task:------##INSTRUCTIONS: - Read the detailed description carefully.\n- Answer the question only based on the detailed description.\n- The answer should be a short sentence or phrase.\n";

    private const string CompareSystem = "You are an intelligent chatbot designed for evaluating the correctness of generative outputs for question-answer pairs. Your task is to compare the predicted answer with the correct answer and determine if they match meaningfully. Here's how you can accomplish the task:------##INSTRUCTIONS: - Focus on the meaningful match between the predicted answer and the correct answer.\n- Consider synonyms or paraphrases as valid matches.\n- Evaluate the correctness of the prediction compared to the answer.";

    private readonly string[] _prompts = VdcPrompts.ByAspect.TryGetValue(aspect, out var prompts) ? prompts
        : throw new ArgumentException($"'{aspect}' is no aspect; aspects are {string.Join(", ", VdcPrompts.ByAspect.Keys)}.", nameof(aspect));

    public static IEnumerable<string> Aspects => VdcPrompts.ByAspect.Keys;

    public override string Name => $"vdc_{aspect}";

    public override string Title => $"VDC captions ({aspect.Replace('_', ' ')})";

    public override EvalLimits Limits => new(512, 1024);

    public override IReadOnlyList<(string File, string Part)> Files => [($"vdc/{aspect}.jsonl", aspect)];

    public override bool NeedsJudge => true;

    /// <summary>The original's prompts of the aspect, in its order.</summary>
    internal IReadOnlyList<string> Prompts => _prompts;

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var place = $"{Name} row {index}";
        var fields = new Row(row, place);
        var checks = fields.List("qa_list").Select((check, i) => new Row(check, $"{place} question {i}")).Select(c => (c.Text("question"), c.Text("answer"))).ToArray();
        if (checks.Length is 0 or > MaxChecks) throw fields.Problem($"'qa_list' has {checks.Length} questions; 1 to {MaxChecks} are possible.");
        return new EvalDocument
        {
            Id = fields.Text("video_name"),
            Part = aspect,
            Media = fields.Text("video_name") + ".mp4",
            Question = aspect,
            Answer = fields.Text("caption"),
            Checks = checks,
        };
    }

    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{aspect}/{document.Id}"));
        return new(_prompts[BitConverter.ToUInt32(hash) % (uint)_prompts.Length]);
    }

    /// <summary>What the judge is asked first: an answer to a question, from the caption.</summary>
    public static JudgeRequest AnswerRequest(string caption, string question) => new(AnswerSystem,
        $"Please provide accurate answers to questions related to the content based on a detailed description of a video or image:\n\ndetailed description: {caption}, question: {question}DO NOT PROVIDE ANY OTHER OUTPUT TEXT OR EXPLANATION. Only provide short but accurate answer.",
        JudgeTokens);

    /// <summary>What the judge is asked then: whether its answer means the expected one.</summary>
    public static JudgeRequest CompareRequest(string question, string expected, string answered) => new(CompareSystem,
        $"Please evaluate the following video-based question-answer pair:\n\nQuestion: {question}\nCorrect Answer: {expected}\nPredicted Answer: {answered}\n\nProvide your evaluation only as a yes/no and score where the score is an integer value between 0 and 5, with 5 indicating the highest meaningful match. Please generate the response in the form of a Python dictionary string with keys 'pred' and 'score', where value of 'pred' is  a string of 'yes' or 'no' and value of 'score' is in INTEGER, not STRING.DO NOT PROVIDE ANY OTHER OUTPUT TEXT OR EXPLANATION. Only provide the Python dictionary string. For example, your response should look like this: {{'pred': 'yes', 'score': 4.8}}.",
        JudgeTokens);

    /// <summary>Asks the judge about every question: all answers, then all verdicts. What comes back is scored as the answer.</summary>
    public override async Task<string> JudgeAsync(EvalDocument document, string answer, IJudge judge, CancellationToken ct)
    {
        ArgumentNullException.ThrowIfNull(document);
        ArgumentNullException.ThrowIfNull(judge);
        var answers = new List<string>();
        foreach (var (question, _) in document.Checks) answers.Add(await judge.AskAsync(AnswerRequest(answer, question), ct));
        var verdicts = new List<string>();
        for (var i = 0; i < answers.Count; i++) verdicts.Add(await judge.AskAsync(CompareRequest(document.Checks[i].Question, document.Checks[i].Answer, answers[i]), ct));
        return JsonSerializer.Serialize(new JudgedCaption(answers, verdicts));
    }

    /// <summary>
    /// Scores the judge's replies. "Official" is the mean of the marks over 5 (Measures: "score", "acc"); a verdict that is no Python literal,
    /// or without a number, stops the original for the whole document; one without both keys leaves the denominator; only "yes" in small
    /// letters is right; marks beyond 5 count. Corrected: a bad verdict is 0 for its question, "Yes" and true are right, marks end at 5.
    /// </summary>
    /// <param name="answer">What <see cref="JudgeAsync"/> returned.</param>
    public override EvalScore Score(EvalDocument document, string answer)
    {
        ArgumentNullException.ThrowIfNull(document);
        var judged = JsonSerializer.Deserialize<JudgedCaption>(answer) ?? throw new ArgumentException($"{document.Id}: the judge's replies are empty.", nameof(answer));
        if (judged.Verdicts.Count != document.Checks.Count)
        {
            throw new ArgumentException($"{document.Id}: {judged.Verdicts.Count} verdicts for {document.Checks.Count} questions.", nameof(answer));
        }

        var measures = new SortedDictionary<string, double>(StringComparer.Ordinal);
        var corrected = judged.Verdicts.Select(Lenient).ToList();
        (measures["corrected.score"], measures["corrected.acc"]) = (corrected.Average(c => c.Score), corrected.Average(c => c.Right ? 1.0 : 0.0));
        string? error = null;
        try
        {
            (measures["score"], measures["acc"]) = Strict(judged.Verdicts);
        }
        catch (FormatException e)
        {
            error = e.Message;
        }

        return new EvalScore
        {
            Official = error is null ? measures["score"] / MostMarks : null,
            OfficialError = error,
            Corrected = measures["corrected.acc"],
            Measures = measures,
        };
    }

    /// <summary>"score" (0 to 5) and "acc" (0 to 1), means over documents; officially only over those whose verdicts could be read.</summary>
    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var read = samples.Where(s => s.Score.OfficialError is null).ToList();
        AggregateRow Row(string name, AggregateUnit unit) => new(name, read.Count == 0 ? null : read.Average(s => s.Score.Measures[name]),
            samples.Count == 0 ? 0 : samples.Average(s => s.Score.Measures[$"corrected.{name}"]), samples.Count, unit);
        return [Row("score", AggregateUnit.Marks), Row("acc", AggregateUnit.Fraction)];
    }

    /// <summary>The original's marks and share of "yes".</summary>
    private static (double Score, double Accuracy) Strict(IReadOnlyList<string> verdicts)
    {
        var (marks, right, count) = (0.0, 0, 0);
        foreach (var verdict in verdicts)
        {
            var value = PythonLiteral.Parse(verdict);
            if (value is double or bool or null) throw new FormatException($"The verdict '{verdict}' is no collection.");
            if (value is not Dictionary<object, object?> map || !map.TryGetValue("pred", out var pred) || !map.TryGetValue("score", out var score)) continue;
            marks += score switch
            {
                double number => number,
                bool flag => flag ? 1 : 0,
                _ => throw new FormatException($"The verdict '{verdict}' has no number as its score."),
            };
            if (pred is "yes") right++;
            count++;
        }

        return count > 0 ? (marks / count, (double)right / count) : throw new FormatException("No verdict has 'pred' and 'score'.");
    }

    private static (double Score, bool Right) Lenient(string verdict)
    {
        var (start, end) = (verdict.IndexOf('{', StringComparison.Ordinal), verdict.LastIndexOf('}'));
        if (start < 0 || end < start) return (0, false);
        try
        {
            var text = verdict[start..(end + 1)].Replace(": true", ": True", StringComparison.Ordinal).Replace(": false", ": False", StringComparison.Ordinal);
            if (PythonLiteral.Parse(text) is not Dictionary<object, object?> map) return (0, false);
            var score = map.GetValueOrDefault("score") switch
            {
                double number => number,
                string digits when double.TryParse(digits, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
                _ => 0,
            };
            var right = map.GetValueOrDefault("pred") switch
            {
                bool flag => flag,
                string word => word.Trim().Equals("yes", StringComparison.OrdinalIgnoreCase),
                _ => false,
            };
            return (double.IsFinite(score) ? Math.Clamp(score, 0, MostMarks) : 0, right);
        }
        catch (FormatException)
        {
            return (0, false);
        }
    }

    /// <summary>A judge's answers and verdicts, one of each a question.</summary>
    internal sealed record JudgedCaption(IReadOnlyList<string> Answers, IReadOnlyList<string> Verdicts);
}
