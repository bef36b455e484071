using Studio.Engine.Chat.Planning;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Machine;

/// <summary>
/// Measures what a device reaches: matrix products, reading, copying. Each figure is the median of repeats behind one
/// warm-up run, so that a busy moment of a shared machine does not count.
/// </summary>
/// <param name="time">Clock of the measurements and of their date.</param>
public sealed class MachineProbe(TimeProvider time)
{
    /// <summary>Bound of the repeats of one measurement.</summary>
    public const int MaxRepeats = 50;

    /// <summary>What the rates of a device depend on, read from the loaded libtorch.</summary>
    /// <param name="cardName">Name of the card, where known.</param>
    public static MachineKey KeyOf(Device device, CpuInfo cpu, string? cardName = null)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        return new(cpu.Model, torch.get_num_threads(), torch.Version, torch.Blas, device.IsCpu || cardName is null ? device.ToString() : $"{device} {cardName}");
    }

    /// <summary>The cached rates of this machine, or new ones, which then are cached.</summary>
    /// <param name="refresh">Measures even where rates are cached.</param>
    public MachineRates Get(Device device, CpuInfo cpu, RatesCache cache, bool refresh = false, string? cardName = null, ProbeSettings? settings = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(cache);
        var key = KeyOf(device, cpu, cardName);
        if (!refresh && cache.TryRead(key) is { } known) return known;
        var rates = Measure(device, cpu, cardName, settings, ct);
        cache.TryWrite(rates);
        return rates;
    }

    /// <summary>Measures now. bf16 products only where they are fast: on a card, or a CPU with AMX.</summary>
    public MachineRates Measure(Device device, CpuInfo cpu, string? cardName = null, ProbeSettings? settings = null, CancellationToken ct = default)
    {
        ArgumentNullException.ThrowIfNull(cpu);
        settings ??= ProbeSettings.For(device);
        using var mode = torch.inference_mode();
        var half = !device.IsCpu || cpu.Has("amx_bf16");
        var share = settings.Budget / (half ? 4 : 3);
        var fp32 = Gemm(device, ScalarType.Float32, settings, share, ct);
        double? bf16 = half ? Gemm(device, ScalarType.BFloat16, settings, share, ct) : null;
        var (read, copy) = Bandwidth(device, settings, share, ct);
        return new(KeyOf(device, cpu, cardName), time.GetUtcNow(), fp32, bf16, read, copy);
    }

    /// <summary>
    /// Median seconds of a run: one run to warm up, then repeats until the time is spent, three at least. Where warming up
    /// alone spends it, its own time counts: a machine so slow is no less slow when warm.
    /// </summary>
    internal double MedianSeconds(Action run, TimeSpan budget, CancellationToken ct)
    {
        ct.ThrowIfCancellationRequested();
        var start = time.GetTimestamp();
        var first = Timed(run);
        if (time.GetElapsedTime(start) >= budget) return first;
        var seconds = new List<double>(MaxRepeats);
        while (seconds.Count < MaxRepeats && (seconds.Count < 3 || time.GetElapsedTime(start) < budget))
        {
            ct.ThrowIfCancellationRequested();
            seconds.Add(Timed(run));
        }

        seconds.Sort();
        return (seconds[(seconds.Count - 1) / 2] + seconds[seconds.Count / 2]) / 2;
    }

    private double Timed(Action run)
    {
        var start = time.GetTimestamp();
        run();
        return time.GetElapsedTime(start).TotalSeconds;
    }

    private double Gemm(Device device, ScalarType type, ProbeSettings settings, TimeSpan budget, CancellationToken ct)
    {
        double best = 0;
        var start = time.GetTimestamp();
        foreach (var (m, k, n) in settings.Products)
        {
            if (best > 0 && time.GetElapsedTime(start) >= budget) break; // a slow BLAS is told by its first product
            using var scope = torch.NewDisposeScope();
            // Zeros would do for the BLAS of today; numbers that differ keep a cleverer one honest, and cards at their true clock.
            var (a, b) = (Ramp(m, k, type, device), Ramp(k, n, type, device));
            var result = torch.empty([m, n], type, device);
            var seconds = MedianSeconds(() =>
            {
                torch.mm_out(a, b, result);
                torch.synchronize(device);
            }, budget / settings.Products.Count, ct);
            if (device.IsCpu && type == ScalarType.Float32)
            {
                // What the decoder multiplies with here: the limit of the machine is what the better of the two reaches.
                var own = new Linear(Ramp(n, k, type, device), null);
                seconds = Math.Min(seconds, MedianSeconds(() => own.Forward(a).Dispose(), budget / settings.Products.Count, ct));
            }

            best = Math.Max(best, 2.0 * m * k * n / seconds);
        }

        return best;
    }

    private (double Read, double Copy) Bandwidth(Device device, ProbeSettings settings, TimeSpan budget, CancellationToken ct)
    {
        const long Columns = 4096;
        var rows = Math.Max(1, settings.BandwidthBytes / (Columns * sizeof(float)));
        double bytes = rows * Columns * sizeof(float);
        using var scope = torch.NewDisposeScope();
        var matrix = torch.zeros([rows, Columns], ScalarType.Float32, device);
        var vector = torch.ones([Columns], ScalarType.Float32, device);
        var read = MedianSeconds(() =>
        {
            using var product = matrix.mv(vector);
            torch.synchronize(device);
        }, budget / 2, ct);
        var copy = torch.zeros([rows, Columns], ScalarType.Float32, device);
        var copied = MedianSeconds(() =>
        {
            _ = copy.copy_(matrix);
            torch.synchronize(device);
        }, budget / 2, ct);
        return (bytes / read, 2 * bytes / copied);
    }

    /// <summary>[rows, columns] of values from -0.5 to 0.5 that repeat with a prime period.</summary>
    private static Tensor Ramp(long rows, long columns, ScalarType type, Device device)
    {
        using var scope = torch.NewDisposeScope();
        var values = new float[rows * columns];
        for (var i = 0; i < values.Length; i++) values[i] = (i % 1009 / 1008f) - 0.5f;
        return torch.tensor(values, rows, columns).to(device, type).MoveToOuterDisposeScope();
    }
}
