using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Studio.Cli;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>eval run</c>, <c>sweep</c>, <c>rerun</c>, <c>bench cancel</c> and <c>bench kill</c> on the command line; the runner itself is the benchmarks' tests.</summary>
public sealed class EvalRunCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("eval").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Run_ThenRerun_GivesTheSameNumbersInANewRun()
    {
        await MakeAsync(3);
        string[] run = ["eval", "run", "world", "--annotations", World, "--videos", World, "--model", "tiny-random", "--frames", "4", "--max-new-tokens", "2", "--threads", "1", "--json"];
        (int code, string output, string error) = await Run(run);
        Assert.True(code == ExitCodes.Ok, error);
        JsonElement first = Single(output);
        Assert.Equal(("finished", 3, "world"), (first.GetProperty("state").GetString(), first.GetProperty("samples").GetInt32(), first.GetProperty("task").GetString()));
        Assert.Equal(3, first.GetProperty("summary").GetProperty("scored").GetInt32());
        Assert.Contains("sample 3/3", error, StringComparison.Ordinal);

        (code, output, _) = await Run(run);
        Assert.Equal((ExitCodes.Ok, first.GetProperty("run").GetString()), (code, Single(output).GetProperty("run").GetString()));

        (code, output, error) = await Run("eval", "rerun", first.GetProperty("run").GetString()!, "--threads", "1", "--json");
        Assert.True(code == ExitCodes.Ok, error);
        JsonElement again = Single(output);
        Assert.NotEqual(first.GetProperty("run").GetString(), again.GetProperty("run").GetString());
        Assert.Equal(first.GetProperty("summary").GetProperty("accuracy").GetDouble(), again.GetProperty("summary").GetProperty("accuracy").GetDouble());

        (code, output, error) = await Run("eval", "sweep", "world", "--annotations", World, "--videos", World, "--model", "tiny-random", "--frames", "4", "--compress", "off;uniform:1:1,0.5", "--max-new-tokens", "2", "--threads", "1", "--limit", "2");
        Assert.True(code == ExitCodes.Ok, error);
        Assert.Contains("| model | setting | right |", output, StringComparison.Ordinal);
        Assert.Contains("compression uniform:1:1,0.5", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Run_MissingVideo_IsListedAndStopsUnlessSkipped()
    {
        await MakeAsync(2);
        string video = Directory.GetFiles(World, "*.mp4", SearchOption.AllDirectories).Order(StringComparer.Ordinal).First();
        File.Delete(video);
        string[] run = ["eval", "run", "world", "--annotations", World, "--videos", World, "--model", "tiny-random", "--frames", "4", "--max-new-tokens", "2", "--threads", "1", "--json"];
        (int code, string output, string error) = await Run(run);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Contains("missing: " + Path.GetRelativePath(World, video), error, StringComparison.Ordinal);
        Assert.Contains("\n1 video is missing; ", error, StringComparison.Ordinal);
        Assert.Contains("--skip-missing", error, StringComparison.Ordinal);
        Assert.Empty(output);

        (code, output, error) = await Run([.. run, "--skip-missing"]);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains("1 of 2 samples of run", error, StringComparison.Ordinal);
        JsonElement summary = Single(output).GetProperty("summary");
        Assert.Equal((1, 1), (summary.GetProperty("scored").GetInt32(), summary.GetProperty("failed").GetInt32()));
    }

    [Fact]
    public async Task Run_WithoutAnyScore_DoesNotPass_AndSaysWhy()
    {
        await MakeAsync(2);
        foreach (string video in Directory.GetFiles(World, "*.mp4", SearchOption.AllDirectories)) await File.WriteAllTextAsync(video, "no video", TestContext.Current.CancellationToken);
        string[] run = ["eval", "run", "world", "--annotations", World, "--videos", World, "--model", "tiny-random", "--frames", "4", "--max-new-tokens", "2", "--threads", "1"];
        (int code, string output, string error) = await Run(run);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Matches("no sample of run [0-9a-f]{32} could be scored, 2 failed; the first, .+: media: .+ --retry-failed", error);
        Assert.Contains(": –, n = 0, 2 failed", output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.CheckFailed, (await Run(run)).Code); // shown again
    }

    [Theory]
    [InlineData("eval run nothing", "'nothing'")]
    [InlineData("eval run world --frames 8,16", "eval sweep")]
    [InlineData("eval run world --frames x", "--frames: 'x'")]
    [InlineData("eval run niah --depths 0,y", "--depths: 'y'")]
    [InlineData("eval run world --shard 3/2", "3/2")]
    [InlineData("eval sweep world --compress off;off", "off")]
    [InlineData("eval run world --model no-such-model", "no-such-model")]
    [InlineData("eval run world --model no-such-model", "built in are")]
    [InlineData("eval run world --encode-ahead 9", "9 videos")]
    [InlineData("eval run world --judge http://localhost", "world is scored without one")]
    [InlineData("eval run custom --annotations none.csv --judge-model j", "custom is scored without one")]
    [InlineData("eval sweep world --compress ;", "--compress: ';'")]
    [InlineData("eval sweep world --frames ,", "--frames: ','")]
    [InlineData("eval rerun 0", "0")]
    [InlineData("bench kill --shards x", "'x'")]
    [InlineData("bench kill --samples 1 --points 0", "0 points")]
    public async Task WrongOption_IsRefusedByName(string arguments, string named)
    {
        (int code, _, string error) = await Run(arguments.Split(' '));
        Assert.True(code == ExitCodes.BadInput, $"{code}: {error}");
        Assert.Contains(named, error, StringComparison.Ordinal);
        Assert.DoesNotContain("(Parameter '", error, StringComparison.Ordinal);
        Assert.DoesNotContain("Actual value", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("off;balanced", "off|balanced")]
    [InlineData("off,balanced,strong", "off|balanced|strong")]
    [InlineData("uniform:2,4:1,0.5,0.25", "uniform:2,4:1,0.5,0.25")]
    [InlineData("off;uniform:2,4:1,0.5,0.25", "off|uniform:2,4:1,0.5,0.25")]
    [InlineData("vst:8,vst:16,off", "vst:8|vst:16|off")]
    [InlineData("vst:2,4,8", "vst:2,4,8")]
    public void Compressions_AreSeparatedWhereTheyEnd(string text, string expected) => Assert.Equal(expected.Split('|'), EvalRequestOptions.Compressions(text));

    /// <summary>Processes of their own, killed at random moments; the full test is <c>bench kill</c> with its defaults.</summary>
    [Fact]
    public async Task Kill_AtAFewMoments_LeavesEveryExportEqual()
    {
        (int code, string output, string error) = await Run("bench", "kill", "--points", "4", "--shards", "1,2", "--samples", "4", "--frames", "4", "--seed", "5");
        Assert.True(code == ExitCodes.Ok, output + error);
        string[] lines = output.TrimEnd('\n').Split('\n');
        Assert.Equal(2, lines.Length);
        Assert.All(lines, l => Assert.EndsWith(" 0 different", l, StringComparison.Ordinal));
        Assert.Matches("^1 shards: killed 2 times, [1-9]", lines[0]);
        Assert.Matches("^2 shards: killed [23] times, [1-9]", lines[1]);
    }

    /// <summary>How long is the benchmark's to say; that each was cancelled, and that the exit code follows from the longest, is checked.</summary>
    [Fact]
    public async Task Cancel_AtAFewMoments_TellsTheLongest()
    {
        (int code, string output, string error) = await Run("bench", "cancel", "--model", "tiny-random", "--points", "3", "--samples", "2", "--frames", "8", "--seed", "3");
        Match line = Regex.Match(output, @"^3 evaluations of \d+\.\d s cancelled; over after (\d+\.\d\d) s \(median\), (\d+\.\d\d) s at the longest, cancelled at \d+\.\d s\n$");
        Assert.True(line.Success, output + error);
        double median = double.Parse(line.Groups[1].Value, CultureInfo.InvariantCulture), longest = double.Parse(line.Groups[2].Value, CultureInfo.InvariantCulture);
        Assert.InRange(median, 0, longest);
        Assert.Equal(longest <= 2 ? ExitCodes.Ok : ExitCodes.CheckFailed, code);
        (code, _, error) = await Run("bench", "cancel", "--model", "tiny-random", "--points", "0");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("0 points", error, StringComparison.Ordinal);
    }

    private string World => Path.Combine(_folder, "world");

    private async Task MakeAsync(int count)
    {
        (int code, _, string error) = await Run("world", "make", World, "--count", $"{count}", "--kinds", "where,colour", "--seconds", "2", "--fps", "4", "--size", "64", "--form", "lettered");
        Assert.True(code == ExitCodes.Ok, error);
    }

    private static JsonElement Single(string output) => Assert.Single(JsonDocument.Parse(output).RootElement.GetProperty("runs").EnumerateArray());

    private async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        int code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null, Path.Combine(_folder, "data"));
        return (code, output.ToString(), error.ToString());
    }
}
