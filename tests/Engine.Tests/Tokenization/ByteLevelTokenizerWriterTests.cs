using System.Text;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class ByteLevelTokenizerWriterTests
{
    [Fact]
    public void Write_NoMerges_LoadsAsBytesAndSpecials()
    {
        var tokenizer = Load(TestTokenizers.Written([]));
        Assert.Equal(259, tokenizer.VocabularySize);
        Assert.Equal([0, 1], tokenizer.Encode("!\""));
        Assert.Equal([256, 257, 258], tokenizer.Encode("<|endoftext|><|im_start|><|im_end|>"));
        Assert.All([256, 257, 258], id => Assert.True(tokenizer.IsSpecial(id)));
        const string Text = "naïve 中文 😀\n\0 e\u0301";
        Assert.Equal(NfcNormalizer.Normalize(Text), tokenizer.Decode(tokenizer.Encode(Text)));
    }

    [Fact]
    public void Write_ByteIds_EqualQwen()
    {
        var tokenizer = Load(TestTokenizers.Written([]));
        for (var id = 0; id < 256; id++)
        {
            Assert.Equal(TestTokenizers.Qwen.TokenText(id), tokenizer.TokenText(id));
        }
    }

    [Fact]
    public void Write_Merges_AreAppliedInOrder()
    {
        var tokenizer = Load(TestTokenizers.Written([("t", "h"), ("Ġ", "th"), ("Ġth", "e"), ("h", "e")]));
        Assert.Equal([258], tokenizer.Encode(" the"));
        Assert.Equal([256, 68], tokenizer.Encode("the"));
        Assert.Equal([259], tokenizer.Encode("he"));
        Assert.Equal("Ġthe", tokenizer.TokenText(258));
    }

    [Fact]
    public void Write_TwoWaysToOneToken_ShareItsId()
    {
        var tokenizer = Load(TestTokenizers.Written([("a", "b"), ("b", "c"), ("ab", "c"), ("a", "bc")]));
        Assert.Equal(256 + 3 + 3, tokenizer.VocabularySize);
        Assert.Equal([258], tokenizer.Encode("abc"));
    }

    [Fact]
    public void Write_ReadingTheTinyGoldenVocabulary_EncodesAlike()
    {
        // The merges of the golden file, written anew, give the golden ids.
        var merges = Golden.Json("tiny_tokenizer", "tokenizer.json").GetProperty("model").GetProperty("merges").EnumerateArray()
            .Select(pair => (pair[0].GetString()!, pair[1].GetString()!)).ToArray();
        var tokenizer = Load(TestTokenizers.Written(merges, ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<tool_call>"]));
        foreach (var row in Golden.Json("tiny_tokenizer", "encode_decode.json").GetProperty("encode").EnumerateArray())
        {
            Assert.Equal(TestTokenizers.Ids(row.GetProperty("ids")), tokenizer.Encode(row.GetProperty("text").GetString()!));
        }
    }

    [Fact]
    public void Write_Twice_GivesSameBytesWithoutCarriageReturns()
    {
        var first = TestTokenizers.Written([("a", "b")]);
        Assert.Equal(first, TestTokenizers.Written([("a", "b")]));
        Assert.DoesNotContain((byte)'\r', first);
    }

    [Theory]
    [InlineData("ab", "c")] // "ab" is not joined by an earlier merge
    [InlineData("", "a")]
    [InlineData(" ", "a")] // a space is spelled Ġ
    [InlineData("中", "a")]
    [InlineData("x", "y")] // given before
    public void Write_BadMerge_NamesIt(string left, string right)
    {
        var error = Assert.Throws<ArgumentException>(() => TestTokenizers.Written([("x", "y"), (left, right)]));
        Assert.Contains($"Merge 1 (\"{left}\", \"{right}\")", error.Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData("a")] // a byte token
    [InlineData("<s>")] // given before
    [InlineData("xy")] // joined by a merge, so that text could forge it
    public void Write_BadSpecialToken_NamesIt(string token)
    {
        var error = Assert.Throws<ArgumentException>(() => TestTokenizers.Written([("x", "y")], ["<s>", token]));
        Assert.Contains($"\"{token}\"", error.Message);
    }

    private static Tokenizer Load(byte[] json) => TestTokenizers.LoadText(Encoding.UTF8.GetString(json));
}
