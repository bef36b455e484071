using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>Which videos and questions a data set is made of. Plain values: recipe files hold it as JSON.</summary>
public sealed record WorldRecipe
{
    /// <summary>Most lengths in <see cref="Seconds"/> and most depths in <see cref="Depths"/>.</summary>
    public const int MaxChoices = 256;

    /// <summary>Largest weight of a kind.</summary>
    public const int MaxWeight = 100;

    /// <summary>Kinds of questions and how often each is asked, relative to the others.</summary>
    public IReadOnlyDictionary<WorldKind, int> Kinds { get; init; } = WorldKinds.All.ToDictionary(k => k, _ => 1);

    /// <summary>Lengths of videos; every kind gets each equally often. A kind that needs a longer one gets its shortest.</summary>
    public IReadOnlyList<int> Seconds { get; init; } = [16];

    /// <summary>Where needles and single events lie, 0 to 1; every one equally often. Empty for anywhere.</summary>
    public IReadOnlyList<double> Depths { get; init; } = [];

    /// <summary>Steps of a chain, at least and at most.</summary>
    public int MinHops { get; init; } = 1;

    public int MaxHops { get; init; } = 1;

    /// <summary>Other cards in a needle video, at least and at most.</summary>
    public int MinDecoys { get; init; }

    public int MaxDecoys { get; init; } = 1;

    public int EventSeconds { get; init; } = 4;

    public int CardSeconds { get; init; } = 4;

    /// <summary>Frames a second.</summary>
    public int Fps { get; init; } = 8;

    /// <summary>Objects in play.</summary>
    public int Objects { get; init; } = WorldObjects.All.Count;

    /// <summary>Open or lettered questions; null for both.</summary>
    public WorldForm? Form { get; init; }

    /// <summary>Total of the weights.</summary>
    [JsonIgnore]
    public int TotalWeight => Kinds.Values.Sum();

    /// <summary>Lengths from one to another, each about an eighth longer than the one before: short ones are as frequent as long ones.</summary>
    /// <exception cref="ArgumentException">The range is empty or begins below 1.</exception>
    public static IReadOnlyList<int> Lengths(int shortest, int longest)
    {
        if (shortest < 1 || longest < shortest)
        {
            throw new ArgumentException($"Lengths from {shortest} to {longest} s; give a range that begins at 1 s or more.");
        }

        var lengths = new List<int>();
        for (long at = shortest; at < longest; at = Math.Max(at + 1, at * 9 / 8))
        {
            lengths.Add((int)at);
        }

        lengths.Add(longest);
        return lengths;
    }

    /// <exception cref="ArgumentException">A value cannot be met; the message names it.</exception>
    public void Validate()
    {
        Require(
            Kinds.Count > 0 && TotalWeight > 0 && Kinds.Values.All(w => w is >= 0 and <= MaxWeight),
            $"kinds {string.Join(", ", Kinds.Select(k => $"{k.Key.Name()}={k.Value}"))}",
            $"weights of 0 to {MaxWeight}, one above 0");
        Require(Seconds.Count is >= 1 and <= MaxChoices, $"{Seconds.Count} lengths", $"1 to {MaxChoices}");
        Require(Seconds.All(s => s is >= 1 and <= WorldScript.MaxSeconds), $"lengths of {string.Join(", ", Seconds)} s", $"1 to {WorldScript.MaxSeconds} s");
        Require(Depths.Count <= MaxChoices && Depths.All(d => d is >= 0 and <= 1), $"depths of {string.Join(", ", Depths)}", $"at most {MaxChoices} between 0 and 1");
        Require(MinHops >= 1 && MaxHops >= MinHops && MaxHops <= CardMaker.MaxHops, $"{MinHops} to {MaxHops} hops", $"1 to {CardMaker.MaxHops}");
        Require(MinDecoys >= 0 && MaxDecoys >= MinDecoys && MaxDecoys <= CardMaker.MaxDecoys, $"{MinDecoys} to {MaxDecoys} decoy cards", $"0 to {CardMaker.MaxDecoys}");
    }

    private static void Require(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"A recipe with {value}; give {allowed}.");
        }
    }
}
