using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// LongVideoBench and NExT-QA: where nothing can be read, the original draws a letter. The official numbers draw too, with Python's
/// generator from the run's seed, in document order; the corrected ones count such answers as wrong.
/// </summary>
public abstract class DrawnChoiceTask : EvalTask
{
    /// <summary>Index of an option, or -1 where the original draws.</summary>
    private protected abstract int Extract(EvalDocument document, string answer);

    public sealed override EvalScore Score(EvalDocument document, string answer)
    {
        var index = Extract(document, answer);
        return index < 0 ? ChoiceScore.Of(document, answer, null, null, document.Options.Count)
            : ChoiceScore.Of(document, answer, Letters.At(index), index == document.Gold ? 1 : 0);
    }

    /// <summary>Official scores with the drawn letters filled in.</summary>
    private protected static IReadOnlyList<double> Drawn(IReadOnlyList<ScoredSample> samples, ulong seed)
    {
        var random = new PythonRandom(seed);
        return [.. samples.Select(s => s.Score.Official ?? (random.Choice(s.Score.Choices) == s.Document.Gold ? 1 : 0))];
    }
}

/// <summary>LongVideoBench, validation set. VideoChat-Flash always puts the subtitles that cover 512 frame times into the prompt.</summary>
public class LongVideoBench : DrawnChoiceTask
{
    /// <summary>The grid is of this many times whatever the frames are (a defect).</summary>
    private const int GridTimes = 512;

    public override string Name => "longvideobench";

    public override string Title => "LongVideoBench (val)";

    /// <summary>Whether the prompt has the video's subtitles.</summary>
    internal virtual bool ReadsSubtitles => true;

    public override EvalLimits Limits => new(512, 32);

    public override IReadOnlyList<(string File, string Part)> Files => [("longvideobench/lvb_val.json", "")];

    public sealed override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var options = fields.Has("candidates") ? fields.Options("candidates") : Exported(fields);
        var gold = fields.Whole("correct_choice");
        if (gold < 0 || gold >= options.Count) throw fields.Problem($"'correct_choice' is {gold}, but there are {options.Count} options.");
        return new EvalDocument
        {
            Id = fields.Text("id"),
            Media = fields.Text("video_path"),
            Question = fields.Text("question"),
            Options = options,
            Answer = options[gold],
            Gold = gold,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal)
            {
                ["duration_group"] = fields.Text("duration_group"),
                ["question_category"] = fields.Text("question_category"),
                ["duration"] = fields.Number("duration").ToString("R", Invariant),
                ["subtitle_path"] = fields.TextOr("subtitle_path", ""),
                ["subtitle_offset"] = (fields.Has("starting_timestamp_for_subtitles") ? fields.Number("starting_timestamp_for_subtitles") : 0).ToString("R", Invariant),
            },
        };
    }

    /// <summary>A subtitle file: lines with "timestamp" [start, end] and "text", or "start", "end" and "line".</summary>
    public static IReadOnlyList<Subtitle> ReadSubtitles(JsonElement file, string place)
    {
        if (file.ValueKind != JsonValueKind.Array) throw new InvalidDataException($"{place}: subtitles must be a list.");
        return [.. file.EnumerateArray().Select((line, i) => Line(line, $"{place}, line {i}"))];
    }

    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        if (document.Subtitles is not { } subtitles)
        {
            // The original raises here.
            throw new InvalidOperationException($"{document.Id}: the prompt has the video's subtitles; give the subtitles folder.");
        }

        var (duration, offset) = Times(document);
        var lines = string.Join('\n', FrameSubtitles.Covering(subtitles, FrameSubtitles.Times(duration, GridTimes), offset, duration));
        return new($" This video's subtitles are listed below: \n{lines}.\n Select the best answer to the following multiple-choice question based on the video and the subtitles. Respond with only the letter of the correct option.\nQuestion: {document.Question}\n"
            + string.Concat(document.Options.Select((option, i) => $"({Letters.At(i)}). {option}\n")) + "Answer with the option's letter from the given choices directly.\n");
    }

    private protected override int Extract(EvalDocument document, string answer) => LastMentioned.Extract(answer, document.Options);

    /// <summary>"overall" is made of every document twice, by duration and by category, rounded to five places as every row is.</summary>
    public sealed override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var official = Drawn(samples, seed);
        var groups = new List<(string Name, List<int> Members)>();
        void Add(string name, int sample)
        {
            if (groups.Find(g => g.Name == name).Members is { } known) known.Add(sample);
            else groups.Add((name, [sample]));
        }

        for (var i = 0; i < samples.Count; i++)
        {
            Add($"duration_group: {samples[i].Document.Labels["duration_group"]}", i);
            Add($"question_category: {samples[i].Document.Labels["question_category"]}", i);
        }

        var (sum, count) = (0.0, 0);
        foreach (var (_, members) in groups)
        {
            sum += members.Sum(i => official[i]) / members.Count * members.Count;
            count += members.Count;
        }

        return
        [
            new("overall", count == 0 ? 0 : PythonText.Round(sum / count, 5), Means.Corrected(samples, 1), count, AggregateUnit.Fraction),
            .. groups.Select(g => new AggregateRow(g.Name, PythonText.Round(g.Members.Sum(i => official[i]) / g.Members.Count, 5),
                Means.Corrected(g.Members.Select(i => samples[i]), 1), g.Members.Count, AggregateUnit.Fraction)),
        ];
    }

    private protected static (double Duration, double Offset) Times(EvalDocument document) =>
        (double.Parse(document.Labels["duration"], Invariant), double.Parse(document.Labels["subtitle_offset"], Invariant));

    private static System.Globalization.CultureInfo Invariant => System.Globalization.CultureInfo.InvariantCulture;

    /// <summary>The parquet export has five columns, "N/A" for what is missing.</summary>
    private static List<string> Exported(Row fields)
    {
        var options = Enumerable.Range(0, 5).Select(i => fields.Text($"option{i.ToString(Invariant)}")).TakeWhile(o => o != "N/A").ToList();
        return options.Count > 0 ? options : throw fields.Problem("there are no options.");
    }

    private static Subtitle Line(JsonElement line, string place)
    {
        var fields = new Row(line, place);
        if (!fields.Has("timestamp")) return new(FrameSubtitles.Seconds(fields.Text("start")), FrameSubtitles.Seconds(fields.Text("end")), fields.Text("line"));
        var times = fields.List("timestamp");
        if (times.Count != 2 || times[0].ValueKind != JsonValueKind.Number) throw fields.Problem("'timestamp' must be [start, end].");
        // A number without point or exponent is a whole number to Python.
        var whole = times[1].ValueKind == JsonValueKind.Number && times[1].GetRawText().AsSpan().IndexOfAny('.', 'e', 'E') < 0;
        return new(times[0].GetDouble(), times[1].ValueKind == JsonValueKind.Number ? times[1].GetDouble() : null, fields.Text("text"), whole);
    }
}

