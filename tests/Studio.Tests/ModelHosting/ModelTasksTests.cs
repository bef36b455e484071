using Microsoft.Extensions.Logging.Abstractions;
using Studio.Api;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class ModelTasksTests
{
    [Fact]
    public async Task Running_AreBounded_AndEndedOnesAreForgotten()
    {
        await using var tasks = new ModelTasks(new ManualTime(), NullLogger<ModelTasks>.Instance);
        var gate = new TaskCompletionSource();
        for (var i = 0; i < ModelTasks.MaxRunning; i++) _ = tasks.Start("pull", $"m{i}", async (_, ct) => { await gate.Task.WaitAsync(ct); return []; });
        Assert.Equal(429, Assert.Throws<RequestException>(() => tasks.Start("pull", "more", (_, _) => Task.FromResult<IReadOnlyList<string>>([]))).Status);
        Assert.Equal(409, Assert.Throws<RequestException>(() => tasks.Start("verify", "m0", (_, _) => Task.FromResult<IReadOnlyList<string>>([]))).Status);
        gate.SetResult();
        await Wait.UntilAsync(() => tasks.List().All(t => !t.IsRunning), "all tasks end");
        for (var i = 0; i < ModelTasks.MaxKept + 5; i++)
        {
            var task = tasks.Start("verify", $"n{i}", (_, _) => Task.FromResult<IReadOnlyList<string>>([]));
            await Wait.UntilAsync(() => tasks.List().Any(t => t.Id == task.Id && !t.IsRunning), "the task ends");
        }

        Assert.Equal(ModelTasks.MaxKept, tasks.List().Count);
        Assert.Equal(404, Assert.Throws<RequestException>(() => tasks.Cancel("none")).Status);
    }

    [Fact]
    public async Task Progress_IsToldFourTimesASecond_AndFailuresAreExplained()
    {
        var time = new ManualTime();
        await using var tasks = new ModelTasks(time, NullLogger<ModelTasks>.Instance);
        var changes = 0;
        tasks.Changed += () => Interlocked.Increment(ref changes);
        var task = tasks.Start("pull", "m", (report, _) =>
        {
            for (var i = 0; i < 1000; i++) report("weights", i, 1000);
            time.Advance(TimeSpan.FromSeconds(1));
            report("weights", 1000, 1000);
            throw new HttpRequestException("no route to the hub");
        });
        await Wait.UntilAsync(() => tasks.List().All(t => !t.IsRunning), "the task ends");
        Assert.Equal(4, changes); // begun, two reports, ended
        Assert.Equal(("failed", 1000, "no route to the hub"), (tasks.List()[0].State, tasks.List()[0].Done, tasks.List()[0].Problems[0]));
        Assert.True(task.IsRunning);
    }

    [Theory]
    [InlineData("---\nlicense: mit\n---\n# Title\n\nProse here.\nAnd on.\n\nMore.", "mit", "Prose here. And on.")]
    [InlineData("# Title\n\n![x](y)\n\n- list\n\nAt last.", null, "At last.")]
    [InlineData("---\nlicense: \"other\"\nnever closed", "other", null)]
    [InlineData("", null, null)]
    public void Readme_GivesLicenceAndFirstWords(string text, string? licence, string? summary) => Assert.Equal((licence, summary), ModelReadme.Parse(text));
}
