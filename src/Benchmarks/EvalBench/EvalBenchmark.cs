using System.Diagnostics;
using System.Globalization;
using Studio.Benchmarks.EngineBench;
using Studio.Benchmarks.Evaluation.Data;
using Studio.Benchmarks.Machine;
using Studio.Benchmarks.Records;
using Studio.Engine.Chat;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Benchmarks.EvalBench;

/// <summary>Settings of <see cref="EvalBenchmark"/>.</summary>
public sealed record EvalBenchOptions
{
    public const int MaxRepeats = 100;

    /// <summary>Runs of a row; the median counts.</summary>
    public int Repeats { get; init; } = 3;

    /// <summary>Frames of a sample.</summary>
    public int Frames { get; init; } = 32;

    /// <summary>Tokens of an answer.</summary>
    public int MaxNewTokens { get; init; } = 8;

    /// <summary>Settings of the sweep, the first of which is the one that the other rows run.</summary>
    public IReadOnlyList<string> Compressions { get; init; } = ["off", "uniform:1:1,0.5", "uniform:1:1,0.25", "uniform:2:1,0.5", "uniform:2:1,0.25"];
}

/// <summary>
/// What the runner costs and saves: the same samples by its parts alone, one after another; by the runner, one thing at a time and
/// overlapped; and five settings of a sweep. Rows take turns, so that a slow minute of the machine hits all of them.
/// </summary>
/// <param name="data">Documents with videos.</param>
/// <param name="openStore">A results database that is empty.</param>
public sealed class EvalBenchmark(VideoModel model, IEvalData data, Func<IRunStore> openStore, EvalBenchOptions options, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public async Task<BenchReport> RunAsync(Action<BenchRow>? onRow = null, Action<string>? progress = null, CancellationToken ct = default)
    {
        if (options.Repeats is < 1 or > EvalBenchOptions.MaxRepeats) throw new ArgumentException($"repeats: {options.Repeats} is not 1 to {EvalBenchOptions.MaxRepeats}");
        if (options.Compressions.Count < 2) throw new ArgumentException($"{options.Compressions.Count} settings are no sweep; give two or more");
        foreach (var document in data.Documents) _ = await data.MediaAsync(document, ct).ConfigureAwait(false); // drawn once, for nobody's time
        _ = await PartsAsync(ct).ConfigureAwait(false); // warm-up
        var (parts, alone, overlapped, sweep) = (new List<double>(), new List<double>(), new List<double>(), new List<double>());
        for (var i = 0; i < options.Repeats; i++)
        {
            progress?.Invoke($"round {i + 1} of {options.Repeats}: parts");
            parts.Add(await PartsAsync(ct).ConfigureAwait(false));
            progress?.Invoke($"round {i + 1} of {options.Repeats}: runner");
            alone.Add(await RunnerAsync([options.Compressions[0]], 0, ct).ConfigureAwait(false));
            overlapped.Add(await RunnerAsync([options.Compressions[0]], 1, ct).ConfigureAwait(false));
            progress?.Invoke($"round {i + 1} of {options.Repeats}: sweep of {options.Compressions.Count} settings");
            sweep.Add(await RunnerAsync(options.Compressions, 0, ct).ConfigureAwait(false));
        }

        // Of the rounds' own ratios: what slows a round slows all of it.
        double Ratio(List<double> of, List<double> to) => Runs.Median([.. of.Zip(to, (a, b) => a / b).Order()]);
        var (overhead, gain, cost) = (Ratio(alone, parts) - 1, Ratio(parts, overlapped), Ratio(sweep, alone));
        var rows = new[]
        {
            Row("parts", parts, 1, "hashing, decoding, encoding and answering, one after another, without the runner", []),
            Row("runner", alone, 1, Invariant($"one thing at a time; {100 * overhead:0.0} % over the sum of the parts, with a results database"), [new("overhead below 5 %", overhead < 0.05)]),
            Row("overlapped", overlapped, 1, Invariant($"one video encoded ahead; {gain:0.00} times the parts' rate"), []),
            Row("sweep", sweep, options.Compressions.Count, Invariant($"{options.Compressions.Count} settings, each video encoded once; {cost:0.00} times one setting"), [new("below 2 times one setting", cost < 2)]),
        };
        foreach (var row in rows) onRow?.Invoke(row);
        using var process = Process.GetCurrentProcess();
        return new()
        {
            Model = model.Name,
            Device = model.Device.ToString(),
            ComputeType = model.Dtype.ShortName(),
            StoredType = model.Dtype.ShortName(),
            Threads = torch.get_num_threads(),
            Cpu = CpuInfo.Parse(File.Exists(CpuInfo.Path) ? await File.ReadAllTextAsync(CpuInfo.Path, ct).ConfigureAwait(false) : null).Model,
            Libtorch = torch.Version,
            Blas = torch.Blas,
            Compression = options.Compressions[0],
            MeasuredAt = _time.GetUtcNow(),
            Rows = rows,
            PeakProcessBytes = process.PeakWorkingSet64,
        };
    }

    private BenchRow Row(string name, List<double> seconds, int settings, string notes, IReadOnlyList<BenchAim> aims) =>
        new() { Name = name, Unit = "samples", Items = (long)data.Documents.Count * settings, Seconds = [.. seconds.Order()], Notes = notes, Aims = aims };

    /// <summary>Seconds of every sample by the engine's parts.</summary>
    private async Task<double> PartsAsync(CancellationToken ct)
    {
        using var cache = new VisualTokenCache(null);
        var encoder = new MediaEncoder(MediaTools.Locate(), cache);
        var start = _time.GetTimestamp();
        foreach (var document in data.Documents)
        {
            var media = await data.MediaAsync(document, ct).ConfigureAwait(false) ?? throw new InvalidOperationException($"{document.Id} has no video to measure with");
            using var conversation = new Conversation(model, encoder, time: _time);
            conversation.Attach(media.Path);
            _ = conversation.Ask(data.Task.Prompt(document).Text, new()
            {
                Sampling = SamplingSettings.Uniform(media.Frames ?? options.Frames),
                Compression = CompressionSettings.Parse(options.Compressions[0], model.Config),
                Generation = model.DefaultGeneration with { MaxNewTokens = options.MaxNewTokens },
                Form = new() { KeepsSpaces = true },
            }, ct: ct);
        }

        return _time.GetElapsedTime(start).TotalSeconds;
    }

    private async Task<double> RunnerAsync(IReadOnlyList<string> compressions, int encodeAhead, CancellationToken ct)
    {
        var start = _time.GetTimestamp();
        await new BenchEvaluation(model, data, openStore, options, _time).RunAsync(compressions, encodeAhead, ct).ConfigureAwait(false);
        return _time.GetElapsedTime(start).TotalSeconds;
    }

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
