using System.Globalization;
using Studio.Conversations;
using Studio.Engine.Compression;

namespace Studio.Components.Chat;

/// <summary>How frames are chosen in the form.</summary>
public enum FrameChoice
{
    /// <summary>One a second, 64 to 512.</summary>
    Published,
    Count,
    Rate,
}

/// <summary>How windows get their ratios in the form, for a model with visual summary tokens.</summary>
public enum RatioChoice
{
    /// <summary>One for all windows.</summary>
    One,

    /// <summary>Several, window by window in turn.</summary>
    InTurn,

    /// <summary>Drawn with a seed.</summary>
    Drawn,

    /// <summary>Windows that follow the content; experimental.</summary>
    Content,
}

/// <summary>
/// Settings of an answer while a person types them: texts that need not be valid. What is invalid is known by field, with
/// what the validators of <see cref="AnswerSettings"/> and the engine say about it.
/// </summary>
public sealed class SettingsForm
{
    /// <summary>Compression by hand in the list of presets.</summary>
    public const string ByHand = "by hand";

    private const string WindowsPrefix = "vst:";

    private readonly Dictionary<string, string> _errors = new(StringComparer.Ordinal); // bounded by the fields

    /// <summary>Empty: the default model.</summary>
    public string Model { get; set; } = "";

    /// <summary>Empty (as the model says), off, balanced, strong or <see cref="ByHand"/>.</summary>
    public string Preset { get; set; } = "";

    public string Type { get; set; } = "uniform0_attention";

    /// <summary>Drop layers, such as "4, 18".</summary>
    public string Layers { get; set; } = "";

    /// <summary>Share alive after each drop, such as "0.75, 0.25"; the 1 before the first drop is not typed.</summary>
    public string Ratios { get; set; } = "";

    /// <summary>Whether by hand means windows and summary tokens (Video-XL) instead of drops between layers.</summary>
    public bool HasWindows { get; set; }

    public RatioChoice RatioBy { get; set; }

    /// <summary>Visual tokens for each summary token.</summary>
    public string Ratio { get; set; } = "8";

    /// <summary>The same window by window, such as "2, 4, 8".</summary>
    public string RatioList { get; set; } = "2, 4, 8";

    /// <summary>Seed of drawn ratios.</summary>
    public string DrawSeed { get; set; } = "42";

    public FrameChoice Frames { get; set; }

    public string FrameCount { get; set; } = "64";

    public string Fps { get; set; } = "1";

    public string MaxFrames { get; set; } = "";

    public string Start { get; set; } = "";

    public string End { get; set; } = "";

    public string Temperature { get; set; } = "";

    public string TopP { get; set; } = "";

    public string TopK { get; set; } = "";

    public string Seed { get; set; } = "";

    public string MaxNewTokens { get; set; } = "";

    public string RepetitionPenalty { get; set; } = "";

    /// <summary>What cannot be used, by the name of its property.</summary>
    public IReadOnlyDictionary<string, string> Errors => _errors;

    /// <summary>The settings, or null while something is invalid.</summary>
    public AnswerSettings? Value { get; private set; } = new();

    public static SettingsForm From(AnswerSettings? settings, int? decoderLayers)
    {
        var form = new SettingsForm();
        form.Take(settings ?? new());
        form.Read(decoderLayers);
        return form;
    }

    /// <summary>Reads the texts again.</summary>
    /// <param name="decoderLayers">Of the chosen model; null while unknown.</param>
    public void Read(int? decoderLayers)
    {
        _errors.Clear();
        var value = new AnswerSettings { Model = Model.Length == 0 ? null : Model };
        value = Checked(nameof(FrameCount), value, s => Frames == FrameChoice.Count ? s with { Frames = Whole(FrameCount, required: true) } : s);
        value = Checked(nameof(Fps), value, s => Frames == FrameChoice.Rate ? s with { Fps = Number(Fps, required: true) } : s);
        value = Checked(nameof(MaxFrames), value, s => Frames == FrameChoice.Count ? s : s with { MaxFrames = AboveZero(Whole(MaxFrames)) });
        value = Checked(nameof(Start), value, s => s with { Start = Number(Start) });
        value = Checked(nameof(End), value, s => s with { End = Number(End) });
        value = Checked(nameof(Temperature), value, s => s with { Temperature = Number(Temperature) });
        value = Checked(nameof(TopP), value, s => s with { TopP = Number(TopP) });
        value = Checked(nameof(TopK), value, s => s with { TopK = Whole(TopK) });
        value = Checked(nameof(Seed), value, s => s with { Seed = SeedOf(Seed) });
        value = Checked(nameof(MaxNewTokens), value, s => s with { MaxNewTokens = Whole(MaxNewTokens) });
        value = Checked(nameof(RepetitionPenalty), value, s => s with { RepetitionPenalty = Number(RepetitionPenalty) });
        if (Preset == ByHand && HasWindows)
        {
            var field = RatioBy switch { RatioChoice.InTurn => nameof(RatioList), RatioChoice.Drawn => nameof(DrawSeed), _ => nameof(Ratio) };
            value = Checked(field, value, s => s with { Compress = ReadWindows().ToString() });
        }
        else if (Preset == ByHand)
        {
            var layers = Checked(nameof(Layers), new List<int>(), _ => ReadLayers(decoderLayers));
            if (!_errors.ContainsKey(nameof(Layers))) value = Checked(nameof(Ratios), value, s => s with { Compress = ReadSchedule(layers, decoderLayers).ToString() });
        }
        else if (Preset.Length > 0)
        {
            value = value with { Compress = Preset };
        }

        Value = _errors.Count == 0 ? value : null;
    }

