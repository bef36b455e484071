using System.Numerics;
using System.Text;

namespace Studio.Engine.Video;

/// <summary>
/// The sentences that tell a model how long the video is (videochat-flash.md 2.4). Models are trained on these exact bytes, so
/// numbers are rounded as Python does: correctly on the exact binary value, ties to even.
/// </summary>
public static class DurationMessage
{
#pragma warning disable CA1720 // "Short" and "Long" are the originals' names of the two forms (time_msg), not types
    /// <summary>Newline, then duration with two decimals and number of frames, then a space at the end.</summary>
    /// <param name="seconds">Length of the video or clip.</param>
    /// <param name="frames">Sampled frames, padded ones included.</param>
    public static string Short(double seconds, int frames) =>
        $"\nThe video lasts for {Fixed(seconds, 2)} seconds, and {frames} frames are uniformly sampled from it. ";

    /// <summary>The form that lists the time of every frame with one decimal.</summary>
    public static string Long(double seconds, IReadOnlyList<double> times)
    {
        ArgumentNullException.ThrowIfNull(times);
        var list = new StringBuilder();
        for (int i = 0; i < times.Count; i++)
        {
            list.Append(i == 0 ? "" : ", ").Append(Fixed(times[i], 1));
        }

        return $"\nThe video lasts for {Fixed(seconds, 2)} seconds, and {times.Count} frames are uniformly sampled at {list} seconds. ";
    }
#pragma warning restore CA1720

    /// <summary>
    /// <paramref name="value"/> with <paramref name="decimals"/> decimals. .NET's "F2" rounds the tie 10.125 up; Python gives
    /// 10.12. Works on the double's own fraction m·2^e as an integer, so no digit is lost.
    /// </summary>
    /// <exception cref="ArgumentException">The value is not finite.</exception>
    internal static string Fixed(double value, int decimals)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentException($"A time of {value} seconds cannot be written; give a finite number.", nameof(value));
        }

        long bits = BitConverter.DoubleToInt64Bits(value);
        int biased = (int)((bits >> 52) & 0x7FF);
        BigInteger mantissa = (bits & 0xFFFFFFFFFFFFF) | (biased == 0 ? 0 : 1L << 52);
        int exponent = Math.Max(biased, 1) - 1075;
        BigInteger scaled = mantissa * BigInteger.Pow(10, decimals);
        BigInteger rounded;
        if (exponent >= 0)
        {
            rounded = scaled << exponent;
        }
        else
        {
            rounded = scaled >> -exponent;
            BigInteger twiceRest = (scaled - (rounded << -exponent)) << 1;
            int half = twiceRest.CompareTo(BigInteger.One << -exponent);
            rounded += half > 0 || (half == 0 && !rounded.IsEven) ? 1 : 0;
        }

        string digits = rounded.ToString().PadLeft(decimals + 1, '0');
        string sign = bits < 0 ? "-" : "";
        return decimals == 0 ? sign + digits : $"{sign}{digits[..^decimals]}.{digits[^decimals..]}";
    }
}
