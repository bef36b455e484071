using System.Text.Json;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Reads Hugging Face tokenizer.json files that hold a byte-level BPE (GPT-2, Qwen2/2.5/3, Llama 3 form). The large sections are
/// read token by token from the bytes, whatever their order in the file; only the small ones become a document.
/// "truncation", "padding" and "post_processor" are not looked at: encoding never cuts, pads or adds tokens.
/// </summary>
internal sealed partial class TokenizerJson
{
    // Pattern of the ByteLevel pre-tokenizer itself ("use_regex"), i.e. of GPT-2.
    private const string ByteLevelPattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    private readonly string _file;
    private readonly TokenTable _table = new();

    private TokenizerJson(string file) => _file = file;

    /// <param name="json">The whole file, UTF-8, with or without byte order mark.</param>
    /// <param name="file">What error messages call the file.</param>
    /// <exception cref="InvalidDataException">Names the file, the key and the value that is wrong or not supported.</exception>
    internal static TokenizerParts Parse(ReadOnlySpan<byte> json, string file)
    {
        try
        {
            ReadOnlySpan<byte> mark = [0xEF, 0xBB, 0xBF];
            return new TokenizerJson(file).Read(json.StartsWith(mark) ? json[mark.Length..] : json);
        }
        catch (JsonException error)
        {
            throw new InvalidDataException($"{file} is not a valid tokenizer.json: {error.Message}", error);
        }
        catch (InvalidOperationException error)
        {
            // Utf8JsonReader reports text that is not UTF-8 inside a string this way.
            throw new InvalidDataException($"{file} is not a valid tokenizer.json: {error.Message}", error);
        }
    }

    private TokenizerParts Read(ReadOnlySpan<byte> json)
    {
        var root = new Utf8JsonReader(json);
        root.Read();
        Expect(ref root, JsonTokenType.StartObject, "(root)");
        Utf8JsonReader model = default;
        JsonElement added = default, normalizer = default, preTokenizer = default, decoder = default;
        var hasModel = false;
        while (root.Read() && root.TokenType == JsonTokenType.PropertyName)
        {
            var key = root.GetString();
            root.Read();
            switch (key)
            {
                case "model":
                    model = root;
                    hasModel = true;
                    root.Skip();
                    break;
                case "added_tokens":
                    added = JsonElement.ParseValue(ref root);
                    break;
                case "normalizer":
                    normalizer = JsonElement.ParseValue(ref root);
                    break;
                case "pre_tokenizer":
                    preTokenizer = JsonElement.ParseValue(ref root);
                    break;
                case "decoder":
                    decoder = JsonElement.ParseValue(ref root);
                    break;
                default:
                    root.Skip();
                    break;
            }
        }

        // Anything after the closing brace is an error.
        root.Read();
        if (!hasModel)
        {
            throw Fail("model", "missing", "the file must hold a byte-level BPE model");
        }

        if (TypeOf(decoder, "decoder") != "ByteLevel")
        {
            throw Fail("decoder", Show(decoder), "only {\"type\": \"ByteLevel\"} is supported");
        }

        var toFormC = ReadNormalizer(normalizer, "normalizer");
        var splitter = ReadPreTokenizer(preTokenizer);
        var (encoder, ignoresMerges, addedTokens) = ReadModel(model, added);
        return new TokenizerParts(_table, encoder, splitter, toFormC, ignoresMerges, addedTokens);
    }

    private bool ReadNormalizer(JsonElement normalizer, string key)
    {
        switch (TypeOf(normalizer, key))
        {
            case null:
                return false;
            case "NFC":
                return true;
            case "Sequence" when normalizer.TryGetProperty("normalizers", out var list) && list.ValueKind == JsonValueKind.Array:
                // NFC twice is NFC once, so any mixture of the supported ones is fine.
                var any = false;
                foreach (var item in list.EnumerateArray())
                {
                    any |= ReadNormalizer(item, "normalizer.normalizers");
                }

                return any;
            default:
                throw Fail(key, Show(normalizer), "only NFC or none is supported");
        }
    }

    private PreTokenizer ReadPreTokenizer(JsonElement preTokenizer)
    {
        const string Remedy = "supported are ByteLevel alone and a Sequence of one Split and one ByteLevel";
        switch (TypeOf(preTokenizer, "pre_tokenizer"))
        {
            case "ByteLevel":
                return CheckByteLevel(preTokenizer)
                    ? Compile(ByteLevelPattern)
                    : throw Fail("pre_tokenizer.use_regex", "false", "without a Split before it, it must be true");
            case "Sequence" when preTokenizer.TryGetProperty("pretokenizers", out var list)
                && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() == 2
                && TypeOf(list[0], "pre_tokenizer.pretokenizers") == "Split"
                && TypeOf(list[1], "pre_tokenizer.pretokenizers") == "ByteLevel":
                return !CheckByteLevel(list[1])
                    ? ReadSplit(list[0])
                    : throw Fail("pre_tokenizer.pretokenizers.use_regex", "true", "after a Split it must be false");
            default:
                throw Fail("pre_tokenizer", Show(preTokenizer), Remedy);
        }
    }