    /// <summary>Whether settings are for summary tokens of windows.</summary>
    public static bool IsOfWindows(string? compress) => compress?.StartsWith(WindowsPrefix, StringComparison.Ordinal) == true;

    /// <summary>Fills the fields of compression by hand with what was chosen before, for a model with windows.</summary>
    public void SpellWindows(string compress)
    {
        (HasWindows, RatioBy) = (true, RatioChoice.One);
        if (IsOfWindows(compress)) TakeWindows(compress[WindowsPrefix.Length..]);
        else Ratio = compress == "strong" ? "16" : "8";
    }

    /// <summary>Fills the fields of compression by hand with a schedule: a preset's, for a decoder of some layers.</summary>
    public void Spell(string compress, int decoderLayers)
    {
        var schedule = VisualDropout.Parse(compress, decoderLayers);
        if (schedule.IsOff) schedule = VisualDropout.Balanced.ScaledTo(decoderLayers);
        if (schedule.IsOff) return; // too shallow for any drop
        Type = VisualDropout.TypeName(schedule.Type);
        Layers = string.Join(", ", schedule.DropAfterLayers);
        Ratios = string.Join(", ", schedule.StageRatios.Skip(1).Select(r => r.ToString("R", CultureInfo.InvariantCulture)));
    }

    private void Take(AnswerSettings settings)
    {
        static string Text(IFormattable? value) => value?.ToString(value is double ? "R" : null, CultureInfo.InvariantCulture) ?? "";
        Model = settings.Model ?? "";
        Frames = settings.Frames is not null ? FrameChoice.Count : settings.Fps is not null ? FrameChoice.Rate : FrameChoice.Published;
        if (settings.Frames is { } frames) FrameCount = Text(frames);
        if (settings.Fps is { } fps) Fps = Text(fps);
        (MaxFrames, Start, End) = (Text(settings.MaxFrames), Text(settings.Start), Text(settings.End));
        (Temperature, TopP, TopK, Seed) = (Text(settings.Temperature), Text(settings.TopP), Text(settings.TopK), Text(settings.Seed));
        (MaxNewTokens, RepetitionPenalty) = (Text(settings.MaxNewTokens), Text(settings.RepetitionPenalty));
        if (settings.Compress is not { } compress) return;
        Preset = compress is "off" or "balanced" or "strong" ? compress : ByHand;
        if (Preset != ByHand) return;
        if (IsOfWindows(compress))
        {
            TakeWindows(compress[WindowsPrefix.Length..]);
            return;
        }

        var parts = compress.Split(':');
        (Type, Layers) = (parts[0], (parts.ElementAtOrDefault(1) ?? "").Replace(",", ", ", StringComparison.Ordinal));
        Ratios = string.Join(", ", (parts.ElementAtOrDefault(2) ?? "").Split(',').Skip(1));
    }

    private void TakeWindows(string text)
    {
        HasWindows = true;
        var (name, at) = (text.Split('@')[0], text.IndexOf('@', StringComparison.Ordinal));
        RatioBy = name switch { "random" => RatioChoice.Drawn, "dynamic" => RatioChoice.Content, _ => name.Contains(',', StringComparison.Ordinal) ? RatioChoice.InTurn : RatioChoice.One };
        if (RatioBy == RatioChoice.InTurn) RatioList = name.Replace(",", ", ", StringComparison.Ordinal);
        else if (RatioBy == RatioChoice.One) Ratio = text;
        else if (at >= 0 && RatioBy == RatioChoice.Drawn) DrawSeed = text[(at + 1)..];
        else if (at >= 0) Ratio = text[(at + 1)..];
    }

