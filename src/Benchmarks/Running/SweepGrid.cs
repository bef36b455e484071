using Studio.Benchmarks.Records;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;

namespace Studio.Benchmarks.Running;

/// <summary>
/// What a sweep varies: every combination of the values of each axis. An empty axis keeps the base request's value. Models of both systems
/// can stand in one grid: a drop schedule is then combined with those that drop, a ratio of summary tokens with those that summarise, and
/// what both know (off, balanced, strong) with all.
/// </summary>
public sealed record SweepGrid
{
    /// <summary>Most settings of a sweep.</summary>
    public const int MaxSettings = 1000;

    public IReadOnlyList<string> Models { get; init; } = [];

    public IReadOnlyList<string> Dtypes { get; init; } = [];

    public IReadOnlyList<int> Frames { get; init; } = [];

    public IReadOnlyList<double> Fps { get; init; } = [];

    public IReadOnlyList<int> MaxFrames { get; init; } = [];

    /// <summary>Texts that <see cref="Engine.Compression.CompressionSettings.Parse"/> reads: drop schedules and ratios, or ratios of summary tokens.</summary>
    public IReadOnlyList<string> Compress { get; init; } = [];

    public IReadOnlyList<int> MaxNewTokens { get; init; } = [];

    /// <summary>
    /// The requests, ordered so that a model is loaded once and settings that read the same frames follow one another: model and type
    /// outermost, then frames, then what needs no encoding.
    /// </summary>
    /// <param name="configOf">Tells of which system a model is (null: the default model); not called where one model is asked.</param>
    /// <exception cref="ArgumentException">
    /// A value stands twice, frames and fps are both varied, there are too many combinations, or a compression or a model finds none of the
    /// other that is of its system.
    /// </exception>
    public IReadOnlyList<EvalRequest> Requests(EvalRequest basis, Func<string?, ModelConfig> configOf)
    {
        ArgumentNullException.ThrowIfNull(basis);
        ArgumentNullException.ThrowIfNull(configOf);
        Once(Models, "model");
        Once(Dtypes, "dtype");
        Once(Frames, "frames");
        Once(Fps, "fps");
        Once(MaxFrames, "max-frames");
        Once(Compress, "compress");
        Once(MaxNewTokens, "max-new-tokens");
        if (Frames.Count > 0 && Fps.Count > 0) throw new ArgumentException($"frames {string.Join(",", Frames)} and fps {string.Join(",", Fps)} were given; give one of them");
        var count = new[] { Models.Count, Dtypes.Count, Frames.Count, Fps.Count, MaxFrames.Count, Compress.Count, MaxNewTokens.Count }.Aggregate(1L, (product, n) => product * Math.Max(1, n));
        if (count > MaxSettings) throw new ArgumentException($"a sweep of {count} settings; at most {MaxSettings} are possible, leave some values out");
        IEnumerable<EvalSetting> settings = [basis.Setting];
        settings = Vary(settings, Models, (s, v) => s with { Model = v });
        settings = Vary(settings, Dtypes, (s, v) => s with { Dtype = v });
        settings = Vary(settings, MaxFrames, (s, v) => s with { MaxFrames = v });
        settings = Vary(settings, Frames, (s, v) => s with { Frames = v, Fps = null });
        settings = Vary(settings, Fps, (s, v) => s with { Fps = v, Frames = null });
        settings = Vary(settings, MaxNewTokens, (s, v) => s with { MaxNewTokens = v });
        settings = Vary(settings, Compress, (s, v) => s with { Compress = v });
        if (Models.Count > 1) settings = OfOneSystem([.. settings], configOf);
        return [.. settings.Select(s => basis with { Setting = s })];
    }

    private List<EvalSetting> OfOneSystem(List<EvalSetting> settings, Func<string?, ModelConfig> configOf)
    {
        var configs = Models.ToDictionary(m => m, m => configOf(m), StringComparer.Ordinal);
        var fitting = settings.FindAll(s => s.Compress is null || !CompressionSettings.IsOfOtherSystem(s.Compress, configs[s.Model!]));
        var asked = settings.Select(s => s.Compress).Distinct(StringComparer.Ordinal);
        if (asked.FirstOrDefault(c => !fitting.Exists(s => s.Compress == c)) is { } unfit) _ = CompressionSettings.Parse(unfit, configs[Models[0]]); // says what it takes
        if (Models.FirstOrDefault(m => !fitting.Exists(s => s.Model == m)) is { } left)
        {
            throw new ArgumentException($"none of the compressions asked for ({string.Join(";", asked)}) is for the model '{left}', which {(configs[left].Vst is null ? "drops visual tokens between layers" : "summarises visual tokens in windows")};"
                + $" add {(configs[left].Vst is null ? "off, balanced, strong or a schedule such as uniform0_attention:4,18:1,0.75,0.25" : "off, balanced, strong or a ratio such as vst:8")}, or leave the model out");
        }

        return fitting;
    }

    private static IEnumerable<EvalSetting> Vary<T>(IEnumerable<EvalSetting> settings, IReadOnlyList<T> values, Func<EvalSetting, T, EvalSetting> with) =>
        values.Count == 0 ? settings : settings.SelectMany(s => values.Select(v => with(s, v)));

    private static void Once<T>(IReadOnlyList<T> values, string axis)
    {
        if (values.Distinct().Count() != values.Count) throw new ArgumentException($"{axis} {string.Join(",", values)}: give each value once");
    }
}