/// <summary>
/// LongVideoBench as upstream runs it: frames only, or the subtitles between the marks of 16 frames. Letters are read as in Video-MME.
/// </summary>
/// <param name="interleaved">Whether subtitles stand between the frames.</param>
public sealed class LongVideoBenchUpstream(bool interleaved = false) : LongVideoBench
{
    private const int InterleavedFrames = 16;

    public override string Name => interleaved ? "longvideobench_val_i" : "longvideobench_val_v";

    public override string Title => interleaved ? "LongVideoBench (val, upstream, interleaved subtitles)" : "LongVideoBench (val, upstream, frames only)";

    internal override bool ReadsSubtitles => interleaved;

    public override EvalLimits Limits => new(interleaved ? InterleavedFrames : 512, 32);

    public override EvalPrompt Prompt(EvalDocument document)
    {
        ArgumentNullException.ThrowIfNull(document);
        var question = document.Question + "\n" + string.Join('\n', document.Options.Select((option, i) => $"{Letters.At(i)}. {option}"))
            + "\nAnswer with the option's letter from the given choices directly.\n";
        if (!interleaved) return new(question);
        if (document.Subtitles is not { } subtitles) throw new InvalidOperationException($"{document.Id}: the prompt has the video's subtitles; give the subtitles folder.");
        var (duration, offset) = Times(document);
        return new(string.Join('\n', FrameSubtitles.Interleaved(subtitles, FrameSubtitles.Times(duration, InterleavedFrames), offset, duration)) + "\n" + question);
    }

    private protected override int Extract(EvalDocument document, string answer) => Letters.IndexOf(LeadIns.LongVideoBenchUpstream(answer));
}

/// <summary>NExT-QA, multiple choice: five options, questions of eight types.</summary>
public sealed class NextQa : DrawnChoiceTask
{
    private const int OptionCount = 5;

    public override string Name => "nextqa";

    public override string Title => "NExT-QA (multiple choice, test)";

    public override EvalLimits Limits => new(512, 32);

    public override IReadOnlyList<(string File, string Part)> Files => [("nextqa/mc_test.jsonl", "")];

    public override EvalDocument Read(JsonElement row, string part, int index)
    {
        var fields = new Row(row, $"{Name} row {index}");
        var options = Enumerable.Range(0, OptionCount).Select(i => PythonText.Strip(fields.Text($"a{Letters.At(i)[0] - 'A'}"))).ToArray();
        var gold = fields.Whole("answer");
        if (gold is < 0 or >= OptionCount) throw fields.Problem($"'answer' is {gold}, but there are {OptionCount} options.");
        return new EvalDocument
        {
            Id = $"{fields.Text("video")}/{fields.Text("qid")}/{index}",
            Media = fields.Text("video") + ".mp4",
            Question = PythonText.Strip(fields.Text("question")),
            Options = options,
            Answer = options[gold],
            Gold = gold,
            Labels = new SortedDictionary<string, string>(StringComparer.Ordinal) { ["type"] = fields.TextOr("type", "") },
        };
    }

    public override EvalPrompt Prompt(EvalDocument document) =>
        new(document.Question + string.Concat(document.Options.Select((option, i) => $"\n{Letters.At(i)}. {option}")));

    private protected override int Extract(EvalDocument document, string answer) => LastMentioned.Extract(answer, document.Options);

    public override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var official = Drawn(samples, seed);
        var places = samples.Select((s, i) => (Sample: s, Official: official[i])).ToList();
        AggregateRow Row(string name, IReadOnlyList<(ScoredSample Sample, double Official)> members) => new(name, members.Count == 0 ? 0
            : members.Sum(m => m.Official) / members.Count, Means.Corrected(members.Select(m => m.Sample), 1), members.Count, AggregateUnit.Fraction);
        return [Row("overall", places), .. places.GroupBy(p => p.Sample.Document.Labels["type"]).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Row($"type: {g.Key}", [.. g]))];
    }
}
