using System.Collections.Immutable;
using System.Text;

namespace Studio.Components.Markdown;

/// <summary>
/// Reads blocks: the part of CommonMark that answers use (paragraphs, headings with #, lists, quotes, fenced code, rules) and
/// tables. Left out on purpose: raw HTML, underlined headings and code by indentation, which a growing text would flicker
/// through, and link definitions, which would let the end of a text change its beginning.
/// </summary>
internal static class BlockParser
{
    /// <summary>Deepest nesting of quotes and lists; deeper ones are text.</summary>
    public const int MaxDepth = 8;

    /// <summary>Most columns of a table; wider ones are text.</summary>
    public const int MaxColumns = 64;

    /// <param name="start">Where <paramref name="text"/> begins in the whole text.</param>
    public static ImmutableArray<MarkdownBlock> Parse(string text, int start = 0)
    {
        var lines = new List<Line>(); // bounded by the text
        for (var at = 0; at < text.Length;)
        {
            var end = text.IndexOf('\n', at);
            if (end < 0) end = text.Length;
            lines.Add(new(start + at, text[at..end].TrimEnd('\r').Replace("\t", "    ", StringComparison.Ordinal).Replace('\0', '\uFFFD')));
            at = end + 1;
        }

        return Parse(lines, 0);
    }

    private static ImmutableArray<MarkdownBlock> Parse(List<Line> lines, int depth)
    {
        var blocks = ImmutableArray.CreateBuilder<MarkdownBlock>();
        for (var at = 0; at < lines.Count;)
        {
            if (lines[at].IsBlank) at++;
            else if (Fence.TryOpen(lines[at], out var fence)) blocks.Add(Code(lines, ref at, fence));
            else if (Heading(lines[at]) is { } heading)
            {
                blocks.Add(heading);
                at++;
            }
            else if (IsRule(lines[at].Text)) blocks.Add(new MarkdownBlock.Rule(lines[at++].Start));
            else if (depth < MaxDepth && lines[at].IsQuote) blocks.Add(Quote(lines, ref at, depth));
            else if (depth < MaxDepth && Marker.TryRead(lines[at], out var marker)) blocks.Add(List(lines, ref at, marker, depth));
            else if (TableColumns(lines, at) is { } columns) blocks.Add(Table(lines, ref at, columns));
            else blocks.Add(Paragraph(lines, ref at, depth));
        }

        return blocks.DrainToImmutable();
    }

    private static MarkdownBlock.Paragraph Paragraph(List<Line> lines, ref int at, int depth)
    {
        var start = at++;
        while (at < lines.Count && !lines[at].IsBlank && !StartsBlock(lines, at, depth)) at++;
        var text = string.Join('\n', lines[start..at].Select(l => l.Text.TrimStart()));
        return new(lines[start].Start, InlineParser.Parse(text.TrimEnd()));
    }

    /// <summary>Whether a line ends the paragraph before it. A number other than 1 does not: "in\n1999. It was" is no list.</summary>
    private static bool StartsBlock(List<Line> lines, int at, int depth)
    {
        var line = lines[at];
        return Fence.TryOpen(line, out _) || Heading(line) is not null || IsRule(line.Text) || TableColumns(lines, at) is not null
            || (depth < MaxDepth && (line.IsQuote || (Marker.TryRead(line, out var marker) && !marker.IsEmpty && marker.Number is null or 1)));
    }

    private static MarkdownBlock.Heading? Heading(Line line)
    {
        var text = line.Text.AsSpan().Trim();
        if (line.Indent > 3 || text.Length == 0 || text[0] != '#') return null;
        var level = text.IndexOfAnyExcept('#');
        if (level < 0) level = text.Length;
        if (level > 6 || (level < text.Length && text[level] != ' ')) return null;
        var content = text[level..].Trim();
        var closing = content.TrimEnd('#');
        if (closing.Length == 0 || closing[^1] == ' ') content = closing.TrimEnd();
        return new(line.Start, level, InlineParser.Parse(content.ToString()));
    }

    private static bool IsRule(string text)
    {
        var (mark, count) = ('\0', 0);
        foreach (var c in text)
        {
            if (c == ' ') continue;
            if (c is not ('-' or '*' or '_') || (mark != '\0' && c != mark)) return false;
            (mark, count) = (c, count + 1);
        }

        return count >= 3 && !text.StartsWith("    ", StringComparison.Ordinal);
    }

    private static MarkdownBlock.Code Code(List<Line> lines, ref int at, Fence fence)
    {
        var start = lines[at++].Start;
        var text = new StringBuilder();
        for (; at < lines.Count; at++)
        {
            if (fence.IsClosedBy(lines[at]))
            {
                at++;
                break;
            }

            _ = text.Append(lines[at].Without(fence.Indent).Text).Append('\n');
        }

        return new(start, fence.Language, text.ToString().TrimEnd('\n'));
    }

