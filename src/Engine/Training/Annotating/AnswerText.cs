using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Engine.Tokenization;

namespace Studio.Engine.Training.Annotating;

/// <summary>Reads what captioners and writers answer; whatever is of no use is a <see cref="FormatException"/>.</summary>
internal static partial class AnswerText
{
    /// <summary>Longest caption, characters.</summary>
    public const int MaxCaption = 2000;

    /// <summary>Longest name of an event, characters.</summary>
    public const int MaxEvent = 200;

    /// <summary>Longest description, characters.</summary>
    public const int MaxDescription = 6000;

    private const int MaxShown = 120;

    /// <summary>Text on one line, not empty, within a length, and without what would count as a video's place in a prompt.</summary>
    public static string Clean(string text, string what, int most)
    {
        string clean = Spaces().Replace(text, " ").Trim();
        if (clean.Length == 0)
        {
            throw new FormatException($"{what} is empty");
        }

        if (clean.Length > most)
        {
            throw new FormatException($"{what} has {clean.Length} characters, above the limit of {most}: '{Shown(clean)}'");
        }

        return clean.Contains(ChatMl.VisualPlaceholder, StringComparison.Ordinal)
            ? throw new FormatException($"{what} holds {ChatMl.VisualPlaceholder}, which stands for a video: '{Shown(clean)}'")
            : clean;
    }

    public static string Caption(string text) => Clean(text, "the caption", MaxCaption);

    /// <summary>Reads the JSON object in an answer, whatever words or fences are around it.</summary>
    public static T Json<T>(string text, Func<JsonElement, T> read)
    {
        (int from, int to) = (text.IndexOf('{', StringComparison.Ordinal), text.LastIndexOf('}'));
        if (from < 0 || to < from)
        {
            throw new FormatException($"the answer holds no JSON object: '{Shown(text)}'");
        }

        try
        {
            using JsonDocument document = JsonDocument.Parse(text.AsMemory(from, to - from + 1), new JsonDocumentOptions { MaxDepth = 8 });
            return read(document.RootElement);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new FormatException($"the answer is not the JSON that was asked for ({e.Message}): '{Shown(text)}'", e);
        }
    }

    /// <summary>The items of a list of an object, not more than so many.</summary>
    public static IEnumerable<JsonElement> List(JsonElement element, string key, int most)
    {
        JsonElement list = element.GetProperty(key);
        int length = list.GetArrayLength();
        return length <= most ? list.EnumerateArray() : throw new FormatException($"'{key}' has {length} entries, above the limit of {most}");
    }

    public static string String(JsonElement element, string key, int most) => Clean(element.GetProperty(key).GetString() ?? "", $"'{key}'", most);

    /// <summary>A whole number from 1 to <paramref name="most"/>.</summary>
    public static int Number(JsonElement value, string key, int most) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) && number >= 1 && number <= most
            ? number
            : throw new FormatException($"'{key}' is {value.GetRawText()}; there are 1 to {most}");

    /// <summary>The letter that an answer gives, from A on; null where it gives none.</summary>
    public static char? Letter(string text, int options)
    {
        Match match = LetterForm().Match(text);
        char letter = match.Success ? (match.Groups[1].Success ? match.Groups[1] : match.Groups[2]).Value[0] : '\0';
        return letter >= 'A' && letter < 'A' + options ? letter : null;
    }

    private static string Shown(string text) => text.Length <= MaxShown ? text.Trim() : text[..MaxShown].Trim() + "…";

    [GeneratedRegex(@"\s+", RegexOptions.CultureInvariant)]
    private static partial Regex Spaces();

    // "B", "B.", "(B) the dog", "**B**" and "Answer: B", but not "A dog".
    [GeneratedRegex(@"^\W*(?:answer\W+)?(?-i:\(([A-H])\)|([A-H])(?:\W*$|[.:)]))", RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex LetterForm();
}
