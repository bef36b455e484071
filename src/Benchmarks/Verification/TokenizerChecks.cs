using System.Text.Json;
using Studio.Engine.Tokenization;

namespace Studio.Benchmarks.Verification;

/// <summary>Texts and ids of a tokenizer, prompts of the chat template, and normalisation. A row a table.</summary>
internal static class TokenizerChecks
{
    public static void Run(Check check)
    {
        var (golden, report) = (check.Golden, check.Report);
        using var stream = golden.Open("tokenizer.json");
        var tokenizer = Tokenizer.Load(stream, Path.Combine(golden.Folder, "tokenizer.json"));
        using var rows = golden.Json("encode_decode.json");
        Table(report, "encode", rows.RootElement.GetProperty("encode"), row => Shown(tokenizer.Encode(Text(row, "text"))), row => Shown(Ids(row, "ids")));
        var decode = rows.RootElement.GetProperty("decode");
        Table(report, "decode", decode, row => tokenizer.Decode(Ids(row, "ids"), skipSpecialTokens: false), row => Text(row, "text"));
        Table(report, "decode without special tokens", decode, row => tokenizer.Decode(Ids(row, "ids")), row => Text(row, "text_skip_special"));
        if (!golden.Exists("prompts.json")) return;

        using var file = golden.Json("prompts.json");
        var prompts = file.RootElement.GetProperty("prompts");
        Table(report, "prompt text", prompts, row => ChatMl.Render(Turns(row)), row => Text(row, "prompt"));
        Table(report, "prompt ids", prompts, row => Shown(ChatMl.EncodeWithPlaceholders(tokenizer, Text(row, "prompt"))), row => Shown(Ids(row, "input_ids")));
        Table(report, "prompt ids from turns", prompts, row => Shown(ChatMl.EncodeTurns(tokenizer, Turns(row))), row => Shown(Ids(row, "input_ids")));
    }

    public static void RunNormalization(Check check)
    {
        using var file = check.Golden.Json("nfc.json");
        Table(check.Report, "normal form C", file.RootElement.GetProperty("rows"), row => NfcNormalizer.Normalize(Text(row, "text")), row => Text(row, "nfc"));
    }

    private static void Table(VerificationReport report, string name, JsonElement rows, Func<JsonElement, string> actual, Func<JsonElement, string> expected)
    {
        if (rows.GetArrayLength() == 0) report.Fail(name, "the table has no rows");
        else report.Equal($"{name} ({rows.GetArrayLength()} rows)", [.. rows.EnumerateArray().Select(actual)], [.. rows.EnumerateArray().Select(expected)]);
    }

    /// <summary>The turns of a prompt; an assistant without content is the open reply at its end.</summary>
    private static List<ChatTurn> Turns(JsonElement prompt) =>
        [.. prompt.GetProperty("turns").EnumerateArray()
            .Where(turn => turn.GetProperty("content").ValueKind == JsonValueKind.String)
            .Select(turn => new ChatTurn(Text(turn, "role") == "user" ? ChatRole.User : ChatRole.Assistant, ChatMl.SplitPlaceholders(Text(turn, "content"))))];

    private static string Text(JsonElement row, string name) => row.GetProperty(name).GetString()!;

    private static int[] Ids(JsonElement row, string name) => [.. row.GetProperty(name).EnumerateArray().Select(e => e.GetInt32())];

    private static string Shown(int[] ids) => $"[{string.Join(", ", ids)}]";
}
