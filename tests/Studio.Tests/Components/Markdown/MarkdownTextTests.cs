using Studio.Components.Markdown;
using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class MarkdownTextTests
{
    [Fact]
    public void Update_GrowingCharacterByCharacter_EqualsReadingItAtOnce()
    {
        string[] pieces = ["a", "word ", "\n", "\n\n", "- ", "1. ", "2. ", "  - ", "> ", "```\n", "# ", "|a|b|\n", "|-|-|\n", "**b**", "---", "    ", "1", "-", "~~~", "<x>", "0:05 "];
        var random = new Random(3);
        for (var i = 0; i < 300; i++)
        {
            var whole = string.Concat(Enumerable.Range(0, 24).Select(_ => pieces[random.Next(pieces.Length)]));
            var growing = new MarkdownText();
            for (var end = 1; end <= whole.Length; end++)
            {
                _ = growing.Update(whole[..end]);
                var once = new MarkdownText(whole[..end]);
                Assert.True(growing.Blocks.Length == once.Blocks.Length && growing.Blocks.Zip(once.Blocks).All(p => MarkdownEquality.Same(p.First, p.Second)), $"after '{whole[..end]}'");
            }
        }
    }

    [Fact]
    public void Update_MoreText_KeepsTheBlocksThatDidNotChange()
    {
        var text = new MarkdownText("one\n\ntwo\n\nthree\n\nfour");
        var before = text.Blocks;
        Assert.True(text.Update("one\n\ntwo\n\nthree\n\nfour five"));
        Assert.Same(before[0], text.Blocks[0]);
        Assert.Same(before[2], text.Blocks[2]); // read again, and the same
        Assert.NotSame(before[3], text.Blocks[3]);
        Assert.False(text.Update(text.Text));
    }

    [Fact]
    public void Update_AnotherText_IsReadAnew()
    {
        var text = new MarkdownText("one\n\ntwo\n\nthree");
        Assert.True(text.Update("two"));
        Assert.Single(text.Blocks);
    }
}
