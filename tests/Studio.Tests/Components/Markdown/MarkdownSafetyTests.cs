using Studio.Components.Markdown;
using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class MarkdownSafetyTests
{
    /// <summary>Every element that a text may become.</summary>
    private static readonly string[] s_allowed =
    [
        "p", "br", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "pre", "code", "div", "button", "table", "thead", "tbody", "tr", "th", "td", "hr", "em", "strong", "s", "a",
    ];

    private static readonly string[] s_attributes =
        ["class", "href", "target", "rel", "title", "data-seek", "data-copy-code", "type", "tabindex", "role", "aria-label", "start", "scope"];

    public static TheoryData<string> Hostile =>
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "<svg/onload=alert(1)>",
        "<iframe srcdoc='<script>alert(1)</script>'>",
        "<a href=\"javascript:alert(1)\" onclick=alert(1)>x</a>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](java\nscript:alert(1))",
        "[x](java&#x73;cript:alert(1))",
        "[x](&#106;avascript:alert(1))",
        "[x](\u0001javascript:alert(1))",
        "[x](<javascript:alert(1)>)",
        "[x](data:text/html,<script>alert(1)</script>)",
        "[x](vbscript:msgbox)",
        "[x](file:///etc/passwd)",
        "[x](//evil.org)",
        "[x](/account/delete)",
        "[x](https:evil.org)",
        "[x](https://good.org@evil.org)",
        "[x](https://x.org/\"onmouseover=alert(1)//)",
        "<javascript:alert(1)>",
        "<data:text/html;base64,AAAA>",
        "![x](javascript:alert(1))",
        "![x](\"onerror=alert(1))",
        "```\" onmouseover=\"alert(1)\n</code></pre><script>alert(1)</script>\n```",
        "~~~<script>\nx\n~~~",
        "| <script>alert(1)</script> | b |\n|---|---|\n| [x](javascript:alert(1)) | <b onclick=alert(1)> |",
        "# <script>alert(1)</script>",
        "- <script>alert(1)</script>\n  > <object data=x>",
        "&lt;script&gt;alert(1)&lt;/script&gt;",
        "&#60;img src=x onerror=alert(1)&#62;",
        "**<script>**alert(1)**</script>**",
        "`<script>alert(1)</script>`",
        "[<img src=x onerror=alert(1)>](https://x.org)",
        "0:05<script>alert(1)</script>",
        "<!-- --><style>*{display:none}</style>",
        "<base href=https://evil.org>",
        "\0<scr\0ipt>alert(1)</script>",
    ];

    [Theory]
    [MemberData(nameof(Hostile))]
    public void Render_HostileText_BecomesNothingButHarmlessElements(string text)
    {
        var view = MarkdownHtml.Element(text, new TimeLinks(1000, s => $"chat/1?t={s}"));
        foreach (var element in view.QuerySelectorAll("*"))
        {
            Assert.Contains(element.LocalName, s_allowed);
            foreach (var attribute in element.Attributes) Assert.Contains(attribute.Name, s_attributes);
            if (element.GetAttribute("href") is { } address && element.ClassName != "time-link") Assert.StartsWith("https://", address, StringComparison.Ordinal);
            Assert.Null(element.LocalName == "a" ? element.QuerySelector("a") : null);
        }
    }

    [Fact]
    public void Render_RandomHostileMixtures_BecomeNothingButHarmlessElements()
    {
        string[] pieces =
        [
            "<", ">", "\"", "'", "`", "```", "\n", "\n\n", "*", "**", "_", "[", "](", ")", "javascript:", "https://x.org", "script", "img src=x", " onerror=", "|", "|---|---|\n", "- ", "1. ", "> ",
            "# ", "&lt;", "&#60;", "0:05", "~~", "\\", "!", "\0", "\t", " ", "a",
        ];
        var random = new Random(7);
        for (var i = 0; i < 400; i++)
        {
            var text = string.Concat(Enumerable.Range(0, 40).Select(_ => pieces[random.Next(pieces.Length)]));
            Render_HostileText_BecomesNothingButHarmlessElements(text);
        }
    }

    [Theory]
    [InlineData("https://x.org/a", true)]
    [InlineData("HTTPS://x.org", true)]
    [InlineData("mailto:a@b.org", true)]
    [InlineData("mailto:nobody", false)]
    [InlineData("ftp://x.org", false)]
    [InlineData(" https://x.org", false)]
    [InlineData("https://", false)]
    [InlineData("https:\\\\x.org", false)]
    [InlineData("", false)]
    public void Check_Address_PassesOnlyWholeWebAndMailAddresses(string address, bool passes) => Assert.Equal(passes ? address : null, SafeLink.Check(address));

    [Fact]
    public void Check_TooLongAddress_IsRefused()
    {
        var longest = "https://x.org/" + new string('a', SafeLink.MaxLength - "https://x.org/".Length);
        Assert.NotNull(SafeLink.Check(longest));
        Assert.Null(SafeLink.Check(longest + "a"));
    }
}
