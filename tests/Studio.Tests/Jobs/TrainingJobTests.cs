using Studio.Api;
using Studio.Engine.Training;
using Studio.Jobs;
using Studio.Jobs.Data;
using Studio.Jobs.Trainings;
using Studio.Tests.Conversations;
using Studio.Tests.Hosting;
using Xunit;

namespace Studio.Tests.Jobs;

/// <summary>Real trainings of a tiny model as jobs: processes of their own that go on where they were.</summary>
public sealed class TrainingJobTests : IAsyncLifetime
{
    private TestStudio _studio = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    private JobService Jobs => _studio.Get<JobService>();

    public async ValueTask InitializeAsync() => _studio = await TestStudio.StartAsync();

    public ValueTask DisposeAsync() => _studio.DisposeAsync();

    private async Task<JobView> StartAsync(string name, int steps)
    {
        var recipes = Path.Combine(_studio.Folders.Data, "recipes");
        _ = Directory.CreateDirectory(recipes);
        await File.WriteAllTextAsync(Path.Combine(recipes, $"{name}.json"), $$"""
            {
              "name": "{{name}}", "base": { "geometry": "tiny-random", "seed": 5 }, "saveEvery": 5,
              "stages": [{
                "name": "first", "rates": { "projector": 0.001, "decoder": 0.001 }, "template": "chatFlash", "steps": {{steps}},
                "frames": { "rule": "middle", "min": 1, "max": 4 },
                "data": { "world": { "kinds": { "where": 1 }, "seconds": [4], "fps": 1, "objects": 60 }, "worldSide": 32 }
              }]
            }
            """, Ct);
        return await Jobs.StartAsync(TestStudio.Me, TrainingKind.KindName, TrainingKind.Ask(new(name, Threads: 1, Seed: 7)), ct: Ct);
    }

    private string Folder(string name) => Path.Combine(_studio.Folders.Trainings, name);

    private async Task UntilAsync(string id, JobState state)
    {
        JobView? job = null;
        await Wait.UntilAsync(
            async () =>
            {
                job = await Jobs.GetAsync(TestStudio.Me, id, Ct);
                Assert.False(job.State == JobState.Failed && state != JobState.Failed, job.Error);
                return job.State == state;
            },
            $"the training is {state}");
    }

    private Task UpdatesAsync(string name, int least) => Wait.UntilAsync(() => TrainingMetrics.Read(Folder(name)).Count() >= least, $"{name} has made {least} updates");

    [Fact]
    public async Task Training_InterruptedByARestart_GoesOnToItsEnd_WithEveryUpdateOnce()
    {
        var job = await StartAsync("restarted", steps: 60);
        Assert.Equal(("Training restarted", "trainings/restarted"), (job.Title, job.LivePath));
        await UpdatesAsync("restarted", 3);
        await _studio.RestartAsync();
        await UntilAsync(job.Id, JobState.Finished);
        var done = await Jobs.GetAsync(TestStudio.Me, job.Id, Ct);
        Assert.Equal((2, "trainings/restarted", 1.0), (done.Attempts, done.ResultPath, done.Progress.Share));
        Assert.Equal(Enumerable.Range(1, 60).Select(i => (long)i), TrainingMetrics.Read(Folder("restarted")).Select(u => u.Step));
        Assert.True(Directory.Exists(Path.Combine(Folder("restarted"), Trainer.ModelFolder)));
        var log = (await Jobs.LogAsync(TestStudio.Me, job.Id, 1000, Ct)).Lines;
        Assert.Contains(log, l => l.Contains("starts afresh", StringComparison.Ordinal));
        Assert.Contains(log, l => l.Contains("goes on from the last checkpoint", StringComparison.Ordinal));
        var run = Assert.Single(_studio.Get<TrainingRuns>().List());
        Assert.Equal((true, false, 1, 60L), (run.IsFinished, run.IsActive, run.Stages, run.Last!.Step));
        Assert.Empty(Directory.GetFiles(Folder("restarted"), "process"));
        Assert.Equal(7u, TrainingRecipe.Load(Path.Combine(Folder("restarted"), Trainer.RecipeFile)).Seed); // in place of the recipe's, the second time too
    }

