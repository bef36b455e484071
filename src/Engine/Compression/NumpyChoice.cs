namespace Studio.Engine.Compression;

/// <summary>
/// Draws as <c>numpy.random.default_rng(seed).choice(list)</c> does, number for number: SeedSequence's mixing of the seed,
/// PCG64 (XSL-RR, O'Neill 2014), and Lemire's bounded draw on its 32-bit halves. Video-XL's original draws ratios with it.
/// </summary>
internal sealed class NumpyChoice
{
    private static readonly UInt128 s_multiplier = new(2549297995355413924, 4865540595714422341);

    private readonly UInt128 _increment;
    private UInt128 _state;
    private uint? _upperHalf;

    public NumpyChoice(ulong seed)
    {
        var words = Spread(seed);
        ulong Word(int i) => words[2 * i] | ((ulong)words[(2 * i) + 1] << 32);
        var start = new UInt128(Word(0), Word(1));
        _increment = (new UInt128(Word(2), Word(3)) << 1) | 1;
        Step();
        _state += start;
        Step();
    }

    /// <summary>An index below <paramref name="count"/>, each as likely. One candidate takes no draw.</summary>
    public int Next(int count)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(count, 1);
        if (count == 1) return 0;
        var bound = (uint)count;
        var product = (ulong)Next32() * bound;
        if ((uint)product < bound)
        {
            var threshold = (uint)(-bound) % bound;
            while ((uint)product < threshold) product = (ulong)Next32() * bound;
        }

        return (int)(product >> 32);
    }

    /// <summary>The lower half of a draw first, then its upper half.</summary>
    private uint Next32()
    {
        if (_upperHalf is { } kept)
        {
            _upperHalf = null;
            return kept;
        }

        Step();
        var folded = (ulong)(_state >> 64) ^ (ulong)_state;
        var drawn = ulong.RotateRight(folded, (int)(ulong)(_state >> 122));
        _upperHalf = (uint)(drawn >> 32);
        return (uint)drawn;
    }

    private void Step() => _state = unchecked((_state * s_multiplier) + _increment);

    /// <summary>Eight words of state from a seed: a pool of four hashed words, each mixed with all others, hashed once more.</summary>
    private static uint[] Spread(ulong seed)
    {
        const uint FirstMultiplier = 0x931e8875, SecondMultiplier = 0x58f38ded;
        unchecked
        {
            var constant = 0x43b0d7e5u;
            uint Hash(uint value)
            {
                value ^= constant;
                constant *= FirstMultiplier;
                value *= constant;
                return value ^ (value >> 16);
            }

            uint[] pool = [Hash((uint)seed), Hash((uint)(seed >> 32)), Hash(0), Hash(0)];
            for (var source = 0; source < 4; source++)
            {
                for (var target = 0; target < 4; target++)
                {
                    if (source == target) continue;
                    var mixed = (0xca01f9ddu * pool[target]) - (0x4973f715u * Hash(pool[source]));
                    pool[target] = mixed ^ (mixed >> 16);
                }
            }

            var words = new uint[8];
            constant = 0x8b51f9dd;
            for (var i = 0; i < words.Length; i++)
            {
                var value = pool[i % 4] ^ constant;
                constant *= SecondMultiplier;
                value *= constant;
                words[i] = value ^ (value >> 16);
            }

            return words;
        }
    }
}
