using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Studio.Benchmarks.Evaluation;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Evaluation.Tasks;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Running;
using Studio.Engine.Checkpoints;

namespace Studio.Cli;

/// <summary>The options that say what is evaluated and how; the same for one setting and for a sweep.</summary>
internal sealed class EvalRequestOptions
{
    private readonly bool _isSweep;

    public EvalRequestOptions(bool isSweep)
    {
        _isSweep = isSweep;
        var many = isSweep ? ", comma-separated" : "";
        Model = new("--model", "-m") { Description = $"Installed model, or folder in the published layout{many} (default: the studio's own)." };
        Compress = new("--compress", "-c") { Description = isSweep
            ? "Compressions, separated by ';' (or by ',' where none has a comma in it): off;balanced;uniform0_attention:4,18:1,0.75,0.25." : "off, balanced, strong, TYPE:LAYERS:RATIOS, or vst:RATIO of Video-XL (default: as the checkpoint says)." };
        Frames = new("--frames", "-n") { Description = $"Exactly this many frames, evenly spaced{many} (default: the task's rule). In needle tests: the length." };
        Fps = new("--fps") { Description = $"Frames per second of video{many}." };
        MaxFrames = new("--max-frames") { Description = $"Upper bound of the published rule{many} (default: the task's)." };
        MaxNewTokens = new("--max-new-tokens") { Description = $"Longest answer, in tokens{many} (default: the task's)." };
        Dtype = new("--dtype") { Description = $"fp32, bf16 or fp16{many} (default: as the machine does it best)." };
        Variant.AcceptOnlyFromAmong("blind", "shuffled", "random");
        Protocol.AcceptOnlyFromAmong("generated", "original");
    }

    public Argument<string> Task { get; } = new("TASK") { Description = $"A task: {string.Join(", ", TaskCatalog.All.Select(t => t.Name))}, or custom with --annotations FILE." };

    public Option<string?> Model { get; }

    public Option<string?> Compress { get; }

    public Option<string?> Frames { get; }

    public Option<string?> Fps { get; }

    public Option<string?> MaxFrames { get; }

    public Option<string?> MaxNewTokens { get; }

    public Option<string?> Dtype { get; }

    public Option<string?> Annotations { get; } = new("--annotations") { Description = "Folder of official annotation files, or the CSV or JSONL file of one's own set (default: what ships with the studio)." };

    public Option<string?> Videos { get; } = new("--videos") { Description = "Folder of the videos, or of haystack videos for needle tests." };

    public Option<string?> Needles { get; } = new("--needles") { Description = "Folder of needle images, for the originals' questions." };

    public Option<string?> Lengths { get; } = new("--lengths") { Description = "Haystack lengths in frames, comma-separated." };

    public Option<string?> Depths { get; } = new("--depths") { Description = "Needle depths from 0 to 1, comma-separated." };

    public Option<string?> Hops { get; } = new("--hops") { Description = "Steps of a chain, comma-separated." };

    public Option<int?> PerCell { get; } = new("--per-cell") { Description = "Questions a cell of a needle grid." };

    public Option<string?> Variant { get; } = new("--variant") { Description = "A control: blind (no video), shuffled (options), random (a letter drawn in place of a model)." };

    public Option<string?> Protocol { get; } = new("--protocol") { Description = "generated (the default), or original: for needles the forced letter on the originals' grid." };

    public Option<int> Offset { get; } = new("--offset") { Description = "Documents left out at the beginning." };

    public Option<int?> Limit { get; } = new("--limit") { Description = "Documents at most." };

    public Option<ulong> Seed { get; } = new("--seed") { Description = "Of shuffled and random letters, and of drawn data." };

    public Option<string?> Judge { get; } = new("--judge") { Description = "Address of an OpenAI-compatible endpoint, for tasks that need a judge." };

    public Option<string?> JudgeModel { get; } = new("--judge-model") { Description = "The judge's model." };

    public void AddTo(Command command)
    {
        command.Add(Task);
        foreach (var option in new Option[]
        {
            Model, Compress, Frames, Fps, MaxFrames, MaxNewTokens, Dtype, Annotations, Videos, Needles, Lengths, Depths, Hops, PerCell, Variant, Protocol, Offset, Limit, Seed, Judge, JudgeModel,
        })
        {
            command.Add(option);
        }

        command.Validators.Add((CommandResult r) =>
        {
            if (r.GetResult(Frames) is not null && r.GetResult(Fps) is not null) r.AddError("give --frames or --fps, not both");
        });
    }

