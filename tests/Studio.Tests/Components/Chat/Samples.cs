using Studio.Conversations;
using Studio.Data;
using Studio.Engine.Compression;
using Studio.ModelHosting;

namespace Studio.Tests.Components.Chat;

/// <summary>Things that the chat's components show.</summary>
internal static class Samples
{
    private static readonly DateTimeOffset s_time = new(2026, 3, 4, 5, 6, 7, TimeSpan.Zero);

    public static MessageView Question(string id, string? parent = null, string text = "What?", params IReadOnlyList<MediaView> media) =>
        new(id, parent, MessageRole.Question, text, s_time, AnswerState.Done, 0, null, null, null, null, null, false, media);

    public static MessageView Answer(string id, string parent, string text = "That.", AnswerState state = AnswerState.Done, int slot = 0, string batch = "b", AnswerSettings? settings = null) =>
        new(id, parent, MessageRole.Answer, text, s_time, state, slot, batch, "tiny-random", settings ?? new(), state == AnswerState.Done ? Measures() : null, null, false, []);

    public static ConversationView Conversation(params IReadOnlyList<MessageView> messages) =>
        new("c", "Title", "me", "Me", Visibility.Private, s_time, s_time, CanWrite: true, messages);

    public static AnswerMeasures Measures(params int[] stageTokens) => new()
    {
        Model = "tiny-random", Compression = "off", StopReason = "stop", VisualTokens = 1024, TextTokens = 42, GeneratedTokens = 21, ReusedRows = 7,
        StageTokens = stageTokens.Length == 0 ? [1024] : stageTokens, TimeToFirstTokenMs = 500, TotalMs = 2500, KvBytes = 3 << 20, PeakBytes = 30 << 20, Flops = 4e9,
        Costs = [new StageCost("frames", 120, 64, 0, 0), new StageCost("prefill", 90, 1066, 0, 3e9), new StageCost("decode", 2000, 21, 0, 1e9)], Warnings = ["A warning."],
    };

    public static PlanView Plan(params int[] stageTokens)
    {
        int[] tokens = stageTokens.Length == 0 ? [1024] : stageTokens;
        return new(
            "tiny-random", "cpu", "fp32", "off", [new("v", "film.mp4", 64, tokens[0], false)], 64, tokens[0], 42,
            [.. tokens.Select((t, i) => new PlanStageView(i * 2, 2, t, t * 100))], 2 << 20, 40 << 20, 8 << 20, 5e9, new(100, 100), new(900, 900),
            [new("encode", 1e9, new(30, 30)), new("connect", 1e8, new(10, 10)), new("prefill", 2e9, new(60, 60)), new("decode", 1e9, new(800, 800))], true, true, []);
    }

    public static ModelCard Model(string name = "tiny-random", bool isDefault = true, int layers = 6, string? problem = null, string? note = null, string compression = "off") => new(
        name, isDefault, "built-in", null, null, null, "videochat_flash_qwen", 1000, 500, problem is null ? new("umt", 64, 4, 16, layers, 32, 4, 2, 1000, 128) : null, 1024, compression, null, null, note, problem,
        new(false, 0, 0, 0, null));
}
