using System.CommandLine;
using System.CommandLine.Parsing;
using Studio.Benchmarks.EngineBench;
using Studio.Benchmarks.TrainBench;
using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Cli;

/// <summary><c>bench engine</c> and <c>bench train</c>: speed and memory of answering and of training on this machine; <c>bench eval</c>, <c>bench cancel</c> and <c>bench kill</c>: the evaluation runner; <c>bench results</c>: its database.</summary>
internal static class BenchCommand
{
    /// <summary>For JSON: standard output.</summary>
    private const string StandardOutput = "-";

    /// <summary>Shown below the command's help.</summary>
    public static readonly string[] Samples =
    [
        "bench engine --model 2b@448 --random-weights 1 --frames 4 --prefill-tokens 2048",
        "bench engine --model 2b@448 --random-weights 1 --stages prefill,decode,parts --json -",
        "bench engine --model 2b@448 --random-weights 1 --long 10000 --compress uniform:1:1,0.05",
        "bench engine --model video-xl --random-weights 1 --stages tower,windows,decode",
        "bench train --rows 2048 --dtype bf16 --device cuda:0",
        "bench eval --threads 1",
        "bench cancel --model video-xl --random-weights 1 --points 20",
        "bench kill --points 50 --seed 7",
        "bench results --writers 50 --readers 200 --minutes 10",
    ];

    public static Command Create(Terminal console)
    {
        var bench = new Command("bench", "Measures this build on this machine.");
        bench.Add(Engine(console));
        bench.Add(Train(console));
        bench.Add(EvalBenchCommand.Eval(console));
        bench.Add(EvalBenchCommand.Cancel(console));
        bench.Add(EvalBenchCommand.Kill(console));
        bench.Add(BenchResultsCommand.Create(console));
        return bench;
    }

