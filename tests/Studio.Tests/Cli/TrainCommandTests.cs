using System.Diagnostics;
using System.Text.Json;
using Studio.Cli;
using Studio.Engine.Training;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary><c>train</c> on the command line; the training itself is the engine's tests.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("train").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Out => Path.Combine(_folder, "out");

    [Fact]
    public async Task Train_FreshModel_PrintsUpdatesAndSavesAModelThatAnswers()
    {
        var (code, output, error) = await Run("train", Recipe(steps: 3), "--out", Out, "--json", "--device", "cpu");
        Assert.True(code == ExitCodes.Ok, error);
        JsonElement[] updates = [.. output.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement)];
        Assert.Equal([1, 2, 3], updates.Select(u => u.GetProperty("step").GetInt64()));
        Assert.All(updates, u => Assert.InRange(u.GetProperty("loss").GetDouble(), 0.1, 100));
        Assert.Equal(File.ReadAllText(Path.Combine(Out, TrainingMetrics.FileName)), output);
        Assert.Contains("random weights of seed 5", error, StringComparison.Ordinal);
        Assert.Contains("1/1 first update 3/3, loss ", error, StringComparison.Ordinal);
        Assert.Equal(2, error.Split('\n').Count(l => l.Contains(" update ", StringComparison.Ordinal))); // the first and the last
        Assert.False(Directory.Exists(Path.Combine(Out, "base")));

        var (chat, answer, problem) = await Run("chat", Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), "What?", "--model", Path.Combine(Out, "model"), "--frames", "4", "--json");
        Assert.True(chat == ExitCodes.Ok, problem);
        Assert.NotEmpty(answer);
    }

    [Fact]
    public async Task Train_InterruptedProcess_SavesSaysHowToGoOnAndDoes()
    {
        var recipe = Recipe(steps: 500);
        using var process = Start("train", recipe, "--out", Out, "--seed", "9", "--json", "--device", "cpu", "--threads", "1");
        Assert.NotNull(await process.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken)); // it is training
        var rest = process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"])) await kill.WaitForExitAsync(TestContext.Current.CancellationToken);
        var error = await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == ExitCodes.Cancelled, error);
        Assert.Contains($"go on with: ./run train {recipe} --resume --seed 9 --out {Out}", error, StringComparison.Ordinal);
        var done = (await rest).Count(c => c == '\n') + 1;
        Assert.InRange(done, 1, 499);
        Assert.Equal(done, TrainingCheckpoint.Last(Out)!.Value.Position.Step);

        // The same recipe is stopped once more by hand, so that the test need not train 500 updates.
        var (other, _, refused) = await Run("train", recipe, "--resume", "--out", Out); // the recipe's own seed
        Assert.Equal(ExitCodes.BadInput, other);
        Assert.Contains("follows other stages", refused, StringComparison.Ordinal);
        var (code, output, again) = await ResumeFor(recipe, updates: 2);
        Assert.Equal(ExitCodes.Cancelled, code);
        Assert.Equal([done + 1, done + 2], output.TrimEnd('\n').Split('\n').Select(l => JsonDocument.Parse(l).RootElement.GetProperty("step").GetInt32()));
        Assert.Contains($"stopped after update {done + 2} of 500", again, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_FolderWithATraining_IsRefusedUnlessResumed()
    {
        var recipe = Recipe(steps: 1);
        Assert.Equal(ExitCodes.Ok, (await Run("train", recipe, "--out", Out)).Code);
        var (code, _, error) = await Run("train", recipe, "--out", Out);
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("resume it", error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await Run("train", recipe, "--out", Out, "--resume")).Code);
    }

    [Fact]
    public async Task Train_MissingVideos_AreListedBeforeAnythingStarts()
    {
        var talk = """[{"from": "human", "value": "<image>\nWhat?"}, {"from": "gpt", "value": "This."}]""";
        File.Copy(Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4"), Path.Combine(_folder, "good.mp4"));
        await File.WriteAllTextAsync(
            Path.Combine(_folder, "a.jsonl"),
            $$"""
            {"video": "good.mp4", "conversations": {{talk}}}
            {"video": "gone.mp4", "conversations": {{talk}}}
            """,
            TestContext.Current.CancellationToken);
        var recipe = Recipe(steps: 1, data: """{ "annotations": [{ "file": "a.jsonl" }] }""");
        var (code, _, error) = await Run("train", recipe, "--out", Out, "--data", _folder);
        Assert.Equal(ExitCodes.CheckFailed, code);
        Assert.Contains("gone.mp4", error, StringComparison.Ordinal);
        Assert.Contains("--allow-missing", error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Out));
        (code, _, error) = await Run("train", recipe, "--out", Out, "--data", _folder, "--allow-missing");
        Assert.True(code == ExitCodes.Ok, error);
    }

    [Theory]
    [InlineData("nothing-such", "'nothing-such'", ExitCodes.BadInput)]
    [InlineData("RECIPE --resume", "no checkpoint to resume", ExitCodes.BadInput)]
    [InlineData("RECIPE --model nowhere", "nowhere", ExitCodes.BadInput)]
    [InlineData("RECIPE --device tpu", "'tpu'", ExitCodes.BadInput)]
    [InlineData("RECIPE --threads 0", "--threads", ExitCodes.Usage)]
    [InlineData("BASELESS", "names no base", ExitCodes.BadInput)]
    [InlineData("UNMADE", "'../elsewhere/model'", ExitCodes.BadInput)]
    [InlineData("UNMADE", "train the recipe that makes it", ExitCodes.BadInput)]
    public async Task Train_WrongOption_IsRefusedByName(string options, string named, int expected)
    {
        var arguments = options.Split(' ').Select(o => o == "RECIPE" ? Recipe(1) : o == "BASELESS" ? Recipe(1, isFresh: false) : o == "UNMADE" ? Based(""" "model": "../elsewhere/model" """) : o);
        var (code, _, error) = await Run(["train", .. arguments, "--out", Out]);
        Assert.Equal(expected, code);
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Train_TowerOfOneModelAndDecoderOfAnother_StartsFromBoth()
    {
        var (code, _, error) = await Run("train", Recipe(1), "--out", Out);
        Assert.True(code == ExitCodes.Ok, error);
        var model = JsonSerializer.Serialize(Path.Combine(Out, "model"));
        var joined = Path.Combine(_folder, "joined");
        (code, var output, error) = await Run("train", Based($""" "model": {model}, "decoder": {model} """), "--out", joined);
        Assert.True(code == ExitCodes.Ok, error);
        Assert.Contains("with the decoder of", output + error, StringComparison.Ordinal);
        Assert.True(File.Exists(Path.Combine(joined, "model", "model.safetensors")));
        (code, _, error) = await Run("train", Based($""" "model": {model}, "decoder": "../elsewhere/model" """), "--out", joined + "-again");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("run the recipe that makes it", error, StringComparison.Ordinal);
    }

    /// <summary>Two trainings of one recipe but for its seed come together in one of no stages, without an update.</summary>
    [Fact]
    public async Task Train_AverageWithoutStages_MakesTheModelAndLeavesOneThatIsThere()
    {
        string[] seeds = [Path.Combine(_folder, "of-1"), Path.Combine(_folder, "of-2")];
        foreach (var seed in seeds)
        {
            var (trained, _, problem) = await Run("train", Recipe(2), "--seed", $"{seed[^1]}", "--out", seed);
            Assert.True(trained == ExitCodes.Ok, problem);
            Assert.Equal((ulong)(seed[^1] - '0'), TrainingRecipe.Load(Path.Combine(seed, Trainer.RecipeFile)).Seed);
        }

        var average = Path.Combine(_folder, "average.json");
        File.WriteAllText(average, """{ "name": "average", "saveType": "fp32", "base": { "model": "of-1/model", "average": ["of-2/model"] }, "stages": [] }""");
        var (code, output, error) = await Run("train", average, "--out", Out);
        Assert.True(code == ExitCodes.Ok, error);
        Assert.Contains("of-1/model, averaged with of-2/model", error, StringComparison.Ordinal);
        Assert.Contains($"trained: {Path.Combine(Out, "model")}", output, StringComparison.Ordinal);
        byte[][] models = [.. seeds.Append(Out).Select(f => File.ReadAllBytes(Path.Combine(f, "model", "model.safetensors")))];
        Assert.Equal(3, models.Select(Convert.ToHexString).Distinct().Count());
        var (again, _, said) = await Run("train", average, "--out", Out);
        Assert.True(again == ExitCodes.Ok, said);
        Assert.Equal(models[2], File.ReadAllBytes(Path.Combine(Out, "model", "model.safetensors")));

        File.WriteAllText(average, """{ "name": "average", "base": { "model": "of-1/model" }, "stages": [] }""");
        (code, _, error) = await Run("train", average, "--out", Out + "-none");
        Assert.Equal(ExitCodes.BadInput, code);
        Assert.Contains("0 stages", error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> ResumeFor(string recipe, int updates)
    {
        using var output = new CountingWriter();
        using var error = new StringWriter();
        using var stop = new CancellationTokenSource();
        output.OnLine = () =>
        {
            if (--updates == 0) stop.Cancel();
        };
        var (loaded, folder) = Recipes.Load(recipe);
        var request = new TrainCommand.Request(new Terminal(output, error, TextReader.Null), loaded with { Seed = 9 }, folder, recipe) { Folder = Out, Data = _folder, Resume = true, Json = true };
        var code = await Task.Run(() => TrainCommand.Run(request, TimeProvider.System, stop.Token));
        return (code, output.ToString(), error.ToString());
    }

    private string Recipe(int steps, string? data = null, bool isFresh = true)
    {
        var file = Path.Combine(_folder, $"recipe-{steps}-{isFresh}.json");
        File.WriteAllText(file, $$"""
            {
              "name": "try",
              {{(isFresh ? """ "base": { "geometry": "tiny-random", "seed": 5 },""" : "")}}
              "stages": [{
                "name": "first", "rates": { "projector": 0.001, "decoder": 0.001 }, "template": "chatFlash", "steps": {{steps}},
                "frames": { "rule": "middle", "min": 1, "max": 4 },
                "data": {{data ?? """{ "world": { "kinds": { "where": 1 }, "seconds": [4], "fps": 1, "objects": 60 }, "worldSide": 32 }"""}}
              }]
            }
            """);
        return file;
    }

    /// <summary>A recipe of one update on another base.</summary>
    private string Based(string what)
    {
        var file = Path.Combine(_folder, "based.json");
        File.WriteAllText(file, File.ReadAllText(Recipe(1)).Replace(""" "geometry": "tiny-random", "seed": 5 """, what, StringComparison.Ordinal));
        Assert.Contains(what, File.ReadAllText(file), StringComparison.Ordinal);
        return file;
    }

    private static Process Start(params string[] arguments)
    {
        // A shell that runs the tests in the background has its children ignore Ctrl-C's signal, which a program cannot undo by itself.
        var start = new ProcessStartInfo("env", ["--default-signal=INT", "dotnet", Path.Combine(AppContext.BaseDirectory, "studio.dll"), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
        return Process.Start(start)!;
    }

    private static async Task<(int Code, string Output, string Error)> Run(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, TextReader.Null);
        return (code, output.ToString(), error.ToString());
    }

    private sealed class CountingWriter : StringWriter
    {
        public Action? OnLine { get; set; }

        public override void WriteLine(string? value)
        {
            base.WriteLine(value);
            OnLine?.Invoke();
        }
    }
}
