using System.Text.Json;
using Studio.Benchmarks.Evaluation.Originals;
using Studio.Benchmarks.Evaluation.Scoring;

namespace Studio.Benchmarks.Evaluation.Tasks;

/// <summary>
/// MVBench, MLVU and LVBench as VideoChat-Flash runs them: one extraction, one aggregate. Official accuracy of a part is 100 × right /
/// answers that are not empty (a defect: silence raises it); the group weights parts by all their documents.
/// </summary>
public abstract class FlashChoiceTask : EvalTask
{
    /// <summary>A part: sub-task name, annotation file below the task's folder, folder of its media below the video folder.</summary>
    protected sealed record PartInfo(string Name, string File, string Media, MediaKind Kind = MediaKind.Video, bool Clipped = false);

    private IReadOnlyDictionary<string, PartInfo>? _byName;

    protected abstract IReadOnlyList<PartInfo> Parts { get; }

    public sealed override IReadOnlyList<(string File, string Part)> Files => [.. Parts.Select(p => ($"{Name}/{p.File}", p.Name))];

    public sealed override EvalDocument Read(JsonElement row, string part, int index)
    {
        var place = $"{Name} {part} row {index}";
        var fields = new Row(row, place);
        _byName ??= Parts.ToDictionary(p => p.Name);
        if (!_byName.TryGetValue(part, out var info)) throw fields.Problem($"'{part}' is no part of {Name}; parts are {string.Join(", ", _byName.Keys)}.");
        var options = fields.Options("candidates");
        var answer = fields.Text("answer");
        var gold = options.ToList().IndexOf(answer); // the first of equal ones
        return new EvalDocument
        {
            Id = $"{part}/{index}",
            Part = part,
            Media = info.Media.Length > 0 ? $"{info.Media}/{fields.Text("video")}" : fields.Text("video"),
            MediaKind = info.Kind,
            Clip = info.Clipped ? (fields.Number("start"), fields.Number("end")) : null,
            Question = fields.Text("question"),
            Options = options,
            Answer = answer,
            Gold = gold < 0 ? null : gold,
        };
    }

    public sealed override EvalScore Score(EvalDocument document, string answer)
    {
        if (document.GoldLetter is not { } gold) return ChoiceScore.Of(document, answer, null, 0);
        var parsed = ChoiceCleaning.Clean(answer);
        return ChoiceScore.Of(document, answer, parsed, parsed == gold ? 1 : 0);
    }

    /// <summary>"overall" (official: weighted by documents), "mean of parts" (the headline of MVBench and MLVU), then every part.</summary>
    public sealed override IReadOnlyList<AggregateRow> Aggregate(IReadOnlyList<ScoredSample> samples, ulong seed = 0)
    {
        var parts = samples.GroupBy(s => s.Document.Part).Select(g => new AggregateRow(g.Key, Official(g), Means.Corrected(g), g.Count())).ToList();
        if (parts.Count == 0) return [new("overall", null, 0, 0)];
        return
        [
            new("overall", parts.Sum(p => p.Official!.Value * p.Count) / samples.Count, Means.Corrected(samples), samples.Count),
            new("mean of parts", parts.Average(p => p.Official!.Value), parts.Average(p => p.Corrected), samples.Count),
            .. parts,
        ];
    }

    /// <summary>Each document's part, for headlines that are the mean of parts (videochat-flash.md 8.3).</summary>
    private protected static IReadOnlyList<ScoredUnit> ByPart(IReadOnlyList<ScoredSample> samples) => [.. samples.Select(s => ScoredUnit.Of(s, s.Document.Part))];

    private static double Official(IEnumerable<ScoredSample> samples)
    {
        var answered = samples.Where(s => PythonText.Strip(s.Answer).Length > 0).ToList();
        return answered.Count == 0 ? 0 : 100 * answered.Sum(s => s.Score.Official!.Value) / answered.Count;
    }

    /// <summary>"(A) text" lines, each with its line end.</summary>
    protected static string Bracketed(EvalDocument document) => string.Concat(document.Options.Select((option, i) => $"({Letters.At(i)}) {option}\n"));
}

/// <summary>MVBench: 20 parts of 200 short questions; five ask about a clip of the video, one reads folders of frames at 3 a second.</summary>
public sealed class MvBench : FlashChoiceTask
{
    public override string Name => "mvbench";

    public override string Title => "MVBench";

    public override int ScorerVersion => 3;

