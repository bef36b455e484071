using Studio.OpenAi;
using Xunit;

namespace Studio.Tests.OpenAi;

public sealed class StopTextTests
{
    [Theory]
    [InlineData("one two three", new[] { "two" }, "one ", true)]
    [InlineData("one two three", new[] { "four" }, "one two three", false)]
    [InlineData("aaab", new[] { "aab" }, "a", true)]
    [InlineData("x STOP y END", new[] { "END", "STOP" }, "x ", true)]
    [InlineData("ends with EN", new[] { "END" }, "ends with EN", false)]
    [InlineData("plain", new string[0], "plain", false)]
    public void Text_GoesThroughUpToTheFirstStop_HoweverItIsCut(string text, string[] stops, string expected, bool hit)
    {
        for (var size = 1; size <= text.Length; size++)
        {
            var (stop, shown) = (new StopText(stops), "");
            for (var at = 0; at < text.Length; at += size) shown += stop.Append(text[at..Math.Min(text.Length, at + size)]);
            if (!stop.IsHit) shown += stop.Flush();
            Assert.Equal((expected, hit), (shown, stop.IsHit));
        }
    }

    [Fact]
    public void OnlyWhatCouldBecomeAStop_IsHeldBack()
    {
        var stop = new StopText(["\n\nUser:"]);
        Assert.Equal("Hello", stop.Append("Hello"));
        Assert.Equal("", stop.Append("\n"));
        Assert.Equal("\nthere", stop.Append("there"));
    }
}
