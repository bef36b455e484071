using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class ModelStoreTests : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2025, 3, 1, 12, 0, 0, TimeSpan.Zero);

    private readonly TempFolder _folder = new();
    private readonly string _model;
    private readonly ModelStore _store;

    public ModelStoreTests()
    {
        _model = _folder.File("tiny");
        _store = new ModelStore(_folder.File("store"), new FixedClock(), maxModels: 3);
        TestFiles.CreateRandom(_model, TinyModels.VideoChatFlash(), 1);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task AddAsync_Folder_IsRecordedByReferenceWithHashes()
    {
        File.WriteAllText(Path.Combine(_model, "notes.txt"), "not part of the model");
        ModelManifest added = await _store.AddAsync(_model, cancellationToken: Token);

        ModelManifest listed = Assert.Single(_store.List());
        Assert.Equal("tiny", listed.Name);
        Assert.Equal((ModelSource.Reference, _model, s_now), (listed.Source, listed.Folder, listed.Added));
        Assert.Equal(added.Files, listed.Files);
        Assert.Equal(["config.json", "generation_config.json", "model.safetensors"], listed.Files.Select(file => file.Name));
        Assert.All(listed.Files, file => Assert.Equal(64, file.Sha256.Length));
        Assert.Equal(["model.json"], Directory.GetFiles(Path.Combine(_store.Root, "tiny")).Select(Path.GetFileName));
    }

    [Fact]
    public async Task AddAsync_BrokenModel_IsNotRecorded()
    {
        File.Delete(Path.Combine(_model, "model.safetensors"));

        await Assert.ThrowsAsync<CheckpointException>(() => _store.AddAsync(_model, cancellationToken: Token));

        Assert.Empty(_store.List());
    }

    [Theory]
    [InlineData("../evil")] // out of the store
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData(".hidden")]
    [InlineData("")]
    [InlineData("a b")]
    public async Task AddAsync_UnusableName_IsRefused(string name)
    {
        await Assert.ThrowsAsync<ModelStoreException>(() => _store.AddAsync(_model, name, cancellationToken: Token));

        Assert.Throws<ModelStoreException>(() => _store.Remove(name));
    }

    [Fact]
    public async Task AddAsync_TakenNameOrFullStore_IsRefused()
    {
        await _store.AddAsync(_model, "a", cancellationToken: Token);
        Assert.Contains("already", (await Assert.ThrowsAsync<ModelStoreException>(() => _store.AddAsync(_model, "a", cancellationToken: Token))).Message, StringComparison.Ordinal);
        await _store.AddAsync(_model, "b", cancellationToken: Token);
        await _store.AddAsync(_model, "c", cancellationToken: Token);

        var error = await Assert.ThrowsAsync<ModelStoreException>(() => _store.AddAsync(_model, "d", cancellationToken: Token));

        Assert.Contains("its limit is 3", error.Message, StringComparison.Ordinal);
        Assert.Equal(["a", "b", "c"], _store.List().Select(model => model.Name));
    }

    [Fact]
    public async Task Remove_Reference_NeverTouchesTheFolder()
    {
        await _store.AddAsync(_model, cancellationToken: Token);

        Assert.Equal(0, _store.Remove("tiny"));

        Assert.Empty(_store.List());
        Assert.False(Directory.Exists(Path.Combine(_store.Root, "tiny")));
        Checkpoint.Open(_model).Dispose();
        Assert.Throws<ModelStoreException>(() => _store.Remove("tiny"));
    }

    [Fact]
    public async Task VerifyAsync_Untouched_IsSound()
    {
        await _store.AddAsync(_model, cancellationToken: Token);

        Assert.True((await _store.VerifyAsync("tiny", cancellationToken: Token)).IsSound);
    }

    [Fact]
    public async Task VerifyAsync_OneBitFlipped_NamesFileAndBothHashes()
    {
        ModelManifest added = await _store.AddAsync(_model, cancellationToken: Token);
        string weights = Path.Combine(_model, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(weights);
        bytes[^1] ^= 1;
        File.WriteAllBytes(weights, bytes);

        VerifyResult result = await _store.VerifyAsync("tiny", cancellationToken: Token);

        string problem = Assert.Single(result.Problems);
        Assert.Contains(weights, problem, StringComparison.Ordinal);
        Assert.Contains(added.Files.Single(file => file.Name == "model.safetensors").Sha256, problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task VerifyAsync_FileTruncatedAndFileGone_ReportsBothAndTheStructure()
    {
        await _store.AddAsync(_model, cancellationToken: Token);
        File.Delete(Path.Combine(_model, "generation_config.json"));
        using (FileStream weights = File.OpenWrite(Path.Combine(_model, "model.safetensors")))
        {
            weights.SetLength(weights.Length - 1);
        }

        VerifyResult result = await _store.VerifyAsync("tiny", cancellationToken: Token);

        Assert.Equal(3, result.Problems.Count);
        Assert.Contains("no such file", result.Problems[0], StringComparison.Ordinal);
        Assert.Contains("expected", result.Problems[1], StringComparison.Ordinal);
        Assert.Contains("does not fit", result.Problems[2], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Resolve_NamePathOrUnknown_FindsFolderOrListsModels()
    {
        await _store.AddAsync(_model, "mine", cancellationToken: Token);

        Assert.Equal(_model, _store.Resolve("mine"));
        Assert.Equal(_model, _store.Resolve(_model));
        Assert.Contains("mine", Assert.Throws<ModelStoreException>(() => _store.Resolve("yours")).Message, StringComparison.Ordinal);
        Assert.Contains("Pull it first", Assert.Throws<ModelStoreException>(() => _store.Resolve("7b@448")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"format\": 1", "\"format\": 2", "format")] // written by a later version
    [InlineData("\"source\": \"reference\"", "\"source\": \"elsewhere\"", "source")]
    [InlineData("\"config.json\": {", "\"../config.json\": {", "a plain file name")] // out of the folder
    [InlineData("\"size\"", "\"length\"", "size and sha256")]
    [InlineData("\"added\": \"2025", "\"added\": \"soon", "a date and time")]
    public async Task List_DamagedManifest_NamesFileAndField(string from, string to, string reason)
    {
        await _store.AddAsync(_model, cancellationToken: Token);
        string manifest = Path.Combine(_store.Root, "tiny", "model.json");
        TestFiles.Edit(manifest, from, to);

        var error = Assert.Throws<CheckpointException>(() => _store.List());

        Assert.Contains(manifest, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    private sealed class FixedClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => s_now;
    }
}
