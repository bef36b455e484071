using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// How a run is judged. The reference numbers are fp32, and fp32 is the only type in which every row binds at the case's own
/// tolerance. In 16 bit the same rows are reported, but
/// <list type="bullet">
/// <item>a tensor's error, as root mean square, may be <see cref="Share"/> of its values' own, and no single error more than
/// <see cref="Outlier"/> of it: rounding adds up at random, so single errors have tails that a bound on each would have to
/// be blind to;</item>
/// <item>decisions (which tokens are kept, merged or generated) are informational: a near tie may fall the other way, because
/// the reference decided it in fp32;</item>
/// <item>so is every value behind a decision that fell the other way, or that was closer than <see cref="Resolution"/>.</item>
/// </list>
/// A 16-bit run that passes therefore says that the arithmetic is sound, not that its answers equal the reference's.
/// </summary>
public sealed record Precision
{
    private const double OutlierFactor = 10;

    private Precision(ScalarType dtype, double share, double resolution) => (Dtype, Share, Resolution) = (dtype, share, resolution);

    public ScalarType Dtype { get; }

    /// <summary>
    /// Allowed root mean square of a tensor's errors relative to that of its values: bf16 4e-2, fp16 5e-3. The cases
    /// show up to 2.3e-2 in bf16; fp16 is eight times finer. A wrong table, norm or activation shows as tenths. 0 in fp32,
    /// where the case's own tolerance holds for every value.
    /// </summary>
    public double Share { get; }

    /// <summary>Allowed single error relative to the root mean square of the values: ten times <see cref="Share"/>.</summary>
    public double Outlier => OutlierFactor * Share;

    /// <summary>Spacing of numbers just below 1: decisions closer than this are open.</summary>
    public double Resolution { get; }

    public bool IsReference => Dtype == ScalarType.Float32;

    /// <exception cref="ArgumentException">Another type than fp32, bf16 and fp16.</exception>
    public static Precision For(ScalarType dtype) => dtype switch
    {
        ScalarType.Float32 => new(dtype, 0, 0),
        ScalarType.BFloat16 => new(dtype, 4e-2, Math.ScaleB(1, -8)),
        ScalarType.Float16 => new(dtype, 5e-3, Math.ScaleB(1, -11)),
        _ => throw new ArgumentException($"cannot verify in {dtype.ShortName()}; use fp32, bf16 or fp16"),
    };
}
