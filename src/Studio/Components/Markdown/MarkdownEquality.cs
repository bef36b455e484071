using System.Collections.Immutable;

namespace Studio.Components.Markdown;

/// <summary>Whether two blocks show the same. The records' own equality compares their lists by reference.</summary>
internal static class MarkdownEquality
{
    public static bool Same(MarkdownBlock a, MarkdownBlock b) => a.Start == b.Start && (a, b) switch
    {
        (MarkdownBlock.Heading x, MarkdownBlock.Heading y) => x.Level == y.Level && Same(x.Content, y.Content),
        (MarkdownBlock.Paragraph x, MarkdownBlock.Paragraph y) => Same(x.Content, y.Content),
        (MarkdownBlock.Quote x, MarkdownBlock.Quote y) => Same(x.Content, y.Content),
        (MarkdownBlock.List x, MarkdownBlock.List y) => x.First == y.First && x.IsTight == y.IsTight && All(x.Items, y.Items, Same),
        (MarkdownBlock.Table x, MarkdownBlock.Table y) => x.Columns.AsSpan().SequenceEqual(y.Columns.AsSpan()) && All(x.Head, y.Head, Same)
            && All(x.Rows, y.Rows, (r, s) => All(r, s, Same)),
        _ => a.Equals(b),
    };

    private static bool Same(ImmutableArray<MarkdownBlock> a, ImmutableArray<MarkdownBlock> b) => All(a, b, Same);

    private static bool Same(ImmutableArray<MarkdownInline> a, ImmutableArray<MarkdownInline> b) => All(a, b, Same);

    private static bool Same(MarkdownInline a, MarkdownInline b) => (a, b) switch
    {
        (MarkdownInline.Styled x, MarkdownInline.Styled y) => x.Style == y.Style && Same(x.Content, y.Content),
        (MarkdownInline.Link x, MarkdownInline.Link y) => x.Address == y.Address && Same(x.Content, y.Content),
        _ => a.Equals(b),
    };

    private static bool All<T>(ImmutableArray<T> a, ImmutableArray<T> b, Func<T, T, bool> same)
    {
        if (a.Length != b.Length) return false;
        for (var i = 0; i < a.Length; i++)
        {
            if (!same(a[i], b[i])) return false;
        }

        return true;
    }
}
