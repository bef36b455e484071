using Studio.OpenAi;
using Xunit;

namespace Studio.Tests.OpenAi;

public sealed class ServerFilesTests : IDisposable
{
    private readonly DirectoryInfo _root = Directory.CreateTempSubdirectory("studio-files-");

    public ServerFilesTests()
    {
        foreach (var folder in new[] { "videos", "videos-private", "videos/sub" }) _ = Directory.CreateDirectory(At(folder));
        foreach (var file in new[] { "videos/a.mp4", "videos/sub/b.mp4", "videos-private/c.mp4", "secret" }) File.WriteAllText(At(file), "x");
        _ = File.CreateSymbolicLink(At("videos/out.mp4"), At("secret"));
        _ = File.CreateSymbolicLink(At("videos/relative.mp4"), "sub/b.mp4");
        _ = Directory.CreateSymbolicLink(At("videos/up"), At("videos-private"));
        _ = Directory.CreateSymbolicLink(At("mounted"), At("videos"));
        _ = File.CreateSymbolicLink(At("videos/loop1"), At("videos/loop2"));
        _ = File.CreateSymbolicLink(At("videos/loop2"), At("videos/loop1"));
    }

    public void Dispose() => _root.Delete(recursive: true);

    [Theory]
    [InlineData("videos/a.mp4", "videos/a.mp4")]
    [InlineData("videos/sub/../a.mp4", "videos/a.mp4")]
    [InlineData("videos/relative.mp4", "videos/sub/b.mp4")]
    [InlineData("mounted/a.mp4", "videos/a.mp4")] // leads inside
    [InlineData("videos/missing.mp4", null)]
    [InlineData("videos/sub", null)] // a folder
    [InlineData("videos/../secret", null)]
    [InlineData("videos/out.mp4", null)] // leads outside
    [InlineData("videos/up/c.mp4", null)]
    [InlineData("videos-private/c.mp4", null)] // begins like an allowed name
    [InlineData("videos/loop1", null)]
    [InlineData("secret", null)]
    public void Resolve_OnlyWhatReallyLiesInside(string path, string? expected) =>
        Assert.Equal(expected is null ? null : At(expected), ServerFiles.Resolve(Path.Combine(_root.FullName, path), [At("videos")]));

    [Fact]
    public void Resolve_RelativeOrStrangePaths_AreNone()
    {
        Assert.Null(ServerFiles.Resolve("a.mp4", [At("videos")]));
        Assert.Null(ServerFiles.Resolve(At("videos/a.mp4") + "\0", [At("videos")]));
        Assert.Null(ServerFiles.Resolve(At("videos/a.mp4"), []));
    }

    private string At(string path) => Path.Combine(_root.FullName, path);
}
