using Studio.Engine.Chat.Planning;

namespace Studio.Benchmarks.EngineBench;

/// <summary>An aim of the project and whether a row met it.</summary>
public sealed record BenchAim(string Text, bool Met);

/// <summary>What a row is held against: a rate of the same machine, measured right before the row's runs and right after them.</summary>
/// <param name="Name">matrix products, copying, decoder alone, or first question.</param>
/// <param name="Unit">FLOP/s, B/s, frames/s or s.</param>
public sealed record BenchLimit(string Name, string Unit, double Before, double After)
{
    public double Mean => (Before + After) / 2;
}

/// <summary>One measured stage.</summary>
public sealed record BenchRow
{
    public required string Name { get; init; }

    /// <summary>What is counted: frames, tokens, questions.</summary>
    public required string Unit { get; init; }

    /// <summary>Of one run.</summary>
    public required long Items { get; init; }

    /// <summary>Seconds of each run, ascending. A decode run is one token; all others are the whole stage.</summary>
    public required IReadOnlyList<double> Seconds { get; init; }

    /// <summary>Floating-point operations of one run by the cost model; 0 where they do not take the time.</summary>
    public double Flops { get; init; }

    /// <summary>Bytes that one run must move by the cost model; 0 where they do not take the time.</summary>
    public double Bytes { get; init; }

    public BenchLimit? Limit { get; init; }

    /// <summary>The row's rate as a share of its limit; for the reuse row its time as a share of the first question's.</summary>
    public double? Share { get; init; }

    /// <summary>Peak of CPU tensor memory above what was alive before the stage; null on other devices.</summary>
    public long? PeakBytes { get; init; }

    /// <summary>What the memory model expects of <see cref="PeakBytes"/>.</summary>
    public long? FormulaBytes { get; init; }

    /// <summary>Managed bytes that a generated token allocates after warming up: the median of all tokens.</summary>
    public double? AllocatedPerStep { get; init; }

    public IReadOnlyList<BenchAim> Aims { get; init; } = [];

    /// <summary>Sizes, warm-up, and what else a reader needs to judge the figures.</summary>
    public string Notes { get; init; } = "";

    public double Median => (Seconds[(Seconds.Count - 1) / 2] + Seconds[Seconds.Count / 2]) / 2;

    public double ItemsPerSecond => Items / Median;

    public double? MemoryRatio => PeakBytes is { } peak && FormulaBytes is > 0 and { } formula ? (double)peak / formula : null;

    internal static BenchAim AtLeast(double share, double aim, string of) => new($"at least {aim:0%} of {of}", share >= aim);

    /// <summary>Peak memory within 15 % of the formula.</summary>
    internal static BenchAim NearFormula(long peak, long formula) =>
        new($"peak memory within 15% of the formula's {Units.Bytes(formula)}", Math.Abs(((double)peak / formula) - 1) <= 0.15);
}

/// <summary>Everything one benchmark measured, and where.</summary>
public sealed record BenchReport
{
    public required string Model { get; init; }

    public required string Device { get; init; }

    /// <summary>fp32, bf16 or fp16: activations and cache.</summary>
    public required string ComputeType { get; init; }

    /// <summary>Type of the weights in memory.</summary>
    public required string StoredType { get; init; }

    public required int Threads { get; init; }

    public required string Cpu { get; init; }

    public required string Libtorch { get; init; }

    public required string Blas { get; init; }

    /// <summary>In the form that <c>CompressionSettings.Parse</c> reads.</summary>
    public required string Compression { get; init; }

    public required DateTimeOffset MeasuredAt { get; init; }

    public required IReadOnlyList<BenchRow> Rows { get; init; }

    /// <summary>The most memory the process ever held, weights and the allocator's free blocks included; 0 where unknown.</summary>
    public required long PeakProcessBytes { get; init; }
}
