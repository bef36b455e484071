using System.Collections.Immutable;
using System.Net;
using System.Text;

namespace Studio.Components.Markdown;

/// <summary>
/// Reads the inside of a paragraph: code, emphasis, links, addresses, times, escapes. Images become links to them: nothing
/// is loaded because an answer says so. What cannot be read stays as it was written. Its time grows with the text's length
/// times small constants, whatever the text.
/// </summary>
internal sealed class InlineParser
{
    /// <summary>Deepest nesting of emphasis and links; deeper marks are text.</summary>
    public const int MaxHeight = 12;

    private readonly string _text;
    private readonly LinkedList<Piece> _pieces = new();
    private readonly List<LinkedListNode<Piece>> _brackets = []; // bounded by the text
    private readonly Dictionary<int, int> _noTicksAfter = []; // length of a run of backticks → from where on there is none
    private readonly StringBuilder _plain = new();
    private int _at;

    private InlineParser(string text) => _text = text;

    public static ImmutableArray<MarkdownInline> Parse(string text)
    {
        var parser = new InlineParser(text);
        parser.Read();
        Emphasis.Resolve(parser._pieces, null);
        return Collect(parser._pieces.First, null, insideLink: false);
    }

    private void Read()
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            var isRead = c switch
            {
                '\\' => TryEscape(),
                '`' => TryCode(),
                '\n' => Break(),
                '&' => TryEntity(),
                '<' => TryAngleLink(),
                'h' or 'H' => TryBareLink(),
                '*' or '_' or '~' => Run(c),
                '[' => Open(),
                '!' when _at + 1 < _text.Length && _text[_at + 1] == '[' => Open(),
                ']' => Close(),
                _ => false,
            };
            if (isRead) continue;
            _ = _plain.Append(c);
            _at++;
        }

        Flush();
    }

    private void Add(MarkdownInline inline)
    {
        Flush();
        _ = _pieces.AddLast(new Piece(inline));
    }

    private void Flush()
    {
        if (_plain.Length == 0) return;
        _ = _pieces.AddLast(new Piece(new MarkdownInline.Text(_plain.ToString())));
        _ = _plain.Clear();
    }

    private bool TryEscape()
    {
        if (_at + 1 == _text.Length) return false;
        var next = _text[_at + 1];
        if (next == '\n')
        {
            _at++; // the line break itself follows
            return true;
        }

        if (!IsAsciiPunctuation(next)) return false;
        _ = _plain.Append(next);
        _at += 2;
        return true;
    }

    private bool TryCode()
    {
        var length = RunLength('`');
        var from = _at + length;
        var end = _noTicksAfter.TryGetValue(length, out var none) && from >= none ? -1 : FindTicks(from, length);
        if (end < 0)
        {
            _ = _noTicksAfter.TryAdd(length, from);
            _ = _plain.Append('`', length);
            _at = from;
            return true;
        }

        var code = _text[from..end].Replace('\n', ' ');
        if (code.Length > 2 && code[0] == ' ' && code[^1] == ' ' && !string.IsNullOrWhiteSpace(code)) code = code[1..^1];
        Add(new MarkdownInline.Code(code));
        _at = end + length;
        return true;
    }

    private int FindTicks(int from, int length)
    {
        for (var at = _text.IndexOf('`', from); at >= 0;)
        {
            var end = at;
            while (end < _text.Length && _text[end] == '`') end++;
            if (end - at == length) return at;
            at = end < _text.Length ? _text.IndexOf('`', end) : -1;
        }

        return -1;
    }

    private bool Break()
    {
        while (_plain.Length > 0 && _plain[^1] == ' ') _plain.Length--;
        Add(new MarkdownInline.Break());
        _at++;
        while (_at < _text.Length && _text[_at] == ' ') _at++;
        return true;
    }

    /// <summary>A named or numbered character, such as &amp;amp;. It is text: decoding one can never make a mark.</summary>
    private bool TryEntity()
    {
        const int Longest = 32;
        var end = _text.IndexOf(';', _at, Math.Min(Longest, _text.Length - _at));
        if (end < 0 || _text.AsSpan(_at + 1, end - _at - 1).IndexOfAnyExcept(s_entityLetters) >= 0) return false;
        var decoded = WebUtility.HtmlDecode(_text[_at..(end + 1)]);
        if (decoded.Length == 0 || (decoded[0] == '&' && decoded.Length > 1)) return false;
        Add(new MarkdownInline.Text(decoded.Replace('\0', '\uFFFD')));
        _at = end + 1;
        return true;
    }

    /// <summary>An address between angle brackets.</summary>
    private bool TryAngleLink()
    {
        var end = _text.IndexOf('>', _at, Math.Min(SafeLink.MaxLength + 2, _text.Length - _at));
        if (end < 0) return false;
        var shown = _text[(_at + 1)..end];
        var address = SafeLink.Check(shown) ?? (shown.Contains('@') && !shown.Contains(':') ? SafeLink.Check("mailto:" + shown) : null);
        if (address is null) return false;
        Add(new MarkdownInline.Link(address, [new MarkdownInline.Text(shown)]));
        _at = end + 1;
        return true;
    }

    /// <summary>An address that stands in the text as it is, up to the first space; the sentence's own marks at its end do not belong to it.</summary>
    private bool TryBareLink()
    {
        var rest = _text.AsSpan(_at);
        if (!rest.StartsWith("https://", StringComparison.OrdinalIgnoreCase) && !rest.StartsWith("http://", StringComparison.OrdinalIgnoreCase)) return false;
        if (_at > 0 && (char.IsLetterOrDigit(_text[_at - 1]) || _text[_at - 1] is '_' or '/' or ':')) return false;
        var length = rest[..Math.Min(rest.Length, SafeLink.MaxLength)].IndexOfAny(s_addressEnds);
        var shown = (length < 0 ? rest[..Math.Min(rest.Length, SafeLink.MaxLength)] : rest[..length]).TrimEnd(".,;:!?'*_~");
        if (shown.EndsWith(")") && shown.Count('(') < shown.Count(')')) shown = shown[..^1];
        if (SafeLink.Check(shown.ToString()) is not { } address) return false;
        Add(new MarkdownInline.Link(address, [new MarkdownInline.Text(address)]));
        _at += shown.Length;
        return true;
    }

    /// <summary>Marks of emphasis: what they do is decided when the whole line is read.</summary>
    private bool Run(char mark)
    {
        Flush();
        var length = RunLength(mark);
        var before = _at == 0 ? ' ' : _text[_at - 1];
        var after = _at + length == _text.Length ? ' ' : _text[_at + length];
        var left = !char.IsWhiteSpace(after) && (!IsPunctuation(after) || char.IsWhiteSpace(before) || IsPunctuation(before));
        var right = !char.IsWhiteSpace(before) && (!IsPunctuation(before) || char.IsWhiteSpace(after) || IsPunctuation(after));
        var canOpen = mark == '_' ? left && (!right || IsPunctuation(before)) : left;
        var canClose = mark == '_' ? right && (!left || IsPunctuation(after)) : right;
        if (mark == '~' && length != 2) canOpen = canClose = false;
        _ = _pieces.AddLast(new Piece(mark, length, canOpen, canClose));
        _at += length;
        return true;
    }

    private bool Open()
    {
        Flush();
        var width = _text[_at] == '!' ? 2 : 1;
        _brackets.Add(_pieces.AddLast(new Piece(new MarkdownInline.Text(_text.Substring(_at, width)))));
        _at += width;
        return true;
    }

    private bool Close()
    {
        if (_brackets.Count == 0) return false;
        var open = _brackets[^1];
        _brackets.RemoveAt(_brackets.Count - 1);
        if (ReadTarget(_at + 1) is not var (address, end) || SafeLink.Check(address) is not { } safe) return false;
        Flush();
        Emphasis.Resolve(_pieces, open);
        var content = Collect(open.Next, null, insideLink: true);
        if (content.IsEmpty) content = [new MarkdownInline.Text(safe)];
        var link = new MarkdownInline.Link(safe, content);
        if (link.Height > MaxHeight) return false;
        while (_pieces.Last != open) _pieces.RemoveLast();
        _pieces.RemoveLast();
        _ = _pieces.AddLast(new Piece(link));
        _brackets.Clear(); // no link inside a link
        _at = end;
        return true;
    }

    /// <summary>(address) or (address "title") from here on; the title is not shown.</summary>
    private (string Address, int End)? ReadTarget(int at)
    {
        const int MaxParentheses = 32;
        if (at >= _text.Length || _text[at] != '(') return null;
        var limit = Math.Min(_text.Length, at + (2 * SafeLink.MaxLength));
        for (at++; at < limit && _text[at] is ' ' or '\n';) at++;
        var (start, depth) = (at, 0);
        var isAngle = at < limit && _text[at] == '<';
        for (; at < limit; at++)
        {
            var c = _text[at];
            if (isAngle ? c is '>' or '\n' : c is ' ' or '\n' || char.IsControl(c)) break;
            if (isAngle) continue;
            if (c == '(' && ++depth > MaxParentheses) return null;
            if (c == ')' && --depth < 0) break;
        }

        if (at >= limit || (isAngle && _text[at] != '>')) return null;
        var address = isAngle ? _text[(start + 1)..at++] : _text[start..at];
        while (at < limit && _text[at] is ' ' or '\n') at++;
        if (at < limit && _text[at] is '"' or '\'')
        {
            var end = _text.IndexOf(_text[at], at + 1, limit - at - 1);
            if (end < 0) return null;
            for (at = end + 1; at < limit && _text[at] is ' ' or '\n';) at++;
        }

        return at < limit && _text[at] == ')' ? (address, at + 1) : null;
    }

    private int RunLength(char mark)
    {
        var end = _at;
        while (end < _text.Length && _text[end] == mark) end++;
        return end - _at;
    }

    /// <summary>The pieces from one on, up to another, as a tree: neighbouring texts joined, times found.</summary>
    internal static ImmutableArray<MarkdownInline> Collect(LinkedListNode<Piece>? from, LinkedListNode<Piece>? until, bool insideLink)
    {
        var inlines = ImmutableArray.CreateBuilder<MarkdownInline>();
        var text = new StringBuilder();
        void Flush()
        {
            if (text.Length == 0) return;
            if (insideLink) inlines.Add(new MarkdownInline.Text(text.ToString()));
            else inlines.AddRange(TimeText.Split(text.ToString()));
            _ = text.Clear();
        }

        for (; from is not null && from != until; from = from.Next)
        {
            if (from.Value.Inline is MarkdownInline.Text plain) _ = text.Append(plain.Value);
            else if (from.Value.Inline is null) _ = text.Append(from.Value.Mark, from.Value.Length);
            else
            {
                Flush();
                inlines.Add(insideLink ? WithoutTimes(from.Value.Inline) : from.Value.Inline);
            }
        }

        Flush();
        return inlines.DrainToImmutable();
    }

    /// <summary>A link inside a link cannot be: times in the text of one are text.</summary>
    private static MarkdownInline WithoutTimes(MarkdownInline inline) => inline switch
    {
        MarkdownInline.Time time => new MarkdownInline.Text(time.Value),
        MarkdownInline.Link link => new MarkdownInline.Text(link.Address),
        MarkdownInline.Styled styled => styled with { Content = [.. styled.Content.Select(WithoutTimes)] },
        _ => inline,
    };

    private static bool IsAsciiPunctuation(char c) => char.IsAscii(c) && !char.IsAsciiLetterOrDigit(c) && c > ' ' && c != '\x7f';

    private static bool IsPunctuation(char c) => char.IsPunctuation(c) || char.IsSymbol(c);

    private static readonly System.Buffers.SearchValues<char> s_entityLetters =
        System.Buffers.SearchValues.Create("#0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly System.Buffers.SearchValues<char> s_addressEnds = System.Buffers.SearchValues.Create(" \n<>\"`|\\^{}[]");
}