    public override IReadOnlyList<ScoredUnit> Units(IReadOnlyList<ScoredSample> samples) => ByPart(samples);

    public override EvalLimits Limits => new(512, 16);

    protected override IReadOnlyList<PartInfo> Parts { get; } =
    [
        new("action_sequence", "action_sequence.json", "star/Charades_v1_480", Clipped: true),
        new("action_prediction", "action_prediction.json", "star/Charades_v1_480", Clipped: true),
        new("action_antonym", "action_antonym.json", "ssv2-video"),
        new("fine_grained_action", "fine_grained_action.json", "Moments_in_Time_Raw/videos"),
        new("unexpected_action", "unexpected_action.json", "funqa-test/test"),
        new("object_existence", "object_existence.json", "clevrer/video_validation"),
        new("object_interaction", "object_interaction.json", "star/Charades_v1_480", Clipped: true),
        new("object_shuffle", "object_shuffle.json", "perception/videos"),
        new("moving_direction", "moving_direction.json", "clevrer/video_validation"),
        new("action_localization", "action_localization.json", "sta/sta_video", Clipped: true),
        new("scene_transition", "scene_transition.json", "scene-qa/video"),
        new("action_count", "action_count.json", "perception/videos"),
        new("moving_count", "moving_count.json", "clevrer/video_validation"),
        new("moving_attribute", "moving_attribute.json", "clevrer/video_validation"),
        new("state_change", "state_change.json", "perception/videos"),
        new("fine_grained_pose", "fine_grained_pose.json", "nturgbd"),
        new("character_order", "character_order.json", "perception/videos"),
        new("egocentric_navigation", "egocentric_navigation.json", "vlnqa"),
        new("episodic_reasoning", "episodic_reasoning.json", "tvqa/frames_fps3_hq", MediaKind.Frames, Clipped: true),
        new("counterfactual_inference", "counterfactual_inference.json", "clevrer/video_validation"),
    ];

    public override EvalPrompt Prompt(EvalDocument document) =>
        new($"Question: {document.Question}\nOption:\n{Bracketed(document)}\nOnly give the best option.");
}

/// <summary>MLVU's development set: the seven multiple-choice parts.</summary>
public sealed class Mlvu : FlashChoiceTask
{
    public override string Name => "mlvu";

    public override string Title => "MLVU (multiple choice, dev)";

    public override int ScorerVersion => 3;

    public override IReadOnlyList<ScoredUnit> Units(IReadOnlyList<ScoredSample> samples) => ByPart(samples);

    public override EvalLimits Limits => new(512, 16);

    protected override IReadOnlyList<PartInfo> Parts { get; } =
    [
        new("plotqa", "1_plotQA.json", "1_plotQA"),
        new("needle", "2_needle.json", "2_needle"),
        new("ego", "3_ego.json", "3_ego"),
        new("count", "4_count.json", "4_count"),
        new("order", "5_order.json", "5_order"),
        new("anomaly_reco", "6_anomaly_reco.json", "6_anomaly_reco"),
        new("topic_reasoning", "7_topic_reasoning.json", "7_topic_reasoning"),
    ];

    public override EvalPrompt Prompt(EvalDocument document) =>
        new($"Question:{document.Question}\nOption:\n{Bracketed(document)}Answer with the option's letter from the given choices directly.");
}

/// <summary>LVBench in VideoChat-Flash's cleaned form, read from folders of frames at one a second. Its prompts carry every letter twice.</summary>
public sealed class LvBench : FlashChoiceTask
{
    public override string Name => "lvbench";

    public override string Title => "LVBench";

    public override EvalLimits Limits => new(640, 16);

    protected override IReadOnlyList<PartInfo> Parts { get; } =
    [
        new("cartoon", "lvbench_clean_cartoon.json", "", MediaKind.Frames),
        new("documentary", "lvbench_clean_documentary.json", "", MediaKind.Frames),
        new("live", "lvbench_clean_live.json", "", MediaKind.Frames),
        new("selfmedia", "lvbench_clean_selfmedia.json", "", MediaKind.Frames),
        new("sport", "lvbench_clean_sport.json", "", MediaKind.Frames),
        new("tv", "lvbench_clean_tv.json", "", MediaKind.Frames),
    ];

    public override EvalPrompt Prompt(EvalDocument document) => new(document.Question + "\n"
        + string.Concat(document.Options.Select((option, i) => $"{Letters.At(i)}. {option}\n")) + "Answer with the option's letter from the given choices directly.");
}
