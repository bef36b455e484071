using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.World;

public sealed class WorldRandomTests
{
    [Fact]
    public void Next_KnownKey_IsSplitMix64()
    {
        // The reference generator's first values for the state 1234567.
        var random = new WorldRandom(1234567);
        ulong[] expected = [6457827717110365317, 3203168211198807973, 9817491932198370423, 4593380528125082431, 16408922859458223821];
        Assert.Equal(expected, expected.Select(_ => random.Next()));
    }

    [Fact]
    public void Fork_AfterDrawing_IsTheSameStream()
    {
        var random = new WorldRandom(5);
        ulong before = random.Fork(9).Next();
        random.Next();
        Assert.Equal(before, random.Fork(9).Next());
        Assert.NotEqual(before, random.Fork(10).Next());
    }

    [Fact]
    public void Below_ManyDraws_CoversEveryValueEvenly()
    {
        var random = new WorldRandom(1);
        int[] counts = new int[7];
        for (int i = 0; i < 70_000; i++)
        {
            counts[random.Below(7)]++;
        }

        Assert.All(counts, c => Assert.InRange(c, 9_600, 10_400)); // 10,000 with a deviation of 93
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Below(0));
    }

    [Fact]
    public void Sample_MoreThanThereAre_Throws()
    {
        var random = new WorldRandom(1);
        Assert.Equal([1, 2, 3], random.Sample([3, 1, 2], 3).Order());
        Assert.Throws<ArgumentException>(() => random.Sample([3, 1, 2], 4));
    }

    [Fact]
    public void Sin_WholeTurn_IsWithinOneUnitOfTheSine()
    {
        for (int angle = -WorldUnits.Turn; angle <= 2 * WorldUnits.Turn; angle++)
        {
            double exact = Math.Sin(2 * Math.PI * angle / WorldUnits.Turn) * WorldUnits.One;
            Assert.InRange(WorldUnits.Sin(angle) - exact, -0.51, 0.51);
            Assert.Equal(WorldUnits.Sin(angle + (WorldUnits.Turn / 4)), WorldUnits.Cos(angle));
        }
    }
}
