using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class CounterfactualTests
{
    [Fact]
    public void Of_Run_FollowsUniformKeepingFromTheFirstDropOn()
    {
        // Budgets of 6 tokens: int(6 x 0.67) = 4, int(6 x 0.34) = 2. Uniform: {0 1 3 5}, then its ends {0 5}.
        var stages = Counterfactual.Of(TraceShape.Of(Traces.Small()), CounterfactualBasis.Run, 1);
        Assert.Equal([0, 1, 3, 5], TokenSelection.Uniform(6, 4));
        Assert.Equal((4, 3, 0.75, 3 / 5.0), (stages[0].Uniform.Count, stages[0].Uniform.Shared, stages[0].Uniform.SharedShare, stages[0].Uniform.Jaccard));
        Assert.Equal((2, 0, 0.0, 0.0), (stages[1].Uniform.Count, stages[1].Uniform.Shared, stages[1].Uniform.SharedShare, stages[1].Uniform.Jaccard));
        Assert.Equal([6, 6], stages.Select(s => s.Population));
        Assert.Equal((1, 3, "attention", 4, 2), (stages[0].Stage, stages[1].Layer, stages[1].Method, stages[1].Offered, stages[1].Budget));
        Assert.Equal(0, stages[1].Uniform.ScoreShare!.Value - (0.1 / 0.7), 6); // of the offered 0 1 3 4 it kept 0
        Assert.Equal(2, stages[1].Uniform.Clips);
    }

    [Fact]
    public void Of_Drop_ChoosesAmongWhatWasOffered()
    {
        var stage = Counterfactual.Of(TraceShape.Of(Traces.Small()), CounterfactualBasis.Drop, 1)[1];
        // Offered 0 1 3 4: uniform takes the ends 0 and 4; kept were 1 and 4.
        Assert.Equal((2, 1, 0.5, 1 / 3.0), (stage.Uniform.Count, stage.Uniform.Shared, stage.Uniform.SharedShare, stage.Uniform.Jaccard));
        Assert.Equal(0.3 / 0.7, stage.Uniform.ScoreShare!.Value, 6);
        Assert.Equal(0.5 / 0.7, stage.Actual.ScoreShare!.Value, 6);
        Assert.Equal((1.0, 0.5), (stage.Expected.Shared, stage.Expected.SharedShare));
        Assert.Equal(Math.Sqrt(2 * 0.5 * 0.5 * 2 / 3), stage.Expected.Deviation, 12);
        Assert.Equal(4, stage.Population);
        Assert.Null(Counterfactual.Of(TraceShape.Of(Traces.Small()), CounterfactualBasis.Drop, 1)[0].Actual.ScoreShare);
    }

    [Fact]
    public void Of_TwoVideos_UniformKeepsEachShare_AndSharesAllWithAUniformRun()
    {
        var small = Traces.Small();
        // Two videos of 6 tokens; kept of each: 0 1 3 5, then 0 5, as uniform keeping does.
        int[] first = [0, 1, 3, 5, 6, 7, 9, 11], second = [0, 5, 6, 11];
        var trace = small with
        {
            Settings = "uniform:1,3:1,0.67,0.34",
            Media = [small.Media[0], small.Media[0] with { FirstRow = 10 }],
            Stages = [new(0, 0, "none", 12, Traces.Bits(12, [.. Enumerable.Range(0, 12)]), []), new(1, 2, "uniform", 8, Traces.Bits(12, first), []), new(3, 3, "uniform", 4, Traces.Bits(12, second), [])],
            Layers = [.. small.Layers.Select(l => l with { ClipMass = [] })],
        };
        foreach (var basis in Enum.GetValues<CounterfactualBasis>())
        {
            Assert.All(Counterfactual.Of(TraceShape.Of(trace), basis, 3), s => Assert.Equal((s.Budget, 1.0), (s.Uniform.Shared, s.Uniform.Jaccard)));
        }
    }

    [Fact]
    public void Of_OneVideoLeftWithTooFew_KeepsTheBudgetOverAllTogether()
    {
        var small = Traces.Small();
        // By attention the first video keeps 5 of 6 and the second 3: fewer than the 4 it is asked for next.
        int[] first = [0, 1, 2, 3, 4, 6, 7, 8];
        var trace = small with
        {
            Settings = "attention:1,3:1,0.67,0.67",
            Media = [small.Media[0], small.Media[0] with { FirstRow = 10 }],
            Stages = [new(0, 0, "none", 12, Traces.Bits(12, [.. Enumerable.Range(0, 12)]), []), new(1, 2, "attention", 8, Traces.Bits(12, first), new float[12]), new(3, 3, "attention", 8, Traces.Bits(12, first), new float[8])],
            Layers = [.. small.Layers.Select(l => l with { ClipMass = [] })],
        };
        var stage = Counterfactual.Of(TraceShape.Of(trace), CounterfactualBasis.Drop, 1)[1];
        Assert.Equal((8, 8), (stage.Uniform.Count, stage.Uniform.Shared));
        Assert.Null(stage.Actual.ScoreShare); // all scores are zero
    }

    [Fact]
    public void Of_Off_IsEmpty() => Assert.Empty(Counterfactual.Of(TraceShape.Of(Traces.VideoAndPicture()), CounterfactualBasis.Run, 1));

    [Fact]
    public void Of_SettingsOfAnotherRun_AreRefused() => Assert.Throws<InvalidDataException>(
        () => Counterfactual.Of(TraceShape.Of(Traces.Small() with { Settings = "off" }), CounterfactualBasis.Run, 1));

    [Theory]
    [InlineData(CounterfactualBasis.Run)]
    [InlineData(CounterfactualBasis.Drop)]
    public void Of_ManySeeds_MeetTheClosedForm(CounterfactualBasis basis)
    {
        var shape = TraceShape.Of(Traces.Small());
        const int Draws = 4000;
        var shared = Enumerable.Range(0, Draws).Select(seed => Counterfactual.Of(shape, basis, (ulong)seed)[1].Random.Shared).ToArray();
        var expected = Counterfactual.Of(shape, basis, 0)[1].Expected;
        var mean = shared.Average();
        Assert.InRange(mean, expected.Shared - (5 * expected.Deviation / Math.Sqrt(Draws)), expected.Shared + (5 * expected.Deviation / Math.Sqrt(Draws)));
        var deviation = Math.Sqrt(shared.Average(x => (x - mean) * (x - mean)));
        Assert.InRange(deviation, 0.95 * expected.Deviation, 1.05 * expected.Deviation);
    }

    [Fact]
    public void Draw_EverySubset_IsEquallyLikely()
    {
        var seen = new Dictionary<string, int>();
        for (var seed = 0; seed < 6000; seed++)
        {
            var subset = string.Join(",", new RandomSubset((ulong)seed).Draw([10, 20, 30, 40], 2));
            seen[subset] = seen.GetValueOrDefault(subset) + 1;
        }

        Assert.Equal(6, seen.Count);
        Assert.All(seen.Values, n => Assert.InRange(n, 850, 1150)); // 1000 expected, deviation 29
        Assert.Equal(new RandomSubset(7).Draw([1, 2, 3, 4, 5], 3), new RandomSubset(7).Draw([1, 2, 3, 4, 5], 3));
        Assert.Throws<ArgumentOutOfRangeException>(() => new RandomSubset(1).Draw([1], 2));
    }
}
