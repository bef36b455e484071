namespace Studio.Engine.Training;

/// <summary>Low-rank adaptation (Hu et al. 2021) of the decoder: its own weights stay, products of two small matrices are added to them.</summary>
public sealed record LoraSettings
{
    /// <summary>What can be adapted, as published names have it.</summary>
    public static IReadOnlyList<string> AllTargets { get; } = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"];

    public int Rank { get; init; } = 64;

    /// <summary>The product is scaled by alpha / rank.</summary>
    public double Alpha { get; init; } = 16;

    /// <summary>Some of <see cref="AllTargets"/>.</summary>
    public IReadOnlyList<string> Targets { get; init; } = AllTargets;

    /// <summary>0: a training repeats its bits, and dropout is the one thing here that would draw anew in each update.</summary>
    public double Dropout { get; init; }

    /// <summary>Of the first of the two matrices.</summary>
    public ulong Seed { get; init; } = 1;

    /// <exception cref="ArgumentException">A value is out of range; the message names stage and value.</exception>
    internal void Validate(string stage, PartRates rates)
    {
        Check(rates.Decoder is not null, "rates.decoder is missing beside lora", "the adapters' learning rate there");
        Check(Rank is >= 1 and <= 4096, $"lora.rank is {Rank}", "1 to 4096");
        Check(Alpha is > 0 and <= 1e6, $"lora.alpha is {Alpha}", "a number above 0");
        Check(Dropout == 0, $"lora.dropout is {Dropout}", "0: dropout is not supported");
        Check(Targets.Count > 0 && Targets.Distinct().Count() == Targets.Count, $"lora.targets are [{string.Join(", ", Targets)}]", "at least one, each once");
        foreach (string target in Targets)
        {
            Check(AllTargets.Contains(target), $"lora.targets has '{target}'", string.Join(", ", AllTargets));
        }

        void Check(bool met, string value, string allowed) => TrainingRecipe.Check(met, $"Stage '{stage}': {value}", allowed);
    }
}
