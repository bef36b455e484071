using Studio.Engine.Checkpoints;
using Studio.Engine.Checkpoints.Hub;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints.Hub;

public sealed class ModelStorePullTests : IAsyncDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeHub _hub = new();
    private readonly ModelStore _store;

    public ModelStorePullTests() => _store = new ModelStore(_folder.File("store"));

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task PullAsync_Model_IsOwnedVerifiedAndResolvedByIdAndName()
    {
        ModelManifest manifest = await PullAsync();

        Assert.Equal(("tiny.model", ModelSource.Hub, FakeHub.Commit), (manifest.Name, manifest.Source, manifest.Commit));
        Assert.True((await _store.VerifyAsync("tiny.model", cancellationToken: Token)).IsSound);
        Assert.Equal(manifest.Folder, _store.Resolve(FakeHub.Id));
        Assert.Equal(manifest.Folder, _store.Resolve("tiny.model"));
        Assert.Equal(manifest.TotalBytes, Assert.Single(_store.List()).TotalBytes);
    }

    [Fact]
    public async Task Remove_Pulled_DeletesItsFilesAndKeepsForeignOnes()
    {
        ModelManifest manifest = await PullAsync();
        string foreign = Path.Combine(manifest.Folder, "notes.txt");
        File.WriteAllText(foreign, "mine");

        Assert.Equal(manifest.TotalBytes, _store.Remove("tiny.model"));

        Assert.Equal([foreign], Directory.GetFiles(_store.Root, "*", SearchOption.AllDirectories));
        Assert.Empty(_store.List());
    }

    [Fact]
    public async Task Remove_InterruptedPull_DeletesThePartialFiles()
    {
        _hub.Fault = request => request.Path.EndsWith("/model.safetensors", StringComparison.Ordinal) ? new TinyResponse(200, _hub.Weights, CutAfter: 1000) : null;
        await Assert.ThrowsAsync<HubException>(PullAsync);
        Assert.Empty(_store.List());

        Assert.True(_store.Remove("tiny.model") > 1000);

        Assert.Empty(Directory.GetFileSystemEntries(_store.Root));
    }

    [Fact]
    public async Task Resolve_StoreMovedElsewhere_FindsTheFilesThere()
    {
        await PullAsync();
        string moved = _folder.File("moved");
        Directory.Move(_store.Root, moved);

        string folder = new ModelStore(moved).Resolve("tiny.model");

        Assert.StartsWith(moved, folder, StringComparison.Ordinal);
        Checkpoint.Open(folder).Dispose();
    }

    [Fact]
    public async Task PullAsync_ModelInTheOnlyFolder_IsFoundThere()
    {
        MoveInto("weights_8");

        ModelManifest manifest = await PullAsync();

        Assert.Equal(["config.json", "generation_config.json", "model.safetensors", "tokenizer.json"], manifest.Files.Select(file => file.Name));
        Checkpoint.Open(manifest.Folder).Dispose();
    }

    [Fact]
    public async Task PullAsync_ModelsInSeveralFolders_AsksForOneAndTakesIt()
    {
        MoveInto("weights_4", "weights_8");
        Assert.Contains("weights_4, weights_8. Name one: OWNER/NAME/FOLDER", (await Assert.ThrowsAsync<HubException>(PullAsync)).Message, StringComparison.Ordinal);

        using var client = new HubClient(_hub.Options());
        ModelManifest manifest = await _store.PullAsync(client, $"{FakeHub.Id}/weights_8", cancellationToken: Token);

        Assert.Equal("weights_8", manifest.Name);
        Assert.Equal(manifest.Folder, _store.Resolve($"{FakeHub.Id}/weights_8"));
        Assert.All(_hub.RequestsOf("model.safetensors"), request => Assert.Contains("/weights_8/", request.Path, StringComparison.Ordinal));
        Assert.Contains("folder weights_9", (await Assert.ThrowsAsync<HubException>(
            () => _store.PullAsync(client, $"{FakeHub.Id}/weights_9", cancellationToken: Token))).Message, StringComparison.Ordinal);
    }

    /// <summary>Moves the model from the repository's top folder into others.</summary>
    private void MoveInto(params string[] folders)
    {
        foreach ((string name, byte[] body) in _hub.Files.Where(file => HubClient.IsNeeded(file.Key)).ToArray())
        {
            _hub.Files.Remove(name);
            foreach (string folder in folders)
            {
                _hub.Files[$"{folder}/{name}"] = body;
            }
        }
    }

    private async Task<ModelManifest> PullAsync()
    {
        using var client = new HubClient(_hub.Options());
        return await _store.PullAsync(client, FakeHub.Id, cancellationToken: Token);
    }
}
