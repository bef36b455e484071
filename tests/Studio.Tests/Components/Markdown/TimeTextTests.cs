using Studio.Components.Markdown;
using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class TimeTextTests
{
    [Theory]
    [InlineData("at 12:34 he", "12:34", 754)]
    [InlineData("1:02:03", "1:02:03", 3723)]
    [InlineData("[0:05]", "0:05", 5)]
    [InlineData("00:01:15.250,", "00:01:15.250", 75.25)]
    [InlineData("125:30.", "125:30", 7530)]
    [InlineData("(99:59:59)", "99:59:59", 359_999)]
    public void Split_Time_IsFoundWithItsSeconds(string text, string shown, double seconds)
    {
        var time = Assert.Single(TimeText.Split(text).OfType<MarkdownInline.Time>());
        Assert.Equal((shown, seconds), (time.Value, time.Seconds));
        Assert.Equal(text, string.Concat(TimeText.Split(text).Select(p => p is MarkdownInline.Time t ? t.Value : ((MarkdownInline.Text)p).Value)));
    }

    [Theory]
    [InlineData("16:9")]
    [InlineData("12:60")]
    [InlineData("1:2:3")]
    [InlineData("12:34:56:78")]
    [InlineData("a12:34")]
    [InlineData("12:34pm")]
    [InlineData("::1:23")]
    [InlineData("10.12:34")]
    [InlineData("x.org:12/1:23")]
    [InlineData("1234:56")]
    [InlineData("12:34.5.6")]
    public void Split_WhatIsNoTime_StaysText(string text) => Assert.Empty(TimeText.Split(text).OfType<MarkdownInline.Time>());

    [Fact]
    public void Split_Range_HasBothEnds() => Assert.Equal([5.0, 12.0], TimeText.Split("0:05-0:12").OfType<MarkdownInline.Time>().Select(t => t.Seconds));

    [Theory]
    [InlineData(0, "0:00")]
    [InlineData(75.9, "1:15")]
    [InlineData(3723, "1:02:03")]
    [InlineData(-1, "0:00")]
    [InlineData(double.NaN, "0:00")]
    public void Format_Seconds_AreReadBack(double seconds, string text) => Assert.Equal(text, TimeText.Format(seconds));

    [Fact]
    public void Render_Times_AreLinksUpToTheDuration()
    {
        var view = MarkdownHtml.Element("From 0:05 to **1:40**, not 1:41 nor `0:06`.", new TimeLinks(100, s => $"chat/abc?t={s}"));
        var links = view.QuerySelectorAll("a.time-link");
        Assert.Equal([("0:05", "chat/abc?t=5", "5"), ("1:40", "chat/abc?t=100", "100")], links.Select(l => (l.TextContent, l.GetAttribute("href"), l.GetAttribute("data-seek"))));
    }

    [Fact]
    public void Render_TimesWithoutVideo_AreText() => Assert.Equal("<p>at 0:05</p>", MarkdownHtml.Render("at 0:05"));
}
