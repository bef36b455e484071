using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>Where a model's numbers run and how.</summary>
public sealed record LoadSettings
{
    public Device Device { get; init; } = Device.CPU;

    /// <summary>Type of activations and cache. fp32 is the reference.</summary>
    public ScalarType Dtype { get; init; } = ScalarType.Float32;

    /// <summary>Stretches rotary positions by this factor over the trained length; null: as the checkpoint says.</summary>
    public double? Yarn { get; init; }

    /// <summary>The decoder's geometry with the wish for YaRN applied.</summary>
    internal LanguageConfig Apply(LanguageConfig language) => Yarn is not { } factor ? language
        : factor > 1 ? language with { RopeScaling = new(factor, language.MaxPositionEmbeddings) }
        : throw new ArgumentException($"the YaRN factor must be above 1, not {factor}");
}
