namespace Studio.Engine.Video;

/// <summary>
/// RGB bytes to the numbers a vision tower takes: (x/255 - mean) / std, channels first (videochat-flash.md 2.5). A byte has 256
/// values, so each channel is one table.
/// </summary>
public sealed class PixelPreprocessor
{
    private const int Levels = 256;

    private readonly float[] _tables = new float[3 * Levels];

    /// <param name="mean">Mean of red, green, blue on the scale 0 to 1.</param>
    /// <param name="std">Standard deviation of red, green, blue; above 0.</param>
    /// <exception cref="ArgumentException">Not three values each, or a deviation that is not above 0.</exception>
    public PixelPreprocessor(ReadOnlySpan<double> mean, ReadOnlySpan<double> std)
    {
        if (mean.Length != 3 || std.Length != 3)
        {
            throw new ArgumentException($"Got {mean.Length} means and {std.Length} deviations; give three of each (red, green, blue).");
        }

        for (int c = 0; c < 3; c++)
        {
            if (!(std[c] > 0) || !double.IsFinite(mean[c]))
            {
                throw new ArgumentException($"Channel {c} has mean {mean[c]} and deviation {std[c]}; give a finite mean and a deviation above 0.");
            }

            for (int x = 0; x < Levels; x++)
            {
                // The reference rounds the rescaled value to float first and works in float from there.
                _tables[(c * Levels) + x] = ((float)(x * (1.0 / 255)) - (float)mean[c]) / (float)std[c];
            }
        }
    }

    /// <summary>ImageNet statistics: UMT and InternVideo2.</summary>
    public static PixelPreprocessor ImageNet { get; } = new([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);

    /// <summary>CLIP statistics (video-xl.md 2.1).</summary>
    public static PixelPreprocessor Clip { get; } =
        new([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711]);

    /// <summary>Normalises one picture.</summary>
    /// <param name="rgb">width × height × 3 bytes, row by row, RGB.</param>
    /// <param name="destination">3 × (rgb.Length / 3) floats: all red, then all green, then all blue.</param>
    /// <exception cref="ArgumentException">The lengths do not fit.</exception>
    public void Normalize(ReadOnlySpan<byte> rgb, Span<float> destination)
    {
        if (rgb.Length % 3 != 0 || destination.Length != rgb.Length)
        {
            throw new ArgumentException($"{rgb.Length} bytes of RGB need as many floats, in threes; got {destination.Length}.", nameof(destination));
        }

        int plane = rgb.Length / 3;
        Span<float> red = destination[..plane];
        Span<float> green = destination.Slice(plane, plane);
        Span<float> blue = destination[(2 * plane)..];
        ReadOnlySpan<float> redTable = _tables.AsSpan(0, Levels);
        ReadOnlySpan<float> greenTable = _tables.AsSpan(Levels, Levels);
        ReadOnlySpan<float> blueTable = _tables.AsSpan(2 * Levels, Levels);
        for (int i = 0; i < plane; i++)
        {
            red[i] = redTable[rgb[3 * i]];
            green[i] = greenTable[rgb[(3 * i) + 1]];
            blue[i] = blueTable[rgb[(3 * i) + 2]];
        }
    }
}
