using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// Cosines and sines of rotary position embedding (rotate-half form), one table shared by all layers. Built in double,
/// stored in fp32, whatever the model's type: 16-bit tables lose every position beyond a few thousand. Grows on demand by
/// doubling, to at most <see cref="MaxPositions"/> rows.
/// </summary>
public sealed class RotaryTable : IDisposable
{
    /// <summary>Four million positions: 250,000 frames of 16 tokens.</summary>
    public const int MaxPositions = 1 << 22;

    private readonly double[] _frequencies;
    private readonly double _magnitude;
    private readonly Device _device;

    /// <param name="headDim">Even.</param>
    /// <param name="theta">Base of the frequencies: 1e6 for Qwen2.</param>
    public RotaryTable(int headDim, double theta, Device device, YarnScaling? yarn = null)
    {
        if (headDim < 2 || headDim % 2 != 0) throw new ArgumentOutOfRangeException(nameof(headDim), headDim, "rotary positions need an even head dimension");
        _device = device;
        _frequencies = Frequencies(headDim, theta, yarn);
        _magnitude = yarn is null ? 1 : yarn.AttentionFactor ?? (yarn.Factor <= 1 ? 1 : (0.1 * Math.Log(yarn.Factor)) + 1);
        Cos = Sin = null!;
        Grow(1024);
    }

    /// <summary>fp32 [positions, headDim / 2] on the device.</summary>
    public Tensor Cos { get; private set; }

    /// <summary>fp32 [positions, headDim / 2] on the device.</summary>
    public Tensor Sin { get; private set; }

    public int Positions { get; private set; }

    /// <summary>Radians a position adds, per pair of dimensions.</summary>
    public IReadOnlyList<double> PairFrequencies => _frequencies;

    /// <summary>Makes sure that positions 0..count-1 are in the table.</summary>
    public void Ensure(long count)
    {
        if (count > MaxPositions) throw new ArgumentOutOfRangeException(nameof(count), count, $"at most {MaxPositions} positions are supported");
        if (count > Positions) Grow((int)Math.Min(MaxPositions, Math.Max(count, 2L * Positions)));
    }

    public void Dispose()
    {
        Cos.Dispose();
        Sin.Dispose();
    }

    private void Grow(int positions)
    {
        var half = _frequencies.Length;
        var (cos, sin) = (new float[(long)positions * half], new float[(long)positions * half]);
        Parallel.For(0, positions, p =>
        {
            for (var i = 0; i < half; i++)
            {
                var (s, c) = Math.SinCos(p * _frequencies[i]);
                (cos[((long)p * half) + i], sin[((long)p * half) + i]) = ((float)(c * _magnitude), (float)(s * _magnitude));
            }
        });
        Cos?.Dispose();
        Sin?.Dispose();
        using var scope = torch.NewDisposeScope();
        Cos = torch.tensor(cos, positions, half).to(_device).DetachFromDisposeScope();
        Sin = torch.tensor(sin, positions, half).to(_device).DetachFromDisposeScope();
        Positions = positions;
    }

    /// <summary>theta^(-2i/d), and YaRN's blend of it with the interpolated one (Peng et al. 2023, section 3.2).</summary>
    private static double[] Frequencies(int headDim, double theta, YarnScaling? yarn)
    {
        var half = headDim / 2;
        var frequencies = new double[half];
        for (var i = 0; i < half; i++) frequencies[i] = Math.Pow(theta, -2.0 * i / headDim);
        if (yarn is null) return frequencies;
        double Dimension(double turns) => headDim * Math.Log(yarn.OriginalMaxPositionEmbeddings / (turns * 2 * Math.PI)) / (2 * Math.Log(theta));
        var low = Math.Max(0, Math.Floor(Dimension(yarn.BetaFast)));
        var high = Math.Min(headDim - 1, Math.Ceiling(Dimension(yarn.BetaSlow)));
        if (high <= low) high = low + 0.001;
        for (var i = 0; i < half; i++)
        {
            var interpolated = Math.Clamp((i - low) / (high - low), 0, 1);
            frequencies[i] *= 1 - interpolated + (interpolated / yarn.Factor);
        }

        return frequencies;
    }
}
