using System.Text;
using System.Text.Json;

namespace Studio.Engine.Tokenization;

/// <content>The "model" section: options, vocabulary, merges.</content>
internal sealed partial class TokenizerJson
{
    // Reused for every token, so that loading allocates per table and not per entry.
    private readonly byte[] _spelling = new byte[TokenTable.MaxTokenBytes];
    private readonly byte[] _rightSpelling = new byte[TokenTable.MaxTokenBytes];
    private readonly byte[] _bytes = new byte[2 * TokenTable.MaxTokenBytes];

    private (BytePairEncoder Encoder, bool IgnoresMerges, List<AddedToken> Added) ReadModel(
        Utf8JsonReader model, JsonElement added)
    {
        Expect(ref model, JsonTokenType.StartObject, "model");
        Utf8JsonReader vocabulary = default, merges = default;
        bool hasVocabulary = false, hasMerges = false, ignoresMerges = false;
        while (model.Read() && model.TokenType == JsonTokenType.PropertyName)
        {
            var key = model.GetString()!;
            model.Read();
            switch (key)
            {
                case "vocab":
                    vocabulary = model;
                    hasVocabulary = true;
                    model.Skip();
                    break;
                case "merges":
                    merges = model;
                    hasMerges = true;
                    model.Skip();
                    break;
                default:
                    var value = JsonElement.ParseValue(ref model);
                    CheckOption(key, value);
                    ignoresMerges |= key == "ignore_merges" && value.ValueKind == JsonValueKind.True;
                    break;
            }
        }

        if (!hasVocabulary || !hasMerges)
        {
            throw Fail("model", hasVocabulary ? "without merges" : "without vocab",
                "a BPE model needs both \"vocab\" and \"merges\"");
        }

        ReadVocabulary(vocabulary);
        var byteIds = new int[256];
        for (var value = 0; value < 256; value++)
        {
            byteIds[value] = _table.Find([(byte)value]);
            if (byteIds[value] < 0)
            {
                throw Fail("model.vocab", $"without byte 0x{value:X2} (\"{ByteLevelAlphabet.Spell((byte)value)}\")",
                    "a byte-level vocabulary holds all 256 bytes");
            }
        }

        var tokens = ReadAddedTokens(added);
        var special = tokens.Where(token => token.Special).Select(token => token.Id).ToHashSet();
        return (new BytePairEncoder(byteIds, ReadMerges(merges, special)), ignoresMerges, tokens);
    }

    private void CheckOption(string key, JsonElement value)
    {
        var (fits, remedy) = key switch
        {
            "type" => (IsText(value, "BPE"), "only \"BPE\" is supported"),
            "dropout" => (value.ValueKind == JsonValueKind.Null
                || (value.ValueKind == JsonValueKind.Number && value.GetDouble() == 0), "merging at random is not supported"),
            "continuing_subword_prefix" or "end_of_word_suffix" =>
                (value.ValueKind == JsonValueKind.Null || IsText(value, ""), "only an empty one is supported"),
            "byte_fallback" => (value.ValueKind is JsonValueKind.Null or JsonValueKind.False, "only false is supported"),
            _ => (true, ""),
        };
        if (!fits)
        {
            throw Fail("model." + key, Show(value), remedy);
        }
    }

    private void ReadVocabulary(Utf8JsonReader reader)
    {
        const string Key = "model.vocab";
        Expect(ref reader, JsonTokenType.StartObject, Key);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var spelled = CopyString(ref reader, Key, _spelling);
            reader.Read();
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt32(out var id) || !IsId(id))
            {
                throw Fail($"{Key}[\"{Text(spelled)}\"]", Encoding.UTF8.GetString(reader.ValueSpan),
                    $"an id is a whole number from 0 to {TokenTable.MaxIds - 1}");
            }

