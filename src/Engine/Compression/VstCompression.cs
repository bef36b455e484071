using System.Globalization;
using Studio.Engine.Checkpoints;

namespace Studio.Engine.Compression;

/// <summary>How a compression with visual summary tokens chooses its windows and ratios.</summary>
public enum VstMode
{
    /// <summary>No summary tokens: every visual token stays. The baseline that papers compare against.</summary>
    Kept,

    /// <summary>Given ratios, one window after another in turn.</summary>
    Given,

    /// <summary>A ratio drawn for each window, from the list that the checkpoint was trained with.</summary>
    Drawn,

    /// <summary>Windows that follow the content (experimental, <see cref="ContentWindows"/>).</summary>
    Content,
}

/// <summary>
/// Video-XL's compression: the decoder reads a video window by window, with a summary token (VST) behind every few visual
/// tokens, and keeps the keys and values of those alone. Immutable and validated when made.
/// </summary>
public sealed record VstCompression : CompressionSettings
{
    /// <summary>The most ratios that can be given in turn.</summary>
    public const int MaxRatios = 4096;

    /// <summary>The seed of the original's draw.</summary>
    public const ulong PublishedSeed = 42;

    /// <summary>Ratios that the paper trains and measures; others run, untried.</summary>
    public static readonly IReadOnlyList<int> PublishedRatios = [2, 4, 8, 12, 16];

    /// <summary>Every visual token stays.</summary>
    public static readonly VstCompression Kept = new(VstMode.Kept, [], 0);

    /// <summary>The ratio of the published demonstration.</summary>
    public static readonly VstCompression Balanced = Given(8);

    /// <summary>The ratio of the paper's longest videos.</summary>
    public static readonly VstCompression Strong = Given(16);

    private const string Prefix = "vst:", DrawnName = "random", ContentName = "dynamic";

    private const string Form = "use off, balanced, strong, vst:8, vst:2,4,8 (window by window, in turn), vst:random@SEED or vst:dynamic@8";

    private VstCompression(VstMode mode, IReadOnlyList<int> ratios, ulong seed) => (Mode, Ratios, Seed) = (mode, ratios, seed);

    public VstMode Mode { get; }

    /// <summary>Visual tokens for each VST: in turn when given, one for <see cref="VstMode.Content"/>, else none.</summary>
    public IReadOnlyList<int> Ratios { get; }

    /// <summary>Seed of <see cref="VstMode.Drawn"/>; every question and video draws anew from it.</summary>
    public ulong Seed { get; }

    public override bool IsOff => Mode == VstMode.Kept;

    /// <summary>One ratio, or several in turn.</summary>
    /// <exception cref="ArgumentException">None, too many, or one below 2.</exception>
    public static VstCompression Given(params IReadOnlyList<int> ratios)
    {
        ArgumentNullException.ThrowIfNull(ratios);
        if (ratios.Count is 0 or > MaxRatios) throw new ArgumentException($"{ratios.Count} ratios; give 1 to {MaxRatios}");
        foreach (var ratio in ratios) CheckRatio(ratio);
        return new(VstMode.Given, [.. ratios], 0);
    }

    /// <summary>Drawn window by window.</summary>
    public static VstCompression Drawn(ulong seed = PublishedSeed) => new(VstMode.Drawn, [], seed);

    /// <summary>Windows that follow the content.</summary>
    public static VstCompression ByContent(int ratio = 8)
    {
        CheckRatio(ratio);
        return new(VstMode.Content, [ratio], 0);
    }

    /// <summary>The checkpoint's one ratio, or the published demonstration's where it was trained with several.</summary>
    public static VstCompression DefaultOf(VstConfig vst)
    {
        ArgumentNullException.ThrowIfNull(vst);
        var usable = vst.Ratios.Where(r => r > 1 && r <= vst.Window).DefaultIfEmpty(2).ToList();
        return Given(usable.Contains(8) ? 8 : usable.Max());
    }