    [Fact]
    public async Task Training_Cancelled_EndsItsProcess_AndGoesOnWhenTriedAgain()
    {
        var job = await StartAsync("cancelled", steps: 100_000);
        await UpdatesAsync("cancelled", 6);
        Assert.Equal(409, (await Assert.ThrowsAsync<RequestException>(() => StartAsync("cancelled", steps: 100_000))).Status); // one at a time in a folder
        var pid = int.Parse((await File.ReadAllTextAsync(Path.Combine(Folder("cancelled"), "process"), Ct)).Split(' ')[0], System.Globalization.CultureInfo.InvariantCulture);
        _ = await Jobs.CancelAsync(TestStudio.Me, job.Id, Ct);
        await UntilAsync(job.Id, JobState.Cancelled);
        Assert.False(Directory.Exists($"/proc/{pid}"));
        var kept = TrainingCheckpoint.Last(Folder("cancelled"))!.Value.Position.Step;
        Assert.True(kept >= 5, $"{kept} updates were kept");
        _ = await Jobs.RetryAsync(TestStudio.Me, job.Id, Ct);
        await Wait.UntilAsync(() => TrainingMetrics.Read(Folder("cancelled")).Any(u => u.Step > kept + 3), "it goes on");
        _ = await Jobs.CancelAsync(TestStudio.Me, job.Id, Ct);
        await UntilAsync(job.Id, JobState.Cancelled);
    }

    [Fact]
    public async Task LeftOverProcess_OfAKilledServer_IsEnded_AndAnotherOneIsNot()
    {
        var folder = _studio.Folders.Trainings;
        _ = Directory.CreateDirectory(folder);
        using var sleeper = System.Diagnostics.Process.Start("sleep", ["600"])!;
        var stat = await File.ReadAllTextAsync($"/proc/{sleeper.Id}/stat", Ct);
        var began = stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[19];
        await File.WriteAllTextAsync(Path.Combine(folder, "process"), $"{sleeper.Id} {long.Parse(began, System.Globalization.CultureInfo.InvariantCulture) + 1}", Ct);
        Assert.Null(await TrainingProcess.EndLeftOverAsync(folder)); // the same id, and yet another process
        Assert.False(sleeper.HasExited);
        await File.WriteAllTextAsync(Path.Combine(folder, "process"), $"{sleeper.Id} {began}", Ct);
        Assert.Equal(sleeper.Id, await TrainingProcess.EndLeftOverAsync(folder));
        await sleeper.WaitForExitAsync(Ct);
    }

    [Theory]
    [InlineData("""{}""", "recipe")]
    [InlineData("""{"recipe": "no-such"}""", "'no-such'")]
    [InlineData("""{"recipe": "../../../etc/passwd"}""", "passwd")]
    [InlineData("""{"recipe": "good", "name": "../up"}""", "'../up'")]
    [InlineData("""{"recipe": "good", "threads": 0}""", "0 threads")]
    [InlineData("""{"recipe": 7}""", "no training's")]
    [InlineData("""{"recipe": "bad"}""", "stages")]
    public async Task Request_ThatCannotBeMet_IsRefusedBeforeItIsQueued(string request, string named)
    {
        var recipes = Path.Combine(_studio.Folders.Data, "recipes");
        _ = Directory.CreateDirectory(recipes);
        var recipe = await File.ReadAllTextAsync(Path.Combine(ReadmeTests.Checkout(), "data", "recipes", "flash-mini-start.json"), Ct); // begins with nothing
        await File.WriteAllTextAsync(Path.Combine(recipes, "good.json"), recipe, Ct);
        await File.WriteAllTextAsync(Path.Combine(recipes, "bad.json"), """{"name": "bad", "stages": []}""", Ct);
        using var body = System.Text.Json.JsonDocument.Parse(request);
        var refusal = await Assert.ThrowsAsync<RequestException>(() => Jobs.StartAsync(TestStudio.Me, TrainingKind.KindName, body.RootElement, ct: Ct));
        Assert.Equal(400, refusal.Status);
        Assert.Contains(named, refusal.Message, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(403, (await Assert.ThrowsAsync<RequestException>(() => Jobs.StartAsync(TestStudio.Ann, TrainingKind.KindName, TrainingKind.Ask(new("good")), ct: Ct))).Status);
    }
}
