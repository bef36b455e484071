namespace Studio.Components.Markdown;

/// <summary>Makes the last line of a text that is still written look as it will when it is finished.</summary>
internal static class GrowingText
{
    /// <summary>Longest last line that is looked at, characters.</summary>
    public const int MaxLine = 4000;

    /// <summary>The text, its last line without marks that have nothing behind them yet, and with open ones closed.</summary>
    public static string Close(string text)
    {
        var start = text.LastIndexOf('\n') + 1;
        if (text.Length - start is 0 or > MaxLine) return text;
        var line = text.AsSpan(start);
        var kept = line.TrimEnd("*_~`");
        // A mark behind a word closes something; one behind a space opens what is not there yet.
        if (kept.Length < line.Length && (kept.Length == 0 || kept[^1] is ' ' or '(')) line = kept;
        else if (line.Length > 1 && line[^1] == '*' && line[^2] != '*' && Pairs(line) % 2 == 1) line = line[..^1]; // half of a closing pair
        var open = line.Count('`') % 2 == 1 ? "`" : Pairs(line) % 2 == 1 ? "**" : "";
        return line.Length + start == text.Length && open.Length == 0 ? text : $"{text.AsSpan(0, start)}{line.TrimEnd(' ')}{open}";
    }

    /// <summary>How often two asterisks stand outside of code.</summary>
    private static int Pairs(ReadOnlySpan<char> line)
    {
        var (pairs, isCode) = (0, false);
        for (var i = 0; i < line.Length; i++)
        {
            if (line[i] == '`') isCode = !isCode;
            if (isCode || line[i] != '*' || i + 1 == line.Length || line[i + 1] != '*') continue;
            pairs++;
            i++;
        }

        return pairs;
    }
}