    private static Command Engine(Terminal console)
    {
        var defaults = new EngineBenchOptions();
        var stages = new Option<string?>("--stages", "-s") { Description = $"Comma-separated: {string.Join(", ", Enum.GetValues<BenchStage>().Select(EngineBenchOptions.NameOf))} (default: all but parts; none with --long)." };
        var frames = new Option<int>("--frames", "-n") { Description = "Frames of the tower, frames and reuse stages.", DefaultValueFactory = _ => defaults.Frames };
        var prefill = new Option<int>("--prefill-tokens") { Description = "Random visual tokens of the prefill.", DefaultValueFactory = _ => defaults.PrefillTokens };
        var decode = new Option<int>("--decode-tokens") { Description = "Tokens to generate behind it.", DefaultValueFactory = _ => defaults.DecodeTokens };
        var compress = new Option<string?>("--compress", "-c") { Description = "off, balanced, strong, TYPE:LAYERS:RATIOS, or vst:RATIO of Video-XL (default: off, of Video-XL its own; strong with --long)." };
        var repeats = new Option<int>("--repeats") { Description = "Runs of a stage; the median counts.", DefaultValueFactory = _ => defaults.Repeats };
        var longFrames = new Option<int?>("--long") { Description = "Read a prompt of this many frames of random visual tokens with the decoder alone: long-running." };
        var video = new Option<string?>("--video") { Description = "Video of the frames and reuse stages (default: the sample)." };
        var seed = new Option<int>("--seed") { Description = "Seed of noise frames and random visual tokens.", DefaultValueFactory = _ => defaults.Seed };
        var json = new Option<string?>("--json") { Description = "Write one line of JSON to this file, or to standard output with '-', which then holds nothing else." };
        var model = new ModelOptions();
        var command = new Command("engine", "Measures each stage: throughput, its share of what this machine reaches at all in the same run, peak memory against the formula.") { stages, frames, prefill, decode, compress, repeats, longFrames, video, seed, json };
        model.AddTo(command);
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            // A wrong name is told before a model is loaded.
            var chosen = parse.GetValue(stages) is { } names ? EngineBenchOptions.ParseStages(names)
                : parse.GetValue(longFrames) is null ? EngineBenchOptions.DefaultStages : [];
            using var loaded = ModelLoader.Load(console, model, parse);
            var options = new EngineBenchOptions
            {
                Stages = chosen,
                Frames = parse.GetValue(frames),
                PrefillTokens = parse.GetValue(prefill),
                DecodeTokens = parse.GetValue(decode),
                Compression = parse.GetValue(compress) is { } spec ? CompressionSettings.Parse(spec, loaded.Config)
                    : parse.GetValue(longFrames) is not null ? CompressionSettings.Parse("strong", loaded.Config)
                    : loaded.Config.Vst is null ? CompressionSettings.Off : loaded.DefaultCompression,
                Repeats = parse.GetValue(repeats),
                LongFrames = parse.GetValue(longFrames) ?? 0,
                Video = parse.GetValue(video) ?? Path.Combine(StudioPaths.Root, "data", "samples", "shapes.mp4"),
                Seed = parse.GetValue(seed),
            };
            var target = parse.GetValue(json);
            // A long run tells each layer on a line of its own, also where nobody watches: it is read in a log afterwards.
            Run(console, new EngineBenchmark(loaded, options).Run, target, options.LongFrames > 0 ? console.Say : console.Progress, ct);
            return ExitCodes.Ok;
        }, ct));
        longFrames.Validators.Add((OptionResult r) =>
        {
            if (r.GetValueOrDefault<int?>() is < 1) r.AddError("--long must be at least 1 frame");
        });
        return command;
    }

    private static Command Train(Terminal console)
    {
        var defaults = new TrainBenchOptions();
        var rows = new Option<int>("--rows") { Description = "Rows of the one sample, half of them visual.", DefaultValueFactory = _ => defaults.Rows };
        var layers = new Option<int>("--layers") { Description = "Layers of the decoder, each of 11 million parameters.", DefaultValueFactory = _ => defaults.Layers };
        var supervised = new Option<int>("--supervised") { Description = "Rows at the end that are learned.", DefaultValueFactory = _ => defaults.Supervised };
        var repeats = new Option<int>("--repeats") { Description = "Runs; the median counts.", DefaultValueFactory = _ => defaults.Repeats };
        var seed = new Option<ulong>("--seed") { Description = "Seed of weights and visual tokens.", DefaultValueFactory = _ => defaults.Seed };
        var device = new Option<string>("--device") { Description = "auto, cpu or cuda:N.", DefaultValueFactory = _ => "auto" };
        var dtype = new Option<string>("--dtype") { Description = "fp32 or bf16: the type of activations.", DefaultValueFactory = _ => "fp32" };
        var threads = new Option<int?>("--threads") { Description = "CPU threads (default: all cores)." };
        var json = new Option<string?>("--json") { Description = "Write one line of JSON to this file, or to standard output with '-', which then holds nothing else." };
        threads.Validators.Add(r =>
        {
            if (r.GetValueOrDefault<int?>() is < 1) r.AddError("--threads must be at least 1");
        });
        var command = new Command("train", "Measures forward and backward of a decoder of fixed geometry: tokens a second, share of this machine's matrix products in the same run, memory; whole, with checkpointing, and LoRA.")
        {
            rows, layers, supervised, repeats, seed, device, dtype, threads, json,
        };
        command.SetAction((parse, ct) => Task.Run(() =>
        {
            if (parse.GetValue(threads) is { } count) torch.set_num_threads(count);
            var (where, type) = DeviceSettings.Resolve(parse.GetValue(device)!, parse.GetValue(dtype)!);
            var options = new TrainBenchOptions
            {
                Rows = parse.GetValue(rows),
                Layers = parse.GetValue(layers),
                Supervised = parse.GetValue(supervised),
                Repeats = parse.GetValue(repeats),
                Seed = parse.GetValue(seed),
                Device = where,
                Dtype = type,
            };
            Run(console, new TrainBenchmark(options).Run, parse.GetValue(json), console.Progress, ct);
            return ExitCodes.Ok;
        }, ct));
        return command;
    }

    /// <summary>A benchmark: told each row and what runs now, it gives all of it.</summary>
    internal delegate BenchReport Benchmark(Action<BenchRow>? onRow, Action<string>? progress, CancellationToken ct);

    internal static void Run(Terminal console, Benchmark benchmark, string? json, Action<string> progress, CancellationToken ct)
    {
        var table = json == StandardOutput ? console.Error : console.Output;
        var first = true;
        var report = benchmark(
            row =>
            {
                console.ClearProgress();
                if (first) table.WriteLine(BenchText.Header);
                first = false;
                table.Write(BenchText.Row(row));
                table.Flush();
            },
            progress,
            ct);
        console.ClearProgress();
        table.Write(BenchText.Machine(report));
        if (json is null) return;
        var line = BenchJson.Render(report);
        if (json == StandardOutput) console.Output.WriteLine(line);
        else Save(json, line);
    }

    /// <summary>Written beside and moved into place: a reader never sees a part.</summary>
    private static void Save(string path, string line)
    {
        var temporary = path + ".part";
        File.WriteAllText(temporary, line + "\n");
        File.Move(temporary, path, overwrite: true);
    }
}
