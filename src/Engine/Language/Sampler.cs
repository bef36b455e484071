using System.Buffers;

namespace Studio.Engine.Language;

/// <summary>
/// Chooses tokens from logits under one setting. Deterministic: the generator belongs to the sampler and starts from the
/// setting's seed; equal logits are decided by the lower id. Allocates nothing per token after its first.
/// </summary>
public sealed class Sampler
{
    private readonly GenerationSettings _settings;
    private readonly HashSet<int> _seen = []; // bounded by MaxNewTokens
    private ulong _state;
    private int[] _order = [];
    private float[] _keys = [];

    public Sampler(GenerationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        _settings = settings;
        _state = settings.Seed;
        _ = _seen.EnsureCapacity(Math.Min(settings.MaxNewTokens, 4096));
    }

    /// <summary>Chooses the next token and remembers it for the repetition penalty.</summary>
    /// <param name="logits">[vocabulary]; changed in place by the penalty.</param>
    /// <exception cref="InvalidOperationException">No logit is a number: the model's numbers have overflowed.</exception>
    public int Next(Span<float> logits)
    {
        Penalise(logits);
        var id = _settings.Temperature > 0 ? Draw(logits) : ArgMax(logits);
        _ = _seen.Add(id);
        return id;
    }

    /// <summary>The largest logit's id; of equal ones the lowest. NaN never wins.</summary>
    public static int ArgMax(ReadOnlySpan<float> logits)
    {
        var best = -1;
        for (var i = 0; i < logits.Length; i++)
        {
            if (!float.IsNaN(logits[i]) && (best < 0 || logits[i] > logits[best])) best = i;
        }

        return best >= 0 ? best : throw new InvalidOperationException("all logits are NaN: the model's numbers overflowed; try --dtype fp32");
    }

    private void Penalise(Span<float> logits)
    {
        if (_settings.RepetitionPenalty == 1) return;
        var penalty = (float)_settings.RepetitionPenalty;
        foreach (var id in _seen) logits[id] = logits[id] > 0 ? logits[id] / penalty : logits[id] * penalty;
    }

    /// <summary>Softmax at the temperature over the top-k, cut to the top-p, then one draw.</summary>
    private int Draw(ReadOnlySpan<float> logits)
    {
        if (_order.Length != logits.Length) (_order, _keys) = (new int[logits.Length], new float[logits.Length]);
        for (var i = 0; i < logits.Length; i++) (_order[i], _keys[i]) = (i, float.IsNaN(logits[i]) ? float.PositiveInfinity : -logits[i]);
        // Unstable for equal keys, yet a pure function of the keys, so repeatable.
        Array.Sort(_keys, _order);
        if (float.IsPositiveInfinity(_keys[0])) return ArgMax(logits);
        var candidates = _settings.TopK > 0 ? Math.Min(_settings.TopK, logits.Length) : logits.Length;
        var weights = ArrayPool<double>.Shared.Rent(candidates);
        try
        {
            double total = 0;
            for (var i = 0; i < candidates; i++) total += weights[i] = Math.Exp((_keys[0] - (double)_keys[i]) / _settings.Temperature);
            double kept = 0;
            var last = 0;
            for (; last < candidates; last++)
            {
                kept += weights[last];
                if (kept >= _settings.TopP * total) break;
            }

            last = Math.Min(last, candidates - 1);
            var point = NextUnit() * kept;
            for (var i = 0; i <= last; i++)
            {
                point -= weights[i];
                if (point < 0) return _order[i];
            }

            return _order[last];
        }
        finally
        {
            ArrayPool<double>.Shared.Return(weights);
        }
    }

    /// <summary>Uniform in [0, 1): SplitMix64 (Steele, Lea and Flood 2014), 53 bits.</summary>
    private double NextUnit()
    {
        var z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return ((z ^ (z >> 31)) >> 11) * (1.0 / (1UL << 53));
    }
}
