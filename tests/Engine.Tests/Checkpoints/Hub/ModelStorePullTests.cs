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

    private async Task<ModelManifest> PullAsync()
    {
        using var client = new HubClient(_hub.Options());
        return await _store.PullAsync(client, FakeHub.Id, cancellationToken: Token);
    }
}