    private static MarkdownBlock.Quote Quote(List<Line> lines, ref int at, int depth)
    {
        var start = lines[at].Start;
        var inner = new List<Line>();
        for (; at < lines.Count && !lines[at].IsBlank; at++)
        {
            if (lines[at].IsQuote) inner.Add(lines[at].Unquoted());
            else if (inner[^1].IsBlank || StartsBlock(lines, at, depth)) break; // else: a paragraph's lazy next line
            else inner.Add(lines[at]);
        }

        return new(start, Parse(Relative(inner), depth + 1));
    }

    private static MarkdownBlock.List List(List<Line> lines, ref int at, Marker first, int depth)
    {
        var start = lines[at].Start;
        var items = ImmutableArray.CreateBuilder<ImmutableArray<MarkdownBlock>>();
        var (isTight, next) = (true, first);
        while (true)
        {
            var (item, hasGap) = Item(lines, ref at, next, depth);
            var content = Parse(Relative(item), depth + 1);
            items.Add(content);
            if (hasGap && content.Length > 1) isTight = false;
            var after = at;
            while (after < lines.Count && lines[after].IsBlank) after++;
            if (after == lines.Count || IsRule(lines[after].Text) || !Marker.TryRead(lines[after], out next) || next.Kind != first.Kind) break;
            if (after > at) isTight = false;
            at = after;
        }

        return new(start, first.Number, isTight, items.DrainToImmutable());
    }

    /// <summary>The lines of one item without its mark; ends before the next item. The flag: an empty line stands between them.</summary>
    private static (List<Line> Lines, bool HasGap) Item(List<Line> lines, ref int at, Marker marker, int depth)
    {
        var item = new List<Line> { lines[at++].Without(marker.Width, marker: true) };
        var (hasGap, blanks) = (false, 0);
        for (; at < lines.Count; at++)
        {
            var line = lines[at];
            if (line.IsBlank)
            {
                blanks++;
                continue;
            }

            // Two columns are enough for a list inside a list, whatever the width of the number before it.
            var isInside = line.Indent >= marker.Width || (line.Indent >= marker.Indent + 2 && Marker.TryRead(line.Without(marker.Indent + 2), out _));
            var isLazy = blanks == 0 && !item[^1].IsBlank && !Marker.TryRead(line, out _) && !StartsBlock(lines, at, depth);
            if (!isInside && !isLazy) break;
            for (; blanks > 0; blanks--, hasGap = true) item.Add(new(line.Start, ""));
            item.Add(line.Without(marker.Width));
        }

        at -= blanks;
        return (item, hasGap);
    }

    /// <summary>Where the inner blocks of a block stand does not depend on where it stands.</summary>
    private static List<Line> Relative(List<Line> lines) => [.. lines.Select((line, i) => line with { Start = i })];

    /// <summary>Alignments, if a table begins at this line: a row, and below it as many cells of dashes.</summary>
    private static ImmutableArray<MarkdownAlignment>? TableColumns(List<Line> lines, int at)
    {
        if (at + 1 >= lines.Count || !HasBar(lines[at]) || !HasBar(lines[at + 1])) return null;
        var columns = ImmutableArray.CreateBuilder<MarkdownAlignment>();
        foreach (var cell in TableRow.Cells(lines[at + 1].Text))
        {
            var dashes = cell.AsSpan().Trim(':');
            if (dashes.Length == 0 || dashes.ContainsAnyExcept('-') || columns.Count == MaxColumns) return null;
            columns.Add((cell[0] == ':', cell[^1] == ':') switch
            {
                (true, true) => MarkdownAlignment.Center,
                (true, false) => MarkdownAlignment.Left,
                (false, true) => MarkdownAlignment.Right,
                _ => MarkdownAlignment.None,
            });
        }

        return TableRow.Cells(lines[at].Text).Count == columns.Count ? columns.DrainToImmutable() : null;
    }

    private static bool HasBar(Line line) => line.Text.Contains('|', StringComparison.Ordinal);

    private static MarkdownBlock.Table Table(List<Line> lines, ref int at, ImmutableArray<MarkdownAlignment> columns)
    {
        var start = lines[at].Start;
        var head = TableRow.Read(lines[at].Text, columns.Length);
        var rows = ImmutableArray.CreateBuilder<ImmutableArray<ImmutableArray<MarkdownInline>>>();
        for (at += 2; at < lines.Count && !lines[at].IsBlank && HasBar(lines[at]); at++) rows.Add(TableRow.Read(lines[at].Text, columns.Length));
        return new(start, columns, head, rows.DrainToImmutable());
    }
}
