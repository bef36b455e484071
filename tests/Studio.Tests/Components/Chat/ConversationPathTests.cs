using Studio.Components.Chat;
using Studio.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class ConversationPathTests
{
    /// <summary>Two versions of the first question; below the first one two more questions.</summary>
    private static readonly ConversationView s_tree = Samples.Conversation(
        Samples.Question("q1"), Samples.Answer("a1", "q1"), Samples.Question("q2", "a1"), Samples.Answer("a2", "q2"), Samples.Question("q1b"), Samples.Answer("a1b", "q1b"), Samples.Answer("a2b", "q2", "newer"));

    private static string[] Shown(IReadOnlyList<ChatTurn> turns) => [.. turns.SelectMany(t => t.Columns.Select(c => c.Answer.Id).Prepend(t.Question.Id))];

    [Theory]
    [InlineData(null, "q1 a1 q2 a2b")]
    [InlineData("unknown", "q1 a1 q2 a2b")]
    [InlineData("q1b", "q1b a1b")]
    [InlineData("q1", "q1 a1 q2 a2b")]
    [InlineData("a2", "q1 a1 q2 a2")]
    [InlineData("a1", "q1 a1 q2 a2b")]
    public void Build_Selected_ShowsItsBranchToTheNewestMessage(string? selected, string shown) => Assert.Equal(shown.Split(' '), Shown(ConversationPath.Build(s_tree, selected)));

    [Fact]
    public void Build_Versions_AreCounted()
    {
        var turns = ConversationPath.Build(s_tree, "a2");
        Assert.Equal((1, 2), (turns[0].Branch, turns[0].Branches.Count));
        Assert.Equal(["q1", "q1b"], turns[0].Branches);
        Assert.Equal((1, 2), (turns[1].Columns[0].Version, turns[1].Columns[0].Versions.Count));
    }

    [Fact]
    public void Build_SideBySide_ShowsTheNewestOfEachSlotAndFollowsTheFirst()
    {
        var conversation = Samples.Conversation(
            Samples.Question("q"), Samples.Answer("left", "q", slot: 0), Samples.Answer("right", "q", slot: 1), Samples.Answer("right2", "q", slot: 1));
        var turn = Assert.Single(ConversationPath.Build(conversation, null));
        Assert.Equal([("left", true), ("right2", false)], turn.Columns.Select(c => (c.Answer.Id, c.IsFollowed)));
        turn = Assert.Single(ConversationPath.Build(conversation, "right"));
        Assert.Equal([("left", false), ("right", true)], turn.Columns.Select(c => (c.Answer.Id, c.IsFollowed)));
        Assert.Equal((1, 2), (turn.Columns[1].Version, turn.Columns[1].Versions.Count));
    }

    [Fact]
    public void Build_QuestionWithoutAnswers_HasNoColumns() =>
        Assert.Empty(Assert.Single(ConversationPath.Build(Samples.Conversation(Samples.Question("q")), null)).Columns);

    [Fact]
    public void Build_Empty_IsEmpty() => Assert.Empty(ConversationPath.Build(Samples.Conversation(), "x"));
}
