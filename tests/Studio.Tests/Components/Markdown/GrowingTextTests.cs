using Studio.Components.Markdown;
using Xunit;

namespace Studio.Tests.Components.Markdown;

public sealed class GrowingTextTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("a **b", "a **b**")]
    [InlineData("a **b**", "a **b**")]
    [InlineData("a **b*", "a **b**")]
    [InlineData("a **", "a")]
    [InlineData("a *", "a")]
    [InlineData("- **", "-")]
    [InlineData("a `b", "a `b`")]
    [InlineData("a `b**c", "a `b**c`")]
    [InlineData("**a\nb", "**a\nb")]
    [InlineData("x\n**a", "x\n**a**")]
    [InlineData("", "")]
    public void Close_LastLine_LooksFinished(string text, string closed) => Assert.Equal(closed, GrowingText.Close(text));

    [Fact]
    public void Close_VeryLongLine_IsLeftAlone()
    {
        var line = "**" + new string('a', GrowingText.MaxLine - 2);
        Assert.Equal(line + "**", GrowingText.Close(line));
        Assert.Equal(line + "a", GrowingText.Close(line + "a"));
    }
}
