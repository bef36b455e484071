namespace Studio.Engine.Video;

/// <summary>
/// Fixed-point weights of one axis: which source samples make each output sample. Pillow's rule: the bicubic kernel (a = -0.5)
/// is widened by the shrink factor, weights are normalised in double and rounded to 22 fraction bits.
/// </summary>
internal sealed class ResizeCoefficients
{
    /// <summary>32 bits less 8 for the sample and 2 for the overshoot of the kernel.</summary>
    internal const int PrecisionBits = 32 - 8 - 2;

    /// <summary>
    /// Tables kept; the oldest goes first. Every video needs two, and a board of mixed videos some dozens. A table holds about
    /// 8 × the longer side entries of 4 bytes.
    /// </summary>
    internal const int CacheSize = 64;

    private const double Support = 2.0;

    private static readonly Lock s_lock = new();
    private static readonly Dictionary<(int In, int Out), ResizeCoefficients> s_cache = [];
    private static readonly Queue<(int In, int Out)> s_order = [];

    private ResizeCoefficients(int input, int output)
    {
        double scale = (double)input / output;
        double widening = Math.Max(scale, 1);
        double support = Support * widening;
        Taps = ((int)Math.Ceiling(support) * 2) + 1;
        First = new int[output];
        Count = new int[output];
        Weights = new int[output * Taps];
        double[] exact = new double[Taps];
        for (int i = 0; i < output; i++)
        {
            double center = (i + 0.5) * scale;
            int first = Math.Max(0, (int)(center - support + 0.5));
            int count = Math.Min(input, (int)(center + support + 0.5)) - first;
            double sum = 0;
            for (int t = 0; t < count; t++)
            {
                exact[t] = Bicubic((t + first - center + 0.5) * (1 / widening));
                sum += exact[t];
            }

            for (int t = 0; t < count; t++)
            {
                double weight = sum == 0 ? exact[t] : exact[t] / sum;
                Weights[(i * Taps) + t] = (int)((weight * (1 << PrecisionBits)) + (weight < 0 ? -0.5 : 0.5));
            }

            First[i] = first;
            Count[i] = count;
        }

        (PairsLow, PairsHigh) = Split(Weights, Taps, PairsPerRow);
    }

    /// <summary>Row length of <see cref="Weights"/>; at least every entry of <see cref="Count"/>.</summary>
    internal int Taps { get; }

    internal int[] First { get; }

    internal int[] Count { get; }

    internal int[] Weights { get; }

    /// <summary>Row length of <see cref="PairsLow"/>: an even number of pairs, the missing weights being zero.</summary>
    internal int PairsPerRow => (Taps + 3) / 4 * 2;

    /// <summary>
    /// The low 15 bits of two neighbouring weights in one int, for 16-bit multiply-add: weight = high × 2^15 + low.
    /// </summary>
    internal int[] PairsLow { get; }

    /// <summary>The signed upper bits, paired like <see cref="PairsLow"/>.</summary>
    internal int[] PairsHigh { get; }

    internal static int Cached
    {
        get
        {
            lock (s_lock)
            {
                return s_cache.Count;
            }
        }
    }

    internal static ResizeCoefficients For(int input, int output)
    {
        lock (s_lock)
        {
            if (s_cache.TryGetValue((input, output), out ResizeCoefficients? table))
            {
                return table;
            }
        }

        var made = new ResizeCoefficients(input, output);
        lock (s_lock)
        {
            if (s_cache.TryAdd((input, output), made))
            {
                s_order.Enqueue((input, output));
                if (s_order.Count > CacheSize)
                {
                    s_cache.Remove(s_order.Dequeue());
                }
            }
        }

        return made;
    }

    private static (int[] Low, int[] High) Split(int[] weights, int taps, int pairsPerRow)
    {
        int rows = weights.Length / taps;
        int[] low = new int[rows * pairsPerRow];
        int[] high = new int[rows * pairsPerRow];
        for (int i = 0; i < weights.Length; i++)
        {
            int at = (i / taps * pairsPerRow) + (i % taps / 2);
            int shift = i % taps % 2 * 16;
            low[at] |= (weights[i] & 0x7FFF) << shift;
            high[at] |= ((weights[i] >> 15) & 0xFFFF) << shift;
        }

        return (low, high);
    }

    private static double Bicubic(double x)
    {
        const double A = -0.5;
        x = Math.Abs(x);
        return x switch
        {
            < 1 => ((((A + 2) * x) - (A + 3)) * x * x) + 1,
            < 2 => (((((x - 5) * x) + 8) * x) - 4) * A,
            _ => 0,
        };
    }
}
