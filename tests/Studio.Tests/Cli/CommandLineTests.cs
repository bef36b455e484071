using System.Text.Json;
using Studio.Cli;
using Studio.Engine.Compression;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary>The whole command line in process: what it prints where, and what it returns.</summary>
public sealed class CommandLineTests
{
    private static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    private static string Scratch(string name) => Path.Combine(TestSetup.DataFolder, name);

    [Theory]
    [InlineData("--help", "chat")]
    [InlineData("chat --help", "Examples:")]
    [InlineData("plan --help", "Examples:")]
    [InlineData("models --help", "pull")]
    [InlineData("models pull --help", "HF_TOKEN")]
    [InlineData("verify --help", "Examples:")]
    [InlineData("eval verify --help", "--golden")]
    [InlineData("bench engine --help", "--random-weights")]
    [InlineData("doctor --help", "Examples:")]
    [InlineData("serve --help", "--port")]
    public async Task Help_IsShownEverywhere(string arguments, string expected)
    {
        var (code, output, error) = await Run(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Contains(expected, output + error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat", "VIDEO")] // the video is missing
    [InlineData("chat a.mp4 q --frames x", "x")] // not a number
    [InlineData("chat a.mp4 q --frames 8 --fps 1", "--frames or --fps")]
    [InlineData("chat a.mp4 q --threads 0", "at least 1")]
    [InlineData("sing a.mp4", "sing")] // no such command
    [InlineData("models pull", "pull")]
    public async Task WrongUsage_Returns1_AndNamesTheHelp(string arguments, string named)
    {
        var (code, output, error) = await Run(arguments.Split(' '));
        Assert.Equal(ExitCodes.Usage, code);
        Assert.Empty(output);
        Assert.Contains("--help", error, StringComparison.Ordinal);
        if (named != "VIDEO") Assert.Contains(named, error, StringComparison.Ordinal);
    }

    /// <summary>Names of parameters are the program's own; a value is told once.</summary>
    [Fact]
    public void Explain_LeavesOutWhatDotNetAppends()
    {
        Assert.Equal("give 0 to 8 (9 was given)", CommandLine.Explain(new ArgumentOutOfRangeException("value", 9, "give 0 to 8")));
        Assert.Equal("9 videos; give 0 to 8", CommandLine.Explain(new ArgumentOutOfRangeException("value", 9, "9 videos; give 0 to 8")));
        Assert.Equal("There is no task 'x'.", CommandLine.Explain(new ArgumentException("There is no task 'x'.", "name")));
        Assert.Equal("row 3: give 1 (0.5 was given) Mend it.", CommandLine.Explain(new InvalidDataException($"row 3: {new ArgumentOutOfRangeException("step", 0.5, "give 1").Message} Mend it.")));
        Assert.Null(CommandLine.Explain(new NotImplementedException()));
    }

    [Theory]
    [InlineData("--compress uniform:99:1,0.5", "99")] // deeper than the decoder
    [InlineData("--compress loud", "loud")]
    [InlineData("--model no-such-model", "no-such-model")]
    [InlineData("--device cuda:0", "cuda")]
    [InlineData("--dtype fp16", "fp16")] // not on the CPU
    [InlineData("--start 50 --end 60", "50")] // behind the end
    [InlineData("--max-new-tokens 0", "0")]
    [InlineData("--yarn 0.5", "0.5")]
    public async Task BadSetting_Returns2_NamesTheValue_AndPrintsNoData(string options, string named)
    {
        var (code, output, error) = await Run(["chat", Sample, "What?", .. options.Split(' ')]);
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Empty(output);
        Assert.Contains("error: ", error, StringComparison.Ordinal);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_MissingFile_Returns2()
    {
        var (code, output, error) = await Run("chat", Scratch("missing.mp4"), "What?");
        Assert.Equal((ExitCodes.BadInput, ""), (code, output));
        Assert.Contains("missing.mp4", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_Sample_SaysThatTheWordsMeanNothing_AndMeasures()
    {
        var (code, output, error) = await Run("chat", Sample, "What happens?", "--frames", "8", "--max-new-tokens", "4", "--stats", "--no-cache");
        Assert.Equal(ExitCodes.Ok, code);
        Assert.NotEmpty(output.Trim());
        Assert.Contains("its words mean nothing", error, StringComparison.Ordinal);
        Assert.Contains("128 visual", error, StringComparison.Ordinal);
        foreach (var stage in new[] { "frames", "tower", "connector", "prefill", "decode" }) Assert.Contains(stage, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Chat_JsonAndTrace_AreReadable_AndTheSecondProcessFindsTheTokens()
    {
        string[] command = ["chat", Sample, "What happens?", "--frames", "12", "--compress", "uniform0_attention:2,4:1,0.5,0.25", "--max-new-tokens", "4", "--json", "--trace", Scratch("trace.json")];
        var (code, output, _) = await Run(command);
        Assert.Equal(ExitCodes.Ok, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(192, json.RootElement.GetProperty("visualTokens").GetInt32());
        Assert.Equal("uniform0_attention:2,4:1,0.5,0.25", json.RootElement.GetProperty("compression").GetString());
        var trace = CompressionTrace.FromJson(await File.ReadAllTextAsync(Scratch("trace.json"), TestContext.Current.CancellationToken));
        Assert.Equal([192, 192, 96, 96, 48, 48], trace.Layers.Select(l => l.VisualTokens));

        var (_, again, _) = await Run(command);
        using var second = JsonDocument.Parse(again);
        Assert.DoesNotContain(second.RootElement.GetProperty("costs").EnumerateArray(), c => c.GetProperty("stage").GetString() == "tower");
        Assert.Equal(json.RootElement.GetProperty("answer").GetString(), second.RootElement.GetProperty("answer").GetString());
    }

    [Fact]
    public async Task Chat_WithoutAQuestion_TalksUntilQuit_AndSurvivesMistakes()
    {
        var input = new StringReader($"First?\n/dance\n/attach {Scratch("missing.mp4")}\nWith it?\n\n/quit\nNever read\n");
        var (code, output, error) = await Run(["chat", Sample, "--frames", "8", "--max-new-tokens", "3", "--json"], input);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Equal("First?", JsonDocument.Parse(output).RootElement.GetProperty("question").GetString());
        Assert.Contains("/dance", error, StringComparison.Ordinal);
        Assert.Contains("missing.mp4", error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_OfAPublishedGeometry_NeedsNoWeights()
    {
        var (code, output, _) = await Run("plan", Sample, "--model", "2b@448", "--compress", "balanced", "--json");
        Assert.Equal(ExitCodes.Ok, code);
        using var plan = JsonDocument.Parse(output);
        Assert.Equal("uniform0_attention:4,18:1,0.75,0.25", plan.RootElement.GetProperty("compression").GetString());
        var (_, text, _) = await Run("plan", Sample, "--model", "7b@224", "--frames", "100");
        Assert.Contains("100 frames", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_AddListVerifyRemove_RoundTrip()
    {
        _ = await Run("chat", Sample, "Make the tiny model.", "--frames", "4", "--max-new-tokens", "1");
        var folder = Path.Combine(StudioPaths.Cache, ModelLoader.DefaultModel);
        Assert.Equal(ExitCodes.Ok, (await Run("models", "add", folder, "--name", "mine")).Code);
        Assert.Contains("mine", (await Run("models", "list")).Output, StringComparison.Ordinal);
        Assert.Contains("sound", (await Run("models", "verify", "mine")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await Run("chat", Sample, "What?", "--model", "mine", "--frames", "4", "--max-new-tokens", "1")).Code);
        Assert.Equal(ExitCodes.Ok, (await Run("models", "remove", "mine")).Code);
        Assert.True(File.Exists(Path.Combine(folder, "model.safetensors")), "a model that was added belongs to its owner");
        Assert.Equal(ExitCodes.BadInput, (await Run("models", "remove", "mine")).Code);
    }

    [Fact]
    public async Task Verify_AKnownCasePasses_AndAnUnknownOneFails()
    {
        var golden = Scratch("golden");
        Copy(Path.Combine(AppContext.BaseDirectory, "golden", "vcf_tome"), Path.Combine(golden, "vcf_tome"));
        var (code, output, _) = await Run("verify", "--golden", golden);
        Assert.Equal(ExitCodes.Ok, code);
        Assert.Equal("1 passed, 0 failed", output.TrimEnd().Split('\n')[^1]);

        Directory.CreateDirectory(Path.Combine(golden, "zz_new"));
        await File.WriteAllTextAsync(Path.Combine(golden, "zz_new", "case.json"), "{}", TestContext.Current.CancellationToken);
        (code, output, _) = await Run("verify", "--golden", golden);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Equal("1 passed, 1 failed", output.TrimEnd().Split('\n')[^1]);
        (_, output, _) = await Run("verify", "--golden", golden, "--json");
        using var json = JsonDocument.Parse(output);
    }

    [Fact]
    public async Task EvalVerify_EqualFilePasses_AndADifferentOneFails()
    {
        var golden = Scratch("evalgolden");
        Directory.CreateDirectory(golden);
        var file = Path.Combine(golden, "charades.jsonl");
        const string Row = """{"id":"0","doc":{"video":"v.mp4","caption":"a cup falls.","timestamp":[1,2]},"prompt":"PROMPT","answers":[]}""";
        await File.WriteAllTextAsync(file, Row, TestContext.Current.CancellationToken);
        var (code, output, _) = await Run("eval", "verify", "--golden", golden);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Equal("0 passed, 1 failed", output.TrimEnd().Split('\n')[^1]);
        Assert.Contains("charades", output, StringComparison.Ordinal);

        var prompt = new Studio.Benchmarks.Evaluation.Tasks.Charades().Prompt(new() { Id = "0", Question = "a cup falls." }).Text;
        await File.WriteAllTextAsync(file, Row.Replace("PROMPT", prompt, StringComparison.Ordinal), TestContext.Current.CancellationToken);
        (code, output, _) = await Run("eval", "verify", "--golden", golden, "--json");
        Assert.Equal(ExitCodes.Ok, code);
        using var json = JsonDocument.Parse(output);
        Assert.Equal(1, json.RootElement.GetProperty("passed").GetInt32());
        Assert.Equal(ExitCodes.BadInput, (await Run("eval", "verify", "--golden", Scratch("nothing-here"))).Code);
    }

    [Fact]
    public async Task Doctor_Json_IsReadable()
    {
        var (code, output, _) = await Run("doctor", "--json");
        Assert.Contains(code, new[] { ExitCodes.Ok, ExitCodes.CheckFailed });
        using var json = JsonDocument.Parse(output);
        Assert.Contains("libtorch", output, StringComparison.Ordinal);
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments) => await Run(arguments, TextReader.Null);

    private static async Task<(int Code, string Output, string Error)> Run(string[] arguments, TextReader input)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, input);
        return (code, output.ToString(), error.ToString());
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.EnumerateFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)), overwrite: true);
    }
}
