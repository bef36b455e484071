using System.Text;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Decodes ids as they are generated. A token may end inside a character: its bytes wait until the character is complete or is
/// proven to be no UTF-8, so at most 3 bytes are held back. All returned pieces together equal
/// <see cref="Tokenizer.Decode(ReadOnlySpan{int}, bool)"/> of all ids. For one sequence at a time; not thread safe.
/// </summary>
public sealed class StreamingDetokenizer
{
    private readonly Tokenizer _tokenizer;
    private readonly bool _skipSpecialTokens;
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();

    /// <param name="tokenizer">The vocabulary of the ids.</param>
    /// <param name="skipSpecialTokens">Whether special tokens stand for nothing.</param>
    public StreamingDetokenizer(Tokenizer tokenizer, bool skipSpecialTokens = true)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        _tokenizer = tokenizer;
        _skipSpecialTokens = skipSpecialTokens;
    }

    /// <summary>The text that became final with this id; empty when a character is still incomplete.</summary>
    public string Append(int id) => Convert(_tokenizer.DecodedBytes(id, _skipSpecialTokens), flush: false);

    /// <summary>
    /// Ends the sequence: an incomplete character becomes U+FFFD, otherwise empty. The next <see cref="Append"/> starts a new
    /// sequence.
    /// </summary>
    public string Flush() => Convert([], flush: true);

    private string Convert(ReadOnlySpan<byte> bytes, bool flush)
    {
        var count = _decoder.GetCharCount(bytes, flush);
        Span<char> characters = count <= 256 ? stackalloc char[count] : new char[count];
        var written = _decoder.GetChars(bytes, characters, flush);
        return written == 0 ? "" : new string(characters[..written]);
    }
}
