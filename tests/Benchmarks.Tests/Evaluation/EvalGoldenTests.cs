using Studio.Benchmarks.Evaluation.Verification;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

/// <summary>The golden evaluation files, where they are there: they hold rows of benchmarks and do not ship with the source.</summary>
public sealed class EvalGoldenTests
{
    [Fact]
    public void Run_GoldenFiles_NothingDiffers()
    {
        var folder = EvalVerifier.Locate(null, AppContext.BaseDirectory);
        // A golden folder named for the models alone has no evaluation files.
        Assert.SkipWhen(folder is null || Directory.GetFiles(folder, "*.jsonl").Length == 0, $"no golden evaluation files: no shared/golden/eval above {AppContext.BaseDirectory}, none in {EvalVerifier.FolderVariable}");
        var result = EvalVerifier.Run(folder!, ct: TestContext.Current.CancellationToken);
        Assert.True(result.Failed == 0, string.Join('\n', result.Tasks.Where(t => !t.Passed).Select(EvalVerificationText.Task)));
    }
}
