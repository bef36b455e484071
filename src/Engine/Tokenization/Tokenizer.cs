using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Byte-level BPE as in Hugging Face tokenizer.json files (Qwen2/2.5/3 form), with the same ids: added tokens are found first,
/// the text between them is brought to NFC, cut into words and merged byte pair by byte pair. Nothing is added, cut or padded
/// (no BOS, "post_processor", "truncation" and "padding" are not applied). Immutable but for a bounded word cache; thread safe.
/// </summary>
public sealed class Tokenizer
{
    /// <summary>
    /// Longest text that one call encodes, in UTF-16 units; bounds the working memory of a single huge word to about 1 GB.
    /// </summary>
    public const int MaxTextLength = 1 << 22;

    /// <summary>Largest tokenizer.json that is read, in bytes.</summary>
    public const int MaxFileBytes = 1 << 28;

    private readonly TokenizerParts _parts;
    private readonly AddedTokenMatcher _rawTokens;
    private readonly AddedTokenMatcher _normalizedTokens;
    private readonly HashSet<int> _special;
    private readonly WordCache _cache = new();

    private Tokenizer(TokenizerParts parts)
    {
        _parts = parts;
        _special = [.. parts.AddedTokens.Where(token => token.Special).Select(token => token.Id)];
        _rawTokens = new AddedTokenMatcher(
            parts.AddedTokens.Where(token => !token.Normalized).Select(token => (token.Content, token)));
        _normalizedTokens = new AddedTokenMatcher(
            parts.AddedTokens.Where(token => token.Normalized).Select(token => (Normalize(WellFormed(token.Content)), token)));
    }

    /// <summary>
    /// Number of ids: the highest id with a token + 1. A checkpoint's embedding table may have more rows (Qwen2: 151,936).
    /// </summary>
    public int VocabularySize => _parts.Table.Count;

    /// <summary>How many words the cache holds, at most <see cref="WordCache.Capacity"/>.</summary>
    internal int CachedWords => _cache.Count;

    /// <summary>Reads a tokenizer.json.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">
    /// The file is damaged, larger than <see cref="MaxFileBytes"/>, or asks for something other than byte-level BPE; the message
    /// names file, key and value.
    /// </exception>
    public static Tokenizer Load(string tokenizerJsonPath)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(tokenizerJsonPath);
        if (!File.Exists(tokenizerJsonPath))
        {
            throw new FileNotFoundException(
                $"There is no tokenizer file {tokenizerJsonPath}. Give the path of the checkpoint's tokenizer.json.",
                tokenizerJsonPath);
        }

