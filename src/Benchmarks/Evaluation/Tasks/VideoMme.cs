using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// Video-MME: 900 videos of three durations, three questions each. As VideoChat-Flash runs it, without or with all subtitle lines of the
/// video. Official score: the first capital A to D of any word, after lead-ins of which four are missed (<see cref="LeadIns"/>).
/// </summary>
public class VideoMme(bool subtitles = false) : EvalTask
{
    private const string ForFrames = "These are the frames of a video. Select the best answer to the following multiple-choice question based on the video. Respond with only the letter (A, B, C, or D) of the correct option.";
    private const string ForSubtitles = "These are the frames and subtitles of a video. Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter (A, B, C, or D) of the correct option.";

    private protected const string Heading = "This video's subtitles are listed below: \n";

    private static readonly string[] s_domains =
        ["Knowledge", "Film & Television", "Sports Competition", "Artistic Performance", "Life Record", "Multilingual"];

    private static readonly string[] s_fields =
    [
        "Humanity & History", "Literature & Art", "Biology & Medicine", "Finance & Commerce", "Astronomy", "Geography", "Law", "Life Tip", "Technology",
        "Animation", "Movie & TV Show", "Documentary", "News Report", "Esports", "Basketball", "Football", "Athletics", "Other Sports", "Stage Play",
        "Magic Show", "Variety Show", "Acrobatics", "Handicraft", "Food", "Fashion", "Daily Life", "Travel", "Pet & Animal", "Exercise", "Multilingual",
    ];

    private static readonly string[] s_tasks =
    [
        "Temporal Perception", "Spatial Perception", "Attribute Perception", "Action Recognition", "Object Recognition", "OCR Problems",
        "Counting Problem", "Temporal Reasoning", "Spatial Reasoning", "Action Reasoning", "Object Reasoning", "Information Synopsis",
    ];

    /// <summary>Groups of the report, in the original's order: label, its heading there, values.</summary>
    internal static IReadOnlyList<(string Label, string Heading, IReadOnlyList<string> Values)> Groups { get; } =
    [
        ("duration", "video Type", ["short", "medium", "long"]),
        ("domain", "Categories", s_domains),
        ("sub_category", "Video Sub Categories", s_fields),
        ("task_type", "Task Categories", s_tasks),
    ];

    public override string Name => subtitles ? "videomme_w_subtitle" : "videomme";

    public override string Title => subtitles ? "Video-MME with subtitles" : "Video-MME without subtitles";

    public override EvalLimits Limits => new(512, 16);

    public override IReadOnlyList<(string File, string Part)> Files => [("videomme/test-00000-of-00001.parquet", "")];

    /// <summary>Whether the prompt wants the video's subtitle file.</summary>
    public bool WithSubtitles => subtitles;

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var options = fields.Options("options");
        var answer = fields.Text("answer");
        var gold = Letters.IndexOf(answer);
        if (gold < 0 || gold >= options.Count) throw fields.Problem($"'answer' is '{answer}', not a letter of one of {options.Count} options.");
        var labels = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (label, _, _) in Groups) labels[label] = fields.Text(label);
        return new EvalDocument
        {
            Id = fields.Text("question_id"),
            Media = fields.Text("videoID") + ".mp4",
            Question = fields.Text("question"),
            Options = options,
            Answer = answer,
            Gold = gold,
            Labels = labels,
        };
    }

    public override EvalPrompt Prompt(EvalDocument document)
    {
        var question = $"\nQuestion: {document.Question}\nOption:\n{string.Join('\n', document.Options)}\n";
        if (!subtitles) return new(ForFrames + question + "Answer with the option's letter from the given choices directly.");
        var lines = document.SubtitleFile is { } file ? SubRip.AllTagged(file) : "";
        return new((document.SubtitleFile is null ? "" : Heading) + lines + "\n" + (lines.Length > 0 ? ForSubtitles : ForFrames) + question + "The best answer is:");
    }

    public override EvalScore Score(EvalDocument document, string answer)
    {
        var parsed = LeadIns.VideoMme(answer);
        return ChoiceScore.Of(document, answer, parsed, parsed == document.GoldLetter ? 1 : 0);
    }

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var rows = new List<AggregateRow> { Row("overall", samples) };
        foreach (var (label, _, values) in Groups)
        {
            foreach (var value in values)
            {
                // The original looks for the name anywhere in "duration_domain_field_task", so a name of two levels counts both.
                rows.Add(Row($"{label}: {value}", [.. samples.Where(s => Key(s.Document).Contains(value, StringComparison.Ordinal))]));
            }
        }

        return rows;
    }

    private static string Key(EvalDocument document) => string.Join('_', Groups.Select(g => document.Labels[g.Label]));

    private static AggregateRow Row(string name, IReadOnlyList<ScoredSample> samples) =>
        new(name, samples.Count == 0 ? 0 : 100 * samples.Sum(s => s.Score.Official!.Value) / samples.Count, Means.Corrected(samples), samples.Count);
}

/// <summary>
/// Video-MME as Video-XL runs it: 128 frames, the options printed as a Python list, and with subtitles only the lines at those frames.
/// </summary>
/// <param name="subtitles">Whether the prompt has the lines.</param>
public sealed class VideoMmeVideoXl(bool subtitles = false) : VideoMme(subtitles)
{
    internal const string Instruction = "Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter (A, B, C, or D) of the correct option.";

    /// <summary>Label names of the video's frames and rate, which choose the subtitle lines: "frames", "fps".</summary>
    internal const string FramesLabel = "frames", FpsLabel = "fps";

    public override string Name => WithSubtitles ? "videomme_videoxl_w_subtitle" : "videomme_videoxl";

    public override string Title => $"Video-MME as Video-XL, with{(WithSubtitles ? "" : "out")} subtitles";

    public override EvalLimits Limits => new(128, 16);

    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var options = "[" + string.Join(", ", document.Options.Select(PythonText.Repr)) + "]";
        var question = $"{Instruction}\n{document.Question}\n{options}\n";
        if (!WithSubtitles) return new(question + "\nAnswer with the option's letter from the given choices directly.");
        return new(Heading + Lines(document) + "\n" + question + "The best answer is:");
    }

    /// <summary>Upstream's present prompt: the options on lines of their own.</summary>
    internal static EvalPrompt Upstream(EvalDocument document) =>
        new($"{Instruction}\n{document.Question}\n{string.Join('\n', document.Options)}\n\nAnswer with the option's letter from the given choices directly.");

    private string Lines(EvalDocument document)
    {
        if (document.SubtitleFile is not { Length: > 0 } file) return document.SubtitleFile is null ? "No subtitles available" : "";
        if (!document.Labels.TryGetValue(FramesLabel, out var frames) || !document.Labels.TryGetValue(FpsLabel, out var fps))
        {
            throw new InvalidOperationException($"{document.Id}: the lines at {Limits.MaxFrames} frames need the video's number of frames and its rate; probe it first.");
        }

        var culture = System.Globalization.CultureInfo.InvariantCulture;
        return SubRip.CoveringFrames(file, long.Parse(frames, culture), double.Parse(fps, culture), Limits.MaxFrames);
    }
}
