using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class PreTokenizerTests
{
    private static readonly string[] s_alphabet =
    [
        "a", "Z", "s", "t", "l", "L", "r", "e", "'", "'s", "'LL", " ", "  ", "\n", "\r\n", "\t", "\u00A0", "\u3000", "\u0085",
        "\u2028", "1", "²", "Ⅷ", "٣", "!", ".", "_", "-", "\u0301", "\u200D", "\0",
        "é", "中", "ǅ", "ʰ", "𝐀", "𠮷", "𝟘", "😀", "𝄞", "\uFFFD",
        "\uE000", "\U000E0100", "\U0001D165",
    ];

    [Theory]
    [InlineData("don't 'tis", "don|'t| '|tis")] // a space takes the quote along
    [InlineData("IT'S we'Ll 'RE'", "IT|'S| we|'Ll| '|RE|'")]
    [InlineData("it'ſ ſ", "it|'ſ| ſ")] // U+017F folds to s
    [InlineData("x'K", "x|'K")] // the Kelvin sign is only a letter here: no contraction has a k
    [InlineData("x'll'v", "x|'ll|'v")]
    [InlineData("'", "'")]
    [InlineData("!'s", "!'|s")] // the quote belongs to the punctuation that came first
    [InlineData("𝐀b𠮷 😀!", "𝐀b𠮷| 😀!")]
    [InlineData("😀a", "😀a")] // any one character but newline, letter, number leads letters
    [InlineData("12𝟘３", "1|2|𝟘|３")]
    [InlineData("a  b", "a| | b")]
    [InlineData("a \n  b", "a| \n| | b")]
    [InlineData("a\r\n\r\n", "a|\r\n\r\n")]
    [InlineData("!\n\n x", "!\n\n| x")]
    [InlineData("\u00A0a\u00A0!", "\u00A0a|\u00A0|!")]
    [InlineData(" 1", " |1")]
    [InlineData("   ", "   ")]
    [InlineData("e\u0301", "e|\u0301")] // a mark is neither letter nor number
    public void Split_QwenPattern_CutsAsOniguruma(string text, string words) =>
        Assert.Equal(words.Split('|'), Words(PreTokenizer.ForPattern(QwenPreTokenizer.OneDigitPattern), text));

    [Fact]
    public void Split_ThreeDigitPattern_TakesUpToThreeDigits()
    {
        var splitter = PreTokenizer.ForPattern(QwenPreTokenizer.ThreeDigitPattern);
        Assert.IsType<QwenPreTokenizer>(splitter);
        Assert.Equal(["123", "4𝟘６", "7"], Words(splitter, "1234𝟘６7"));
    }

    [Theory]
    [InlineData(QwenPreTokenizer.OneDigitPattern)]
    [InlineData(QwenPreTokenizer.ThreeDigitPattern)]
    public void Split_RandomText_ScannerAndExpressionAgree(string pattern)
    {
        var scanner = PreTokenizer.ForPattern(pattern);
        var expression = new RegexPreTokenizer(pattern);
        var random = new Random(11);
        for (var round = 0; round < 3000; round++)
        {
            var text = string.Concat(
                Enumerable.Range(0, random.Next(14)).Select(_ => s_alphabet[random.Next(s_alphabet.Length)]));
            var expected = Words(expression, text);
            Assert.Equal(expected, Words(scanner, text));
            Assert.Equal(text, string.Concat(expected));
        }
    }

    [Fact]
    public void Split_EveryAstralCategory_StandsForItself()
    {
        // One sample per class: letter, mark, number, symbol; the expression sees each as a single character.
        var splitter = new RegexPreTokenizer(@"\p{L}|\p{M}|\p{N}{2}|\p{S}");
        Assert.Equal(["𝐀", "\U0001D165", "𝟘𝟙", "😀", "\U000E0001"], Words(splitter, "𝐀\U0001D165𝟘𝟙😀\U000E0001"));
    }

    [Fact]
    public void Split_TextBetweenMatches_IsAWordOfItsOwn() =>
        Assert.Equal(["--", "ab", "-", "c", "--"], Words(new RegexPreTokenizer(@"\p{L}+"), "--ab-c--"));

    [Fact]
    public void Split_PatternWithAstralCharacter_Throws()
    {
        var error = Assert.Throws<ArgumentException>(() => PreTokenizer.ForPattern("[😀]"));
        Assert.Contains("U+FFFF", error.Message);
    }

    private static List<string> Words(PreTokenizer splitter, string text)
    {
        List<int> ends = [];
        splitter.Split(text, ends);
        var start = 0;
        var words = new List<string>();
        foreach (var end in ends)
        {
            words.Add(text[start..end]);
            start = end;
        }

        Assert.Equal(text.Length, start);

        // A pair cut in half would read as U+FFFD.
        Assert.Equal(text.EnumerateRunes(), words.SelectMany(word => word.EnumerateRunes()));
        return words;
    }
}
