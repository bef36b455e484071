using System.Text;
using System.Text.Json.Nodes;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

public sealed class TokenizerLoadTests
{
    /// <summary>Dotted path in the file (a number is an index), its new JSON value, and what the message must name.</summary>
    public static TheoryData<string, string, string[]> Unsupported { get; } = new()
    {
        { "model.type", "\"WordPiece\"", ["model.type", "WordPiece", "BPE"] },
        { "model.dropout", "0.1", ["model.dropout", "0.1"] },
        { "model.byte_fallback", "true", ["model.byte_fallback", "true"] },
        { "model.continuing_subword_prefix", "\"##\"", ["model.continuing_subword_prefix", "##"] },
        { "model.end_of_word_suffix", "\"</w>\"", ["model.end_of_word_suffix", "</w>"] },
        { "model.vocab.ab", "-1", ["model.vocab[\"ab\"]", "-1"] },
        { "model.vocab.ab", "4194304", ["model.vocab[\"ab\"]", "4194304"] }, // first id beyond the bound
        { "model.vocab.ab", "1.5", ["model.vocab[\"ab\"]", "1.5"] },
        { "model.vocab.ab", "0", ["model.vocab[\"ab\"]", "unique"] }, // id of "!"
        { "model.vocab.", "300", ["model.vocab[\"\"]", "empty"] },
        { "model.vocab", "[]", ["model.vocab", "StartArray"] },
        { "model.vocab", "{}", ["model.vocab", "0x00"] },
        { "model.merges", "{}", ["model.merges", "StartObject"] },
        { "model.merges.0", "\"ab\"", ["model.merges[0]", "ab"] }, // no separator
        { "model.merges.1", "\"a b\"", ["model.merges[1]", "a b", "before"] },
        { "model.merges.1", "[\"x\", \"y\"]", ["model.merges[1]", "x y", "vocabulary"] }, // "xy" is no token
        { "model.merges.1", "[\"x\"]", ["model.merges[1]"] },
        { "model.merges.1", "[\"a\", \"b\", \"c\"]", ["model.merges[1]"] },
        { "model.merges.1", "7", ["model.merges[1]", "Number"] },
        { "model", "null", ["model", "Null"] },
        { "normalizer", "{\"type\": \"NFKC\"}", ["normalizer", "NFKC", "NFC"] },
        { "normalizer", "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Lowercase\"}]}", ["normalizers", "Lowercase"] },
        { "normalizer", "[]", ["normalizer", "type"] },
        { "pre_tokenizer", "null", ["pre_tokenizer", "ByteLevel"] },
        { "pre_tokenizer", "{\"type\": \"Whitespace\"}", ["pre_tokenizer", "Whitespace"] },
        { "pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": true}", ["add_prefix_space", "true"] },
        { "pre_tokenizer", "{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"use_regex\": false}", ["use_regex"] },
        { "pre_tokenizer.pretokenizers.1.use_regex", "true", ["use_regex", "true"] },
        { "pre_tokenizer.pretokenizers.0.behavior", "\"Removed\"", ["behavior", "Removed", "Isolated"] },
        { "pre_tokenizer.pretokenizers.0.invert", "true", ["invert", "true"] },
        { "pre_tokenizer.pretokenizers.0.pattern", "{\"String\": \" \"}", ["pattern", "String", "Regex"] },
        { "pre_tokenizer.pretokenizers.0.pattern.Regex", "\"a++(\"", ["Regex", "a++("] },
        { "decoder", "{\"type\": \"WordPiece\"}", ["decoder", "WordPiece", "ByteLevel"] },
        { "decoder", "null", ["decoder", "null"] },
        { "added_tokens", "{}", ["added_tokens", "list"] },
        { "added_tokens.0", "7", ["added_tokens[0]", "7"] },
        { "added_tokens.1.id", "258", ["added_tokens[1]", "another token"] }, // id of the first one
        { "added_tokens.1.id", "0", ["added_tokens[1]", "another token"] }, // id of "!"
        { "added_tokens.1.id", "\"x\"", ["added_tokens[1]", "id"] },
        { "added_tokens.1.content", "\"<|endoftext|>\"", ["added_tokens[1]", "another token"] },
        { "added_tokens.1.content", "\"\"", ["added_tokens[1]", "content"] },
        { "added_tokens.1.special", "1", ["special", "true or false"] },
    };

