using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>What a question asks for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldKind>))]
public enum WorldKind
{
    /// <summary>Which object is shown.</summary>
    Appears,

    /// <summary>In which of nine parts of the picture.</summary>
    Where,

    /// <summary>At what time, or in which quarter of the video.</summary>
    When,

    /// <summary>How many at once, or how often.</summary>
    Count,

    /// <summary>Which of several comes first, last, before or after another.</summary>
    Order,

    /// <summary>Which way it moves.</summary>
    Direction,

    /// <summary>Whether it is shown at all.</summary>
    Presence,

    /// <summary>What colour it has.</summary>
    Colour,

    /// <summary>What is written.</summary>
    Mark,

    /// <summary>What the clip shows, in a sentence.</summary>
    Describe,

    /// <summary>What is on a card somewhere in a long video (single hop).</summary>
    Needle,

    /// <summary>What is on the last of several cards that point to one another (multi-hop).</summary>
    Chain,
}

/// <summary>Names of the kinds in files and on the command line.</summary>
public static class WorldKinds
{
    public static IReadOnlyList<WorldKind> All { get; } = Enum.GetValues<WorldKind>();

    /// <summary>The kind's name in lower case.</summary>
    public static string Name(this WorldKind kind) => kind.ToString().ToLowerInvariant();

    /// <summary>The kind of a name.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static WorldKind Parse(string name) =>
        Enum.TryParse(name, ignoreCase: true, out WorldKind kind) && Enum.IsDefined(kind) && !char.IsAsciiDigit(name[0])
            ? kind
            : throw new ArgumentException($"'{name}' is no kind of question; there are {string.Join(", ", All.Select(Name))}.", nameof(name));
}
