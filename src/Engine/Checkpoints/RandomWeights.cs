using System.Numerics;
using System.Text;

namespace Studio.Engine.Checkpoints;

/// <summary>
/// Weights out of nothing: element i of a tensor is a function of (seed, tensor name, i) alone, whatever order, chunk
/// size or number of threads fills it.
/// </summary>
/// <remarks>
/// <para>Counter based: a 64-bit mix (SplitMix64's finaliser, Steele et al. 2014) of key + counter gives four 16-bit draws; each
/// picks one of 65 536 evenly spaced levels of a uniform distribution with the wanted standard deviation.</para>
/// <para>The levels are rounded to bfloat16 first, so the float32, float16 (within its range) and bfloat16 fills of one
/// tensor are the same numbers. Norm weights are 1, layer scales 0.1, biases a tenth of the matrices' deviation.</para>
/// </remarks>
public sealed unsafe class RandomWeights
{
    private const ulong Step = 0x9E3779B97F4A7C15;
    private const float LayerScaleValue = 0.1f;

    /// <summary>Elements per unit of parallel work: 512 KiB of bfloat16, far above the cost of handing it out.</summary>
    private const int BlockElements = 1 << 18;

    private readonly ulong _seed;
    private readonly ushort[] _matrixLevels;
    private readonly ushort[] _biasLevels;

    /// <summary>A generator.</summary>
    /// <param name="seed">Any number.</param>
    /// <param name="standardDeviation">Of matrices; finite and above 0.</param>
    public RandomWeights(ulong seed, float standardDeviation = 0.02f)
    {
        if (!float.IsFinite(standardDeviation) || standardDeviation <= 0)
        {
            throw new ArgumentOutOfRangeException(nameof(standardDeviation), standardDeviation, "Must be finite and above 0.");
        }

        _seed = seed;
        _matrixLevels = Levels(standardDeviation);
        _biasLevels = Levels(standardDeviation / 10);
    }

    /// <summary>Fills part of a tensor with bfloat16 bits.</summary>
    /// <param name="name">Tensor name.</param>
    /// <param name="role">Decides the distribution.</param>
    /// <param name="firstElement">Flat index, within the tensor, of the span's first element.</param>
    /// <param name="values">Destination.</param>
    public void Fill(string name, WeightRole role, long firstElement, Span<ushort> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        if (Constant(role) is { } constant)
        {
            values.Fill(Bf16.FromSingle(constant));
            return;
        }

        ulong key = Key(name);
        ushort[] levels = role == WeightRole.Bias ? _biasLevels : _matrixLevels;
        fixed (ushort* destination = values)
        {
            ushort* start = destination;
            InBlocks(values.Length, (from, to) => Draw(key, levels, firstElement + from, start + from, to - from));
        }
    }

    /// <summary>Fills part of a tensor with float32; the numbers equal those of the bfloat16 fill.</summary>
    /// <inheritdoc cref="Fill(string, WeightRole, long, Span{ushort})"/>
    public void Fill(string name, WeightRole role, long firstElement, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(firstElement);
        if (Constant(role) is { } constant)
        {
            values.Fill(Bf16.ToSingle(Bf16.FromSingle(constant)));
            return;
        }

        ulong key = Key(name);
        ushort[] levels = role == WeightRole.Bias ? _biasLevels : _matrixLevels;
        fixed (float* destination = values)
        {
            float* start = destination;
            InBlocks(values.Length, (from, to) => Widen(key, levels, firstElement + from, start + from, to - from));
        }
    }

    private static float? Constant(WeightRole role) => role switch
    {
        WeightRole.Norm => 1f,
        WeightRole.LayerScale => LayerScaleValue,
        WeightRole.Matrix or WeightRole.Bias => null,
        _ => throw new ArgumentOutOfRangeException(nameof(role), role, "Not a weight role."),
    };

    /// <summary>Level u of 65 536 is (u - 32767.5) / 32768 × √3 σ: symmetric, mean 0, variance σ² (1 - 2⁻³²).</summary>
    private static ushort[] Levels(float standardDeviation)
    {
        var levels = new ushort[1 << 16];
        double scale = standardDeviation * Math.Sqrt(3) / 32_768;
        for (int u = 0; u < levels.Length; u++)
        {
            levels[u] = Bf16.FromSingle((float)((u - 32_767.5) * scale));
        }

        return levels;
    }

    private ulong Key(string name)
    {
        // FNV-1a over the name, then mixed with the seed: near-equal names and seeds give unrelated streams.
        ulong hash = 0xCBF29CE484222325;
        foreach (byte b in Encoding.UTF8.GetBytes(name))
        {
            hash = (hash ^ b) * 0x100000001B3;
        }

        return Mix(hash ^ Mix(_seed + Step));
    }

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    private static ushort Level(ulong key, ushort[] levels, long element)
    {
        ulong draw = Mix(key + (((ulong)element >> 2) * Step));
        return levels[(ushort)(draw >> (int)((element & 3) * 16))];
    }

    private static void Draw(ulong key, ushort[] levels, long first, ushort* values, int count)
    {
        int i = 0;
        for (; i < count && ((first + i) & 3) != 0; i++)
        {
            values[i] = Level(key, levels, first + i);
        }

        fixed (ushort* table = levels)
        {
            ulong counter = key + (((ulong)(first + i) >> 2) * Step);
            for (; i + 4 <= count; i += 4, counter += Step)
            {
                ulong draw = Mix(counter);
                values[i] = table[(ushort)draw];
                values[i + 1] = table[(ushort)(draw >> 16)];
                values[i + 2] = table[(ushort)(draw >> 32)];
                values[i + 3] = table[draw >> 48];
            }
        }

        for (; i < count; i++)
        {
            values[i] = Level(key, levels, first + i);
        }
    }

    private static void Widen(ulong key, ushort[] levels, long first, float* values, int count)
    {
        const int Chunk = 4096;
        ushort* narrow = stackalloc ushort[Chunk];
        for (int done = 0; done < count; done += Chunk)
        {
            int n = Math.Min(Chunk, count - done);
            Draw(key, levels, first + done, narrow, n);
            float* wide = values + done;
            int i = 0;
            for (; i + Vector<ushort>.Count <= n; i += Vector<ushort>.Count)
            {
                Vector.Widen(Vector.Load(narrow + i), out Vector<uint> low, out Vector<uint> high);
                Vector.Store(low << 16, (uint*)wide + i);
                Vector.Store(high << 16, (uint*)wide + i + Vector<uint>.Count);
            }

            for (; i < n; i++)
            {
                wide[i] = Bf16.ToSingle(narrow[i]);
            }
        }
    }

    private static void InBlocks(int count, Action<int, int> fill)
    {
        if (count <= BlockElements)
        {
            fill(0, count);
            return;
        }

        int blocks = (int)(((long)count + BlockElements - 1) / BlockElements);
        Parallel.For(0, blocks, block =>
        {
            int from = block * BlockElements;
            fill(from, (int)Math.Min((long)from + BlockElements, count));
        });
    }
}
