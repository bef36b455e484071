using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

public sealed class PromptTests : IDisposable
{
    private readonly Tensor _three = torch.zeros([3, 2]);

    [Fact]
    public void Constructor_JoinsTextsAndDropsEmptyParts()
    {
        var prompt = new Prompt([Text(1, 2), Text(), Text(3), Video("a"), Text(4)]);
        Assert.Equal([3, 3, 1], prompt.Parts.Select(p => p.Length));
        Assert.Equal(7, prompt.Length);
        Assert.Equal(new VisualSpan(3, 3, "a"), Assert.Single(prompt.Spans));
    }

    [Fact]
    public void CommonPrefix_EndsAtTheFirstDifference_AndNeverInsideAVideo()
    {
        var prompt = new Prompt([Text(1, 2), Video("a"), Text(4, 5)]);
        Assert.Equal(7, prompt.CommonPrefix(new([Text(1, 2), Video("a"), Text(4, 5)])));
        Assert.Equal(6, prompt.CommonPrefix(new([Text(1, 2), Video("a"), Text(4, 6, 7)])));
        Assert.Equal(7, prompt.CommonPrefix(new([Text(1, 2), Video("a"), Text(4, 5, 6)])));
        Assert.Equal(2, prompt.CommonPrefix(new([Text(1, 2), Video("b"), Text(4, 5)]))); // another video
        Assert.Equal(1, prompt.CommonPrefix(new([Text(1, 9), Video("a")])));
        Assert.Equal(0, prompt.CommonPrefix(new([])));
    }

    [Fact]
    public void Append_JoinsTheLastText() => Assert.Equal([2, 3, 3], new Prompt([Text(1, 2), Video("a"), Text(4)]).Append([5, 6]).Parts.Select(p => p.Length));

    public void Dispose() => _three.Dispose();

    private static PromptPart.Text Text(params int[] ids) => new(ids);

    private PromptPart.Visual Video(string key) => new(key, _three);
}
