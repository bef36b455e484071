using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Studio.Engine.Tokenization;

namespace Studio.Engine.Tests.Tokenization;

/// <summary>Tokenizers that tests share (they are thread safe), and small ones made to measure.</summary>
internal static class TestTokenizers
{
    private static readonly Lazy<Tokenizer> s_qwen = new(() => LoadGolden("tokenizer"));
    private static readonly Lazy<Tokenizer> s_tiny = new(() => LoadGolden("tiny_tokenizer"));

    internal static Tokenizer Qwen => s_qwen.Value;

    internal static Tokenizer Tiny => s_tiny.Value;

    internal static Tokenizer OfCase(string caseName) => caseName == "tokenizer" ? Qwen : Tiny;

    internal static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];

    /// <summary>
    /// A file with the 256 bytes, the tokens "ab" (256) and "abc" (257), and the three special tokens (258 to 260).
    /// </summary>
    internal static JsonObject SmallFile() =>
        JsonNode.Parse(Written([("a", "b"), ("ab", "c")]))!.AsObject();

    internal static byte[] Written((string, string)[] merges, string[]? specialTokens = null)
    {
        var path = Path.GetTempFileName();
        try
        {
            ByteLevelTokenizerWriter.Write(path, merges, specialTokens);
            return File.ReadAllBytes(path);
        }
        finally
        {
            File.Delete(path);
        }
    }

    internal static Tokenizer Load(JsonObject file) => LoadText(file.ToJsonString());

    internal static Tokenizer LoadText(string json) =>
        Tokenizer.Load(new MemoryStream(Encoding.UTF8.GetBytes(json)), "test.json");

    internal static JsonObject AddedToken(int id, string content, bool special = false, bool singleWord = false,
        bool lstrip = false, bool rstrip = false, bool normalized = false) => new()
        {
            ["id"] = id,
            ["content"] = content,
            ["single_word"] = singleWord,
            ["lstrip"] = lstrip,
            ["rstrip"] = rstrip,
            ["normalized"] = normalized,
            ["special"] = special,
        };

    private static Tokenizer LoadGolden(string caseName)
    {
        using var stream = Golden.Open(caseName, "tokenizer.json");
        return Tokenizer.Load(stream, caseName + "/tokenizer.json");
    }
}
