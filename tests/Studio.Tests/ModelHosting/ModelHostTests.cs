using System.Net;
using System.Net.Http.Json;
using Microsoft.Extensions.DependencyInjection;
using Studio.Api;
using Studio.Conversations;
using Studio.Engine.Checkpoints.Hub;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class ModelHostTests
{
    private static readonly AnswerSettings s_small = new() { Frames = 4, MaxNewTokens = 2 };

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task BuiltInModel_HasACard_LoadsAndUnloads()
    {
        await using var studio = await TestStudio.StartAsync();
        var models = studio.Get<ModelHost>();
        var card = (await models.ListAsync(Ct))[0];
        Assert.Equal(("tiny-random", true, "built-in", "videochat_flash_qwen", "off", null), (card.Name, card.IsDefault, card.Source, card.Architecture, card.DefaultCompression, card.Problem));
        Assert.Equal(new ModelGeometry("umt-hd-large", 144, 4, 16, 6, 64, 4, 2, 259, 2 * 6 * 2 * 16 * 4), card.Geometry);
        Assert.Contains("mean nothing", card.Note, StringComparison.Ordinal);
        Assert.False(card.State.IsLoaded);
        await models.LoadAsync(TestStudio.Me, "tiny-random", Ct);
        var loaded = await models.GetAsync("tiny-random", Ct);
        Assert.True(loaded.State.IsLoaded && loaded.State.WeightBytes >= 4 * loaded.Parameters);
        Assert.Equal((1, loaded.State.WeightBytes, "cpu", "fp32"), (models.Memory.Loaded, models.Memory.WeightBytes, models.Memory.Device, models.Memory.Dtype));
        await models.UnloadAsync(TestStudio.Me, "tiny-random", Ct);
        Assert.Equal((0, 0), (models.Memory.Loaded, models.Memory.WeightBytes));
        Assert.Equal(404, (await Assert.ThrowsAsync<RequestException>(() => models.LoadAsync(TestStudio.Me, "../x", Ct))).Status);
    }

    [Fact]
    public async Task AddedModels_AnswerByName_AndTheOneUsedLongestAgoGoes()
    {
        await using var studio = await TestStudio.StartAsync(options: o => o with { MaxLoadedModels = 2, Model = "one" });
        var models = studio.Get<ModelHost>();
        var source = BuiltInModel.Folder(studio.Folders.Cache);
        var folder = Path.Combine(studio.Folders.Data, "checkpoint");
        Copy(source, folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "README.md"), "---\nlicense: apache-2.0\ntags: [video]\n---\n# A model\n\nIt sees\nshapes.\n", Ct);
        foreach (var name in new[] { "one", "two" }) _ = await models.Catalog.Store.AddAsync(folder, name, cancellationToken: Ct);
        var card = await models.GetAsync("one", Ct);
        Assert.Equal((true, "reference", "apache-2.0", "It sees shapes."), (card.IsDefault, card.Source, card.Licence, card.Summary));
        foreach (var name in new[] { null, "two", "tiny-random" })
        {
            var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "Hello?", [], [s_small with { Model = name }], ct: Ct);
            Assert.Equal(name ?? "one", (await studio.FinishedAsync(asked.AnswerIds[0])).Measures!.Model);
        }

        var loaded = (await models.ListAsync(Ct)).Where(m => m.State.IsLoaded).Select(m => m.Name).Order();
        Assert.Equal(new[] { "tiny-random", "two" }, loaded);
        var removed = await models.RemoveAsync(TestStudio.Me, "two", Ct);
        Assert.Equal((0, true, 1), (removed, File.Exists(Path.Combine(folder, "model.safetensors")), models.Memory.Loaded));
        Assert.Equal(400, (await Assert.ThrowsAsync<RequestException>(() => models.RemoveAsync(TestStudio.Me, "tiny-random", Ct))).Status);
    }

    [Fact]
    public async Task Verify_FindsADamagedFile()
    {
        await using var studio = await TestStudio.StartAsync();
        var models = studio.Get<ModelHost>();
        var folder = Path.Combine(studio.Folders.Data, "checkpoint");
        Copy(BuiltInModel.Folder(studio.Folders.Cache), folder);
        _ = await models.Catalog.Store.AddAsync(folder, "mine", cancellationToken: Ct);
        var sound = await EndedAsync(models, models.StartVerify("mine"));
        Assert.Equal(("done", 0, sound.Total), (sound.State, sound.Problems.Count, sound.Done));
        await using (var file = File.OpenWrite(Path.Combine(folder, "model.safetensors")))
        {
            file.Position = file.Length - 1;
            file.WriteByte(1);
        }

        var damaged = await EndedAsync(models, models.StartVerify("mine"));
        Assert.Equal("failed", damaged.State);
        Assert.Contains("SHA-256", Assert.Single(damaged.Problems), StringComparison.Ordinal);
        Assert.Equal(400, Assert.Throws<RequestException>(() => models.StartVerify("tiny-random")).Status);
    }

    [Fact]
    public async Task Pull_OverHttp_ShowsProgress_IsCancelled_BegunAgain_AndAnswers()
    {
        var gate = new TaskCompletionSource();
        HubHandler? hub = null;
        await using var studio = await TestStudio.StartAsync(services: s => s.AddSingleton<Func<HubClient>>(() => hub!.Client()));
        hub = new(BuiltInModel.Folder(studio.Folders.Cache)) { Weights = gate.Task };
        using var begun = await studio.Http.PostAsJsonAsync("/api/v1/model-tasks/pull", new { hubId = HubHandler.Id }, Ct);
        Assert.Equal(HttpStatusCode.Accepted, begun.StatusCode);
        var task = (await begun.Content.ReadFromJsonAsync<ModelTask>(Ct))!;
        Assert.Equal(("pull", "small-model", true), (task.Kind, task.Model, task.IsRunning));
        using var twice = await studio.Http.PostAsJsonAsync("/api/v1/model-tasks/pull", new { hubId = HubHandler.Id }, Ct);
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        await Wait.UntilAsync(async () => (await studio.Http.GetFromJsonAsync<ModelTask>($"/api/v1/model-tasks/{task.Id}", Ct))!.Done > 0, "some bytes have come");
        using var cancelled = await studio.Http.DeleteAsync($"/api/v1/model-tasks/{task.Id}", Ct);
        Assert.Equal("cancelled", (await EndedAsync(studio.Get<ModelHost>(), task)).State);
        gate.SetResult();
        using var again = await studio.Http.PostAsJsonAsync("/api/v1/model-tasks/pull", new { hubId = HubHandler.Id, name = "pulled" }, Ct);
        task = await EndedAsync(studio.Get<ModelHost>(), (await again.Content.ReadFromJsonAsync<ModelTask>(Ct))!);
        Assert.True(task.State == "done", string.Join(' ', task.Problems));
        var asked = await studio.Conversations.AskAsync(TestStudio.Me, null, null, "Hello?", [], [s_small with { Model = HubHandler.Id }], ct: Ct);
        Assert.Equal("pulled", (await studio.FinishedAsync(asked.AnswerIds[0])).Measures!.Model);
        using var removed = await studio.Http.DeleteAsync("/api/v1/models/pulled", Ct);
        Assert.True((await removed.Content.ReadFromJsonAsync<RemovedModel>(Ct))!.FreedBytes > 0);
        using var gone = await studio.Http.GetAsync("/api/v1/models/pulled", Ct);
        Assert.Equal(HttpStatusCode.NotFound, gone.StatusCode);
        using var bad = await studio.Http.PostAsJsonAsync("/api/v1/model-tasks/pull", new { hubId = "../etc" }, Ct);
        Assert.Equal(HttpStatusCode.BadRequest, bad.StatusCode);
    }

    private static Task<ModelTask> EndedAsync(ModelHost models, ModelTask task) => WaitForAsync(() => models.Tasks.Single(t => t.Id == task.Id));

    private static async Task<ModelTask> WaitForAsync(Func<ModelTask> task)
    {
        await Wait.UntilAsync(() => !task().IsRunning, "the task ends");
        return task();
    }

    private static void Copy(string from, string to)
    {
        _ = Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
    }
}