    [Theory]
    [MemberData(nameof(Unsupported))]
    public void Load_UnsupportedValue_NamesFileKeyAndValue(string path, string value, string[] named)
    {
        var file = TestTokenizers.SmallFile();
        Set(file, path, JsonNode.Parse(value));
        var error = Assert.Throws<InvalidDataException>(() => TestTokenizers.Load(file));
        Assert.StartsWith("test.json: ", error.Message);
        Assert.All(named, part => Assert.Contains(part, error.Message));
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("{}}")]
    [InlineData("not json")]
    [InlineData("{\"model\": {\"vocab\": {\"a\": 0}")]
    public void Load_DamagedJson_NamesFile(string json)
    {
        var error = Assert.Throws<InvalidDataException>(() => TestTokenizers.LoadText(json));
        Assert.Contains("test.json", error.Message);
    }

    [Theory]
    [InlineData("model", "missing")]
    [InlineData("model.vocab", "without vocab")]
    [InlineData("model.merges", "without merges")]
    [InlineData("model.vocab.a", "0x61")]
    public void Load_MissingPart_SaysWhich(string path, string named)
    {
        var file = TestTokenizers.SmallFile();
        var parts = path.Split('.');
        JsonNode owner = file;
        foreach (var part in parts[..^1])
        {
            owner = owner[part]!;
        }

        owner.AsObject().Remove(parts[^1]);
        var error = Assert.Throws<InvalidDataException>(() => TestTokenizers.Load(file));
        Assert.Contains(named, error.Message);
    }

