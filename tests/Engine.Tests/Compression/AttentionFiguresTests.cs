using Studio.Engine.Compression;
using Xunit;

namespace Studio.Engine.Tests.Compression;

public sealed class AttentionFiguresTests
{
    [Fact]
    public void From_EvenShares_IsEven()
    {
        var f = AttentionFigures.From([0.1f, 0.1f, 0.1f, 0.1f], 1);
        Assert.Equal(0.4, f.VisualMass, 6);
        Assert.Equal(0.6, f.TextMass, 6);
        Assert.Equal(4, f.Tokens90);
        Assert.Equal(1, f.NormalisedEntropy, 6);
        Assert.Equal(0, f.Gini, 6);
    }

    [Fact]
    public void From_OneToken_IsConcentrated()
    {
        var f = AttentionFigures.From([0, 0.5f, 0, 0], 1);
        Assert.Equal(1, f.Tokens90);
        Assert.Equal(0, f.NormalisedEntropy, 6);
        Assert.Equal(0.75, f.Gini, 6); // (n - 1) / n
    }

    [Fact]
    public void From_HandComputedShares_Agrees()
    {
        // p = 0.5, 0.3, 0.2 of the visual mass 0.5: H = 1.0297 nats, log 3 = 1.0986; Gini = 2 (1*.2 + 2*.3 + 3*.5) / 3 - 4 / 3.
        var f = AttentionFigures.From([0.15f, 0.25f, 0.1f], 1);
        Assert.Equal(0.5, f.VisualMass, 6);
        Assert.Equal(3, f.Tokens90);
        Assert.Equal(0.93722, f.NormalisedEntropy, 4);
        Assert.Equal(0.2, f.Gini, 5);
    }

    [Fact]
    public void From_NoVisualToken_IsAllText() => Assert.Equal(new(0, 1, 0, 0, 0, 0), AttentionFigures.From([], 1));
}
