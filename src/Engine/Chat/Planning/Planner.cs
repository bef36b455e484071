using Studio.Engine.Compression;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat.Planning;

/// <summary>
/// Shares of the machine's measured ceilings that our steps reach, measured by <c>bench engine</c> on the 2B geometry in fp32
/// with the CPU kernels on two AVX-512 cores. Cards and 16-bit types were not measured: there they are a guess.
/// </summary>
public static class Efficiency
{
    /// <summary>Tower at 448 pixels: 0.75 to 0.83 of the matrix product rate.</summary>
    public const double Tower = 0.8;

    /// <summary>Of VideoChat-Flash; Video-XL's connector is products alone. Token merging sorts and gathers as much as it multiplies: 0.22. It is a thousandth of the tower's work.</summary>
    public const double Connector = 0.2;

    /// <summary>Prefill's linear layers: 0.78 to 0.90 with attention, norms and the conversion of weights included.</summary>
    public const double Linear = 0.9;

    /// <summary>Fused causal attention: 0.95 of the product rate by itself.</summary>
    public const double Attention = 0.9;

    /// <summary>One-row products over the stored weights: 0.86 of the read rate.</summary>
    public const double Decode = 0.85;
}

/// <summary>Turns a cost into expected seconds on a machine.</summary>
public static class Planner
{
    public const string Encode = "encode", Connect = "connect", Prefill = "prefill", Decode = "decode";

    /// <param name="rates">Measured rates of the request's device; null gives a range.</param>
    /// <param name="threads">CPU threads, for the range.</param>
    /// <param name="availableBytes">Memory of the device that is free for this; null skips the check.</param>
    /// <exception cref="ArgumentException">A value of the request is out of range.</exception>
    public static Plan Make(CostRequest request, MachineRates? rates = null, int threads = 1, long? availableBytes = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(threads, 1);
        var cost = CostModel.Of(request);
        var (slow, fast) = rates is null ? Assumed(request, threads) : (Ceiling.Of(rates, request.ComputeType), Ceiling.Of(rates, request.ComputeType));
        var (visual, decoder) = (cost.Visual, cost.Decoder);
        var moved = PrefillBytes(request, decoder);
        PlannedStep Step(string name, double flops, double bytes, Func<Ceiling, double> seconds) => new(name, flops, bytes, new(seconds(fast), seconds(slow)));
        return new()
        {
            Model = $"{request.Model.ModelType}, {request.Model.Vision.TowerName}",
            Device = request.Device.ToString(),
            ComputeType = request.ComputeType.ShortName(),
            StoredType = request.Stored.ShortName(),
            Compression = request.Compression.ToString(),
            Cost = cost,
            Rates = rates,
            Notes = Notes(request, cost, rates, availableBytes),
            Steps =
            [
                Step(Encode, visual.Tower, 0, c => visual.Tower / (c.Gemm * Efficiency.Tower)),
                Step(Connect, visual.Merge + visual.Connector, 0, c => (visual.Merge + visual.Connector) / (c.Gemm * (request.Model.Vst is null ? Efficiency.Connector : Efficiency.Linear))),
                Step(Prefill, decoder.PrefillFlops, moved, c => ((decoder.Linear + decoder.Ranking - decoder.Skipped) / (c.Gemm * Efficiency.Linear))
                    + (decoder.Attention / (c.Gemm * Efficiency.Attention)) + (moved / c.Copy)),
                Step(Decode, decoder.DecodeFlops, decoder.DecodeBytes, c => decoder.DecodeBytes / (c.Read * Efficiency.Decode)),
            ],
        };
    }

    /// <summary>Weights read and written outside the products: each layer converted once where products convert, and the head for one row.</summary>
    private static double PrefillBytes(CostRequest request, DecoderCost decoder)
    {
        double stored = request.Stored.ItemSize(), compute = request.ComputeType.ItemSize();
        var head = decoder.Logits / 2;
        var layers = (double)decoder.LayerMatrix * request.Model.Language.Layers;
        return request.ConvertsWeights && request.Stored != request.ComputeType ? (layers * (stored + compute)) + (head * (stored + (2 * compute))) : head * stored;
    }

    /// <summary>What current machines span: per CPU thread 20 to 120 GFLOP/s fp32, sockets 8 to 60 GB/s; cards from 2018 on.</summary>
    private static (Ceiling Slow, Ceiling Fast) Assumed(CostRequest request, int threads)
    {
        var half = request.ComputeType is ScalarType.BFloat16 or ScalarType.Float16;
        return request.Device.IsCpu
            ? (new(20e9 * threads * (half ? MachineRates.SlowHalfShare : 1), 8e9, 8e9), new(120e9 * threads * (half ? 5 : 1), 60e9, 60e9))
            : (new(half ? 40e12 : 8e12, 0.3e12, 0.3e12), new(half ? 700e12 : 60e12, 4e12, 4e12));
    }

    private static List<string> Notes(CostRequest request, Cost cost, MachineRates? rates, long? available)
    {
        var notes = new List<string>(); // bounded by the checks below
        var language = request.Model.Language;
        double context = language.RopeScaling is { } yarn ? yarn.Factor * yarn.OriginalMaxPositionEmbeddings : language.MaxPositionEmbeddings;
        // Of Video-XL the answer stands behind what is kept, a window's rows ahead of that for a moment.
        var length = cost.Tokens.Windows is null ? (long)cost.Tokens.Prompt + request.NewTokens
            : Math.Max(cost.Tokens.Positions, cost.Tokens.RowsPerLayer[^1] + (long)request.NewTokens);
        if (length > context)
        {
            notes.Add($"{Units.Count(length)} {(cost.Tokens.Windows is null ? "tokens" : "positions")} exceed the {Units.Count((long)context)} that the decoder was trained for: answers may degrade; use fewer frames, or a rope_scaling of factor {Math.Ceiling(length / context):0} or more");
        }

        if (available is { } bytes && cost.Memory.Peak > bytes)
        {
            notes.Add($"needs {Units.Bytes(cost.Memory.Peak)} at its peak, {Units.Bytes(bytes)} are free: use fewer frames, a stronger compression, or a 16-bit type where the device computes in it");
        }

        if (request.Compression is VstCompression { Mode: VstMode.Content }) notes.Add("windows that follow the content are planned as even ones, and take a second pass of the tower");
        if (rates is null) notes.Add("this machine was not measured: times are the range that machines span; run the doctor to measure it");
        return notes;
    }

    /// <summary>FLOP/s of products, bytes/s of reading and of copying.</summary>
    private readonly record struct Ceiling(double Gemm, double Read, double Copy)
    {
        public static Ceiling Of(MachineRates rates, ScalarType type) => new(rates.Gemm(type), rates.ReadBytesPerSecond, rates.CopyBytesPerSecond);
    }
}
