using System.Collections.Immutable;

namespace Studio.Components.Markdown;

/// <summary>A block of a text: what stands between empty lines, more or less.</summary>
/// <param name="Start">Character of the text where it begins; a list item's blocks count from 0.</param>
public abstract record MarkdownBlock(int Start)
{
    /// <param name="Level">1 to 6.</param>
    public sealed record Heading(int Start, int Level, ImmutableArray<MarkdownInline> Content) : MarkdownBlock(Start);

    public sealed record Paragraph(int Start, ImmutableArray<MarkdownInline> Content) : MarkdownBlock(Start);

    /// <param name="Language">What the fence names; may be empty.</param>
    public sealed record Code(int Start, string Language, string Text) : MarkdownBlock(Start);

    public sealed record Quote(int Start, ImmutableArray<MarkdownBlock> Content) : MarkdownBlock(Start);

    /// <param name="First">Number of the first item; null for bullets.</param>
    /// <param name="IsTight">No empty lines between items: their paragraphs stand without distance.</param>
    public sealed record List(int Start, int? First, bool IsTight, ImmutableArray<ImmutableArray<MarkdownBlock>> Items) : MarkdownBlock(Start);

    /// <param name="Columns">One alignment a column.</param>
    /// <param name="Rows">Cells of each row; as many as there are columns.</param>
    public sealed record Table(
        int Start,
        ImmutableArray<MarkdownAlignment> Columns,
        ImmutableArray<ImmutableArray<MarkdownInline>> Head,
        ImmutableArray<ImmutableArray<ImmutableArray<MarkdownInline>>> Rows) : MarkdownBlock(Start);

    public sealed record Rule(int Start) : MarkdownBlock(Start);
}

public enum MarkdownAlignment
{
    None,
    Left,
    Center,
    Right,
}

/// <summary>A piece of a line.</summary>
public abstract record MarkdownInline
{
    private MarkdownInline() { }

    /// <summary>Levels of nesting in it; 0 for a leaf.</summary>
    internal virtual int Height => 0;

    public sealed record Text(string Value) : MarkdownInline;

    public sealed record Code(string Value) : MarkdownInline;

    public sealed record Break : MarkdownInline;

    /// <summary>A time of a video as it was written, such as 12:34.</summary>
    public sealed record Time(string Value, double Seconds) : MarkdownInline;

    public sealed record Styled(MarkdownStyle Style, ImmutableArray<MarkdownInline> Content) : MarkdownInline
    {
        internal override int Height { get; } = HeightOf(Content);
    }

    /// <param name="Address">Passed <see cref="SafeLink"/>.</param>
    public sealed record Link(string Address, ImmutableArray<MarkdownInline> Content) : MarkdownInline
    {
        internal override int Height { get; } = HeightOf(Content);
    }

    private static int HeightOf(ImmutableArray<MarkdownInline> content)
    {
        var height = 0;
        foreach (var inline in content) height = Math.Max(height, inline.Height);
        return height + 1;
    }
}

public enum MarkdownStyle
{
    Emphasis,
    Strong,
    Struck,
}
