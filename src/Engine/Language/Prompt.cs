using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>A stretch of the decoder's input: token ids, or visual tokens in their place.</summary>
public abstract record PromptPart
{
    private PromptPart() { }

    /// <summary>Rows of the sequence.</summary>
    public abstract int Length { get; }

    public sealed record Text(IReadOnlyList<int> Ids) : PromptPart
    {
        public override int Length => Ids.Count;
    }

    /// <param name="Key">Equal keys mean equal embeddings: a hash of the content and of every setting that changes them.</param>
    /// <param name="Tokens">Borrowed.</param>
    public sealed record Visual(string Key, IVisualTokens Tokens) : PromptPart
    {
        /// <param name="embeddings">[tokens, hidden], borrowed, in any float type and on any device.</param>
        public Visual(string key, Tensor embeddings)
            : this(key, new HeldTokens(embeddings)) { }

        public override int Length { get; } = Tokens.Count;
    }
}

/// <summary>The decoder's whole input in order. Adjacent texts are joined, empty parts dropped.</summary>
public sealed class Prompt
{
    public Prompt(IEnumerable<PromptPart> parts)
    {
        ArgumentNullException.ThrowIfNull(parts);
        var joined = new List<PromptPart>();
        foreach (var part in parts)
        {
            if (part.Length == 0) continue;
            if (part is PromptPart.Text text && joined.Count > 0 && joined[^1] is PromptPart.Text before) joined[^1] = new PromptPart.Text([.. before.Ids, .. text.Ids]);
            else joined.Add(part);
        }

        Parts = joined;
        Length = joined.Sum(p => p.Length);
        var spans = new List<VisualSpan>();
        var at = 0;
        foreach (var part in joined)
        {
            if (part is PromptPart.Visual v) spans.Add(new(at, v.Length, v.Key));
            at += part.Length;
        }

        Spans = spans;
    }

    public IReadOnlyList<PromptPart> Parts { get; }

    /// <summary>Rows in all.</summary>
    public int Length { get; }

    /// <summary>Where the visual tokens stand, ascending.</summary>
    public IReadOnlyList<VisualSpan> Spans { get; }

    public int VisualTokens => Spans.Sum(s => s.Length);

    /// <summary>The rows two prompts have in common at their start; never ends inside a visual span.</summary>
    public int CommonPrefix(Prompt other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var rows = 0;
        foreach (var (a, b) in Parts.Zip(other.Parts))
        {
            switch (a, b)
            {
                case (PromptPart.Visual x, PromptPart.Visual y) when x.Key == y.Key && x.Length == y.Length:
                    rows += x.Length;
                    continue;
                case (PromptPart.Text x, PromptPart.Text y):
                    var same = 0;
                    while (same < Math.Min(x.Length, y.Length) && x.Ids[same] == y.Ids[same]) same++;
                    rows += same;
                    if (same == x.Length && same == y.Length) continue;
                    return rows;
                default:
                    return rows;
            }
        }

        return rows;
    }

    /// <summary>The first rows, which must not end inside a visual span.</summary>
    internal Prompt Take(int rows)
    {
        var (parts, at) = (new List<PromptPart>(), 0);
        foreach (var part in Parts)
        {
            var length = Math.Min(part.Length, rows - at);
            if (length <= 0) break;
            parts.Add(length == part.Length ? part
                : part is PromptPart.Text text ? new PromptPart.Text([.. text.Ids.Take(length)])
                : throw new ArgumentException($"row {rows} is inside a visual span", nameof(rows)));
            at += length;
        }

        return new(parts);
    }

    /// <summary>This prompt with one more token id behind it.</summary>
    public Prompt Append(IReadOnlyList<int> ids) => new([.. Parts, new PromptPart.Text(ids)]);
}

/// <param name="Start">First row, 0-based.</param>
/// <param name="Length">Visual tokens.</param>
/// <param name="Key">The part's key.</param>
public readonly record struct VisualSpan(int Start, int Length, string Key);
