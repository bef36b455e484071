using System.Text;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class StreamingDetokenizerTests
{
    [Theory]
    [InlineData("tokenizer")]
    [InlineData("tiny_tokenizer")]
    public void Append_RandomIds_PiecesEqualWholeDecode(string caseName)
    {
        var tokenizer = TestTokenizers.OfCase(caseName);
        var random = new Random(42);
        for (var round = 0; round < 2000; round++)
        {
            // Mostly single bytes, where broken UTF-8 happens; also special tokens and ids without a token.
            int[] ids = [.. Enumerable.Range(0, random.Next(1, 24)).Select(_ => random.Next(10) switch
            {
                0 => random.Next(-200, tokenizer.VocabularySize + 500),
                1 => tokenizer.VocabularySize - 1 - random.Next(20),
                2 => random.Next(tokenizer.VocabularySize),
                _ => random.Next(256),
            })];
            foreach (var skip in (bool[])[true, false])
            {
                var stream = new StreamingDetokenizer(tokenizer, skip);
                var text = string.Concat(ids.Select(stream.Append)) + stream.Flush();
                Assert.Equal(tokenizer.Decode(ids, skip), text);
            }
        }
    }

    [Fact]
    public void Append_GoldenRows_PiecesAreValidAndEqualWholeDecode()
    {
        foreach (var row in Golden.Json("tokenizer", "encode_decode.json").GetProperty("decode").EnumerateArray())
        {
            var stream = new StreamingDetokenizer(TestTokenizers.Qwen);
            var pieces = TestTokenizers.Ids(row.GetProperty("ids")).Select(stream.Append).ToList();
            pieces.Add(stream.Flush());
            Assert.Equal(row.GetProperty("text_skip_special").GetString(), string.Concat(pieces));
            Assert.All(pieces, piece => Assert.False(
                piece.Length > 0 && (char.IsLowSurrogate(piece[0]) || char.IsHighSurrogate(piece[^1]))));
        }
    }

    [Fact]
    public void Append_CharacterInFourTokens_ComesWhole()
    {
        var stream = new StreamingDetokenizer(TestTokenizers.Tiny);
        var pieces = Bytes("😀").Select(stream.Append).ToList();
        Assert.Equal(["", "", "", "😀"], pieces);
        Assert.Equal("", stream.Flush());
    }

    [Fact]
    public void Append_InvalidByte_ReplacedOnceProven()
    {
        var stream = new StreamingDetokenizer(TestTokenizers.Tiny);
        var lead = Bytes("你")[0];
        Assert.Equal("", stream.Append(lead));
        Assert.Equal("\uFFFDa", stream.Append(Bytes("a")[0]));
        Assert.Equal("", stream.Append(lead));
        Assert.Equal("\uFFFD", stream.Flush());
        Assert.Equal("a", stream.Append(Bytes("a")[0])); // a new sequence
    }

    [Fact]
    public void Append_SpecialToken_IsSkippedUnlessAskedFor()
    {
        Assert.Equal("", new StreamingDetokenizer(TestTokenizers.Qwen).Append(151645));
        Assert.Equal("<|im_end|>", new StreamingDetokenizer(TestTokenizers.Qwen, skipSpecialTokens: false).Append(151645));
    }

    private static int[] Bytes(string text) =>
        [.. Encoding.UTF8.GetBytes(text).Select(value =>
            TestTokenizers.Tiny.TryGetId(ByteLevelAlphabet.Spell(value).ToString(), out var id) ? id : -1)];
}
