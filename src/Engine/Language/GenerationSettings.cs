using Studio.Engine.Checkpoints;

namespace Studio.Engine.Language;

/// <summary>How the next token is chosen and when to stop. Immutable; validated when made.</summary>
public sealed record GenerationSettings
{
    /// <summary>The most tokens one answer may have.</summary>
    public const int MaxNewTokensLimit = 65_536;

    private readonly int _maxNewTokens = 1024;
    private readonly double _temperature;
    private readonly double _topP = 1;
    private readonly int _topK;
    private readonly double _repetitionPenalty = 1;

    /// <summary>1 to <see cref="MaxNewTokensLimit"/>; default 1024.</summary>
    public int MaxNewTokens
    {
        get => _maxNewTokens;
        init => _maxNewTokens = value is >= 1 and <= MaxNewTokensLimit ? value
            : throw new ArgumentException($"max new tokens must be 1 to {MaxNewTokensLimit}, not {value}");
    }

    /// <summary>0 is greedy (the default); above it, logits are divided by it before sampling.</summary>
    public double Temperature
    {
        get => _temperature;
        init => _temperature = value is >= 0 and <= 100 ? value : throw new ArgumentException($"temperature must be 0 (greedy) to 100, not {value}");
    }

    /// <summary>Samples only from the fewest tokens that hold this probability; 1 switches it off.</summary>
    public double TopP
    {
        get => _topP;
        init => _topP = value is > 0 and <= 1 ? value : throw new ArgumentException($"top-p must be above 0 and at most 1, not {value}");
    }

    /// <summary>Samples only from this many most likely tokens; 0 switches it off.</summary>
    public int TopK
    {
        get => _topK;
        init => _topK = value >= 0 ? value : throw new ArgumentException($"top-k must be 0 (off) or more, not {value}");
    }

    /// <summary>
    /// Positive logits of tokens generated before are divided by it, negative ones multiplied (Keskar et al. 2019). Applies
    /// to greedy decoding too, and never to prompt tokens, as in the originals (spec section 6, Q16). 1 switches it off.
    /// </summary>
    public double RepetitionPenalty
    {
        get => _repetitionPenalty;
        init => _repetitionPenalty = value is > 0 and <= 100 ? value : throw new ArgumentException($"repetition penalty must be above 0 and at most 100, not {value}");
    }

    /// <summary>Seeds the sampling of this answer alone: the same seed gives the same answer whatever ran before.</summary>
    public ulong Seed { get; init; }

    /// <summary>Token ids that end the answer; they are not part of it.</summary>
    public IReadOnlyList<int> StopIds { get; init; } = [];

    /// <summary>
    /// Greedy, with the checkpoint's repetition penalty and stop tokens: what the published chat does (spec section 6).
    /// </summary>
    public static GenerationSettings From(GenerationConfig generation, LanguageConfig language)
    {
        ArgumentNullException.ThrowIfNull(generation);
        ArgumentNullException.ThrowIfNull(language);
        return new()
        {
            RepetitionPenalty = generation.RepetitionPenalty,
            StopIds = generation.EosTokenIds.Count > 0 ? generation.EosTokenIds : language.EosTokenIds,
        };
    }
}
