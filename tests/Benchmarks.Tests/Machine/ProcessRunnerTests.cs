using Studio.Benchmarks.Machine;
using Xunit;

namespace Studio.Benchmarks.Tests.Machine;

public sealed class ProcessRunnerTests
{
    private static readonly TimeSpan s_ample = TimeSpan.FromSeconds(30);

    [Fact]
    public void Run_ProgramWorks_GivesItsOutput()
    {
        var answer = ProcessRunner.Run("sh", ["-c", "echo; echo '  hello  '; echo there"], s_ample);
        Assert.Equal(ToolState.Works, answer.State);
        Assert.Equal("hello", answer.FirstLine);
    }

    [Fact]
    public void Run_NoSuchProgram_IsMissing() => Assert.Equal(ToolState.Missing, ProcessRunner.Run("no-such-program-here", [], s_ample).State);

    [Fact]
    public void Run_ProgramFails_GivesStatusAndWords()
    {
        var answer = ProcessRunner.Run("sh", ["-c", "echo broken >&2; exit 3"], s_ample);
        Assert.Equal((ToolState.Fails, "sh ended with status 3: broken"), (answer.State, answer.Text));
    }

    [Theory]
    [InlineData("sleep 60")]
    [InlineData("sleep 60 & echo done")] // the program ends, a child keeps its output open
    public void Run_ProgramHangs_IsEndedAtTheLimit(string script)
    {
        var start = TimeProvider.System.GetTimestamp();
        var answer = ProcessRunner.Run("sh", ["-c", script], TimeSpan.FromSeconds(0.3));
        Assert.Equal((ToolState.Fails, "sh did not answer within 0.3 s"), (answer.State, answer.Text));
        Assert.True(TimeProvider.System.GetElapsedTime(start) < s_ample);
    }

    [Fact]
    public void Run_EndlessOutput_IsKeptUpToTheBound()
    {
        var answer = ProcessRunner.Run("sh", ["-c", $"head -c {ProcessRunner.MaxOutput + 50_000} /dev/zero | tr '\\0' x"], s_ample);
        Assert.Equal(ProcessRunner.MaxOutput, answer.Text.Length);
    }
}
