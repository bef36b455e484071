using Studio.Conversations;
using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.ModelHosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.ModelHosting;

public sealed class LoadedModelsTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("studio-models-");
    private readonly MediaEncoder _encoder = new(MediaTools.Locate(), new(null));
    private readonly List<string> _loads = [];

    public void Dispose() => _folder.Delete(recursive: true);

    [Fact]
    public void Conversations_AreKeptByKey_AndTheOneUsedLongestAgoGoes()
    {
        using var loaded = new LoadedModels(1, long.MaxValue, new ManualTime());
        var model = Acquire(loaded, "a");
        var begun = 0;
        void Use(string scope) => loaded.Conversation(model, scope, "off", null, () =>
        {
            begun++;
            return new(model.Model, _encoder, null);
        });
        for (var i = 0; i < LoadedModels.MaxConversations; i++) Use($"{i}");
        Use("0");
        Assert.Equal(LoadedModels.MaxConversations, begun);
        Use("one more"); // takes the place of 1
        Use("0");
        Assert.Equal((LoadedModels.MaxConversations + 1, LoadedModels.MaxConversations), (begun, loaded.Conversations.Count));
        Use("1");
        Assert.Equal(LoadedModels.MaxConversations + 2, begun);
        _ = loaded.Conversation(model, "1", "strong", null, () => new(model.Model, _encoder, null));
        _ = loaded.Conversation(model, "1", "off", "another system line", () => new(model.Model, _encoder, null));
        Assert.Equal(3, loaded.Conversations.Count(c => c.Key.Scope == "1"));
    }

    [Fact]
    public void Models_BeyondTheNumber_GoWithTheirConversations()
    {
        using var loaded = new LoadedModels(2, long.MaxValue, new ManualTime());
        var a = Acquire(loaded, "a");
        _ = loaded.Conversation(a, "x", "off", null, () => new(a.Model, _encoder, null));
        _ = Acquire(loaded, "b");
        _ = Acquire(loaded, "a");
        _ = Acquire(loaded, "c"); // b was used longest ago
        Assert.Equal(["c", "a"], loaded.Models.Select(m => m.Name));
        Assert.Single(loaded.Conversations);
        _ = Acquire(loaded, "d");
        Assert.Empty(loaded.Conversations);
        Assert.Equal(["a", "b", "c", "d"], _loads);
    }

    [Fact]
    public void Budget_TakesConversationsFirst_ThenModels_NeverTheOneInUse()
    {
        var file = new FileInfo(Path.Combine(BuiltInModel.Folder(_folder.FullName), "model.safetensors")).Length;
        using var loaded = new LoadedModels(3, 2 * file, new ManualTime());
        var a = Acquire(loaded, "a");
        var conversation = loaded.Conversation(a, "x", "off", null, () => new(a.Model, _encoder, null));
        _ = conversation.Ask("Hello?", new() { Generation = a.Model.DefaultGeneration with { MaxNewTokens = 2 } }, null, TestContext.Current.CancellationToken);
        Assert.True(conversation.HeldBytes > 2 * (file - a.Model.WeightBytes)); // more than headers leave free
        loaded.Trim();
        Assert.Single(loaded.Conversations); // one model and a small cache are within it
        _ = Acquire(loaded, "b");
        loaded.Trim();
        Assert.Equal((0, 2), (loaded.Conversations.Count, loaded.Models.Count));
        _ = Acquire(loaded, "c");
        Assert.Equal(["c", "b"], loaded.Models.Select(m => m.Name));

        using var small = new LoadedModels(3, 1, new ManualTime());
        _ = Acquire(small, "a");
        small.Trim();
        Assert.Single(small.Models);
    }

    [Fact]
    public void MakeRoom_LeavesTheModelUsedLast_AndSaysWhetherItHelps()
    {
        using var loaded = new LoadedModels(3, long.MaxValue, new ManualTime());
        _ = Acquire(loaded, "a");
        var b = Acquire(loaded, "b");
        _ = loaded.Conversation(b, "x", "off", null, () => new(b.Model, _encoder, null));
        Assert.True(loaded.MakeRoom());
        Assert.Equal(("b", 0), (Assert.Single(loaded.Models).Name, loaded.Conversations.Count));
        Assert.False(loaded.MakeRoom());
    }

    [Theory]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true, true, 2)]
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", false, true, 1)] // there was nothing to give back
    [InlineData("CUDA out of memory. Tried to allocate 2.00 GiB", true, false, 1)] // words were heard already
    [InlineData("shapes do not match", true, true, 1)]
    public void OutOfMemory_IsTriedOnceMoreWithRoom(string failure, bool room, bool mayRepeat, int expected)
    {
        var asked = 0;
        var failed = Assert.Throws<TorchException>(() => ModelAnswers.WithRoom<int>(
            () =>
            {
                asked++;
                throw new TorchException(failure);
            },
            () => room,
            () => mayRepeat));
        Assert.Equal((failure, expected), (failed.Message, asked));
        var first = true;
        if (expected == 2) Assert.Equal(5, ModelAnswers.WithRoom(() => !first || (first = false) ? 5 : throw new TorchException(failure), () => true, () => true));
    }

    [Fact]
    public void SameNameFromAnotherFolder_IsLoadedAnew()
    {
        using var loaded = new LoadedModels(2, long.MaxValue, new ManualTime());
        var first = Acquire(loaded, "a");
        var second = loaded.Acquire("a", "elsewhere", 0, Load("a"));
        Assert.NotSame(first, second);
        Assert.Single(loaded.Models);
    }

    private LoadedModel Acquire(LoadedModels loaded, string name)
    {
        var folder = BuiltInModel.Folder(_folder.FullName);
        return loaded.Acquire(name, folder, new FileInfo(Path.Combine(folder, "model.safetensors")).Length, Load(name));
    }

    private Func<VideoModel> Load(string name) => () =>
    {
        _loads.Add(name);
        return VideoModel.Load(BuiltInModel.Folder(_folder.FullName), new());
    };
}