    private VstCompression ReadWindows()
    {
        static int One(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var ratio) ? ratio
            : throw new ArgumentException($"'{text}' is not a ratio; give whole numbers from 2 on, such as 8");
        return RatioBy switch
        {
            RatioChoice.InTurn => VstCompression.Given([.. Parts(RatioList).Select(One)]),
            RatioChoice.Drawn => VstCompression.Drawn(SeedOf(DrawSeed) ?? VstCompression.PublishedSeed),
            RatioChoice.Content => VstCompression.ByContent(One(Ratio.Trim())),
            _ => VstCompression.Given(One(Ratio.Trim())),
        };
    }

    /// <summary>Applies one field; what it or the settings' own validation refuses becomes the field's error.</summary>
    private T Checked<T>(string field, T before, Func<T, T> apply)
    {
        try
        {
            var after = apply(before);
            (after as AnswerSettings)?.Validate();
            return after;
        }
        catch (ArgumentException e)
        {
            _errors[field] = Sentence(e.Message);
            return before;
        }
    }

    private List<int> ReadLayers(int? decoderLayers)
    {
        var layers = Parts(Layers).Select(p => int.TryParse(p, NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n
            : throw new ArgumentException($"'{p}' is not a layer; give whole numbers such as 4, 18")).ToList();
        if (layers.Count == 0) throw new ArgumentException("give at least one layer after which tokens are dropped, such as 4, or choose no compression");
        var schedule = new VisualDropout(VisualDropout.ParseType(Type), layers, [.. Enumerable.Repeat(1.0, layers.Count + 1)]);
        if (decoderLayers is { } count) _ = schedule.ValidateFor(count);
        return layers;
    }

    private VisualDropout ReadSchedule(List<int> layers, int? decoderLayers)
    {
        var ratios = Parts(Ratios).Select(p => double.TryParse(p, NumberStyles.Float, CultureInfo.InvariantCulture, out var r) && double.IsFinite(r) ? r
            : throw new ArgumentException($"'{p}' is not a share; give numbers such as 0.75, 0.25")).ToList();
        if (ratios.Count != layers.Count)
        {
            throw new ArgumentException($"{layers.Count} drop {(layers.Count == 1 ? "layer needs" : "layers need")} {layers.Count} {(layers.Count == 1 ? "share" : "shares")}, one after each drop; there {(ratios.Count == 1 ? "is" : "are")} {ratios.Count}");
        }

        var last = 1.0;
        foreach (var ratio in ratios)
        {
            if (!(ratio > 0 && ratio <= last)) throw new ArgumentException($"{ratio:R} does not fit after {last:R}: shares stay above 0 and never rise");
            last = ratio;
        }

        var schedule = new VisualDropout(VisualDropout.ParseType(Type), layers, [1, .. ratios]);
        return decoderLayers is { } count ? schedule.ValidateFor(count) : schedule;
    }

    private static string[] Parts(string text) => text.Split([',', ' ', ';'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);

    private static int? AboveZero(int? value) => value is < 1 ? throw new ArgumentException($"{value} is too few; give 1 or more") : value;

    private static int? Whole(string text, bool required = false) =>
        string.IsNullOrWhiteSpace(text) ? required ? throw new ArgumentException("give a number") : null
        : int.TryParse(text.Trim(), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : throw new ArgumentException($"'{text.Trim()}' is not a whole number");

    private static double? Number(string text, bool required = false) =>
        string.IsNullOrWhiteSpace(text) ? required ? throw new ArgumentException("give a number") : null
        : double.TryParse(text.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n
        : throw new ArgumentException($"'{text.Trim()}' is not a number; write it with a point, such as 0.5");

    private static ulong? SeedOf(string text) =>
        string.IsNullOrWhiteSpace(text) ? null
        : ulong.TryParse(text.Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var n) ? n : throw new ArgumentException($"'{text.Trim()}' is not a seed; give a whole number from 0 on");

    /// <summary>Without the names that code has for things.</summary>
    private static string Sentence(string message)
    {
        var text = message.Replace("SamplingSettings.FrameCount is", "the number of frames is", StringComparison.Ordinal)
            .Replace("SamplingSettings.MaxFrames is", "the most frames is", StringComparison.Ordinal)
            .Replace("SamplingSettings.FramesPerSecond is", "the rate is", StringComparison.Ordinal)
            .Replace("SamplingSettings.", "", StringComparison.Ordinal).TrimEnd('.');
        return char.ToUpperInvariant(text[0]) + text[1..] + ".";
    }
}