    /// <summary>The settings as a model with such windows takes them.</summary>
    /// <exception cref="ArgumentException">They are not of this kind, or a ratio is larger than a window.</exception>
    public static VstCompression Of(CompressionSettings settings, VstConfig vst)
    {
        ArgumentNullException.ThrowIfNull(settings);
        ArgumentNullException.ThrowIfNull(vst);
        var given = settings is VstCompression own ? own
            : settings.IsOff ? Kept
            : throw new ArgumentException($"compression '{settings}' drops visual tokens between layers (VideoChat-Flash); this model summarises them in windows: {Form}");
        foreach (var ratio in given.Ratios)
        {
            if (ratio > vst.Window) throw new ArgumentException($"compression '{given}': ratio {ratio} is larger than a window of {vst.Window} visual tokens; use 2 to {vst.Window}");
        }

        return given;
    }

    /// <summary>
    /// Reads <c>off</c>, <c>balanced</c> (8), <c>strong</c> (16), <c>vst:8</c>, <c>vst:2,4,8</c> (window by window, from the first
    /// again behind the last), <c>vst:random@SEED</c> (<c>vst:random</c>: seed 42) or <c>vst:dynamic@RATIO</c> (<c>vst:dynamic</c>: 8).
    /// </summary>
    /// <exception cref="ArgumentException">Anything else; the message says what and shows the forms.</exception>
    public static VstCompression Parse(string text, VstConfig vst)
    {
        ArgumentNullException.ThrowIfNull(text);
        switch (text)
        {
            case "off": return Kept;
            case "balanced": return Of(Balanced, vst);
            case "strong": return Of(Strong, vst);
        }

        if (!IsItsForm(text))
        {
            throw new ArgumentException(VisualDropout.IsItsForm(text)
                ? $"compression '{text}' drops visual tokens between layers (VideoChat-Flash); this model summarises them in windows: {Form}"
                : $"unknown compression '{text}'; {Form}");
        }

        var rest = text[Prefix.Length..];
        var at = rest.IndexOf('@', StringComparison.Ordinal);
        var (name, value) = at < 0 ? (rest, null) : (rest[..at], rest[(at + 1)..]);
        return name switch
        {
            DrawnName => Drawn(value is null ? PublishedSeed : ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed
                : throw new ArgumentException($"compression '{text}': '{value}' is not a seed; {Form}")),
            ContentName => Of(ByContent(value is null ? 8 : Ratio(text, value)), vst),
            _ when value is null => Of(Given([.. name.Split(',').Select(part => Ratio(text, part))]), vst),
            _ => throw new ArgumentException($"compression '{text}': nothing takes '@{value}' here; {Form}"),
        };
    }

    /// <summary>Whether a text is meant for visual summary tokens, right or wrong.</summary>
    internal static bool IsItsForm(string text) => text.StartsWith(Prefix, StringComparison.Ordinal);

    /// <summary>How a span is cut.</summary>
    public IWindowRule RuleFor(VstConfig vst)
    {
        ArgumentNullException.ThrowIfNull(vst);
        return Mode switch
        {
            VstMode.Kept => new RatiosInTurn([0]),
            VstMode.Given => new RatiosInTurn(Ratios),
            VstMode.Drawn => new DrawnRatios(vst.Ratios, Seed),
            _ => new ContentWindows(Ratios[0]),
        };
    }

    public bool Equals(VstCompression? other) => other is not null && ToString() == other.ToString();

    public override int GetHashCode() => ToString().GetHashCode(StringComparison.Ordinal);

    /// <summary>The form that <see cref="Parse"/> reads.</summary>
    public override string ToString() => Mode switch
    {
        VstMode.Kept => "off",
        VstMode.Given => Prefix + string.Join(",", Ratios),
        VstMode.Drawn => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{DrawnName}@{Seed}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{Prefix}{ContentName}@{Ratios[0]}"),
    };

    private static int Ratio(string text, string part) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out var ratio) ? ratio
        : throw new ArgumentException($"compression '{text}': '{part}' is not a ratio; {Form}");

    private static void CheckRatio(int ratio)
    {
        if (ratio < 2) throw new ArgumentException($"a compression ratio of {ratio} keeps as many tokens as it reads or more; use 2 or more, or off");
    }
}
