using Studio.Library;
using Xunit;

namespace Studio.Tests.Library;

public sealed class FileNamesTests
{
    [Theory]
    [InlineData("holiday.mp4", "holiday")]
    [InlineData("a.b.c.webm", "a.b.c")]
    [InlineData("no ending", "no ending")]
    [InlineData("v1.0 final", "v1.0 final")] // no ending: too long for one
    [InlineData(".mp4", ".mp4")]
    [InlineData(" .mp4", ".mp4")]
    [InlineData("dir/x.mov", "x")]
    [InlineData("", "video")]
    [InlineData(null, "video")]
    [InlineData("👨‍👩‍👧.mp4", "👨‍👩‍👧")] // one family, joined
    public void Title_IsWhatPeopleCallTheFile(string? name, string title) => Assert.Equal(title, FileNames.Title(name));

    [Fact]
    public void Title_HalfAPair_IsReplaced() => Assert.Equal("\ufffdbroken", FileNames.Title((char)0xD800 + "broken.mp4"));

    [Theory]
    [InlineData("CON.mp4", "CON.mp4")] // only text: no file gets this name
    [InlineData("C:\\videos\\a.mp4", "a.mp4")]
    [InlineData("a\u2028b.mp4", "a b.mp4")]
    [InlineData("\u200Fabc\u202E.mp4", "abc.mp4")]
    public void Clean_LeavesVisibleText(string name, string clean) => Assert.Equal(clean, FileNames.Clean(name));

    [Fact]
    public void Tags_AreLowerCaseSortedAndOnce() => Assert.Equal(["a", "b c"], FileNames.Tags(["B  c", "a", "A"]));
}