        using var file = File.OpenRead(tokenizerJsonPath);
        return Load(file, tokenizerJsonPath);
    }

    /// <summary>Reads a tokenizer.json from a stream, from its current position to its end.</summary>
    /// <param name="stream">UTF-8 JSON; stays open.</param>
    /// <param name="name">What error messages call the file.</param>
    /// <exception cref="InvalidDataException">As for <see cref="Load(string)"/>.</exception>
    public static Tokenizer Load(Stream stream, string name)
    {
        ArgumentNullException.ThrowIfNull(stream);
        using var content = new MemoryStream(stream.CanSeek ? (int)Math.Min(stream.Length - stream.Position, MaxFileBytes) : 0);
        var block = new byte[1 << 16];
        for (int read; (read = stream.Read(block)) > 0;)
        {
            if (content.Length + read > MaxFileBytes)
            {
                throw new InvalidDataException($"{name} is larger than {MaxFileBytes} bytes; that is no tokenizer.json.");
            }

            content.Write(block, 0, read);
        }

        return new Tokenizer(TokenizerJson.Parse(content.GetBuffer().AsSpan(0, (int)content.Length), name));
    }

    /// <summary>Ids of a text, in order. Unpaired surrogates count as U+FFFD.</summary>
    /// <param name="text">Any text; empty gives no ids.</param>
    /// <param name="parseSpecial">
    /// False: special tokens such as &lt;|im_end|&gt; inside the text are plain text, and no special id comes out (unless the
    /// file
    /// declares a single byte special). Added tokens that are not special (&lt;tool_call&gt;) are found in both cases.
    /// </param>
    /// <exception cref="ArgumentException">The text is longer than <see cref="MaxTextLength"/>.</exception>
    public int[] Encode(string text, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxTextLength)
        {
            throw new ArgumentException(
                $"The text has {text.Length} characters, more than {MaxTextLength}; encode it in parts.", nameof(text));
        }

        var ids = new List<int>((text.Length / 3) + 1);
        List<int> ends = [];
        var given = WellFormed(text);
        var from = 0;
        bool found;
        do
        {
            found = _rawTokens.TryNext(given, from, parseSpecial, out var start, out var end, out var id);
            if (start > from)
            {
                EncodeNormalized(Normalize(given[from..start]), parseSpecial, ends, ids);
            }

            if (found)
            {
                ids.Add(id);
            }

            from = end;
        }
        while (found);
        return [.. ids];
    }

    /// <summary>
    /// The text of a sequence of ids. Bytes that are not UTF-8 become U+FFFD, one per maximal invalid part (Unicode
    /// standard, 3.9). Ids without a token, such as unused embedding rows and <see cref="ChatMl.VisualPlaceholderId"/>, stand
    /// for nothing.
    /// </summary>
    /// <param name="ids">In order.</param>
    /// <param name="skipSpecialTokens">Whether special tokens stand for nothing, too.</param>
    [OverloadResolutionPriority(1)]
    public string Decode(ReadOnlySpan<int> ids, bool skipSpecialTokens = true)
    {
        var bytes = new ArrayBufferWriter<byte>(Math.Max(4 * ids.Length, 16));
        foreach (var id in ids)
        {
            bytes.Write(DecodedBytes(id, skipSpecialTokens));
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <inheritdoc cref="Decode(ReadOnlySpan{int}, bool)"/>
    public string Decode(IEnumerable<int> ids, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(ids);
        return ids switch
        {
            int[] array => Decode(array.AsSpan(), skipSpecialTokens),
            List<int> list => Decode(CollectionsMarshal.AsSpan(list), skipSpecialTokens),
            _ => Decode(ids.ToArray().AsSpan(), skipSpecialTokens),
        };
    }

    /// <summary>The id of a token spelled as in tokenizer.json, i.e. a space as "Ġ"; added tokens literally.</summary>
    public bool TryGetId(string token, out int id)
    {
        ArgumentNullException.ThrowIfNull(token);
        id = _parts.Table.Find(token);
        return id >= 0;
    }

    /// <summary>
    /// The spelling of a token in tokenizer.json, the inverse of <see cref="TryGetId"/>. For readable text decode the id.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The id has no token.</exception>
    public string TokenText(int id) => _parts.Table.Contains(id)
        ? _parts.Table.Spelling(id)
        : throw new ArgumentOutOfRangeException(nameof(id), id, $"No token has this id; ids go from 0 to {VocabularySize - 1}.");

    /// <summary>Whether the id belongs to an added token marked special; false for ids without a token.</summary>
    public bool IsSpecial(int id) => _special.Contains(id);

    /// <summary>The bytes an id contributes to decoded text.</summary>
    internal ReadOnlySpan<byte> DecodedBytes(int id, bool skipSpecialTokens) =>
        skipSpecialTokens && _special.Contains(id) ? [] : _parts.Table.Bytes(id);

    private void EncodeNormalized(string text, bool parseSpecial, List<int> ends, List<int> ids)
    {
        if (_normalizedTokens.IsEmpty)
        {
            EncodeWords(text, ends, ids);
            return;
        }

        var from = 0;
        bool found;
        do
        {
            found = _normalizedTokens.TryNext(text, from, parseSpecial, out var start, out var end, out var id);
            EncodeWords(text.AsSpan(from, start - from), ends, ids);
            if (found)
            {
                ids.Add(id);
            }

            from = end;
        }
        while (found);
    }

    private void EncodeWords(ReadOnlySpan<char> text, List<int> ends, List<int> ids)
    {
        // The list of word ends is only lent, to be reused by the next stretch of text.
        ends.Clear();
        _parts.PreTokenizer.Split(text, ends);
        var start = 0;
        foreach (var end in ends)
        {
            var word = text[start..end];
            start = end;
            if (word.Length <= WordCache.MaxWordLength && _cache.TryGet(word, out var known))
            {
                ids.AddRange(known);
                continue;
            }

            var before = ids.Count;
            EncodeWord(word, ids);
            _cache.Add(word, CollectionsMarshal.AsSpan(ids)[before..]);
        }
    }

    private void EncodeWord(ReadOnlySpan<char> word, List<int> ids)
    {
        var rented = ArrayPool<byte>.Shared.Rent(Encoding.UTF8.GetMaxByteCount(word.Length));
        try
        {
            ReadOnlySpan<byte> bytes = rented.AsSpan(0, Encoding.UTF8.GetBytes(word, rented));
            var whole = _parts.IgnoresMerges ? _parts.Table.Find(bytes) : -1;

            // A special token that the vocabulary lists as well must not be reached from plain text.
            if (whole >= 0 && !_special.Contains(whole))
            {
                ids.Add(whole);
            }
            else
            {
                _parts.Encoder.Encode(bytes, ids);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private string Normalize(string text) => _parts.NormalizesToFormC ? NfcNormalizer.Normalize(text) : text;

    private static string WellFormed(string text)
    {
        for (var i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDFFF'); i >= 0 && i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]) && !(i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1])))
            {
                return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
            }

            i += char.IsSurrogate(text[i]) ? 1 : 0;
        }

        return text;
    }
}
