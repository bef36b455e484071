using Studio.Benchmarks.Machine;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.TrainBench;

/// <summary>Settings of <see cref="TrainBenchmark"/>.</summary>
public sealed record TrainBenchOptions
{
    /// <summary>Most rows of the sample: a stage's usual bound.</summary>
    public const int MaxRows = 32_768;

    /// <summary>Most layers.</summary>
    public const int MaxLayers = 64;

    /// <summary>Most runs of a row.</summary>
    public const int MaxRepeats = 100;

    /// <summary>Rank of the LoRA row's corrections.</summary>
    public const int LoraRank = 16;

    /// <summary>Rows of the one sample; half of them are visual.</summary>
    public int Rows { get; init; } = 1024;

    /// <summary>Layers of the decoder, each of 11 million parameters.</summary>
    public int Layers { get; init; } = 8;

    /// <summary>The last rows of the sample, which are learned.</summary>
    public int Supervised { get; init; } = 64;

    /// <summary>Runs of a row; the median counts.</summary>
    public int Repeats { get; init; } = 3;

    public Device Device { get; init; } = Device.CPU;

    /// <summary>Type of the activations: fp32 or bf16. Weights and gradients are fp32.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Of weights and visual tokens.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How the machine's limit is measured; null: products of this geometry's own sizes.</summary>
    public ProbeSettings? Probe { get; init; }

    /// <summary>A decoder of width 1,024 with 16 heads, 4 of keys and values, an MLP of 2,816 and 16,000 words.</summary>
    public LanguageConfig Geometry => new()
    {
        Layers = Layers,
        HiddenSize = 1024,
        Heads = 16,
        KeyValueHeads = 4,
        HeadDim = 64,
        IntermediateSize = 2816,
        VocabularySize = 16_000,
        RopeTheta = 1e6,
        TieWordEmbeddings = false,
        EosTokenIds = [1],
    };

    /// <exception cref="ArgumentException">A value is out of range; the message names it and the range.</exception>
    internal void Validate()
    {
        Check(Rows, 8, MaxRows, "rows");
        Check(Layers, 1, MaxLayers, "layers");
        Check(Repeats, 1, MaxRepeats, "repeats");
        Check(Supervised, 1, Rows / 2, "supervised rows");
        if (Dtype is not (ScalarType.Float32 or ScalarType.BFloat16)) throw new ArgumentException($"type: {Dtype.ShortName()} cannot be trained in; use fp32 or bf16");

        static void Check(int value, int low, int high, string what)
        {
            if (value < low || value > high) throw new ArgumentException($"{what}: {value} is not {low} to {high}");
        }
    }
}
