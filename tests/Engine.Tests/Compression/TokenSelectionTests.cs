using Studio.Engine.Compression;
using Xunit;

namespace Studio.Engine.Tests.Compression;

public sealed class TokenSelectionTests
{
    [Fact]
    public void Uniform_OfTheSpecsExample_GivesItsIndices()
    {
        var kept = TokenSelection.Uniform(64, 48);
        Assert.Equal([0, 1, 2, 4, 5, 6, 8], kept[..7]);
        Assert.Equal([61, 63], kept[^2..]);
    }

    [Theory]
    [InlineData(5, 0)]
    [InlineData(5, 1)]
    [InlineData(5, 2)]
    [InlineData(5, 5)]
    [InlineData(1, 1)]
    [InlineData(0, 0)]
    [InlineData(8192, 6144)]
    [InlineData(160_000, 40_000)]
    public void Uniform_AnyCount_IsAscendingDistinctAndInRange(int n, int k)
    {
        var kept = TokenSelection.Uniform(n, k);
        Assert.Equal(k, kept.Distinct().Count());
        Assert.Equal(kept.Order(), kept);
        Assert.All(kept, i => Assert.InRange(i, 0, n - 1));
        if (k > 1) Assert.Equal((0, n - 1), (kept[0], kept[^1]));
    }

    [Fact]
    public void Uniform_Of8192_DiffersFromTheOneSidedFormulaInOnePlace()
    {
        var step = 8191 / 6143.0;
        var oneSided = Enumerable.Range(0, 6144).Select(i => (int)(step * i));
        Assert.Equal(1, oneSided.Zip(TokenSelection.Uniform(8192, 6144)).Count(p => p.First != p.Second));
    }

    [Theory]
    [InlineData(3, 4)]
    [InlineData(3, -1)]
    public void KeepingMoreThanThereAre_IsRefused(int n, int k)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenSelection.Uniform(n, k));
        Assert.Throws<ArgumentOutOfRangeException>(() => TokenSelection.TopK(new float[n], k));
    }

    [Fact]
    public void TopK_Ties_GoToTheLowerIndex() => Assert.Equal([1, 2, 4], TokenSelection.TopK([0.1f, 0.5f, 0.3f, 0.3f, 0.7f], 3));

    [Fact]
    public void TopK_AllEqual_KeepsTheFirst() => Assert.Equal([0, 1, 2], TokenSelection.TopK(new float[100], 3));

    [Fact]
    public void TopK_NaN_RanksLast()
    {
        Assert.Equal([1], TokenSelection.TopK([float.NaN, -5, float.NegativeInfinity], 1));
        Assert.Equal([1, 2], TokenSelection.TopK([float.NaN, -5, float.NegativeInfinity], 2));
    }
}
