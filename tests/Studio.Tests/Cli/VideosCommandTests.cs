using System.Text.Json;
using Studio.Cli;
using Studio.Tests.Library;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary>The library from the command line: the same videos that a server shows.</summary>
public sealed class VideosCommandTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("studio-cli-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Add_List_Show_Rename_Tag_Delete()
    {
        var file = Path.Combine(_data, "by-command.mp4");
        await File.WriteAllBytesAsync(file, LibraryServer.Variant(61), Token);
        var (code, output, _) = await RunAsync("videos", "add", file, "--tag", "Cli", "--json");
        Assert.Equal(ExitCodes.Ok, code);
        using var added = JsonDocument.Parse(output);
        var video = added.RootElement[0].GetProperty("video");
        var id = video.GetProperty("id").GetString()!;
        Assert.Equal(("by-command", "video", 24), (video.GetProperty("name").GetString(), video.GetProperty("kind").GetString(), video.GetProperty("thumbnails").GetInt32()));
        Assert.Contains("was there already", (await RunAsync("videos", "add", file)).Output, StringComparison.Ordinal);

        Assert.Contains(id, (await RunAsync("videos", "list", "by-command", "--tag", "cli")).Output, StringComparison.Ordinal);
        Assert.Contains("0:24", (await RunAsync("videos", "show", "by-command")).Output, StringComparison.Ordinal);
        Assert.Contains("another name", (await RunAsync("videos", "rename", id, "another name")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("videos", "tag", "another name", "--add", "more", "--remove", "cli")).Code);
        Assert.Contains("[more]", (await RunAsync("videos", "list", "another")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("videos", "visibility", id, "team")).Code);
        Assert.Contains("1 video deleted", (await RunAsync("videos", "delete", id)).Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.BadInput, (await RunAsync("videos", "show", id)).Code);
        Assert.True(File.Exists(file), "the file that was added stays");
    }

    [Fact]
    public async Task Import_TakesVideosAndPassesOverTheRest()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_data, "to-import", "inner")).Parent!.FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "one.mp4"), LibraryServer.Variant(62), Token);
        await File.WriteAllBytesAsync(Path.Combine(folder, "inner", "two.mp4"), LibraryServer.Variant(63), Token);
        await File.WriteAllTextAsync(Path.Combine(folder, "notes.txt"), string.Concat(Enumerable.Repeat("not a video\n", 50)), Token);
        var (code, output, error) = await RunAsync("videos", "import", folder, "--recursive", "--json");
        Assert.Equal(ExitCodes.Ok, code);
        using var added = JsonDocument.Parse(output);
        Assert.Equal(["two", "one"], added.RootElement.EnumerateArray().Select(a => a.GetProperty("video").GetProperty("name").GetString()));
        Assert.Contains("notes.txt", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("videos add missing.mp4", ExitCodes.BadInput, "missing.mp4")]
    [InlineData("videos show nothing-like-this", ExitCodes.BadInput, "nothing-like-this")]
    [InlineData("videos add x.mp4 --account nobody", ExitCodes.BadInput, "nobody")]
    [InlineData("videos list --sort colour", ExitCodes.Usage, "colour")]
    [InlineData("videos list --size 500", ExitCodes.BadInput, "500")]
    [InlineData("videos tag x", ExitCodes.Usage, "--add")]
    public async Task BadInput_IsNamed(string arguments, int code, string named)
    {
        var (actual, _, error) = await RunAsync(arguments.Split(' '));
        Assert.Equal(code, actual);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null, _data);
        return (code, output.ToString(), error.ToString());
    }
}
