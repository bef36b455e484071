using System.Numerics;

namespace Studio.Benchmarks.Evaluation.Originals;

/// <summary>
/// Python's random module as far as the original scorers use it: the Mersenne Twister MT19937 seeded with a whole number, and choice().
/// Source: M. Matsumoto, T. Nishimura, "Mersenne Twister", ACM TOMACS 8 (1998), with the 2002 initialisation by array.
/// </summary>
public sealed class PythonRandom
{
    private const int Length = 624;
    private const int Shift = 397;

    private readonly uint[] _state = new uint[Length];
    private int _next = Length;

    public PythonRandom(ulong seed)
    {
        uint[] key = seed > uint.MaxValue ? [(uint)seed, (uint)(seed >> 32)] : [(uint)seed];
        Initialise(19650218);
        var (i, j) = (1, 0);
        for (var k = Length; k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1664525u)) + key[j] + (uint)j;
            if (++i >= Length) (_state[0], i) = (_state[Length - 1], 1);
            if (++j >= key.Length) j = 0;
        }

        for (var k = Length - 1; k > 0; k--)
        {
            _state[i] = (_state[i] ^ ((_state[i - 1] ^ (_state[i - 1] >> 30)) * 1566083941u)) - (uint)i;
            if (++i >= Length) (_state[0], i) = (_state[Length - 1], 1);
        }

        _state[0] = 0x80000000u;
    }

    /// <summary>random.choice: an index below the count, by rejection.</summary>
    public int Choice(int count)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        var bits = 32 - BitOperations.LeadingZeroCount((uint)count);
        uint drawn;
        do drawn = Next() >> (32 - bits);
        while (drawn >= (uint)count);
        return (int)drawn;
    }

    /// <summary>The next 32 bits.</summary>
    public uint Next()
    {
        if (_next >= Length) Refill();
        var y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    private void Initialise(uint seed)
    {
        _state[0] = seed;
        for (uint i = 1; i < Length; i++) _state[i] = (1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30))) + i;
    }

    private void Refill()
    {
        for (var i = 0; i < Length; i++)
        {
            var y = (_state[i] & 0x80000000u) | (_state[(i + 1) % Length] & 0x7fffffffu);
            _state[i] = _state[(i + Shift) % Length] ^ (y >> 1) ^ ((y & 1) == 0 ? 0u : 0x9908b0dfu);
        }

        _next = 0;
    }
}
