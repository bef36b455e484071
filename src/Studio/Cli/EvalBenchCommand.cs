using System.CommandLine;
using System.Globalization;
using Studio.Benchmarks.EvalBench;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Benchmarks.Running;
using Studio.Engine.Video;
using Studio.Engine.World;

namespace Studio.Cli;

/// <summary><c>bench eval</c>, <c>bench cancel</c> and <c>bench kill</c>: what the evaluation runner costs, how soon it stops, and whether it survives being killed.</summary>
internal static class EvalBenchCommand
{
    public static Command Eval(Terminal console)
    {
        var defaults = new EvalBenchOptions();
        var samples = new Option<int>("--samples") { Description = "Questions, each about a drawn video of its own.", DefaultValueFactory = _ => 6 };
        var seconds = new Option<int>("--seconds") { Description = "Length of a video.", DefaultValueFactory = _ => 32 };
        var frames = new Option<int>("--frames", "-n") { Description = "Frames of a sample.", DefaultValueFactory = _ => defaults.Frames };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Tokens of an answer.", DefaultValueFactory = _ => defaults.MaxNewTokens };
        var compress = new Option<string>("--compress", "-c") { Description = "Settings of the sweep, separated by ';'.", DefaultValueFactory = _ => string.Join(';', defaults.Compressions) };
        var repeats = new Option<int>("--repeats") { Description = "Rounds; medians count.", DefaultValueFactory = _ => defaults.Repeats };
        var json = new Option<string?>("--json") { Description = "Write one line of JSON to this file, or to standard output with '-', which then holds nothing else." };
        var model = new ModelOptions();
        var command = new Command("eval", "Measures the evaluation runner: samples a second against the sum of the parts, its own overhead, and what a sweep of settings costs.") { samples, seconds, frames, tokens, compress, repeats, json };
        model.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(
            () =>
            {
                using var loaded = ModelLoader.Load(console, model, parse);
                using var folder = new TemporaryFolder();
                var data = Data(folder.Path, parse.GetValue(samples), parse.GetValue(seconds), console, ct).GetAwaiter().GetResult();
                var options = new EvalBenchOptions
                {
                    Repeats = parse.GetValue(repeats),
                    Frames = parse.GetValue(frames),
                    MaxNewTokens = parse.GetValue(tokens),
                    Compressions = EvalRequestOptions.Compressions(parse.GetValue(compress)),
                };
                var bench = new EvalBenchmark(loaded, data, Databases(folder.Path, ct), options);
                BenchCommand.Run(console, (onRow, progress, stop) => bench.RunAsync(onRow, progress, stop).GetAwaiter().GetResult(), parse.GetValue(json), console.Progress, ct);
                return ExitCodes.Ok;
            },
            CancellationToken.None));
        return command;
    }

    public static Command Cancel(Terminal console)
    {
        var defaults = new EvalBenchOptions();
        var points = new Option<int>("--points") { Description = "Cancels.", DefaultValueFactory = _ => 20 };
        var seed = new Option<int>("--seed") { Description = "Of the moments.", DefaultValueFactory = _ => 1 };
        var samples = new Option<int>("--samples") { Description = "Questions, each about a drawn video of its own.", DefaultValueFactory = _ => 1 };
        var frames = new Option<int>("--frames", "-n") { Description = "Frames of a sample.", DefaultValueFactory = _ => defaults.Frames };
        var tokens = new Option<int>("--max-new-tokens") { Description = "Tokens of an answer.", DefaultValueFactory = _ => defaults.MaxNewTokens };
        var compress = new Option<string>("--compress", "-c") { Description = "The setting.", DefaultValueFactory = _ => defaults.Compressions[0] };
        var model = new ModelOptions();
        var command = new Command("cancel", "Cancels evaluations at random moments and measures how long each goes on; above 2 s is a failure.") { points, seed, samples, frames, tokens, compress };
        model.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(
            async () =>
            {
                using var loaded = ModelLoader.Load(console, model, parse);
                using var folder = new TemporaryFolder();
                var data = await Data(folder.Path, parse.GetValue(samples), 32, console, ct);
                var options = new EvalBenchOptions { Frames = parse.GetValue(frames), MaxNewTokens = parse.GetValue(tokens), Compressions = EvalRequestOptions.Compressions(parse.GetValue(compress)) };
                var report = await new CancelBenchmark(loaded, data, Databases(folder.Path, ct), options).RunAsync(parse.GetValue(points), parse.GetValue(seed), console.Progress, ct);
                console.ClearProgress();
                var longest = report.Longest;
                console.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{report.Points.Count} evaluations of {report.Length.TotalSeconds:0.0} s cancelled; over after {report.Median.TotalSeconds:0.00} s (median), {longest.Took.TotalSeconds:0.00} s at the longest, cancelled at {longest.At.TotalSeconds:0.0} s"));
                return longest.Took <= CancelBenchmark.Aim ? ExitCodes.Ok : ExitCodes.CheckFailed;
            },
            CancellationToken.None));
        return command;
    }

    public static Command Kill(Terminal console)
    {
        var points = new Option<int>("--points") { Description = "Kills in all, spread over the numbers of shards.", DefaultValueFactory = _ => 50 };
        var shards = new Option<string>("--shards") { Description = "Numbers of shards, comma-separated.", DefaultValueFactory = _ => "1,2,4" };
        var seed = new Option<int>("--seed") { Description = "Of the moments.", DefaultValueFactory = _ => 1 };
        var samples = new Option<int>("--samples") { Description = "Questions of the evaluation, each about a drawn video of its own.", DefaultValueFactory = _ => 24 };
        var frames = new Option<int>("--frames", "-n") { Description = "Frames of a sample.", DefaultValueFactory = _ => 8 };
        var model = new Option<string>("--model", "-m") { Description = "Installed model.", DefaultValueFactory = _ => "tiny-random" };
        var command = new Command("kill", "Kills evaluations at random moments, lets them finish and compares their exports with an uninterrupted one's, byte for byte.") { points, shards, seed, samples, frames, model };
        command.SetAction((parse, ct) => Task.Run(
            async () =>
            {
                using var folder = new TemporaryFolder();
                _ = await Data(folder.Path, parse.GetValue(samples), 2, console, ct);
                var world = World(folder.Path);
                KillSubject Subject(string database) => new(
                    Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet",
                    [
                        typeof(EvalBenchCommand).Assembly.Location, "eval", "run", "world", "--annotations", world, "--videos", world, "--model", parse.GetValue(model)!,
                        "--frames", parse.GetValue(frames).ToString(CultureInfo.InvariantCulture), "--max-new-tokens", "4", "--threads", "1", "--device", "cpu",
                    ],
                    new Dictionary<string, string> { [ResultsTarget.Variable] = database, ["STUDIO_ROOT"] = StudioPaths.Root, ["STUDIO_DATA"] = StudioPaths.Data, ["OMP_NUM_THREADS"] = "1" });
                var test = new KillTest(Subject, ExportAsync, Path.Combine(folder.Path, "runs"), TimeProvider.System);
                int[] numbers = [.. parse.GetValue(shards)!.Split(',').Select(n => int.TryParse(n, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw new ArgumentException($"--shards: '{n}' is no whole number"))];
                var results = await test.RunAsync(numbers, parse.GetValue(points), parse.GetValue(seed), console.Progress, ct);
                console.ClearProgress();
                foreach (var result in results)
                {
                    console.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{result.Shards} shards: killed {result.Kills} times, {result.Rounds} evaluations finished, {result.Rounds - result.Different} equal to the uninterrupted one, {result.Different} different"));
                }

                return results.All(r => r.Different == 0) ? ExitCodes.Ok : ExitCodes.CheckFailed;
            },
            CancellationToken.None));
        return command;
    }

    /// <summary>A new results database each time.</summary>
    private static Func<IRunStore> Databases(string folder, CancellationToken ct)
    {
        var made = 0;
        return () => RunStore.ConnectAsync(ResultsTarget.File(Path.Combine(folder, $"{made++}.db")), TimeProvider.System, ct).GetAwaiter().GetResult();
    }

    private static string World(string folder) => Path.Combine(folder, "world");

    /// <summary>Questions about drawn videos, as the annotation file of a folder.</summary>
    private static async Task<IEvalData> Data(string folder, int count, int seconds, Terminal console, CancellationToken ct)
    {
        if (count is < 1 or > 10_000) throw new ArgumentException($"{count} samples; give 1 to 10000");
        console.Progress($"drawing {count} videos of {seconds} s");
        _ = await new WorldFolder(World(folder), MediaTools.Locate()).MakeAsync(
            new WorldFolderSettings
            {
                Recipe = new WorldRecipe { Seconds = [seconds], Fps = 4 },
                Split = WorldSplit.Test,
                Seed = 1,
                Count = count,
                Video = new WorldVideoSettings { Width = 64, Height = 64 },
            },
            cancellationToken: ct);
        var store = new VideoStore(Path.Combine(folder, "videos"), 0); // nothing is drawn into it
        return EvalDataSource.Open(new() { Task = "world", Annotations = World(folder), Videos = World(folder) }, new() { Videos = store });
    }

    /// <summary>The one run's results; a database with another number of runs is a failure of its own.</summary>
    private static async Task<string> ExportAsync(string database, CancellationToken ct)
    {
        using var store = await RunStore.ConnectAsync(ResultsTarget.File(database), TimeProvider.System, ct);
        var (runs, total) = await store.ListAsync(new(), ct);
        if (total != 1) throw new InvalidOperationException($"{database} holds {total} runs; the shards of one evaluation share one");
        if (runs[0].State != RunState.Finished) return $"the run is {runs[0].State}, not finished";
        return await RunResults.TextAsync(store, runs[0], ct);
    }

    /// <summary>Gone at the end.</summary>
    private sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("studio-eval-").FullName;

        public void Dispose()
        {
            try
            {
                Directory.Delete(Path, recursive: true);
            }
            catch (IOException)
            {
                // A decoder of a killed child may still write for a moment; the system clears its temporary folder.
            }
        }
    }
}