    private PreTokenizer ReadSplit(JsonElement split)
    {
        const string Key = "pre_tokenizer.pretokenizers";
        if (split.TryGetProperty("invert", out var invert) && invert.ValueKind != JsonValueKind.False)
        {
            throw Fail(Key + ".invert", Show(invert), "only false is supported");
        }

        if (!split.TryGetProperty("behavior", out var behavior) || !IsText(behavior, "Isolated"))
        {
            throw Fail(Key + ".behavior", Show(behavior), "only \"Isolated\" is supported");
        }

        if (!split.TryGetProperty("pattern", out var pattern) || pattern.ValueKind != JsonValueKind.Object
            || !pattern.TryGetProperty("Regex", out var regex) || regex.ValueKind != JsonValueKind.String)
        {
            throw Fail(Key + ".pattern", Show(pattern), "only {\"Regex\": \"…\"} is supported");
        }

        return Compile(regex.GetString()!);
    }

    private PreTokenizer Compile(string pattern)
    {
        try
        {
            return PreTokenizer.ForPattern(pattern);
        }
        catch (ArgumentException error)
        {
            throw Fail("pre_tokenizer.pretokenizers.pattern.Regex", pattern, "cannot be run: " + error.Message);
        }
    }

    /// <summary>Whether the ByteLevel step splits by its own pattern.</summary>
    private bool CheckByteLevel(JsonElement step) =>
        step.TryGetProperty("add_prefix_space", out var prefix) && prefix.ValueKind == JsonValueKind.False
            ? !step.TryGetProperty("use_regex", out var regex) || regex.ValueKind != JsonValueKind.False
            : throw Fail("pre_tokenizer.add_prefix_space", Show(prefix), "only false is supported");

    private List<AddedToken> ReadAddedTokens(JsonElement list)
    {
        var tokens = new List<AddedToken>();
        if (list.ValueKind is JsonValueKind.Undefined or JsonValueKind.Null)
        {
            return tokens;
        }

        if (list.ValueKind != JsonValueKind.Array)
        {
            throw Fail("added_tokens", Show(list), "must be a list");
        }

        foreach (var item in list.EnumerateArray())
        {
            var key = $"added_tokens[{tokens.Count}]";
            if (item.ValueKind != JsonValueKind.Object
                || !item.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.String
                || !item.TryGetProperty("id", out var number) || number.ValueKind != JsonValueKind.Number
                || !number.TryGetInt32(out var id) || !IsId(id) || content.GetString() is not { Length: > 0 } text)
            {
                throw Fail(key, Show(item),
                    $"needs a \"content\" that is not empty and an \"id\" from 0 to {TokenTable.MaxIds - 1}");
            }

            // GPT-2 style files list such a token in the vocabulary as well, under the same id.
            if (_table.Find(text) != id && (_table.Find(text) >= 0 || !_table.TryAddLiteral(id, text)))
            {
                throw Fail(key, Show(item), "the id or the content belongs to another token");
            }

            var special = Flag(item, "special");
            tokens.Add(new AddedToken(id, text, special, Flag(item, "single_word"), Flag(item, "lstrip"), Flag(item, "rstrip"),
                item.TryGetProperty("normalized", out _) ? Flag(item, "normalized") : !special));
        }

        return tokens;
    }

    private string? TypeOf(JsonElement element, string key) => element.ValueKind switch
    {
        JsonValueKind.Undefined or JsonValueKind.Null => null,
        JsonValueKind.Object when element.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String
            => type.GetString(),
        _ => throw Fail(key, Show(element), "must be an object with a \"type\""),
    };

    private bool Flag(JsonElement item, string name)
    {
        if (!item.TryGetProperty(name, out var value))
        {
            return false;
        }

        return value.ValueKind is JsonValueKind.True or JsonValueKind.False
            ? value.GetBoolean()
            : throw Fail("added_tokens." + name, Show(value), "must be true or false");
    }

    /// <param name="reader">At the value in question.</param>
    /// <param name="expected">What it must begin with.</param>
    /// <param name="key">Where it stands.</param>
    /// <param name="index">Its place in the list <paramref name="key"/>; -1 when that is no list.</param>
    private void Expect(ref Utf8JsonReader reader, JsonTokenType expected, string key, int index = -1)
    {
        if (reader.TokenType != expected)
        {
            throw Fail(index < 0 ? key : $"{key}[{index}]", $"a {reader.TokenType}", $"expected a {expected}");
        }
    }

    private static bool IsId(int id) => (uint)id < TokenTable.MaxIds;

    private static bool IsText(JsonElement value, string text) =>
        value.ValueKind == JsonValueKind.String && value.ValueEquals(text);

    private static string Show(JsonElement value)
    {
        const int Shown = 200;
        var raw = value.ValueKind switch
        {
            JsonValueKind.Undefined => "missing",
            JsonValueKind.String => $"\"{value.GetString()}\"",
            _ => value.GetRawText(),
        };
        return raw.Length <= Shown ? raw : raw[..Shown] + "…";
    }

    private InvalidDataException Fail(string key, string value, string remedy) =>
        new($"{_file}: {key} is {value}; {remedy}.");
}
