using System.Globalization;
using Studio.Conversations;

namespace Studio.Components.Chat;

/// <summary>Settings of an answer in few words, for chips and summaries.</summary>
public static class SettingsText
{
    /// <summary>Such as "balanced · 64 frames · temperature 0.7"; what is the default and says nothing is left out.</summary>
    public static string Summary(AnswerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        var parts = new List<string> { Compression(settings.Compress), Frames(settings) }; // bounded by the settings
        if (settings.Start is not null || settings.End is not null) parts.Add(Invariant($"{settings.Start ?? 0:0.##} s to {(settings.End is { } end ? Invariant($"{end:0.##} s") : "the end")}"));
        if (settings.Temperature is > 0) parts.Add(Invariant($"temperature {settings.Temperature:0.##}"));
        if (settings.TopP is { } p && p < 1) parts.Add(Invariant($"top-p {p:0.##}"));
        if (settings.TopK is > 0) parts.Add(Invariant($"top-k {settings.TopK}"));
        if (settings.Seed is > 0) parts.Add(Invariant($"seed {settings.Seed}"));
        if (settings.MaxNewTokens is { } max) parts.Add(Invariant($"at most {max:N0} tokens"));
        if (settings.RepetitionPenalty is { } penalty) parts.Add(Invariant($"repetition {penalty:0.##}"));
        return string.Join(" · ", parts);
    }

    /// <summary>A preset's name, or what is set by hand.</summary>
    public static string Compression(string? compress) => compress switch
    {
        null => "model's compression",
        "off" => "no compression",
        _ when SettingsForm.IsOfWindows(compress) => Windows(compress[4..]),
        _ => compress,
    };

    private static string Windows(string text) => text.Split('@') switch
    {
        ["random", var seed] => $"ratios drawn with seed {seed}",
        ["random"] => "drawn ratios",
        ["dynamic", var ratio] => $"windows by content, ratio {ratio}",
        ["dynamic"] => "windows by content",
        _ => text.Contains(',', StringComparison.Ordinal) ? $"ratios {text}" : $"ratio {text}",
    };

    public static string Frames(AnswerSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        return settings.Frames is { } n ? Invariant($"{n:N0} {(n == 1 ? "frame" : "frames")}")
            : settings.Fps is { } fps ? Invariant($"{fps:0.##} fps")
            : settings.MaxFrames is { } max ? Invariant($"1 fps, at most {max:N0}")
            : "64–512 frames";
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