    /// <summary>The requests that the options ask for: one, or every combination of a sweep.</summary>
    /// <param name="configOf">The configuration of a model as it is named on the command line.</param>
    /// <exception cref="ArgumentException">A value cannot be read; the message names option and value.</exception>
    public IReadOnlyList<EvalRequest> Requests(ParseResult parse, Func<string?, ModelConfig> configOf)
    {
        var task = parse.GetValue(Task)!;
        if (!task.Equals(EvalDataSource.Custom, StringComparison.OrdinalIgnoreCase)) task = TaskCatalog.Get(task).Name;
        var basis = new EvalRequest
        {
            Task = task,
            Variant = parse.GetValue(Variant) is { } variant ? Enum.Parse<EvalVariant>(variant, ignoreCase: true) : EvalVariant.Standard,
            Protocol = parse.GetValue(Protocol) is { } protocol ? Enum.Parse<EvalProtocol>(protocol, ignoreCase: true) : EvalProtocol.Generated,
            Annotations = Full(parse.GetValue(Annotations)),
            Videos = Full(parse.GetValue(Videos)),
            Needles = Full(parse.GetValue(Needles)),
            Lengths = NullIfNone(Whole(parse, Lengths)),
            Depths = NullIfNone(Numbers(parse, Depths)),
            Hops = NullIfNone(Whole(parse, Hops)),
            PerCell = parse.GetValue(PerCell),
            Offset = parse.GetValue(Offset),
            Limit = parse.GetValue(Limit),
            Seed = parse.GetValue(Seed),
            JudgeEndpoint = parse.GetValue(Judge),
            JudgeModel = parse.GetValue(JudgeModel),
        };
        HttpJudge.CheckNeeded(basis);
        var grid = new SweepGrid
        {
            Models = Texts(parse, Model, ','),
            Dtypes = Texts(parse, Dtype, ','),
            Frames = Whole(parse, Frames),
            Fps = Numbers(parse, Fps),
            MaxFrames = Whole(parse, MaxFrames),
            Compress = Compressions(parse.GetValue(Compress)),
            MaxNewTokens = Whole(parse, MaxNewTokens),
        };
        var requests = grid.Requests(basis, configOf);
        return _isSweep || requests.Count == 1 ? requests
            : throw new ArgumentException($"{requests.Count} settings were given; eval run takes one value of each option, use eval sweep for several");
    }

    /// <summary>A schedule has commas of its own, so that a list of them is separated by ';'.</summary>
    internal static string[] Compressions(string? text)
    {
        if (text is null) return [];
        var separator = text.Contains(';', StringComparison.Ordinal) || text.Contains(':', StringComparison.Ordinal) ? ';' : ',';
        // "off,vst:8,vst:16": each part has a form of its own, so that the commas must be between them.
        if (separator == ';' && !text.Contains(';', StringComparison.Ordinal) && text.Split(',').All(IsForm)) separator = ',';
        return Split("--compress", text, separator);
    }

    private static bool IsForm(string text)
    {
        try
        {
            Engine.Compression.CompressionSettings.CheckForm(text.Trim());
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    /// <summary>Paths are kept whole: a run is asked for again from anywhere.</summary>
    private static string? Full(string? path) => path is null ? null : Path.GetFullPath(path);

    private static string[] Texts(ParseResult parse, Option<string?> option, char separator) => parse.GetValue(option) is { } text ? Split(option.Name, text, separator) : [];

    /// <exception cref="ArgumentException">Nothing stands between the separators.</exception>
    private static string[] Split(string option, string text, char separator) => text.Split(separator, StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) is { Length: > 0 } values ? values
        : throw new ArgumentException($"{option}: '{text}' names no value; give at least one, or leave the option out");

    private static int[] Whole(ParseResult parse, Option<string?> option) => [.. Texts(parse, option, ',').Select(t =>
        int.TryParse(t, NumberStyles.None, CultureInfo.InvariantCulture, out var n) && n > 0 ? n : throw new ArgumentException($"{option.Name}: '{t}' is no whole number above 0"))];

    private static double[] Numbers(ParseResult parse, Option<string?> option) => [.. Texts(parse, option, ',').Select(t =>
        double.TryParse(t, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var n) ? n : throw new ArgumentException($"{option.Name}: '{t}' is no number"))];

    private static IReadOnlyList<T>? NullIfNone<T>(IReadOnlyList<T> values) => values.Count == 0 ? null : values;
}
