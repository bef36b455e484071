using System.Text.Json;
using Studio.Cli;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>world make</c> and <c>world ask</c> on the command line; videos and questions are the engine's tests, exams the benchmarks'.</summary>
public sealed class WorldCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("world").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Make_Json_PrintsTheAnnotationsOfWhatItMade()
    {
        string[] arguments = ["world", "make", _folder, "--count", "3", "--needle", "0", "0.5", "1", "--seconds", "12", "--fps", "1", "--size", "32", "--form", "lettered", "--decoys", "0", "--json"];
        (int code, string output, string error) = await Run(arguments);
        Assert.Equal(ExitCodes.Ok, code);
        JsonElement[] lines = [.. output.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal([0, 0.5, 1], lines.Select(l => l.GetProperty("depth").GetDouble()).Order());
        Assert.All(lines, l => Assert.Equal(("needle", "test", 12.0, 4), (l.GetProperty("kind").GetString(), l.GetProperty("split").GetString(), l.GetProperty("duration").GetDouble(), l.GetProperty("options").GetArrayLength())));
        Assert.All(lines, l => Assert.True(File.Exists(Path.Combine(_folder, l.GetProperty("video").GetString()!))));
        Assert.Contains("3 videos (3 made, 0 kept)", error, StringComparison.Ordinal);

        (code, string again, _) = await Run([.. arguments[..^1]]);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("3 videos (0 made, 3 kept)", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Make_OneVideo_IsOneInWords()
    {
        (int code, string output, _) = await Run("world", "make", _folder, "--count", "1", "--seconds", "4", "--fps", "1", "--size", "32");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("1 video (1 made, 0 kept)", output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--kinds who", "'who'")]
    [InlineData("--kinds where,where", "'where' twice")]
    [InlineData("--kinds where=x", "'x'")]
    [InlineData("--split all", "--split all")]
    [InlineData("--form yes", "--form yes")]
    [InlineData("--seconds 9-2", "9 to 2")]
    [InlineData("--seconds 2,b", "'b'")]
    [InlineData("--size 31", "31x31")]
    [InlineData("--size 1x2x3", "1x2x3")]
    [InlineData("--needle 2", "depths of 2")]
    [InlineData("--hops 1-9", "9 hops")]
    [InlineData("--objects 10", "10 objects")]
    [InlineData("--jobs 0", "0 videos at once")]
    public async Task Make_WrongOption_IsRefusedByName(string options, string named)
    {
        (int code, _, string error) = await Run(["world", "make", Path.Combine(_folder, "x"), .. options.Split(' ')]);
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Path.Combine(_folder, "x")));
    }

    [Fact]
    public async Task Ask_MadeFolder_MarksTheAnswersAndKeepsThem()
    {
        _ = await Run("world", "make", _folder, "--count", "2", "--kinds", "where,colour", "--seconds", "2", "--fps", "4", "--size", "64", "--form", "lettered");
        string[] ask = ["world", "ask", _folder, "--model", "tiny-random", "--frames", "4", "--max-new-tokens", "2"];
        (int code, string output, string error) = await Run(ask);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("| kind | right | 95 % interval | n | by guessing |", output, StringComparison.Ordinal);
        Assert.Contains("| 2 | 25 % |", output, StringComparison.Ordinal);
        string record = Assert.Single(Directory.GetFiles(Path.Combine(_folder, "answers")));
        Assert.Contains(record, error, StringComparison.Ordinal);
        Assert.Equal(3, (await File.ReadAllLinesAsync(record, TestContext.Current.CancellationToken)).Length);

        (code, output, _) = await Run([.. ask, "--blind", "--by", "form", "--json"]);
        Assert.Equal(ExitCodes.Ok, code);
        JsonElement all = JsonDocument.Parse(output).RootElement.GetProperty("rows")[1];
        Assert.Equal(("all", 2, 0), (all.GetProperty("name").GetString(), all.GetProperty("questions").GetInt32(), all.GetProperty("unasked").GetInt32()));
        Assert.Equal(2, Directory.GetFiles(Path.Combine(_folder, "answers")).Length);

        (code, _, error) = await Run("world", "ask", Path.Combine(_folder, "nothing"), "--model", "tiny-random");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("world make", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Help_ShowsExamples()
    {
        (int code, string output, _) = await Run("world", "make", "--help");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("--needle 0 0.25 0.5", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }
}
