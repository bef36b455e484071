namespace Studio.Engine.Tokenization;

/// <summary>Cuts text into the words inside which byte pairs are merged.</summary>
internal abstract class PreTokenizer
{
    /// <summary>
    /// Appends to <paramref name="ends"/> the exclusive end of every word of <paramref name="text"/> in UTF-16 units, ascending;
    /// the words cover the text without gaps, so at most one entry per unit is added. The text is well-formed UTF-16.
    /// </summary>
    internal abstract void Split(ReadOnlySpan<char> text, List<int> ends);

    /// <summary>
    /// The scanner for a Split pattern: by hand for the known family, else through the runtime's regular expressions.
    /// </summary>
    /// <exception cref="ArgumentException">The runtime cannot express the pattern.</exception>
    internal static PreTokenizer ForPattern(string pattern) => pattern switch
    {
        QwenPreTokenizer.OneDigitPattern => new QwenPreTokenizer(maxDigits: 1),
        QwenPreTokenizer.ThreeDigitPattern => new QwenPreTokenizer(maxDigits: 3),
        _ => new RegexPreTokenizer(pattern),
    };
}
