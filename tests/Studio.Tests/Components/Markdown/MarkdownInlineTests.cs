using System.Diagnostics;
using Studio.Components.Markdown;
using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class MarkdownInlineTests
{
    [Theory]
    [InlineData("**bold** and *it* and ~~no~~", "<strong>bold</strong> and <em>it</em> and <s>no</s>")]
    [InlineData("***both***", "<em><strong>both</strong></em>")]
    [InlineData("**a *b* c**", "<strong>a <em>b</em> c</strong>")]
    [InlineData("snake_case_name and 2 * 3 * 4", "snake_case_name and 2 * 3 * 4")]
    [InlineData("_a_ __b__", "<em>a</em> <strong>b</strong>")]
    [InlineData("*open and **open", "*open and **open")]
    [InlineData("\\*not\\*", "*not*")]
    [InlineData("`*code*` ``a ` b``", "<code>*code*</code> <code>a ` b</code>")]
    [InlineData("`open", "`open")]
    [InlineData("a &amp; b &lt; c &nope; &", "a &amp; b &lt; c &amp;nope; &amp;")]
    [InlineData("a  \nb\\\nc", "a<br>b<br>c")]
    [InlineData("~one~ a ~~~three~~~", "~one~ a ~~~three~~~")]
    public void Render_Marks_AreElements(string text, string html) => Assert.Equal($"<p>{html}</p>", MarkdownHtml.Render(text));

    [Theory]
    [InlineData("[a *b*](https://x.org/p?q=1 \"title\")", "https://x.org/p?q=1", "a b")]
    [InlineData("see https://x.org/a_(b).", "https://x.org/a_(b)", "https://x.org/a_(b)")]
    [InlineData("(https://x.org)", "https://x.org", "https://x.org")]
    [InlineData("<https://x.org/a>", "https://x.org/a", "https://x.org/a")]
    [InlineData("<me@x.org>", "mailto:me@x.org", "me@x.org")]
    [InlineData("[mail](mailto:me@x.org)", "mailto:me@x.org", "mail")]
    [InlineData("![picture](https://x.org/a.png)", "https://x.org/a.png", "picture")]
    [InlineData("[a [b](https://x.org) c](nowhere)", "https://x.org", "b")]
    public void Render_Link_OpensElsewhereAndSaysNothingOfUs(string text, string address, string shown)
    {
        var link = Assert.Single(MarkdownHtml.Element(text).QuerySelectorAll("a"));
        Assert.Equal((address, shown), (link.GetAttribute("href"), link.TextContent));
        Assert.Equal(("_blank", "noopener nofollow noreferrer"), (link.GetAttribute("target"), link.GetAttribute("rel")));
    }

    [Fact]
    public void Render_TimeInsideALink_IsText()
    {
        var link = Assert.Single(MarkdownHtml.Element("[at **0:05**](https://x.org)", new(100, s => $"chat?t={s}")).QuerySelectorAll("a"));
        Assert.Equal("https://x.org", link.GetAttribute("href"));
    }

    [Theory]
    [InlineData("*a **b ")]
    [InlineData("**a* ")]
    [InlineData("_x a* b_ ")]
    [InlineData("[")]
    [InlineData("[a](")]
    [InlineData("[a](<")]
    [InlineData("`a ``b ```c ")]
    [InlineData("![")]
    [InlineData("](https://x.org)")]
    [InlineData("[[](https://x.org)")]
    [InlineData("> ")]
    [InlineData("- ")]
    [InlineData("1. a\n")]
    [InlineData("|-")]
    [InlineData("&a")]
    [InlineData("<")]
    [InlineData("<a@b.c")]
    [InlineData("https://")]
    [InlineData("https://x.org/a ")]
    [InlineData("~~a *b ~~")]
    [InlineData("***a** b")]
    public void Parse_HostileRepetition_TakesTimeInProportion(string piece)
    {
        var text = string.Concat(Enumerable.Repeat(piece, MarkdownText.MaxLength / piece.Length));
        _ = new MarkdownText(text[..(text.Length / 64)]); // compiled before it is timed
        var watch = Stopwatch.StartNew();
        Assert.NotEmpty(new MarkdownText(text).Blocks);
        // Quadratic behaviour takes minutes at this length.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(60), $"{text.Length} characters took {watch.Elapsed}");
    }

    [Fact]
    public void Parse_TooLong_TheRestStaysPlain()
    {
        var text = new MarkdownText(new string('a', MarkdownText.MaxLength) + "**b**");
        Assert.Equal("**b**", Assert.IsType<MarkdownBlock.Code>(text.Blocks[^1]).Text);
    }
}
