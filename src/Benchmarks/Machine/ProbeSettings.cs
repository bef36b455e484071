using Studio.Engine.Torch;

namespace Studio.Benchmarks.Machine;

/// <summary>What a probe multiplies and reads, and for how long.</summary>
public sealed record ProbeSettings
{
    /// <summary>Time for everything together. Each rate is measured at least once, so a very slow machine takes longer.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>Products [m, k] × [k, n]; the best of their medians is the rate. Sizes of one chunk of rows through a layer.</summary>
    public IReadOnlyList<(long M, long K, long N)> Products { get; init; } = [(512, 2048, 2048), (1024, 2048, 2048)];

    /// <summary>Bytes of the tensors that are read and copied: far more than caches hold.</summary>
    public long BandwidthBytes { get; init; } = 256L << 20;

    /// <summary>Larger products and tensors for a card, which would finish the CPU's before the clock ticks.</summary>
    public static ProbeSettings For(Device device) => device.IsCpu ? new()
        : new() { Products = [(4096, 4096, 4096), (8192, 8192, 8192)], BandwidthBytes = 1L << 30 };
}
