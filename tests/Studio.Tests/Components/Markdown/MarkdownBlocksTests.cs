using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class MarkdownBlocksTests
{
    [Theory]
    [InlineData("one\ntwo\n\nthree", "<p>one<br>two</p><p>three</p>")]
    [InlineData("# Title #\ntext", "<h3>Title</h3><p>text</p>")]
    [InlineData("## a\n#### b\n# c\n###### d", "<h3>a</h3><h5>b</h5><h3>c</h3><h6>d</h6>")]
    [InlineData("text\n##", "<p>text</p>")]
    [InlineData("#no heading", "<p>#no heading</p>")]
    [InlineData("- a\n- b", "<ul><li>a</li><li>b</li></ul>")]
    [InlineData("3. a\n4. b", "<ol start=\"3\"><li>a</li><li>b</li></ol>")]
    [InlineData("1) a\n2. b", "<ol><li>a</li></ol><ol start=\"2\"><li>b</li></ol>")]
    [InlineData("- a\n\n- b", "<ul><li><p>a</p></li><li><p>b</p></li></ul>")]
    [InlineData("1. a\n  - b\n  - c\n2. d", "<ol><li>a<ul><li>b</li><li>c</li></ul></li><li>d</li></ol>")]
    [InlineData("- a\nlazy", "<ul><li>a<br>lazy</li></ul>")]
    [InlineData("in\n1999. It was", "<p>in<br>1999. It was</p>")]
    [InlineData("> a\n> b\nlazy\n\nc", "<blockquote><p>a<br>b<br>lazy</p></blockquote><p>c</p>")]
    [InlineData("a\n\n---\n\nb", "<p>a</p><hr><p>b</p>")]
    [InlineData("* * *", "<hr>")]
    [InlineData("    four spaces are no code", "<p>four spaces are no code</p>")]
    public void Render_Blocks_AreElements(string text, string html) => Assert.Equal(html, MarkdownHtml.Render(text));

    [Fact]
    public void Render_Fence_KeepsItsTextAndOffersToCopyIt()
    {
        var code = MarkdownHtml.Element("before\n```cs\nvar a = \"<b>\";\n\n  **x**\n```\nafter");
        Assert.Equal("var a = \"<b>\";\n\n  **x**", code.QuerySelector("pre > code")!.TextContent);
        Assert.Equal("Code, cs", code.QuerySelector("pre")!.GetAttribute("aria-label"));
        Assert.NotNull(code.QuerySelector("button[data-copy-code]"));
        Assert.Equal(["before", "after"], code.QuerySelectorAll("p").Select(p => p.TextContent));
    }

    [Fact]
    public void Render_FenceWithoutEnd_RunsToTheEnd() =>
        Assert.Equal("a\n# b", MarkdownHtml.Element("~~~\na\n# b").QuerySelector("code")!.TextContent);

    [Fact]
    public void Render_Table_HasHeadRowsAndAlignments()
    {
        var table = MarkdownHtml.Element("| time | what |\n|-----:|:----:|\n| 0:05 | a *red* square |\n| only one |\n| x \\| y | 2 | 3 |\ndone");
        Assert.Equal(["time", "what"], table.QuerySelectorAll("th").Select(c => c.TextContent));
        Assert.Equal(["0:05", "a red square", "only one", "", "x | y", "2"], table.QuerySelectorAll("td").Select(c => c.TextContent));
        Assert.Equal(["md-right", "md-center"], table.QuerySelectorAll("th").Select(c => c.ClassName));
        Assert.Equal("done", table.QuerySelector("p")!.TextContent);
    }

    [Theory]
    [InlineData("a | b\nc | d")]
    [InlineData("a | b\n--- | --- | ---")]
    [InlineData("foo\n---")]
    public void Render_WhatIsNoTable_IsNone(string text) => Assert.DoesNotContain("<table", MarkdownHtml.Render(text), StringComparison.Ordinal);

    [Fact]
    public void Render_DeepNesting_IsCutOff()
    {
        var html = MarkdownHtml.Render(string.Concat(Enumerable.Repeat("> ", 500)) + "deep");
        Assert.Equal(8, html.Split("<blockquote>").Length - 1);
        Assert.Contains("deep", html, StringComparison.Ordinal);
    }
}
