using System.Diagnostics;
using Studio.Benchmarks.EngineBench;
using Studio.Benchmarks.Machine;
using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Training;

namespace Studio.Benchmarks.TrainBench;

/// <summary>
/// How fast the decoder's forward and backward pass run, as a share of the matrix products that this machine reaches, measured in the
/// same run right before and after. Counted are the operations that training needs: what checkpointing computes anew takes time but
/// does not count.
/// </summary>
/// <param name="time">Clock of all measurements.</param>
public sealed class TrainBenchmark(TrainBenchOptions options, TimeProvider? time = null)
{
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <summary>Measures the whole decoder, the same with checkpointing, and LoRA.</summary>
    /// <param name="onRow">Called after each row.</param>
    /// <param name="progress">Called with a line about what runs now.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Checked between runs and before each layer.</exception>
    public BenchReport Run(Action<BenchRow>? onRow = null, Action<string>? progress = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        LanguageConfig language = options.Geometry;
        ModelConfig config = TinyModels.VideoChatFlash() with { Language = language };
        var cpu = CpuInfo.Parse(File.Exists(CpuInfo.Path) ? File.ReadAllText(CpuInfo.Path) : null);
        using var scope = torch.NewDisposeScope();
        using Weights weights = RandomModels.Weights(config, options.Seed, options.Device, ScalarType.Float32, CheckpointScope.Language);
        TrainingSample sample = Sample(language);
        var rows = new List<BenchRow>(); // three
        var probe = new MachineProbe(_time);
        MachineRates last = Measure();

        Add("train", "all weights of the decoder", false, null);
        Add("checkpointed", "the same, layers computed anew", true, null);
        using var lora = new DecoderLora(new LoraSettings { Rank = TrainBenchOptions.LoraRank }, TensorLayout.For(config), weights, options.Device);
        Add("lora", $"corrections of rank {TrainBenchOptions.LoraRank} of all matrices", false, lora);

        using var process = Process.GetCurrentProcess();
        return new()
        {
            Model = $"decoder of {language.Layers} layers, {weights.Bytes / sizeof(float) / 1e6:0} million parameters",
            Device = options.Device.ToString(),
            ComputeType = options.Dtype.ShortName(),
            StoredType = ScalarType.Float32.ShortName(),
            Threads = torch.get_num_threads(),
            Cpu = cpu.Model,
            Libtorch = torch.Version,
            Blas = torch.Blas,
            Compression = "off",
            MeasuredAt = _time.GetUtcNow(),
            Rows = rows,
            PeakProcessBytes = process.PeakWorkingSet64,
        };

        MachineRates Measure()
        {
            progress?.Invoke("measuring the machine");
            return probe.Measure(options.Device, cpu, settings: options.Probe ?? ProbeFor(language), ct: ct);
        }

        void Add(string name, string what, bool checkpointing, DecoderLora? adapters)
        {
            foreach (string weight in weights.Names) _ = weights.Get(weight).requires_grad_(adapters is null);
            using var training = new TrainingForward(language, adapters is null ? weights : weights.With(adapters.Corrections), options.Device, options.Dtype, checkpointing);
            Tensor[] trained = adapters is null ? [.. weights.Names.Select(weights.Get)] : [.. DecoderLora.ParametersOf(adapters.Corrections).Select(p => p.Value)];
            _ = Pass(training, trained, sample, ct); // warm-up
            progress?.Invoke($"{name}: {options.Rows} rows, {options.Repeats} times");
            MachineRates before = last;
            long live = torch.CpuMemory().Live;
            torch.ResetPeakMemory();
            double[] seconds = [.. Enumerable.Range(0, options.Repeats).Select(_ => Pass(training, trained, sample, ct)).Order()];
            long peak = torch.CpuMemory().Peak - live;
            last = Measure();
            var limit = new BenchLimit("matrix products", "FLOP/s", before.Gemm(options.Dtype), last.Gemm(options.Dtype));
            double flops = Flops(language, adapters is not null);
            var row = new BenchRow
            {
                Name = name,
                Unit = "tokens",
                Items = options.Rows,
                Seconds = seconds,
                Flops = flops,
                Limit = limit,
                Share = flops / Runs.Median(seconds) / limit.Mean,
                PeakBytes = options.Device.IsCpu ? peak : null,
                Notes = $"{what}; forward and backward of {options.Rows:N0} rows, {options.Supervised} learned; peak: activations and gradients; warm-up: one pass",
            };
            rows.Add(row);
            onRow?.Invoke(row);
        }
    }

    /// <summary>Seconds of one pass; the gradients are gone afterwards.</summary>
    private double Pass(TrainingForward training, Tensor[] trained, TrainingSample sample, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        using var scope = torch.NewDisposeScope();
        torch.synchronize(options.Device);
        long start = _time.GetTimestamp();
        training.Forward([sample], CompressionSettings.Off, ct).Loss.backward();
        torch.synchronize(options.Device);
        double seconds = _time.GetElapsedTime(start).TotalSeconds;
        foreach (Tensor value in trained) value.grad = null;
        return seconds;
    }

    /// <summary>
    /// Operations of a pass. Backward takes twice the forward's: a product for the inputs' gradients, one for the weights'; frozen
    /// weights need the first only. Attention is counted causal, the half of the square; corrections as part of what is left out.
    /// </summary>
    internal double Flops(LanguageConfig language, bool isLora)
    {
        double q = (double)language.Heads * language.HeadDim, kv = (double)language.KeyValueHeads * language.HeadDim, hidden = language.HiddenSize;
        double layer = (hidden * ((2 * q) + (2 * kv))) + (3 * hidden * language.IntermediateSize);
        double products = 2.0 * options.Rows * layer * language.Layers;
        double attention = 2.0 * q * options.Rows * options.Rows * language.Layers;
        double head = 2.0 * options.Supervised * hidden * language.VocabularySize;
        return ((products + head) * (isLora ? 2 : 3)) + (attention * 3);
    }

    /// <summary>Text, visual tokens as small as embeddings, text; the last rows are learned.</summary>
    private TrainingSample Sample(LanguageConfig language)
    {
        int visual = options.Rows / 2, before = (options.Rows - visual) / 4, after = options.Rows - visual - before;
        int[] Ids(int from, int count) => [.. Enumerable.Range(from, count).Select(i => i * 31 % language.VocabularySize)];
        Tensor tokens = torch.empty([visual, language.HiddenSize]);
        new RandomWeights(options.Seed).Fill("visual", WeightRole.Matrix, 0, tokens.data<float>());
        var prompt = new Prompt([new PromptPart.Text(Ids(0, before)), new PromptPart.Visual("noise", tokens.to(options.Device)), new PromptPart.Text(Ids(before, after))]);
        int silent = options.Rows - options.Supervised;
        return new TrainingSample(prompt, [.. Enumerable.Repeat(TrainingForward.Ignored, silent), .. Ids(7, options.Supervised)]);
    }

    private ProbeSettings ProbeFor(LanguageConfig language) => !options.Device.IsCpu ? ProbeSettings.For(options.Device) : new()
    {
        Budget = TimeSpan.FromSeconds(3),
        Products = [(1024, 2048, 2048), (options.Rows, language.HiddenSize, language.IntermediateSize)],
    };
}
