using System.Text.Json.Nodes;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class TokenizerTests
{
    private const int FreeId = 261;

    [Fact]
    public void VocabularySize_QwenFile_IsHighestIdPlusOne()
    {
        Assert.Equal(151669, TestTokenizers.Qwen.VocabularySize);
        Assert.Equal(560, TestTokenizers.Tiny.VocabularySize);
    }

    [Fact]
    public void TokenText_EveryId_IsInverseOfTryGetId()
    {
        var tokenizer = TestTokenizers.Qwen;
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            Assert.True(tokenizer.TryGetId(tokenizer.TokenText(id), out var back));
            Assert.Equal(id, back);
        }
    }

    [Theory]
    [InlineData("Ġhello", 23811)]
    [InlineData("<|im_end|>", 151645)]
    [InlineData("<tool_call>", 151657)]
    public void TryGetId_Spelling_FindsToken(string spelling, int id)
    {
        Assert.True(TestTokenizers.Qwen.TryGetId(spelling, out var found));
        Assert.Equal(id, found);
    }

    [Theory]
    [InlineData(" hello")] // a space is spelled Ġ
    [InlineData("<|no_such_token|>")]
    [InlineData("")]
    public void TryGetId_UnknownSpelling_ReturnsFalse(string spelling) =>
        Assert.False(TestTokenizers.Qwen.TryGetId(spelling, out _));

    [Theory]
    [InlineData(-200)]
    [InlineData(151669)]
    public void TokenText_IdWithoutToken_Throws(int id) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TestTokenizers.Qwen.TokenText(id));

    [Fact]
    public void IsSpecial_AddedTokens_FollowsTheFlag()
    {
        Assert.True(TestTokenizers.Qwen.IsSpecial(151645));
        Assert.False(TestTokenizers.Qwen.IsSpecial(151657)); // <tool_call>
        Assert.False(TestTokenizers.Qwen.IsSpecial(0));
        Assert.False(TestTokenizers.Qwen.IsSpecial(-200));
    }

    [Fact]
    public void Decode_IdsWithoutToken_StandForNothing()
    {
        Assert.Equal("Hello", TestTokenizers.Qwen.Decode([ChatMl.VisualPlaceholderId, 9707, 151935, int.MaxValue]));
        Assert.Equal("Hello", TestTokenizers.Qwen.Decode(new Queue<int>([9707])));
        Assert.Equal("Hello", TestTokenizers.Qwen.Decode(new List<int> { 9707 }));
    }

    [Fact]
    public void Decode_CharacterAroundSkippedSpecialToken_IsPutTogether()
    {
        // 你 is E4 BD A0; single-byte tokens of the small vocabulary with a special token in between.
        var tokenizer = TestTokenizers.Load(TestTokenizers.SmallFile());
        int[] bytes = [.. new[] { "ä", "½", "ł" }.Select(spelling => tokenizer.TryGetId(spelling, out var id) ? id : -1)];
        int[] ids = [bytes[0], 258, bytes[1], bytes[2]];
        Assert.Equal("你", tokenizer.Decode(ids));
        Assert.Equal("\uFFFD<|endoftext|>\uFFFD\uFFFD", tokenizer.Decode(ids, skipSpecialTokens: false));
    }

    [Fact]
    public void Encode_SpecialTextNotParsed_YieldsNoSpecialIdAndSameText()
    {
        var tokenizer = TestTokenizers.Qwen;
        string[] texts = ["<|im_end|>", "a<|im_start|>system\n<|endoftext|>", "<|im_<|im_end|>end|>", "x <|image_pad|> y"];
        foreach (var text in texts)
        {
            var ids = tokenizer.Encode(text, parseSpecial: false);
            Assert.DoesNotContain(ids, tokenizer.IsSpecial);
            Assert.Equal(text, tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Encode_SpecialTextNotParsed_StillFindsOtherAddedTokens() =>
        Assert.Equal([151657], TestTokenizers.Qwen.Encode("<tool_call>", parseSpecial: false));

    [Theory]
    [InlineData("\uD83D")]
    [InlineData("a\uDE00b")]
    [InlineData("😀\uD83D😀\uDE00")]
    public void Encode_UnpairedSurrogate_CountsAsReplacementCharacter(string text)
    {
        var repaired = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Contains('\uFFFD', repaired);
        Assert.Equal(TestTokenizers.Qwen.Encode(repaired), TestTokenizers.Qwen.Encode(text));
    }

    [Fact]
    public void Encode_RandomText_DecodesToItsFormC()
    {
        var random = new Random(3);
        string[] pieces =
        [
            "a", "Z9", " ", "\n", "é", "e\u0301", "中", "😀", "𝐀", "\u00A0", "'s", "<|", "|>", "<", "\0", "가", "\u1100\u1161",
        ];
        for (var round = 0; round < 500; round++)
        {
            var text = string.Concat(Enumerable.Range(0, random.Next(20)).Select(_ => pieces[random.Next(pieces.Length)]));
            Assert.Equal(NfcNormalizer.Normalize(text), TestTokenizers.Qwen.Decode(TestTokenizers.Qwen.Encode(text)));
            Assert.Equal(NfcNormalizer.Normalize(text), TestTokenizers.Tiny.Decode(TestTokenizers.Tiny.Encode(text)));
        }
    }

    [Fact]
    public void Encode_OneWordOfAMillionLetters_RoundTrips()
    {
        var text = string.Concat(Enumerable.Range(0, 1 << 20).Select(i => (char)('a' + (i * 7 % 26))));
        var ids = TestTokenizers.Qwen.Encode(text);
        Assert.Equal(text, TestTokenizers.Qwen.Decode(ids));
    }

    [Fact]
    public void Encode_TextBeyondBound_Throws()
    {
        var text = new string('a', Tokenizer.MaxTextLength + 1);
        var error = Assert.Throws<ArgumentException>(() => TestTokenizers.Tiny.Encode(text));
        Assert.Contains("4194305", error.Message);
        Assert.Contains("4194304", error.Message);
    }

    [Fact]
    public void Encode_TokensStartingTogether_TakesTheLongest()
    {
        var file = WithAdded(
            TestTokenizers.AddedToken(FreeId, "<a>"),
            TestTokenizers.AddedToken(FreeId + 1, "<a><b>"),
            TestTokenizers.AddedToken(FreeId + 2, "<b><c>"));
        var tokenizer = TestTokenizers.Load(file);
        Assert.Equal([FreeId + 1, FreeId], tokenizer.Encode("<a><b><a>"));
        Assert.Equal([FreeId, 87, FreeId + 2], tokenizer.Encode("<a>x<b><c>"));
        Assert.Equal([FreeId + 1, 27, 66, 29], tokenizer.Encode("<a><b><c>")); // the leftmost wins over a later one
    }

    [Fact]
    public void Encode_StrippingToken_TakesWhiteSpaceAlong()
    {
        var file = WithAdded(
            TestTokenizers.AddedToken(FreeId, "<l>", lstrip: true), TestTokenizers.AddedToken(FreeId + 1, "<r>", rstrip: true));
        var tokenizer = TestTokenizers.Load(file);
        Assert.Equal([64, FreeId, 220, 65], tokenizer.Encode("a \t\n<l> b"));
        Assert.Equal([64, 220, FreeId + 1, 65], tokenizer.Encode("a <r> \u3000b"));
        Assert.Equal([FreeId + 1, FreeId], tokenizer.Encode("<r>  <l>")); // the space is taken only once
    }

    [Theory]
    [InlineData("cat", new[] { FreeId })]
    [InlineData("a cat.", new[] { 64, 220, FreeId, 13 })]
    [InlineData("cats", new[] { 66, 64, 83, 82 })]
    [InlineData("_cat", new[] { 62, 66, 64, 83 })]
    [InlineData("😀cat", new[] { 172, 253, 246, 222, FreeId })] // a symbol is no word character
    public void Encode_SingleWordToken_NeedsWordBoundaries(string text, int[] ids) =>
        Assert.Equal(
            ids, TestTokenizers.Load(WithAdded(TestTokenizers.AddedToken(FreeId, "cat", singleWord: true))).Encode(text));

    [Fact]
    public void Encode_NormalizedToken_IsFoundInNormalizedText()
    {
        var normalized = TestTokenizers.Load(WithAdded(TestTokenizers.AddedToken(FreeId, "<e\u0301>", normalized: true)));
        Assert.Equal([FreeId], normalized.Encode("<é>"));
        Assert.Equal([64, FreeId, 64], normalized.Encode("a<e\u0301>a"));
        var raw = TestTokenizers.Load(WithAdded(TestTokenizers.AddedToken(FreeId, "<e\u0301>")));
        Assert.Equal([FreeId], raw.Encode("<e\u0301>"));
        Assert.DoesNotContain(FreeId, raw.Encode("<é>"));
    }

    [Fact]
    public void Encode_IgnoreMerges_TakesWholeWordsFirst()
    {
        var file = TestTokenizers.SmallFile();
        var model = file["model"]!.AsObject();
        model["vocab"]!.AsObject()["xyz"] = FreeId;
        Assert.Equal([87, 88, 89, 257], TestTokenizers.Load(file).Encode("xyzabc"));
        Assert.Equal([87, 88, 89], TestTokenizers.Load(file).Encode("xyz"));
        model["ignore_merges"] = true;
        Assert.Equal([FreeId], TestTokenizers.Load(file).Encode("xyz"));
    }

    [Fact]
    public void Encode_IgnoreMergesAndSpecialInVocabulary_CannotBeForged()
    {
        // The whole text is one word for this pattern, and the vocabulary lists the special token as GPT-2 files do.
        var file = WithAdded(TestTokenizers.AddedToken(FreeId, "<end>", special: true));
        file["model"]!["vocab"]!.AsObject()["<end>"] = FreeId;
        file["model"]!["ignore_merges"] = true;
        file["pre_tokenizer"]!["pretokenizers"]![0]!["pattern"]!["Regex"] = @"\S+|\s+";
        var tokenizer = TestTokenizers.Load(file);
        Assert.Equal([FreeId], tokenizer.Encode("<end>"));
        Assert.Equal([27, 68, 77, 67, 29], tokenizer.Encode("<end>", parseSpecial: false));
    }

    private static JsonObject WithAdded(params JsonObject[] tokens)
    {
        var file = TestTokenizers.SmallFile();
        foreach (var token in tokens)
        {
            file["added_tokens"]!.AsArray().Add(token);
        }

        return file;
    }
}
