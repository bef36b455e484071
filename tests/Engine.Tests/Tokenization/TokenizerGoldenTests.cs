using System.Text.Json;
using Studio.Engine.Tokenization;
using Xunit;

namespace Studio.Engine.Tests.Tokenization;

/// <summary>Every row on which three independent implementations agree.</summary>
public sealed class TokenizerGoldenTests
{
    [Theory]
    [InlineData("tokenizer", 202)]
    [InlineData("tiny_tokenizer", 170)]
    public void Encode_GoldenRow_GivesSameIds(string caseName, int rows)
    {
        var tokenizer = TestTokenizers.OfCase(caseName);
        var table = Golden.Json(caseName, "encode_decode.json").GetProperty("encode");
        Assert.Equal(rows, table.GetArrayLength());
        foreach (var row in table.EnumerateArray())
        {
            var text = row.GetProperty("text").GetString()!;
            AssertSame(TestTokenizers.Ids(row.GetProperty("ids")), tokenizer.Encode(text), text);
        }
    }

    [Theory]
    [InlineData("tokenizer", 261)]
    [InlineData("tiny_tokenizer", 229)]
    public void Decode_GoldenRow_GivesSameText(string caseName, int rows)
    {
        var tokenizer = TestTokenizers.OfCase(caseName);
        var table = Golden.Json(caseName, "encode_decode.json").GetProperty("decode");
        Assert.Equal(rows, table.GetArrayLength());
        foreach (var row in table.EnumerateArray())
        {
            var ids = TestTokenizers.Ids(row.GetProperty("ids"));
            Assert.Equal(row.GetProperty("text").GetString(), tokenizer.Decode(ids, skipSpecialTokens: false));
            Assert.Equal(row.GetProperty("text_skip_special").GetString(), tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void Render_GoldenPrompt_GivesSameText()
    {
        foreach (var prompt in Prompts())
        {
            Assert.Equal(prompt.GetProperty("prompt").GetString(), ChatMl.Render(Turns(prompt)));
        }
    }

    [Fact]
    public void EncodeWithPlaceholders_GoldenPrompt_GivesSameIds()
    {
        foreach (var prompt in Prompts())
        {
            var text = prompt.GetProperty("prompt").GetString()!;
            AssertSame(
                TestTokenizers.Ids(prompt.GetProperty("input_ids")),
                ChatMl.EncodeWithPlaceholders(TestTokenizers.Qwen, text),
                text);
        }
    }

    [Fact]
    public void EncodeTurns_GoldenPrompt_GivesSameIds()
    {
        foreach (var prompt in Prompts())
        {
            AssertSame(
                TestTokenizers.Ids(prompt.GetProperty("input_ids")),
                ChatMl.EncodeTurns(TestTokenizers.Qwen, Turns(prompt)),
                prompt.GetProperty("prompt").GetString()!);
        }
    }

    private static List<JsonElement> Prompts()
    {
        var prompts = Golden.Json("tokenizer", "prompts.json").GetProperty("prompts").EnumerateArray().ToList();
        Assert.Equal(8, prompts.Count);
        return prompts;
    }

    /// <summary>The turns of a prompt; the last one, an assistant without content, is the generation prompt.</summary>
    private static List<ChatTurn> Turns(JsonElement prompt) =>
        [.. prompt.GetProperty("turns").EnumerateArray()
            .Where(turn => turn.GetProperty("content").ValueKind == JsonValueKind.String)
            .Select(turn => new ChatTurn(
                turn.GetProperty("role").GetString() == "user" ? ChatRole.User : ChatRole.Assistant,
                ChatMl.SplitPlaceholders(turn.GetProperty("content").GetString()!)))];

    private static void AssertSame(int[] expected, int[] actual, string text) =>
        Assert.True(
            expected.AsSpan().SequenceEqual(actual),
            $"{JsonSerializer.Serialize(text)}: expected [{string.Join(", ", expected)}], got [{string.Join(", ", actual)}]");
}
