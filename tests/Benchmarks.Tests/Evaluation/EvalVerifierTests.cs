using Studio.Benchmarks.Evaluation.Verification;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation;

/// <summary>The checks on small golden files of our own: they pass where all is equal, and fail where one thing differs.</summary>
public sealed class EvalVerifierTests : IDisposable
{
    private const string Row = """{"id":"r0","task":"perceptiontest_val_mc","doc":{"video_name":"v","question":"q","question_id":"0","options":["cup","key","pen"],"answer_id":1},"settings":{"max_num_frames":512,"generation":{"max_new_tokens":1024}},"prompt":"\nQuestion: q\n(A). cup\n(B). key\n(C). pen\nOnly give the best option.","visual":{"path":"root/v.mp4","media":{"video_read_type":"decord"}},"answers":[{"raw":"B","parsed":1,"score":1},{"raw":"b","parsed":-1,"score":0}]}""";

    private const string Aggregate = """{"cases":[{"name":"mixed","results":{"accuracy,none":0.5},"answers":[[0,"B"],[0,"C"]]}]}""";

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("evalgolden");

    public void Dispose() => _folder.Delete(recursive: true);

    private EvalVerification Run(string row = Row, string aggregate = Aggregate, string name = "perceptiontest")
    {
        File.WriteAllText(Path.Combine(_folder.FullName, $"{name}.jsonl"), row + "\n");
        File.WriteAllText(Path.Combine(_folder.FullName, $"{name}.aggregate.json"), aggregate);
        return EvalVerifier.Run(_folder.FullName, ct: TestContext.Current.CancellationToken);
    }

    [Fact]
    public void Run_Equal_Passes()
    {
        var result = Run();
        var one = Assert.Single(result.Tasks);
        Assert.True(one.Passed, EvalVerificationText.Task(one));
        Assert.Equal("1 passed, 0 failed", EvalVerificationText.Summary(result));
        Assert.True(one.Compared > 9, $"{one.Compared} compared");
    }

    [Theory]
    [InlineData("(B). key", "(B). kez", "prompt")]
    [InlineData("\"parsed\":-1", "\"parsed\":1", "parsed")]
    [InlineData("\"score\":0", "\"score\":1", "score")]
    [InlineData("root/v.mp4", "root/w.mp4", "media")]
    [InlineData("512", "256", "frames")]
    [InlineData("1024", "16", "tokens")]
    [InlineData("decord", "img", "reader")]
    public void Run_OneThingDiffers_FailsAndNamesIt(string from, string to, string what)
    {
        var result = Run(Row.Replace(from, to, StringComparison.Ordinal));
        var one = Assert.Single(result.Tasks);
        Assert.Equal((1, 1), (one.Different, result.Failed));
        Assert.Contains(what, Assert.Single(one.Differences), StringComparison.Ordinal);
        Assert.Contains("FAIL", EvalVerificationText.Task(one), StringComparison.Ordinal);
    }

    [Fact]
    public void Run_OtherAggregate_Fails() => Assert.Contains("0.5, expected 0.75", Assert.Single(Run(aggregate: Aggregate.Replace("0.5", "0.75", StringComparison.Ordinal)).Tasks).Differences[0], StringComparison.Ordinal);

    [Fact]
    public void Run_UnknownOrDamagedFile_Fails()
    {
        Assert.Contains("no check for this file yet", Assert.Single(Run(name: "newbench").Tasks).Differences[0], StringComparison.Ordinal);
        File.Delete(Path.Combine(_folder.FullName, "newbench.jsonl"));
        Assert.Contains("KeyNotFoundException", Assert.Single(Run("{}").Tasks).Differences[0], StringComparison.Ordinal);
        Assert.False(Assert.Single(Run("", """{"cases":[]}""").Tasks).Passed); // nothing compared is no success
    }

    [Fact]
    public void Run_ManyDifferences_KeepsTheFirst()
    {
        var comparison = new EvalComparison();
        for (var i = 0; i < EvalComparison.MaxKept + 5; i++) comparison.Equal($"{i}", 1, 2);
        Assert.Equal((EvalComparison.MaxKept + 5, EvalComparison.MaxKept), (comparison.Different, comparison.Differences.Count));
    }

    [Fact]
    public void Json_HasARowATask()
    {
        using var json = System.Text.Json.JsonDocument.Parse(EvalVerificationText.Json(Run()));
        Assert.Equal((1, 0), (json.RootElement.GetProperty("passed").GetInt32(), json.RootElement.GetProperty("failed").GetInt32()));
        Assert.Equal(["name", "passed", "compared", "different", "seconds", "differences", "notes"], json.RootElement.GetProperty("tasks")[0].EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void Run_NoFiles_NamesTheRemedy() => Assert.Contains("--golden", Assert.Throws<DirectoryNotFoundException>(() => EvalVerifier.Run(_folder.FullName, ct: TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);

    [Fact]
    public void Locate_GivenFolderOrTheEvalFolderInIt()
    {
        Assert.Equal(_folder.FullName, EvalVerifier.Locate(_folder.FullName, "/"));
        var inner = _folder.CreateSubdirectory("eval");
        Assert.Equal(inner.FullName, EvalVerifier.Locate(_folder.FullName, "/"));
    }
}
