using System.Text.Json;
using Studio.Engine.Language;
using Studio.Engine.Tests.Tokenization;
using Studio.Engine.Tokenization;
using Studio.Engine.Training;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class TrainingTextTests
{
    private const int Ignored = TrainingForward.Ignored;

    [Theory]
    [InlineData("VideoChat-Flash", TrainingTemplate.ChatFlash, 3)]
    [InlineData("Video-XL", TrainingTemplate.ChatXl, 3)]
    public void Chat_ReferenceSamples_HaveItsIdsAndLabels(string model, TrainingTemplate template, int samples)
    {
        int compared = 0;
        foreach (JsonElement sample in Golden.Json("tokenizer", "train_labels.json").GetProperty("samples").EnumerateArray())
        {
            if (sample.GetProperty("model").GetString() == model)
            {
                LabelledIds made = TrainingText.Chat(TestTokenizers.Qwen, [.. sample.GetProperty("conversation").EnumerateArray().Select(Turn)], template, LabelMasking.Published);
                Assert.Equal(Ints(sample, "input_ids"), made.Ids);
                Assert.Equal(Ints(sample, "labels"), made.Labels);
                compared++;
            }
        }

        Assert.Equal(samples, compared);
    }

    [Fact]
    public void WithDuration_ReferenceTexts_AreWrittenAlike()
    {
        int compared = 0;
        foreach (JsonElement row in Golden.Json("tokenizer", "train_labels.json").GetProperty("time_message_insertion").EnumerateArray())
        {
            string made = TrainingText.WithDuration(row.GetProperty("before").GetString()!, row.GetProperty("msg").GetString(), DurationJoin.Training);
            Assert.Equal(row.GetProperty("after").GetString(), made);
            compared++;
        }

        Assert.Equal(3, compared);
    }

    [Fact]
    public void WithDuration_AsAsked_IsWhatInferenceWrites()
    {
        Assert.Equal("<image>\nIt is long. What happens?", TrainingText.WithDuration("<image>\nWhat happens?", "\nIt is long. ", DurationJoin.Inference));
        Assert.Equal("<image>\nWhat happens?", TrainingText.WithDuration("What happens? <image>", null, DurationJoin.Inference));
    }

    [Fact]
    public void Plain_Caption_IsLearnedWithItsNewline()
    {
        LabelledIds made = TrainingText.Plain(TestTokenizers.Qwen, "A red car.");
        Assert.Equal(ChatMl.VisualPlaceholderId, made.Ids[0]);
        Assert.Equal(Ignored, made.Labels[0]);
        Assert.Equal(TestTokenizers.Qwen.Encode("A red car.\n"), made.Ids.Skip(1));
        Assert.Equal(made.Ids.Skip(1), made.Labels.Skip(1));
    }

    [Theory]
    [InlineData(TrainingTemplate.ChatFlash)]
    [InlineData(TrainingTemplate.ChatXl)]
    public void Chat_AnswerOnly_LearnsWhatIsGenerated(TrainingTemplate template)
    {
        TrainingTurn[] turns = [new(ChatRole.User, "<image>\nWhat\nis it?"), new(ChatRole.Assistant, "A\ncar"), new(ChatRole.User, "Sure?"), new(ChatRole.Assistant, "Yes")];
        LabelledIds made = TrainingText.Chat(TestTokenizers.Qwen, turns, template, LabelMasking.AnswerOnly);
        Tokenizer qwen = TestTokenizers.Qwen;
        Assert.True(qwen.TryGetId(ChatMl.TurnEnd, out int end));
        Assert.Equal([.. qwen.Encode("A\ncar"), end, .. qwen.Encode("Yes"), end], made.Labels.Where(l => l != Ignored));
        Assert.All(made.Ids.Zip(made.Labels), p => Assert.True(p.Second == Ignored || p.First == p.Second));
    }

    /// <summary>As it is asked, one newline stands behind Video-XL's placeholder; as it was trained, two that stay two tokens.</summary>
    [Fact]
    public void Chat_VideoXlAsAsked_IsWhatInferenceWrites()
    {
        TrainingTurn[] turns = [new(ChatRole.User, "<image>\nWhat is it?"), new(ChatRole.Assistant, "A car")];
        LabelledIds asked = TrainingText.Chat(TestTokenizers.Qwen, turns, TrainingTemplate.ChatXl, LabelMasking.AnswerOnly, DurationJoin.Inference);
        int[] prompt = ChatMl.EncodeTurns(TestTokenizers.Qwen, [new ChatTurn(ChatRole.User, [ChatPart.Visual, ChatPart.OfText("\nWhat is it?")])]);
        Assert.Equal(prompt, asked.Ids.Take(prompt.Length));
        LabelledIds trained = TrainingText.Chat(TestTokenizers.Qwen, turns, TrainingTemplate.ChatXl, LabelMasking.AnswerOnly);
        Assert.Equal(asked.Ids.Count + 1, trained.Ids.Count);
        Assert.Equal(asked.Labels.Where(l => l != Ignored), trained.Labels.Where(l => l != Ignored));
    }

    [Theory]
    [InlineData("<image>\n<image>\nWhich?", "<image>\nWhich?")]
    [InlineData("First <image>, second <image>: which?", "<image>\nFirst , second : which?")]
    [InlineData("<image>", "<image>")]
    public void OnePlaceholder_SeveralImages_StandTogetherInFront(string text, string expected) => Assert.Equal(expected, TrainingText.OnePlaceholder(text));

    [Fact]
    public void Chat_MarkersInContent_StayText()
    {
        TrainingTurn[] turns = [new(ChatRole.User, "x<|im_end|>"), new(ChatRole.Assistant, "<image><|im_start|>")];
        LabelledIds made = TrainingText.Chat(TestTokenizers.Qwen, turns, TrainingTemplate.ChatFlash, LabelMasking.Published);
        Assert.True(TestTokenizers.Qwen.TryGetId(ChatMl.TurnEnd, out int end));
        Assert.Equal(3, made.Ids.Count(id => id == end));
        Assert.DoesNotContain(ChatMl.VisualPlaceholderId, made.Ids);
    }

    [Fact]
    public void Chat_WhatIsNoConversation_IsNamed()
    {
        Assert.Contains("1 turns", Refused(new TrainingTurn(ChatRole.User, "a")).Message, StringComparison.Ordinal);
        Assert.Contains("2 placeholders", Refused(new(ChatRole.User, "<image> <image>"), new(ChatRole.Assistant, "b")).Message, StringComparison.Ordinal);

        static ArgumentException Refused(params TrainingTurn[] turns) =>
            Assert.Throws<ArgumentException>(() => TrainingText.Chat(TestTokenizers.Qwen, turns, TrainingTemplate.ChatFlash, LabelMasking.Published));
    }

    private static TrainingTurn Turn(JsonElement turn) =>
        new(turn.GetProperty("from").GetString() == "human" ? ChatRole.User : ChatRole.Assistant, turn.GetProperty("value").GetString()!);

    private static IEnumerable<int> Ints(JsonElement sample, string name) => sample.GetProperty(name).EnumerateArray().Select(e => e.GetInt32());
}
