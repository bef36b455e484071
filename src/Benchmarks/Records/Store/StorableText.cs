using System.Text;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Studio.Benchmarks.Records.Store;

/// <summary>
/// Free text in a form that both databases keep: PostgreSQL refuses the character 0 and halves of surrogate pairs. U+E000 begins an escape;
/// other text is kept as it is.
/// </summary>
internal static class StorableText
{
    private const char Mark = '\uE000';

    public static ValueConverter<string?, string?> Converter { get; } = new(t => Escape(t), t => Unescape(t));

    public static string? Escape(string? text)
    {
        if (text is null || !NeedsEscape(text)) return text;
        var built = new StringBuilder(text.Length + 16);
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) _ = built.Append(c).Append(text[++i]);
            else if (IsBad(c)) _ = built.Append(Mark).Append(((int)c).ToString("x4", System.Globalization.CultureInfo.InvariantCulture));
            else _ = built.Append(c);
        }

        return built.ToString();
    }

    public static string? Unescape(string? text)
    {
        if (text is null || !text.Contains(Mark, StringComparison.Ordinal)) return text;
        var built = new StringBuilder(text.Length);
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == Mark && i + 4 < text.Length
                && int.TryParse(text.AsSpan(i + 1, 4), System.Globalization.NumberStyles.AllowHexSpecifier, System.Globalization.CultureInfo.InvariantCulture, out var code))
            {
                _ = built.Append((char)code);
                i += 4;
            }
            else
            {
                _ = built.Append(text[i]);
            }
        }

        return built.ToString();
    }

    private static bool NeedsEscape(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])) i++;
            else if (IsBad(text[i])) return true;
        }

        return false;
    }

    private static bool IsBad(char c) => c is '\0' or Mark || char.IsSurrogate(c);
}