    [Fact]
    public void Load_BytesThatAreNotUtf8_NamesFile()
    {
        var json = Encoding.UTF8.GetBytes(TestTokenizers.SmallFile().ToJsonString());
        json[json.AsSpan().IndexOf("\"ab\""u8) + 1] = 0xFF;
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(new MemoryStream(json), "test.json"));
        Assert.Contains("test.json", error.Message);
    }

    [Fact]
    public void Load_MergeThatBuildsSpecialToken_IsRefused()
    {
        var file = TestTokenizers.SmallFile();
        file["added_tokens"]!.AsArray().Add(TestTokenizers.AddedToken(257, "abc", special: true));
        var error = Assert.Throws<InvalidDataException>(() => TestTokenizers.Load(file));
        Assert.Contains("model.merges[1]", error.Message);
        Assert.Contains("forge", error.Message);
    }

    [Fact]
    public void Load_TokenBeyondLengthBound_IsRefused()
    {
        var longest = new string('a', TokenTable.MaxTokenBytes);
        var file = TestTokenizers.SmallFile();
        file["model"]!["vocab"]!.AsObject()[longest] = 261;
        Assert.Equal(262, TestTokenizers.Load(file).VocabularySize);
        file["model"]!["vocab"]!.AsObject()[longest + "a"] = 262;
        Assert.Contains("65536", Assert.Throws<InvalidDataException>(() => TestTokenizers.Load(file)).Message);
    }

    [Fact]
    public void Load_StreamBeyondSizeBound_IsRefused()
    {
        var error = Assert.Throws<InvalidDataException>(() => Tokenizer.Load(new EndlessStream(), "endless.json"));
        Assert.Contains("endless.json", error.Message);
        Assert.Contains(Tokenizer.MaxFileBytes.ToString(), error.Message);
    }

    [Fact]
    public void Load_NoSuchFile_NamesPath()
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid() + ".json");
        Assert.Contains(path, Assert.Throws<FileNotFoundException>(() => Tokenizer.Load(path)).Message);
    }

    [Fact]
    public void Load_SectionsInAnyOrderAndByteOrderMark_IsTheSame()
    {
        var file = TestTokenizers.SmallFile();
        var model = file["model"]!.AsObject();
        model["merges"] = new JsonArray("a b", "ab c"); // the older spelling of merges
        var reversed = Reversed(file);
        reversed["model"] = Reversed(model);
        var tokenizer = TestTokenizers.LoadText("\uFEFF" + reversed.ToJsonString());
        Assert.Equal([257, 259], tokenizer.Encode("abc<|im_start|>"));
        Assert.Equal([257, 259], TestTokenizers.Load(TestTokenizers.SmallFile()).Encode("abc<|im_start|>"));
    }

    [Fact]
    public void Load_NormalizerLeftOut_KeepsText()
    {
        var file = TestTokenizers.SmallFile();
        Assert.Equal("é", TestTokenizers.Load(file).Decode(TestTokenizers.Load(file).Encode("e\u0301")));
        file["normalizer"] = JsonNode.Parse(
            "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFC\"}, {\"type\": \"NFC\"}]}");
        Assert.Equal("é", TestTokenizers.Load(file).Decode(TestTokenizers.Load(file).Encode("e\u0301")));
        file["normalizer"] = null;
        Assert.Equal("e\u0301", TestTokenizers.Load(file).Decode(TestTokenizers.Load(file).Encode("e\u0301")));
    }

    [Fact]
    public void Load_ByteLevelAlone_UsesGpt2Pattern()
    {
        var file = TestTokenizers.SmallFile();
        file["pre_tokenizer"] = JsonNode.Parse("{\"type\": \"ByteLevel\", \"add_prefix_space\": false, \"trim_offsets\": true}");
        file["model"]!["vocab"]!.AsObject()["Ġ1"] = 261;
        file["model"]!["merges"]!.AsArray().Add(new JsonArray("Ġ", "1"));
        Assert.Equal([64, 261, 17], TestTokenizers.Load(file).Encode("a 12")); // this pattern keeps the space with numbers
    }

    [Fact]
    public void Load_VocabularyTokenOutsideTheAlphabet_DecodesToItsText()
    {
        var file = TestTokenizers.SmallFile();
        file["model"]!["vocab"]!.AsObject()["a 中"] = 261;
        var tokenizer = TestTokenizers.Load(file);
        Assert.Equal("a 中", tokenizer.Decode([261]));
        Assert.Equal("a 中", tokenizer.TokenText(261));
        Assert.DoesNotContain(261, tokenizer.Encode("a 中"));
    }

    [Fact]
    public void Load_GapsInIds_HaveNoToken()
    {
        var file = TestTokenizers.SmallFile();
        file["added_tokens"]!.AsArray().Add(TestTokenizers.AddedToken(1000, "<far>"));
        var tokenizer = TestTokenizers.Load(file);
        Assert.Equal(1001, tokenizer.VocabularySize);
        Assert.Equal("<far>", tokenizer.Decode([999, 1000]));
        Assert.Throws<ArgumentOutOfRangeException>(() => tokenizer.TokenText(999));
    }

    [Fact]
    public void Load_QwenFile_AllocatesLittleBesideTheFile()
    {
        byte[] json;
        using (var stream = Golden.Open("tokenizer", "tokenizer.json"))
        using (var copy = new MemoryStream())
        {
            stream.CopyTo(copy);
            json = copy.ToArray();
        }

        // Measured 26.5 MB: 11 MB file, the rest tables and their growth. One string per token and merge would take several
        // times that.
        var before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer.Load(new MemoryStream(json), "tokenizer.json");
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 40_000_000);
    }

    private static JsonObject Reversed(JsonObject node) =>
        new(node.Reverse().Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));

    private static void Set(JsonObject file, string path, JsonNode? value)
    {
        var parts = path.Split('.');
        JsonNode owner = file;
        foreach (var part in parts[..^1])
        {
            owner = owner is JsonArray list ? list[int.Parse(part)]! : owner[part]!;
        }

        if (owner is JsonArray array)
        {
            array[int.Parse(parts[^1])] = value;
        }
        else
        {
            owner[parts[^1]] = value;
        }
    }

    private sealed class EndlessStream : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count)
        {
            buffer.AsSpan(offset, count).Fill((byte)' ');
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
