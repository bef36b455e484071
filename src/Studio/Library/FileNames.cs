using System.Globalization;
using System.Text;
using Studio.Api;

namespace Studio.Library;

/// <summary>Names from outside, made fit to be shown and stored. They never become paths: files are named by identifiers.</summary>
internal static class FileNames
{
    public const int MaxLength = 200;

    public const int MaxTagLength = 40;

    /// <summary>Tags one video may have.</summary>
    public const int MaxTags = 32;

    /// <summary>The last part of a path of any system, without characters that would hide or reorder text; "video" if nothing remains.</summary>
    public static string Clean(string? name)
    {
        name ??= "";
        var last = name.AsSpan(name.LastIndexOfAny(['/', '\\']) + 1);
        var text = Visible(last);
        return text.Length == 0 ? "video" : text;
    }

    /// <summary>What people call the file: its name without the ending.</summary>
    public static string Title(string? name)
    {
        var clean = Clean(name);
        var dot = clean.LastIndexOf('.');
        var title = dot > 0 && clean.Length - dot <= 6 ? clean[..dot].TrimEnd() : clean;
        return title.Length == 0 ? clean : title;
    }

    /// <summary>A name that a person gives.</summary>
    /// <exception cref="RequestException">It is empty or too long.</exception>
    public static string Chosen(string? name)
    {
        var text = Visible(name ?? "", MaxLength + 1);
        return text.Length switch
        {
            0 => throw RequestException.Invalid("the name is empty; give at least one visible character"),
            > MaxLength => throw RequestException.Invalid($"the name has more than {MaxLength} characters; shorten it"),
            _ => text,
        };
    }

    /// <summary>Tags as they are stored: lower case, one each, in alphabetical order.</summary>
    /// <exception cref="RequestException">One is empty or too long, or there are too many.</exception>
    public static string[] Tags(IEnumerable<string> tags)
    {
        string[] clean = [.. tags.Select(Tag).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return clean.Length <= MaxTags ? clean : throw RequestException.Invalid($"{clean.Length} tags are more than the {MaxTags} a video may have; remove some");
    }

    /// <exception cref="RequestException">It is empty or too long.</exception>
    public static string Tag(string? tag)
    {
        var text = Visible(tag ?? "", MaxTagLength + 1).ToLowerInvariant();
        return text.Length switch
        {
            0 => throw RequestException.Invalid("a tag is empty; give at least one visible character"),
            > MaxTagLength => throw RequestException.Invalid($"the tag '{text[..MaxTagLength]}…' has more than {MaxTagLength} characters; shorten it"),
            _ when text.Contains(',', StringComparison.Ordinal) => throw RequestException.Invalid($"the tag '{text}' contains a comma, which separates tags"),
            _ => text,
        };
    }

    /// <summary>Without control and format characters (among them those that turn the direction of text) and broken halves of pairs; runs of spaces become one.</summary>
    private static string Visible(ReadOnlySpan<char> text, int maxLength = MaxLength)
    {
        var result = new StringBuilder(Math.Min(text.Length, maxLength));
        foreach (var rune in text.EnumerateRunes())
        {
            var category = Rune.GetUnicodeCategory(rune);
            var space = Rune.IsWhiteSpace(rune);
            // The joiner holds the parts of one emoji together.
            if (!space && rune.Value != 0x200D && category is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned) continue;
            if (space && (result.Length == 0 || result[^1] == ' ')) continue;
            if (result.Length + (space ? 1 : rune.Utf16SequenceLength) > maxLength) break;
            _ = space ? result.Append(' ') : result.Append(rune);
        }

        return result.ToString().TrimEnd();
    }
}
