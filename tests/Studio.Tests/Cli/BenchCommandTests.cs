using System.Text.Json;
using Studio.Cli;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>bench engine</c> on the command line; the figures themselves are the benchmark's own tests.</summary>
public sealed class BenchCommandTests
{
    private static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    [Fact]
    public async Task Engine_JsonToStandardOutput_HoldsOneLineAlone()
    {
        var (code, output, error) = await Run("bench", "engine", "--stages", "frames", "--frames", "4", "--repeats", "1", "--video", Sample, "--json", "-");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Single(output.TrimEnd('\n').Split('\n'));
        using var json = JsonDocument.Parse(output);
        var row = Assert.Single(json.RootElement.GetProperty("rows").EnumerateArray());
        Assert.Equal("frames", row.GetProperty("name").GetString());
        Assert.Equal(4, row.GetProperty("items").GetInt32());
        Assert.Contains("frames/s", error, StringComparison.Ordinal); // the table
    }

    [Fact]
    public async Task Engine_JsonToAFile_LeavesTheTableOnStandardOutput()
    {
        var file = Path.Combine(TestSetup.DataFolder, "bench.json");
        var (code, output, _) = await Run("bench", "engine", "--stages", "frames", "--frames", "4", "--repeats", "1", "--video", Sample, "--json", file);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("frames/s", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(Assert.Single(await File.ReadAllLinesAsync(file, TestContext.Current.CancellationToken)));
        Assert.False(File.Exists(file + ".part"));
    }

    [Theory]
    [InlineData("--stages speed", "speed", ExitCodes.BadInput)]
    [InlineData("--stages frames --video missing.mp4", "missing.mp4", ExitCodes.BadInput)]
    [InlineData("--stages prefill --prefill-tokens 0", "prefill tokens: 0", ExitCodes.BadInput)]
    [InlineData("--stages prefill --compress uniform:6:1,0.5", "layer 6", ExitCodes.BadInput)] // the tiny decoder has six layers
    [InlineData("--long 0", "--long", ExitCodes.Usage)]
    public async Task Engine_WrongOption_IsRefusedByName(string options, string named, int expected)
    {
        var (code, output, error) = await Run(["bench", "engine", .. options.Split(' ')]);
        Assert.Equal(expected, code);
        Assert.DoesNotContain("/s", output, StringComparison.Ordinal);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Engine_Help_ShowsExamples()
    {
        var (code, output, _) = await Run("bench", "engine", "--help");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("--long 10000", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_JsonToStandardOutput_HasThreeRows()
    {
        var (code, output, error) = await Run("bench", "train", "--rows", "32", "--supervised", "4", "--layers", "1", "--repeats", "1", "--device", "cpu", "--json", "-");
        Assert.True(code == ExitCodes.Ok, error);
        using var json = JsonDocument.Parse(Assert.Single(output.TrimEnd('\n').Split('\n')));
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().ToList();
        Assert.Equal(["train", "checkpointed", "lora"], rows.Select(r => r.GetProperty("name").GetString()));
        Assert.All(rows, r => Assert.True(r.GetProperty("share").GetDouble() > 0 && r.GetProperty("itemsPerSecond").GetDouble() > 0));
        Assert.Contains("matrix products", error, StringComparison.Ordinal); // the table
    }

    [Theory]
    [InlineData("--rows 2", "rows: 2", ExitCodes.BadInput)]
    [InlineData("--dtype int8", "'int8'", ExitCodes.BadInput)]
    [InlineData("--threads 0", "--threads", ExitCodes.Usage)]
    public async Task Train_WrongOption_IsRefusedByName(string options, string named, int expected)
    {
        var (code, _, error) = await Run(["bench", "train", .. options.Split(' ')]);
        Assert.Equal(expected, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }
}
