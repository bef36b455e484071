using System.Text.Json;
using Studio.Cli;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>data check</c> on the command line; what counts as a problem is the engine's tests.</summary>
public sealed class DataCommandTests : IDisposable
{
    private const string Talk = """[{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "This."}]""";

    private readonly string _folder = Directory.CreateTempSubdirectory("data").FullName;

    public DataCommandTests()
    {
        _ = Directory.CreateDirectory(Path.Combine(_folder, "videos"));
        File.Copy(Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), Path.Combine(_folder, "videos", "good.mp4"));
        File.WriteAllText(Path.Combine(_folder, "videos", "torn.mp4"), "no video");
        File.WriteAllText(Path.Combine(_folder, "clean.json"), $$"""[{"video": "good.mp4", "conversations": {{Talk}}}]""");
        File.WriteAllText(
            Path.Combine(_folder, "dirty.jsonl"),
            $$"""
            {"video": "good.mp4", "conversations": {{Talk}}}
            {"video": "gone.mp4", "conversations": {{Talk}}}
            {"video": "torn.mp4", "conversations": {{Talk}}}
            """);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task Check_Files_ListsMissingAndUnreadableOnes()
    {
        var (code, output, error) = await Check(At("clean.json"), At("dirty.jsonl"), "--media", At("videos"), "--json");
        Assert.Equal(ExitCodes.CheckFailed, code);
        JsonElement[] problems = [.. output.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal(["dirty.jsonl:2", "dirty.jsonl:3"], problems.Select(p => p.GetProperty("place").GetString()));
        Assert.Contains("gone.mp4", problems[0].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("torn.mp4", problems[1].GetProperty("message").GetString(), StringComparison.Ordinal);
        Assert.Contains("clean.json: 1 samples", error, StringComparison.Ordinal);

        (code, output, _) = await Check(At("dirty.jsonl"), "--media", At("videos"), "--quick");
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.StartsWith("dirty.jsonl:2: ", Assert.Single(output.TrimEnd('\n').Split('\n')), StringComparison.Ordinal);

        (code, output, _) = await Check(At("clean.json"), "--media", At("videos"));
        Assert.Equal((ExitCodes.Ok, ""), (code, output));
    }

    [Fact]
    public async Task Check_Recipe_LooksAtEachStagesAnnotations()
    {
        File.WriteAllText(At("recipe.json"), """
            {
              "name": "r", "stages": [
                { "name": "one", "rates": { "projector": 1e-3 }, "template": "plain", "data": { "annotations": [{ "file": "clean.json", "media": "videos" }] } },
                { "name": "two", "rates": { "projector": 1e-3 }, "template": "plain", "steps": 1, "data": { "world": { "kinds": { "where": 1 }, "seconds": [4] } } },
                { "name": "three", "rates": { "projector": 1e-3 }, "template": "plain", "data": { "annotations": [{ "file": "dirty.jsonl", "media": "videos", "first": 0.5 }] } }]
            }
            """);
        var (code, output, error) = await Check(At("recipe.json"), "--data", _folder);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Contains("r, one: 1 samples", error, StringComparison.Ordinal);
        Assert.Contains("r, two: drawn videos", error, StringComparison.Ordinal);
        Assert.StartsWith("dirty.jsonl:2: ", Assert.Single(output.TrimEnd('\n').Split('\n')), StringComparison.Ordinal); // the third is beyond the first half
    }

    [Theory]
    [InlineData("missing.json", "missing.json")]
    [InlineData("videos/torn.mp4", "neither a JSON list")]
    public async Task Check_WhatIsNoAnnotation_IsRefused(string file, string named)
    {
        var (code, _, error) = await Check(At(file));
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private string At(string name) => Path.Combine(_folder, name);

    private static async Task<(int Code, string Output, string Error)> Check(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(["data", "check", .. arguments], output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }
}
