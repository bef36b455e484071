using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Studio.Engine.Tokenization;

/// <summary>
/// Writes small byte-level BPE vocabularies in the Hugging Face form that <see cref="Tokenizer.Load(string)"/> and other programs
/// read: NFC, the Qwen2 pre-tokenizer, 256 byte tokens (ids 0–255 as in Qwen2), one token per merge, then the special tokens.
/// The same arguments give the same bytes.
/// </summary>
public static class ByteLevelTokenizerWriter
{
    private static readonly JsonWriterOptions s_options = new()
    {
        Indented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The special tokens of Qwen2, in id order.</summary>
    public static IReadOnlyList<string> DefaultSpecialTokens { get; } = ["<|endoftext|>", ChatMl.TurnStart, ChatMl.TurnEnd];

    /// <param name="path">The file to write or replace; usually tokenizer.json.</param>
    /// <param name="merges">
    /// Pairs in order of rank, spelled as in tokenizer.json (a space is "Ġ"). Each part is a byte or joined by an earlier pair.
    /// May be empty.
    /// </param>
    /// <param name="specialTokens">Distinct and not empty; null for <see cref="DefaultSpecialTokens"/>.</param>
    /// <exception cref="ArgumentException">A merge or special token breaks these rules; nothing is written.</exception>
    public static void Write(
        string path, IReadOnlyList<(string Left, string Right)> merges, IReadOnlyList<string>? specialTokens = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(path);
        ArgumentNullException.ThrowIfNull(merges);
        specialTokens ??= DefaultSpecialTokens;
        var vocabulary = BuildVocabulary(merges);
        var special = new HashSet<string>(StringComparer.Ordinal);
        foreach (var token in specialTokens)
        {
            if (string.IsNullOrEmpty(token) || vocabulary.ContainsKey(token) || !special.Add(token))
            {
                throw new ArgumentException(
                    $"The special token \"{token}\" is empty, given twice or spelled like a token of the vocabulary.",
                    nameof(specialTokens));
            }
        }

        var content = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(content, s_options))
        {
            WriteFile(json, vocabulary, merges, specialTokens);
        }

        File.WriteAllBytes(path, content.WrittenSpan);
    }

    private static void WriteFile(Utf8JsonWriter json, Dictionary<string, int> vocabulary,
        IReadOnlyList<(string Left, string Right)> merges, IReadOnlyList<string> specialTokens)
    {
        json.WriteStartObject();
        json.WriteString("version", "1.0");
        json.WriteNull("truncation");
        json.WriteNull("padding");
        WriteSpecialTokens(json, specialTokens, vocabulary.Count);
        WritePipeline(json);
        WriteModel(json, vocabulary, merges);
        json.WriteEndObject();
    }

    private static Dictionary<string, int> BuildVocabulary(IReadOnlyList<(string Left, string Right)> merges)
    {
        var vocabulary = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var value in ByteLevelAlphabet.InVocabularyOrder)
        {
            vocabulary.Add(ByteLevelAlphabet.Spell(value).ToString(), vocabulary.Count);
        }

        var pairs = new HashSet<(string, string)>();
        for (var rank = 0; rank < merges.Count; rank++)
        {
            var (left, right) = merges[rank];
            if (left is null || right is null || !vocabulary.ContainsKey(left) || !vocabulary.ContainsKey(right))
            {
                throw new ArgumentException(
                    $"Merge {rank} (\"{left}\", \"{right}\"): each part must be a byte or be joined by an earlier merge.",
                    nameof(merges));
            }

            if (!pairs.Add((left, right)))
            {
                throw new ArgumentException($"Merge {rank} (\"{left}\", \"{right}\") is given twice.", nameof(merges));
            }

            // Two pairs may join to the same token.
            vocabulary.TryAdd(left + right, vocabulary.Count);
        }

        return vocabulary;
    }

    private static void WriteSpecialTokens(Utf8JsonWriter json, IReadOnlyList<string> specialTokens, int firstId)
    {
        json.WriteStartArray("added_tokens");
        for (var i = 0; i < specialTokens.Count; i++)
        {
            json.WriteStartObject();
            json.WriteNumber("id", firstId + i);
            json.WriteString("content", specialTokens[i]);
            json.WriteBoolean("single_word", false);
            json.WriteBoolean("lstrip", false);
            json.WriteBoolean("rstrip", false);
            json.WriteBoolean("normalized", false);
            json.WriteBoolean("special", true);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WritePipeline(Utf8JsonWriter json)
    {
        json.WriteStartObject("normalizer");
        json.WriteString("type", "NFC");
        json.WriteEndObject();

        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        json.WriteStartObject();
        json.WriteString("type", "Split");
        json.WriteStartObject("pattern");
        json.WriteString("Regex", QwenPreTokenizer.OneDigitPattern);
        json.WriteEndObject();
        json.WriteString("behavior", "Isolated");
        json.WriteBoolean("invert", false);
        json.WriteEndObject();
        json.WriteStartObject();
        WriteByteLevel(json);
        json.WriteEndObject();
        json.WriteEndArray();
        json.WriteEndObject();

        foreach (var step in (ReadOnlySpan<string>)["post_processor", "decoder"])
        {
            json.WriteStartObject(step);
            WriteByteLevel(json);
            json.WriteEndObject();
        }
    }

    private static void WriteByteLevel(Utf8JsonWriter json)
    {
        json.WriteString("type", "ByteLevel");
        json.WriteBoolean("add_prefix_space", false);
        json.WriteBoolean("trim_offsets", false);
        json.WriteBoolean("use_regex", false);
    }

    private static void WriteModel(
        Utf8JsonWriter json, Dictionary<string, int> vocabulary, IReadOnlyList<(string Left, string Right)> merges)
    {
        json.WriteStartObject("model");
        json.WriteString("type", "BPE");
        json.WriteNull("dropout");
        json.WriteNull("unk_token");
        json.WriteString("continuing_subword_prefix", "");
        json.WriteString("end_of_word_suffix", "");
        json.WriteBoolean("fuse_unk", false);
        json.WriteBoolean("byte_fallback", false);
        json.WriteBoolean("ignore_merges", false);
        json.WriteStartObject("vocab");
        foreach (var (token, id) in vocabulary)
        {
            json.WriteNumber(token, id);
        }

        json.WriteEndObject();
        json.WriteStartArray("merges");
        foreach (var (left, right) in merges)
        {
            json.WriteStartArray();
            json.WriteStringValue(left);
            json.WriteStringValue(right);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