            var length = FromSpelling(spelled, _bytes);
            var isNew = length < 0
                ? _table.TryAddLiteral(id, Text(spelled))
                : length > 0 && _table.TryAdd(id, _bytes.AsSpan(0, length));
            if (!isNew)
            {
                throw Fail($"{Key}[\"{Text(spelled)}\"]", id.ToString(), "tokens and ids must be unique, and no token empty");
            }
        }
    }

    private Dictionary<ulong, BytePairEncoder.Merge> ReadMerges(Utf8JsonReader reader, HashSet<int> special)
    {
        const string Key = "model.merges";
        Expect(ref reader, JsonTokenType.StartArray, Key);
        var merges = new Dictionary<ulong, BytePairEncoder.Merge>(_table.Count);
        for (var rank = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            ReadOnlySpan<byte> left;
            ReadOnlySpan<byte> right;
            if (reader.TokenType == JsonTokenType.String)
            {
                // A space inside a token is spelled "Ġ", so the first one separates the parts.
                var both = CopyString(ref reader, Key, _spelling);
                var space = both.IndexOf((byte)' ');
                left = space < 0 ? both : both[..space];
                right = space < 0 ? [] : both[(space + 1)..];
            }
            else
            {
                Expect(ref reader, JsonTokenType.StartArray, Key, rank);
                reader.Read();
                Expect(ref reader, JsonTokenType.String, Key, rank);
                left = CopyString(ref reader, Key, _spelling);
                reader.Read();
                Expect(ref reader, JsonTokenType.String, Key, rank);
                right = CopyString(ref reader, Key, _rightSpelling);
                reader.Read();
                Expect(ref reader, JsonTokenType.EndArray, Key, rank);
            }

            AddMerge(merges, rank, left, right, special);
        }

        return merges;
    }

    private void AddMerge(Dictionary<ulong, BytePairEncoder.Merge> merges, int rank,
        ReadOnlySpan<byte> left, ReadOnlySpan<byte> right, HashSet<int> special)
    {
        var (leftId, rightId, result) = (-1, -1, -1);
        var leftLength = FromSpelling(left, _bytes);
        var rightLength = leftLength < 0 ? -1 : FromSpelling(right, _bytes.AsSpan(leftLength));
        if (leftLength > 0 && rightLength > 0)
        {
            leftId = _table.Find(_bytes.AsSpan(0, leftLength));
            rightId = _table.Find(_bytes.AsSpan(leftLength, rightLength));
            result = _table.Find(_bytes.AsSpan(0, leftLength + rightLength));
        }

        var remedy = leftId < 0 || rightId < 0 || result < 0
            ? "both parts and what they join to must be tokens of the vocabulary"
            : special.Contains(result) ? "ordinary text could forge that special token; remove the merge"
            : merges.TryAdd(BytePairEncoder.Pair(leftId, rightId), new BytePairEncoder.Merge(rank, result)) ? null
            : "the pair is listed before";
        if (remedy is not null)
        {
            throw Fail($"model.merges[{rank}]", $"\"{Text(left)} {Text(right)}\"", remedy);
        }
    }

    /// <summary>
    /// Writes the bytes that a UTF-8 encoded spelling stands for and returns their number, at most the spelling's; -1 when a
    /// character is outside the byte-level alphabet.
    /// </summary>
    private static int FromSpelling(ReadOnlySpan<byte> spelling, Span<byte> bytes)
    {
        var written = 0;
        for (var read = 0; read < spelling.Length; read++)
        {
            // The alphabet ends below U+0144: one or two bytes of UTF-8 per character.
            int character = spelling[read];
            if (character is >= 0xC2 and <= 0xC5 && read + 1 < spelling.Length)
            {
                character = ((character & 0x1F) << 6) | (spelling[++read] & 0x3F);
            }
            else if (character >= 0x80)
            {
                return -1;
            }

            var value = ByteLevelAlphabet.ToByte(character);
            if (value < 0)
            {
                return -1;
            }

            bytes[written++] = (byte)value;
        }

        return written;
    }

    private ReadOnlySpan<byte> CopyString(scoped ref Utf8JsonReader reader, string key, byte[] buffer)
    {
        try
        {
            return buffer.AsSpan(0, reader.CopyString(buffer));
        }
        catch (ArgumentException)
        {
            throw Fail(key, $"a string of {reader.ValueSpan.Length} bytes",
                $"a token has at most {TokenTable.MaxTokenBytes} bytes");
        }
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Encoding.UTF8.GetString(utf8);
}
