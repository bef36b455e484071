using System.Globalization;
using Studio.Conversations;

namespace Studio.Components.Chat;

/// <summary>Settings of an answer as one value of an address: <c>name:value;name:value</c>. Defaults are left out.</summary>
public static class SettingsQuery
{
    /// <summary>Null when every value is the default.</summary>
    public static string? Format(AnswerSettings? settings)
    {
        if (settings is null) return null;
        var parts = new List<string>(); // bounded by the settings
        void Add(string name, IFormattable? value)
        {
            if (value is not null) parts.Add($"{name}:{value.ToString(value is double ? "R" : null, CultureInfo.InvariantCulture)}");
        }

        if (settings.Model is { } model) parts.Add("model:" + Uri.EscapeDataString(model));
        if (settings.Compress is { } compress) parts.Add("compress:" + compress);
        Add("frames", settings.Frames);
        Add("fps", settings.Fps);
        Add("max-frames", settings.MaxFrames);
        Add("start", settings.Start);
        Add("end", settings.End);
        Add("temperature", settings.Temperature);
        Add("top-p", settings.TopP);
        Add("top-k", settings.TopK);
        Add("seed", settings.Seed);
        Add("max-new-tokens", settings.MaxNewTokens);
        Add("repetition-penalty", settings.RepetitionPenalty);
        return parts.Count == 0 ? null : string.Join(';', parts);
    }

    /// <summary>Null when there is nothing to read; parts that cannot be read are left out.</summary>
    public static AnswerSettings? Parse(string? text)
    {
        if (string.IsNullOrEmpty(text)) return null;
        var settings = new AnswerSettings();
        foreach (var part in text.Split(';'))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0) continue;
            var value = part[(colon + 1)..];
            settings = part[..colon] switch
            {
                "model" => settings with { Model = Uri.UnescapeDataString(value) },
                "compress" => settings with { Compress = value },
                "frames" => settings with { Frames = Whole(value) },
                "fps" => settings with { Fps = Number(value) },
                "max-frames" => settings with { MaxFrames = Whole(value) },
                "start" => settings with { Start = Number(value) },
                "end" => settings with { End = Number(value) },
                "temperature" => settings with { Temperature = Number(value) },
                "top-p" => settings with { TopP = Number(value) },
                "top-k" => settings with { TopK = Whole(value) },
                "seed" => settings with { Seed = ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var seed) ? seed : null },
                "max-new-tokens" => settings with { MaxNewTokens = Whole(value) },
                "repetition-penalty" => settings with { RepetitionPenalty = Number(value) },
                _ => settings,
            };
        }

        return settings == new AnswerSettings() ? null : settings;
    }

    private static int? Whole(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : null;

    private static double? Number(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) && double.IsFinite(n) ? n : null;
}
