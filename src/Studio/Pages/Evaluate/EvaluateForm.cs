using System.Globalization;
using Microsoft.AspNetCore.WebUtilities;
using Studio.Api;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Cli;
using Studio.Evaluations;

namespace Studio.Pages.Evaluate;

/// <summary>What is filled in, as it stands in the page's address; and the request that it makes.</summary>
public sealed class EvaluateForm
{
    public const string Task = "task", Models = "models", Variant = "variant", Protocol = "protocol", Annotations = "annotations", Videos = "videos", Needles = "needles",
        Judge = "judge", JudgeModel = "judge-model", Frames = "frames", Fps = "fps", MaxFrames = "max-frames", Compress = "compress", Tokens = "tokens", Lengths = "lengths", Depths = "depths", Hops = "hops",
        PerCell = "per-cell", Limit = "limit", Offset = "offset", Seed = "seed", Again = "again", SkipMissing = "skip-missing", Note = "note";

    /// <summary>The task of an empty form: it runs on a fresh clone.</summary>
    public const string FirstTask = "world";

    private static readonly string[] s_names =
    [
        Task, Models, Variant, Protocol, Annotations, Videos, Needles, Judge, JudgeModel, Frames, Fps, MaxFrames, Compress, Tokens, Lengths, Depths, Hops, PerCell, Limit, Offset, Seed, Again, SkipMissing, Note,
    ];

    private readonly Dictionary<string, string> _values = new(StringComparer.Ordinal); // at most s_names

    public string this[string name]
    {
        get => _values.GetValueOrDefault(name, "");
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value.Trim() is { Length: > 0 } text) _values[name] = text;
            else _ = _values.Remove(name);
        }
    }

    public string TaskName => this[Task] is { Length: > 0 } task ? task : FirstTask;

    public static EvaluateForm Of(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        var form = new EvaluateForm();
        var query = QueryHelpers.ParseQuery(address.Query);
        foreach (var name in s_names) form[name] = query.TryGetValue(name, out var value) ? value.ToString() : "";
        return form;
    }

    /// <summary>Compressions that both systems know by name; "off" keeps every visual token.</summary>
    public static IReadOnlyList<string> Presets { get; } = ["off", "balanced", "strong"];

    public IReadOnlyList<string> Compressions => EvalRequestOptions.Compressions(_values.GetValueOrDefault(Compress));

    /// <summary>Schedules beside the presets.</summary>
    public string OwnSchedules => string.Join("; ", Compressions.Where(c => !Presets.Contains(c)));

    /// <summary>Takes a preset among the compressions, or out of them; schedules of one's own stay behind them.</summary>
    public string WithPreset(string preset, bool isChosen) =>
        string.Join(';', Presets.Where(p => p == preset ? isChosen : Compressions.Contains(p)).Concat(Compressions.Where(c => !Presets.Contains(c))));

    /// <summary>Sets the schedules beside the presets; a preset among them is taken as one.</summary>
    public string WithSchedules(string schedules)
    {
        ArgumentNullException.ThrowIfNull(schedules);
        var typed = EvalRequestOptions.Compressions(schedules.Trim() is { Length: > 0 } text ? text : null);
        return string.Join(';', Presets.Where(p => Compressions.Contains(p) || typed.Contains(p)).Concat(typed.Where(c => !Presets.Contains(c))));
    }

    public bool Has(string name) => this[name] == "true";

    /// <summary>The page with this filled in, relative to the studio's start.</summary>
    public string Address() => QueryHelpers.AddQueryString("evaluate", s_names.Where(_values.ContainsKey).Select(n => KeyValuePair.Create(n, (string?)_values[n])));

    /// <summary>Several values of a setting make a sweep over all combinations.</summary>
    /// <exception cref="RequestException">A value cannot be read; the message names field and value.</exception>
    public EvaluationRequest Request()
    {
        string[] models = Texts(Models), compress = EvalRequestOptions.Compressions(_values.GetValueOrDefault(Compress));
        int[] frames = Whole(Frames), most = Whole(MaxFrames), tokens = Whole(Tokens);
        var fps = Numbers(Fps);
        var isJudged = TaskCatalog.TryGet(TaskName, out var task) && task.NeedsJudge;
        var basis = new EvalRequest
        {
            Task = TaskName,
            Setting = new()
            {
                Model = One(models), Compress = One(compress), Frames = OneValue(frames), MaxFrames = OneValue(most), MaxNewTokens = OneValue(tokens), Fps = OneValue(fps),
            },
            Variant = Named(Variant, EvalVariant.Standard),
            Protocol = Named(Protocol, EvalProtocol.Generated),
            Annotations = _values.GetValueOrDefault(Annotations),
            Videos = _values.GetValueOrDefault(Videos),
            Needles = _values.GetValueOrDefault(Needles),
            // Of a task chosen before: no field shows it now.
            JudgeEndpoint = isJudged ? _values.GetValueOrDefault(Judge) : null,
            JudgeModel = isJudged ? _values.GetValueOrDefault(JudgeModel) : null,
            Lengths = Whole(Lengths) is { Length: > 0 } lengths ? lengths : null,
            Depths = Numbers(Depths) is { Length: > 0 } depths ? depths : null,
            Hops = Whole(Hops) is { Length: > 0 } hops ? hops : null,
            PerCell = OneOf(PerCell),
            Limit = OneOf(Limit),
            Offset = OneOf(Offset) ?? 0,
            Seed = this[Seed] is not { Length: > 0 } seed ? 0
                : ulong.TryParse(seed, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw Unread(Seed, seed, "a whole number from 0 on"),
        };
        var grid = new SweepGrid
        {
            Models = Many(models), Compress = Many(compress), Frames = Many(frames), MaxFrames = Many(most), MaxNewTokens = Many(tokens), Fps = Many(fps),
        };
        var isSweep = models.Length > 1 || compress.Length > 1 || frames.Length > 1 || most.Length > 1 || tokens.Length > 1 || fps.Length > 1;
        return new() { Run = basis, Grid = isSweep ? grid : null, Again = Has(Again), SkipMissing = Has(SkipMissing), Note = this[Note] };
    }

    private static string? One(string[] values) => values.Length == 1 ? values[0] : null;

    private static T? OneValue<T>(T[] values)
        where T : struct => values.Length == 1 ? values[0] : null;

    private static T[] Many<T>(T[] values) => values.Length > 1 ? values : [];

    private static RequestException Unread(string name, string value, string wanted) => RequestException.Invalid($"{name.Replace('-', ' ')}: '{value}' is not {wanted}");

    private string[] Texts(string name) => this[name].Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);

    private int[] Whole(string name) => [.. Texts(name).Select(t =>
        int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : throw Unread(name, t, "a whole number above 0; separate several with commas"))];

    private double[] Numbers(string name) => [.. Texts(name).Select(t =>
        double.TryParse(t, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) ? n : throw Unread(name, t, "a number such as 0.5; separate several with commas"))];

    private int? OneOf(string name) => this[name] is not { Length: > 0 } text ? null
        : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : throw Unread(name, text, "a whole number");

    private T Named<T>(string name, T standard)
        where T : struct, Enum => this[name] is not { Length: > 0 } text ? standard
            : Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } found ? Enum.Parse<T>(found)
            : throw Unread(name, text, $"one of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");
}
