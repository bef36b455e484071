using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace Studio.Components.Markdown;

/// <param name="Start">Character of the text where the line begins.</param>
/// <param name="Text">Without its end, tabs as four spaces.</param>
internal readonly record struct Line(int Start, string Text)
{
    public bool IsBlank => string.IsNullOrWhiteSpace(Text);

    /// <summary>Spaces before the first character.</summary>
    public int Indent => Text.Length - Text.AsSpan().TrimStart(' ').Length;

    public bool IsQuote => Indent < 4 && Text.AsSpan(Indent).StartsWith(">");

    public Line Unquoted()
    {
        var rest = Text.AsSpan(Indent + 1);
        return this with { Text = (rest.StartsWith(" ") ? rest[1..] : rest).ToString() };
    }

    /// <summary>Without its first columns: spaces, or for a list's mark whatever stands there.</summary>
    public Line Without(int columns, bool marker = false) => this with { Text = Text[Math.Min(marker ? columns : Math.Min(columns, Indent), Text.Length)..] };
}

/// <summary>The line that opens fenced code.</summary>
internal readonly record struct Fence(char Mark, int Length, int Indent, string Language)
{
    public static bool TryOpen(Line line, out Fence fence)
    {
        fence = default;
        var text = line.Text.AsSpan(line.Indent);
        if (line.Indent > 3 || text.Length < 3 || text[0] is not ('`' or '~')) return false;
        var length = text.IndexOfAnyExcept(text[0]);
        if (length < 0) length = text.Length;
        var info = text[length..].Trim();
        if (length < 3 || (text[0] == '`' && info.Contains('`'))) return false;
        var space = info.IndexOf(' ');
        fence = new(text[0], length, line.Indent, (space < 0 ? info : info[..space]).ToString());
        return true;
    }

    public bool IsClosedBy(Line line)
    {
        var text = line.Text.AsSpan().Trim();
        return line.Indent < 4 && text.Length >= Length && !text.ContainsAnyExcept(Mark);
    }
}

/// <summary>What stands before a list's item.</summary>
/// <param name="Kind">The bullet, or the character behind the number: another one begins another list.</param>
/// <param name="Indent">Columns before it.</param>
/// <param name="Width">Columns up to the item's text.</param>
/// <param name="IsEmpty">Nothing follows on its line.</param>
internal readonly record struct Marker(char Kind, int? Number, int Indent, int Width, bool IsEmpty)
{
    public static bool TryRead(Line line, out Marker marker)
    {
        marker = default;
        var (indent, text) = (line.Indent, line.Text);
        if (indent > 3 || indent == text.Length) return false;
        var at = indent;
        int? number = null;
        if (text[at] is not ('-' or '*' or '+'))
        {
            while (at < text.Length && char.IsAsciiDigit(text[at]) && at - indent < 9) at++;
            if (at == indent || at == text.Length || text[at] is not ('.' or ')')) return false;
            number = int.Parse(text.AsSpan(indent, at - indent), NumberStyles.None, CultureInfo.InvariantCulture);
        }

        var kind = text[at++];
        var rest = text.AsSpan(at);
        var spaces = rest.Length - rest.TrimStart(' ').Length;
        var isEmpty = spaces == rest.Length;
        if (spaces == 0 && !isEmpty) return false;
        marker = new(kind, number, indent, at + (isEmpty || spaces > 4 ? 1 : spaces), isEmpty);
        return true;
    }
}

/// <summary>A line of a table.</summary>
internal static class TableRow
{
    /// <summary>Trimmed cells. A bar behind a backslash belongs to its cell.</summary>
    public static List<string> Cells(string line)
    {
        var text = line.AsSpan().Trim();
        if (text.StartsWith("|")) text = text[1..];
        if (text.EndsWith("|") && !text.EndsWith("\\|")) text = text[..^1];
        var cells = new List<string>(); // bounded by the line
        var cell = new StringBuilder();
        for (var i = 0; i < text.Length; i++)
        {
            if (text[i] == '|')
            {
                cells.Add(cell.ToString().Trim());
                _ = cell.Clear();
                continue;
            }

            if (text[i] == '\\' && i + 1 < text.Length && text[i + 1] == '|') i++;
            _ = cell.Append(text[i]);
        }

        cells.Add(cell.ToString().Trim());
        return cells;
    }

    /// <summary>Exactly so many cells: missing ones are empty, more are left out.</summary>
    public static ImmutableArray<ImmutableArray<MarkdownInline>> Read(string line, int columns)
    {
        var cells = Cells(line);
        return [.. Enumerable.Range(0, columns).Select(i => i < cells.Count ? InlineParser.Parse(cells[i]) : [])];
    }
}
