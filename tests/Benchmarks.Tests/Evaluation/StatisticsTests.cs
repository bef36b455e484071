using Studio.Benchmarks.Evaluation.Statistics;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

public sealed class StatisticsTests
{
    /// <summary>Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.</summary>
    [Theory]
    [InlineData(81, 263, 0.2553, 0.3662)]
    [InlineData(15, 148, 0.0624, 0.1605)]
    [InlineData(0, 20, 0.0000, 0.1611)]
    [InlineData(1, 29, 0.0061, 0.1718)]
    public void Share_NewcombesTable_IsMet(int right, int count, double low, double high)
    {
        var interval = Estimates.Share(right, count);
        Assert.Equal((low, high), (Math.Round(interval.Low, 4), Math.Round(interval.High, 4)));
        Assert.Equal((double)right / count, interval.Value);
    }

    [Fact]
    public void Share_Ends_AreExactAndMirrored()
    {
        Assert.Equal(0, Estimates.Share(0, 7).Low);
        Assert.Equal(1, Estimates.Share(7, 7).High);
        Assert.Equal(1 - Estimates.Share(0, 7).High, Estimates.Share(7, 7).Low, 12);
        Assert.Equal((0, 1), (Estimates.Share(0, 0).Low, Estimates.Share(0, 0).High));
        Assert.Contains("0 to 3", Assert.Throws<ArgumentOutOfRangeException>(() => Estimates.Share(4, 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Grouped_OneGroup_IsThePlainMean()
    {
        double[] scores = [1, 0, 1, 1];
        string[] clusters = ["v", "v", "w", "x"], groups = ["", "", "", ""];
        Assert.Equal(0.75, Grouped.Mean(scores, groups));
        Assert.Equal(Estimates.Share(3, 4), Grouped.Share(scores, groups));
        Assert.Equal(Estimates.ClusteredError(scores, clusters), Grouped.ClusteredError(scores, clusters, groups));
        Assert.Equal(new(double.NaN, 0, 1), Grouped.Share([], []));
        Assert.True(double.IsNaN(Grouped.Mean([], [])));
    }

    [Fact]
    public void Grouped_Error_PutsTheGroupsTogether_AndSeesVideosThatAreInSeveral()
    {
        double[] scores = [1, 0, 1, 0.5, 0];
        string[] groups = ["a", "a", "a", "b", "b"];
        double Of(params string[] clusters) => Grouped.ClusteredError(scores, clusters, groups);
        var (first, second) = (Estimates.ClusteredError([1, 0, 1], ["1", "2", "3"]), Estimates.ClusteredError([0.5, 0], ["4", "5"]));
        Assert.Equal(Math.Sqrt((first * first) + (second * second)) / 2, Of("1", "2", "3", "4", "5"), 12);
        // The same video above the mean in both: deviations (1 - 2/3) / 3 and (0.5 - 0.25) / 2 are one.
        Assert.Equal(Math.Sqrt(Math.Pow((1 / 9.0) + 0.125, 2) + Math.Pow(2 / 9.0, 2) + Math.Pow(1 / 9.0, 2) + Math.Pow(0.125, 2)) / 2, Of("1", "2", "3", "1", "5"), 12);
        Assert.True(double.IsNaN(Of("1", "2", "3", "4", "4")));
    }

    /// <summary>The exact probability that the interval holds the true mean of three groups' shares, over every outcome of fifteen draws each.</summary>
    [Theory]
    [InlineData(0.9, 0.6, 0.3)]
    [InlineData(0.95, 0.95, 0.95)]
    [InlineData(0.5, 0.5, 0.02)]
    public void Grouped_Share_HoldsTheTruthAsOftenAsItSays(double first, double second, double third)
    {
        const int n = 15;
        double Binomial(int k, double p) => Enumerable.Range(0, k).Aggregate(Math.Pow(1 - p, n), (term, i) => term * (n - i) / (i + 1) * p / (1 - p));
        string[] groups = [.. Enumerable.Range(0, 3 * n).Select(i => $"{i / n}")];
        var (truth, held) = ((first + second + third) / 3, 0.0);
        for (var outcome = 0; outcome < (n + 1) * (n + 1) * (n + 1); outcome++)
        {
            int[] right = [outcome % (n + 1), outcome / (n + 1) % (n + 1), outcome / (n + 1) / (n + 1)];
            var estimate = Grouped.Share([.. Enumerable.Range(0, 3 * n).Select(i => i % n < right[i / n] ? 1.0 : 0.0)], groups);
            Assert.InRange(estimate.Value, estimate.Low, estimate.High);
            if (estimate.Low <= truth && truth <= estimate.High) held += Binomial(right[0], first) * Binomial(right[1], second) * Binomial(right[2], third);
        }

        Assert.InRange(held, 0.945, 0.985);
    }

    /// <summary>Abramowitz and Stegun, "Handbook of Mathematical Functions", tables 26.1 and 26.5, and widely tabulated further places.</summary>
    [Theory]
    [InlineData(0.5, 0)]
    [InlineData(0.8, 0.8416212335729143)]
    [InlineData(0.975, 1.959963984540054)]
    [InlineData(0.995, 2.5758293035489004)]
    [InlineData(0.0005, -3.290526731491926)]
    [InlineData(0.999999, 4.753424308822899)]
    public void Quantile_TabulatedProbabilities_AreMet(double probability, double z)
    {
        Assert.Equal(z, Normal.Quantile(probability), 9);
        Assert.Equal(probability, Normal.Cdf(z), 12);
    }

    [Fact]
    public void UpperTail_BothFormsAtTheirBorder_Agree()
    {
        Assert.Equal(0.0013498980316300957, Normal.UpperTail(3), 15); // A&S table 26.1: 1 - P(3) = 0.00134 98980
        Assert.Equal(Normal.UpperTail(3 - 1e-9), Normal.UpperTail(3), 10);
        Assert.Equal(1, Normal.UpperTail(-2) + Normal.UpperTail(2), 14);
        Assert.InRange(Normal.UpperTail(8) / 6.22096057427178e-16, 1 - 1e-9, 1 + 1e-9);
    }

    /// <summary>By hand: mean 0.5; deviations of the clusters +1, 0, -1 (two scores each): root of 2, over 6.</summary>
    [Fact]
    public void ClusteredError_ThreeVideos_IsTheHandComputedOne()
    {
        double[] scores = [1, 1, 1, 0, 0, 0];
        Assert.Equal(Math.Sqrt(2) / 6, Estimates.ClusteredError(scores, ["a", "a", "b", "b", "c", "c"]), 12);
        // Every score its own cluster: the plain error but for the factor (n - 1) / n. By hand: root of 1.5, over 6.
        Assert.Equal(Math.Sqrt(1.5) / 6, Estimates.ClusteredError(scores, ["1", "2", "3", "4", "5", "6"]), 12);
        Assert.Equal(Math.Sqrt(0.3 / 6), Estimates.StandardError(scores), 12);
        Assert.True(double.IsNaN(Estimates.ClusteredError(scores, ["a", "a", "a", "a", "a", "a"])));
        var interval = Estimates.Clustered(scores, ["a", "a", "b", "b", "c", "c"]);
        Assert.Equal(0.5 + (1.959963984540054 * Math.Sqrt(2) / 6), interval.High, 9);
        Assert.Throws<ArgumentException>(() => Estimates.ClusteredError(scores, ["a"]));
    }

    /// <summary>By hand: twice the binomial sums over 1024, 1024, 64 and 32.</summary>
    [Theory]
    [InlineData(2, 8, 112.0 / 1024)]
    [InlineData(9, 1, 22.0 / 1024)]
    [InlineData(0, 6, 2.0 / 64)]
    [InlineData(2, 3, 1)]
    [InlineData(0, 0, 1)]
    public void McNemar_FewDifferences_HaveTheExactP(int first, int second, double p) => Assert.Equal(p, McNemar.Of(first, second).Exact, 12);

    /// <summary>
    /// The approval ratings of Agresti, "Categorical Data Analysis" (2nd ed., section 10.1): 150 and 86 changed. By hand (|150 - 86| - 1)² / 236.
    /// </summary>
    [Fact]
    public void McNemar_ApprovalRatings_HaveTheCorrectedStatistic()
    {
        var test = McNemar.Of(150, 86);
        Assert.Equal(3969.0 / 236, test.Statistic, 12);
        Assert.InRange(test.Corrected, 4.1e-5, 4.2e-5);
        Assert.InRange(test.Exact, 3.5e-5, 4.3e-5);
        Assert.Equal(test, McNemar.Of(150, 86));
    }

    /// <summary>Chi-square of 3.841 with one degree of freedom is the 5 % point of every table.</summary>
    [Fact]
    public void McNemar_Lists_CountWhereTheRunsDiffer()
    {
        bool[] first = [true, true, false, true, false], second = [true, false, true, false, false];
        var test = McNemar.Of(first, second);
        Assert.Equal((2, 1), (test.OnlyFirst, test.OnlySecond));
        Assert.Equal(0.05, 2 * Normal.UpperTail(Math.Sqrt(3.841458820694124)), 9);
        Assert.Throws<ArgumentException>(() => McNemar.Of(first, [true]));
    }

    [Fact]
    public void Bootstrap_SameSeed_SameNumbersAndTheyBracketTheDifference()
    {
        double[] first = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 ? 1.0 : 0.0)];
        double[] second = [.. Enumerable.Range(0, 400).Select(i => i % 2 == 0 || i % 8 == 1 ? 1.0 : 0.0)]; // 50 more right
        var one = PairedBootstrap.Run(first, second, seed: 7, resamples: 4000);
        Assert.Equal(one, PairedBootstrap.Run(first, second, seed: 7, resamples: 4000));
        double[] odd = [.. Enumerable.Range(0, 400).Select(i => Math.Sin(i))]; // so that two draws hardly ever agree
        Assert.NotEqual(PairedBootstrap.Run(first, odd, seed: 7, resamples: 50).Difference.Low, PairedBootstrap.Run(first, odd, seed: 8, resamples: 50).Difference.Low);
        Assert.Equal(0.125, one.Difference.Value, 12);
        // By hand: the standard error of the mean difference is root(0.125 × 0.875 / 400) = 0.016536.
        Assert.InRange(one.Difference.Low, 0.125 - (1.96 * 0.016536) - 0.006, 0.125 - (1.96 * 0.016536) + 0.006);
        Assert.InRange(one.Difference.High, 0.125 + (1.96 * 0.016536) - 0.006, 0.125 + (1.96 * 0.016536) + 0.006);
        Assert.Equal(2.0 / 4001, one.PValue, 12);
    }

    [Fact]
    public void Bootstrap_Clusters_AreDrawnWhole()
    {
        // Two videos, one all better, one all worse: the mean of a draw is -1, 0 or 1, with 1/4, 1/2, 1/4.
        double[] first = [0, 0, 0, 1, 1, 1], second = [1, 1, 1, 0, 0, 0];
        var result = PairedBootstrap.Run(first, second, 3, ["a", "a", "a", "b", "b", "b"], 2000);
        Assert.Equal((-1, 0, 1), (result.Difference.Low, result.Difference.Value, result.Difference.High));
        Assert.Equal(1, result.PValue);
        Assert.Contains("1000000", Assert.Throws<ArgumentOutOfRangeException>(() => PairedBootstrap.Run(first, second, 1, resamples: PairedBootstrap.MaxResamples + 1)).Message, StringComparison.Ordinal);
    }

    /// <summary>By hand: (1.959964 + 0.841621) × root(2 × 0.25 / 200) = 2.801585 × 0.05; with correlation 0.5 a root of 2 smaller.</summary>
    [Fact]
    public void MinimalDifference_TwoHundredQuestions_IsFourteenPoints()
    {
        Assert.Equal(0.14007926, Power.MinimalDifference(0.5, 200), 7);
        Assert.Equal(0.14007926 / Math.Sqrt(2), Power.MinimalDifference(0.5, 200, correlation: 0.5), 7);
        Assert.Equal(2.8015852 * 0.01, Power.MinimalDifference(0.01, 0.05, 0.8), 7);
        Assert.Throws<ArgumentOutOfRangeException>(() => Power.MinimalDifference(1.2, 200));
    }
}
