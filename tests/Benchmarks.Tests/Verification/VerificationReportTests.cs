using Studio.Benchmarks.Verification;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.Verification;

public sealed class VerificationReportTests
{
    [Theory]
    [InlineData(100.0f, 100.1f, true)] // 0.1 + 0.01 * 100 allowed
    [InlineData(100.0f, 101.2f, false)]
    [InlineData(0.0f, 0.11f, false)]
    [InlineData(0.0f, float.NaN, false)]
    [InlineData(float.NaN, 0.0f, false)]
    [InlineData(float.NegativeInfinity, float.NegativeInfinity, true)]
    [InlineData(float.NegativeInfinity, 0.0f, false)]
    public void Close_InFp32_HoldsEachValueToTheCasesTolerance(float expected, float actual, bool passes)
    {
        var report = new VerificationReport(0.1, 0.01, Precision.For(ScalarType.Float32));
        report.Close("x", [1, actual], [1, expected]);
        var row = Assert.Single(report.Rows);
        Assert.Equal(passes, row.Passed);
        Assert.Equal(passes, row.Share <= 1);
    }

    [Fact]
    public void Close_OtherShape_IsAFailedRow()
    {
        using var scope = torch.NewDisposeScope();
        var report = new VerificationReport(1, 1, Precision.For(ScalarType.Float32));
        report.Close("x", torch.zeros([2, 3]), torch.zeros([2, 2]));
        Assert.Equal("shape [2, 3], expected [2, 2]", Assert.Single(report.Rows).Message);
    }

    [Fact]
    public void Equal_Differences_AreCountedAndTheFirstNamed()
    {
        var report = new VerificationReport(1, 1, Precision.For(ScalarType.Float32));
        report.Equal("x", [1, 2, 3, 4], [1, 5, 3, 6]);
        report.Equal("y", [1], [1, 2]);
        Assert.Equal((2, "entry 1 is 2, expected 5"), (report.Rows[0].LargestError, report.Rows[0].Message));
        Assert.Equal((1, "1 entries, expected 2"), (report.Rows[1].LargestError, report.Rows[1].Message));
    }

    [Fact]
    public void Close_In16Bit_HoldsTheMeanSquareAndEachOutlier()
    {
        var precision = Precision.For(ScalarType.BFloat16);
        var expected = Enumerable.Range(0, 1000).Select(i => i % 2 == 0 ? 1f : -1f).ToArray();
        var report = new VerificationReport(0, 0, precision);
        report.Close("noise", [.. expected.Select((e, i) => e + (i % 3 == 0 ? 0.03f : -0.03f))], expected);
        report.Close("too much", [.. expected.Select((e, i) => e + (i % 3 == 0 ? 0.05f : -0.05f))], expected);
        report.Close("one far off", [.. expected.Select((e, i) => i == 7 ? e + 0.5f : e)], expected);
        report.Close("not a number", [.. expected.Select((e, i) => i == 7 ? float.NaN : e)], expected);
        Assert.Equal([true, false, false, false], report.Rows.Select(r => r.Passed));
    }

    [Fact]
    public void Decision_In16Bit_InformsAndFreesWhatFollows()
    {
        var report = new VerificationReport(0, 0, Precision.For(ScalarType.BFloat16));
        report.Decision("same", [1], [1]);
        report.Close("binds", [1], [1]);
        report.Decision("other", [1], [2]);
        report.Close("behind it", [1], [9]);
        report.Equal("always", [1], [2]);
        Assert.Equal([true, false, true, true, false], report.Rows.Select(r => r.Informational));
        Assert.False(new CaseResult("x", report.Rows, default).Passed);
        Assert.True(new CaseResult("x", [.. report.Rows.SkipLast(1)], default).Passed);
        Assert.False(new CaseResult("x", [.. report.Rows.Where(r => r.Informational)], default).Passed); // nothing binds
    }

    [Theory]
    [InlineData(0.001, true)] // closer than bf16 resolves
    [InlineData(0.01, false)]
    [InlineData(null, false)]
    public void BehindDecisions_In16Bit_DependsOnTheMargin(double? gap, bool informational)
    {
        var report = new VerificationReport(0, 0, Precision.For(ScalarType.BFloat16));
        report.BehindDecisions(gap);
        report.Close("x", [1], [1]);
        Assert.Equal(informational, report.Rows[0].Informational);
    }

    [Fact]
    public void Decision_InFp32_Binds()
    {
        var report = new VerificationReport(0, 0, Precision.For(ScalarType.Float32));
        report.BehindDecisions(1e-12);
        report.Decision("x", [1], [2]);
        report.Close("y", [1], [1]);
        Assert.All(report.Rows, row => Assert.False(row.Informational));
    }
}
