using Studio.Benchmarks.Verification;
using Studio.Engine.Layers;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Benchmarks.Tests.Verification;

/// <summary>The engine against every reference number in the repository, or in the folder that GOLDEN_DIR names.</summary>
public sealed class GoldenTests
{
    public static TheoryData<string> Cases => [.. Verifier.Cases(Folder).Select(f => Path.GetFileName(f))];

    internal static string Folder { get; } = Environment.GetEnvironmentVariable(Verifier.FolderVariable) is { Length: > 0 } named ? named
        : Path.Combine(AppContext.BaseDirectory, "golden");

    [Theory]
    [MemberData(nameof(Cases))]
    public void RunCase_InFp32_EveryRowBindsAndPasses(string name)
    {
        var result = Verifier.RunCase(Path.Combine(Folder, name), Device.CPU, Precision.For(ScalarType.Float32), TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage(VerificationText.Case(result));
        Assert.True(result.Passed, VerificationText.Case(result));
        Assert.All(result.Rows, row => Assert.True(row.Passed && !row.Informational, row.ToString()));
    }

    /// <summary>The path of every device without the CPU's own kernels, and of training.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public void RunCase_OnComposedOperators_EveryRowPasses(string name)
    {
        CpuPath.Disabled = true;
        try
        {
            RunCase_InFp32_EveryRowBindsAndPasses(name);
        }
        finally
        {
            CpuPath.Disabled = false;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void RunCase_InBf16_BindingRowsPass(string name)
    {
        var result = Verifier.RunCase(Path.Combine(Folder, name), Device.CPU, Precision.For(ScalarType.BFloat16), TestContext.Current.CancellationToken);
        TestContext.Current.SendDiagnosticMessage(VerificationText.Case(result));
        Assert.True(result.Passed, VerificationText.Case(result));
    }
}
