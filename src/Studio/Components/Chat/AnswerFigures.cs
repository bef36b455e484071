using System.Globalization;
using Studio.Conversations;
using Studio.Engine.Chat.Planning;
using Studio.ModelHosting;

namespace Studio.Components.Chat;

/// <summary>What was measured and what was expected, as people read it.</summary>
public static class AnswerFigures
{
    /// <summary>Tokens written a second after the first one; null where fewer than two were written.</summary>
    public static double? TokensPerSecond(AnswerMeasures measures)
    {
        ArgumentNullException.ThrowIfNull(measures);
        var ms = measures.TotalMs - measures.TimeToFirstTokenMs;
        return measures.GeneratedTokens > 1 && ms > 0 ? (measures.GeneratedTokens - 1) * 1000.0 / ms : null;
    }

    public static string Rate(double? perSecond) => perSecond is { } r ? string.Create(CultureInfo.InvariantCulture, $"{(r >= 100 ? Math.Round(r) : Math.Round(r, 1)):0.#} tokens/s") : "–";

    public static string Time(double milliseconds) => Units.Seconds(milliseconds / 1000);

    /// <summary>One number where the machine was measured, else from one to another.</summary>
    public static string Time(Milliseconds expected) => Units.Seconds(new SecondsRange(expected.Low / 1000, expected.High / 1000));

    /// <summary>Visual tokens of each stage: 1,024 → 768 → 256.</summary>
    public static string Stages(IEnumerable<int> tokens) => string.Join(" → ", tokens.Select(n => Units.Count(n)));

    /// <summary>Visual tokens of each stage, or with Video-XL what its windows left.</summary>
    public static string Tokens(AnswerMeasures measures)
    {
        ArgumentNullException.ThrowIfNull(measures);
        return SettingsForm.IsOfWindows(measures.Compression) && measures.StageTokens.Count > 0
            ? $"{Units.Count(measures.VisualTokens)} visual → {Units.Count(measures.StageTokens[^1])} summary tokens"
            : $"{Stages(measures.StageTokens.Count == 0 ? [measures.VisualTokens] : measures.StageTokens)} visual tokens";
    }

    /// <summary>The quiet line under an answer.</summary>
    public static string Line(AnswerMeasures measures)
    {
        ArgumentNullException.ThrowIfNull(measures);
        var parts = new List<string> // bounded by the figures
        {
            Tokens(measures),
            $"KV {Units.Bytes(measures.KvBytes)}",
            $"first token {Time(measures.TimeToFirstTokenMs)}",
        };
        if (TokensPerSecond(measures) is { } rate) parts.Add(Rate(rate));
        parts.Add($"{Time(measures.TotalMs)} in all");
        return string.Join(" · ", parts);
    }

    /// <summary>Why the answer ended, where that is worth a word.</summary>
    public static string? Ending(AnswerMeasures measures)
    {
        ArgumentNullException.ThrowIfNull(measures);
        return measures.StopReason == "length" ? $"Ended at {Units.Count(measures.GeneratedTokens)} tokens, the most allowed. Allow more in the settings to read on." : null;
    }

    /// <summary>What a stage of the pipeline counts.</summary>
    public static string Unit(string stage) => stage switch
    {
        "probe" => "files",
        "frames" => "frames",
        "tower" or "connector" => "clips",
        "prefill" => "rows",
        _ => "tokens",
    };
}
