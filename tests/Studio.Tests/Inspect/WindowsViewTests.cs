using System.Net;
using System.Text.Json;
using Studio.Cli;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Tests.Inspect;

/// <summary>Views of a Video-XL answer: 24 frames of 144 tokens in windows of 1,440.</summary>
public sealed class WindowsViewTests(InspectServer server) : IClassFixture<InspectServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Windows_ByApiAndCommand_AreTheTraces_AndNoOtherViewFails()
    {
        var trace = InspectSeed.RunXl(InspectServer.Sample, 24, "vst:2,16")[0];
        var id = (await server.Seed.AddAnswersAsync("local", server.VideoId, [trace]))[0];
        var api = $"api/v1/answers/{id}/trace/";
        var json = JsonDocument.Parse(await server.Client.GetStringAsync(api + "windows", Ct)).RootElement;
        var windows = json.GetProperty("windows").EnumerateArray().ToArray();
        Assert.Equal([(2, 720, 0, 10), (16, 90, 10, 20), (2, 288, 20, 24)], windows.Select(w => (w.Number("ratio"), w.Number("summaries"), w.Number("firstFrame"), w.Number("endFrame"))));
        foreach (var w in windows) Assert.Equal(1, new[] { "visualMass", "textMass", "earlierMass", "ownMass" }.Sum(n => w.GetProperty(n).GetDouble()), 3);
        Assert.Equal((24, 720 + 90 + 288), (json.GetProperty("frames").GetArrayLength(), json.GetProperty("summaries").GetArrayLength()));

        foreach (var (part, rows) in new[] { ("windows", 3), ("frames", 24), ("summaries", 1098) })
        {
            var csv = await server.Client.GetStringAsync($"{api}windows.csv?part={part}", Ct);
            Assert.Equal(rows + 1, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
            using var output = new StringWriter();
            using var error = new StringWriter();
            Assert.Equal(ExitCodes.Ok, await CommandLine.RunAsync(["trace", "windows", Path.Combine(server.Folders.Traces, $"{id}.json.gz"), "--part", part], output, error, TextReader.Null));
            Assert.Equal(csv, output.ToString());
        }

        foreach (var view in new[] { "overview", "frames", "survival", "patches?frame=23&layer=1", "sparsity", "attention", "counterfactual", "costs", $"compare?with={server.Answers[1]}" })
        {
            using var response = await server.Client.GetAsync(api + view, Ct);
            Assert.True(response.IsSuccessStatusCode, $"{view}: {await response.Content.ReadAsStringAsync(Ct)}");
        }
    }

    [Fact]
    public async Task Windows_OfTheOtherSystem_AreEmpty_AndABadPartIsNamed()
    {
        var api = $"api/v1/answers/{server.Answers[1]}/trace/";
        Assert.Empty(JsonDocument.Parse(await server.Client.GetStringAsync(api + "windows", Ct)).RootElement.GetProperty("windows").EnumerateArray());
        using var response = await server.Client.GetAsync(api + "windows?part=doors", Ct);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("doors", await response.Content.ReadAsStringAsync(Ct), StringComparison.Ordinal);
        Assert.Empty(WindowTable.Of(TraceShape.Of(server.Traces[0])));
    }
}
