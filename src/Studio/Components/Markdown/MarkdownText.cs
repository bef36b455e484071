using System.Collections.Immutable;

namespace Studio.Components.Markdown;

/// <summary>
/// A Markdown text that grows at its end. Only what an addition can change is read again: blocks that did not change stay
/// the same objects, so that what shows them can tell. Raw HTML is text like any other.
/// </summary>
public sealed class MarkdownText
{
    /// <summary>Longest text that is read as Markdown, characters; what follows stays plain.</summary>
    public const int MaxLength = 400_000;

    /// <summary>Last blocks that an addition can change: "1" becomes "1." and joins the list before it.</summary>
    private const int OpenBlocks = 2;

    private ImmutableArray<MarkdownBlock> _blocks = [];

    public MarkdownText()
    {
    }

    public MarkdownText(string text) => Update(text);

    public string Text { get; private set; } = "";

    public ImmutableArray<MarkdownBlock> Blocks => _blocks;

    /// <summary>Sets the text. Cheap when only its end differs from the text so far.</summary>
    /// <returns>Whether anything changed.</returns>
    public bool Update(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text == Text) return false;
        var common = text.AsSpan().CommonPrefixLength(Text);
        var inside = 0; // blocks that begin in what both have
        while (inside < _blocks.Length && _blocks[inside].Start < common) inside++;
        var kept = Math.Max(0, inside - OpenBlocks);
        var from = kept == 0 ? 0 : _blocks[kept].Start;
        var end = Math.Min(text.Length, MaxLength);
        var read = BlockParser.Parse(text[from..end], from);
        if (end < text.Length) read = read.Add(new MarkdownBlock.Code(end, "", text[end..]));
        _blocks = [.. _blocks.AsSpan(0, kept), .. Same(read, kept)];
        Text = text;
        return true;
    }

    /// <summary>A block read again that came out the same stays the object it was.</summary>
    private IEnumerable<MarkdownBlock> Same(ImmutableArray<MarkdownBlock> read, int kept) =>
        read.Select((block, i) => kept + i < _blocks.Length && MarkdownEquality.Same(_blocks[kept + i], block) ? _blocks[kept + i] : block);
}
