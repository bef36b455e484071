namespace Studio.Components.Markdown;

/// <summary>Part of a line: something read, or marks whose meaning is open.</summary>
internal sealed class Piece
{
    public Piece(MarkdownInline inline) => Inline = inline;

    public Piece(char mark, int length, bool canOpen, bool canClose) => (Mark, Length, OriginalLength, CanOpen, CanClose) = (mark, length, length, canOpen, canClose);

    /// <summary>Null for marks.</summary>
    public MarkdownInline? Inline { get; }

    public char Mark { get; }

    /// <summary>Marks not used up.</summary>
    public int Length { get; set; }

    public int OriginalLength { get; }

    public bool CanOpen { get; }

    public bool CanClose { get; }
}

/// <summary>Pairs marks of emphasis by CommonMark's rules.</summary>
internal static class Emphasis
{
    /// <summary>Turns the marks after a piece (null: all) into emphasis where they pair up.</summary>
    public static void Resolve(LinkedList<Piece> pieces, LinkedListNode<Piece>? after)
    {
        // What was searched once without success is not searched again: this keeps the time linear.
        var bottoms = new Dictionary<(char, bool, int), LinkedListNode<Piece>?>();
        for (var closer = after is null ? pieces.First : after.Next; closer is not null;)
        {
            if (closer.Value is not { Inline: null, CanClose: true, Length: > 0 } mark)
            {
                closer = closer.Next;
                continue;
            }

            var key = (mark.Mark, mark.CanOpen, mark.OriginalLength % 3);
            _ = bottoms.TryGetValue(key, out var bottom);
            var opener = closer.Previous;
            while (opener is not null && opener != after && opener != bottom && !Fits(opener.Value, mark)) opener = opener.Previous;
            if (opener is null || opener == after || opener == bottom)
            {
                bottoms[key] = closer.Previous;
                closer = closer.Next;
                continue;
            }

            if (Wrap(pieces, opener, closer) is not { } wrapped) return; // too deep: the marks that are left are text
            var next = mark.Length == 0 ? closer.Next : closer;
            if (opener.Value.Length == 0) pieces.Remove(opener);
            if (mark.Length == 0) pieces.Remove(closer);
            foreach (var (searched, at) in bottoms)
            {
                // Everything up to it was searched, so everything up to what now holds it was.
                if (at is { List: null }) bottoms[searched] = wrapped;
            }

            closer = next;
        }
    }

    private static bool Fits(Piece opener, Piece closer) =>
        opener is { Inline: null, CanOpen: true, Length: > 0 } && opener.Mark == closer.Mark
        && (!(opener.CanClose || closer.CanOpen) || (opener.OriginalLength + closer.OriginalLength) % 3 != 0 || (opener.OriginalLength % 3 == 0 && closer.OriginalLength % 3 == 0));

    private static LinkedListNode<Piece>? Wrap(LinkedList<Piece> pieces, LinkedListNode<Piece> opener, LinkedListNode<Piece> closer)
    {
        var used = opener.Value.Length >= 2 && closer.Value.Length >= 2 ? 2 : 1;
        if (opener.Value.Mark == '~') used = 2;
        var style = opener.Value.Mark == '~' ? MarkdownStyle.Struck : used == 2 ? MarkdownStyle.Strong : MarkdownStyle.Emphasis;
        var styled = new MarkdownInline.Styled(style, InlineParser.Collect(opener.Next, closer, insideLink: false));
        if (styled.Height > InlineParser.MaxHeight) return null;
        while (opener.Next != closer) pieces.Remove(opener.Next!);
        opener.Value.Length -= used;
        closer.Value.Length -= used;
        return pieces.AddAfter(opener, new Piece(styled));
    }
}
