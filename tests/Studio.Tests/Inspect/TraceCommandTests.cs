using System.Text.Json;
using Studio.Cli;
using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Tests.Inspect;

public sealed class TraceCommandTests(InspectServer server) : IClassFixture<InspectServer>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("survival", "survival", 8)] // frames
    [InlineData("survival --measure tokens --from 2 --to 6 --bins 2", "survival?measure=tokens&from=2&to=6&width=2", 2)]
    [InlineData("sparsity", "sparsity", 6)]
    [InlineData("attention", "attention", 12)]
    [InlineData("counterfactual --basis run --seed 3", "counterfactual?basis=run&seed=3", 8)]
    public async Task EveryView_SaysWhatTheApiSays(string arguments, string view, int rows)
    {
        var stored = Path.Combine(server.Folders.Traces, $"{server.Answers[1]}.json.gz");
        var words = arguments.Split(' ');
        var (code, csv, _) = await RunAsync(["trace", words[0], stored, .. words[1..]]);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Equal(rows + 1, csv.Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
        var cut = view.IndexOf('?', StringComparison.Ordinal);
        var api = $"api/v1/answers/{server.Answers[1]}/trace/";
        Assert.Equal(await server.Client.GetStringAsync(api + (cut < 0 ? view + ".csv" : view.Insert(cut, ".csv")), Ct), csv);
        var (_, json, _) = await RunAsync(["trace", words[0], stored, .. words[1..], "--json"]);
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(await server.Client.GetStringAsync(api + view, Ct)).RootElement, JsonDocument.Parse(json).RootElement));
    }

    [Fact]
    public async Task PatchesCostsAndCompare_OfPlainFiles_AreTables()
    {
        var files = new List<string>();
        foreach (var trace in server.Traces)
        {
            files.Add(Path.Combine(server.Folders.Uploads, $"{Guid.NewGuid():N}.json"));
            await File.WriteAllTextAsync(files[^1], trace.ToJson(), Ct);
        }

        Assert.StartsWith("token,slot,", (await RunAsync("trace", "patches", files[1], "--frame", "2", "--layer", "3")).Output, StringComparison.Ordinal);
        Assert.Contains("prefill,", (await RunAsync("trace", "costs", files[1])).Output, StringComparison.Ordinal);
        var compared = (await RunAsync("trace", "compare", files[0], "--with", files[1])).Output.Split("\r\n");
        Assert.Equal("5,128,32,", compared[6][..9]);
        Assert.Equal(128, TraceShape.Of(CompressionTrace.FromJson(await File.ReadAllTextAsync(files[0], Ct))).VisualTokens);
    }

    [Theory]
    [InlineData("compare", "--with")]
    [InlineData("survival --measure loud", "loud")]
    [InlineData("survival --from 9", "9")]
    [InlineData("attention --bins 0", "0 bins")]
    [InlineData("compare --with missing.json", "missing.json")]
    public async Task BadValue_Returns2_AndNamesIt(string arguments, string named)
    {
        var words = arguments.Split(' ');
        var (code, output, error) = await RunAsync(["trace", words[0], Path.Combine(server.Folders.Traces, $"{server.Answers[1]}.json.gz"), .. words[1..]]);
        Assert.Equal((ExitCodes.BadInput, ""), (code, output));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        return (await CommandLine.RunAsync(arguments, output, error, TextReader.Null), output.ToString(), error.ToString());
    }
}
