using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>A stretch of a video.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(WorldShot), "shot")]
[JsonDerivedType(typeof(WorldCard), "card")]
[JsonDerivedType(typeof(WorldHaystack), "haystack")]
public abstract record WorldSegment
{
    /// <summary>Milliseconds from the start of the video.</summary>
    public required int StartMs { get; init; }

    public required int LengthMs { get; init; }

    [JsonIgnore]
    public int EndMs => StartMs + LengthMs;

    internal abstract void AddCast(ISet<int> cast);
}

/// <summary>What something is there for.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<WorldRole>))]
public enum WorldRole
{
    /// <summary>Company: no question is about it.</summary>
    Extra,

    /// <summary>What the video's question is about.</summary>
    Main,

    /// <summary>Could be mistaken for the main one.</summary>
    Decoy,
}

/// <summary>One shot: a backdrop, a camera and what moves before it.</summary>
public sealed record WorldShot : WorldSegment
{
    /// <summary>Number of the backdrop; see <see cref="WorldBackdrop"/>.</summary>
    public required int Backdrop { get; init; }

    /// <summary>Whether the backdrop drifts. A shot without drift, grain, camera and moving actors is a still picture.</summary>
    public bool Drifts { get; init; }

    public WorldCamera Camera { get; init; } = WorldCamera.Still;

    /// <summary>Strength of the film grain in levels of 255: 0 for none.</summary>
    public int Grain { get; init; }

    /// <summary>Drawn in this order.</summary>
    public IReadOnlyList<WorldActor> Actors { get; init; } = [];

    /// <summary>A written mark, drawn last.</summary>
    public WorldMark? Mark { get; init; }

    internal override void AddCast(ISet<int> cast)
    {
        foreach (WorldActor actor in Actors)
        {
            cast.Add(actor.Instance.ObjectId);
        }
    }
}

/// <summary>A picture card: one picture in a coloured frame, with a sign or a second picture that it points to.</summary>
public sealed record WorldCard : WorldSegment
{
    public required WorldRole Role { get; init; }

    /// <summary>Colour of the frame.</summary>
    public required WorldColour Frame { get; init; }

    public required WorldInstance Picture { get; init; }

    /// <summary>The picture that it points to; null on a card that ends a chain or stands alone.</summary>
    public WorldInstance? Next { get; init; }

    /// <summary>Points down instead of to the right.</summary>
    public bool Downward { get; init; }

    /// <summary>Place of a chain this card belongs to and its position in it; -1 for a card of its own.</summary>
    public int Chain { get; init; } = -1;

    public int Step { get; init; }

    /// <summary>A number in a corner of the card, or null.</summary>
    public string? Mark { get; init; }

    /// <summary>Where the middle of the pictures lies.</summary>
    public required WorldPoint Centre { get; init; }

    /// <summary>Size of a picture, as a share of the shorter side.</summary>
    public required int Size { get; init; }

    /// <summary>Strength of the film grain in levels of 255.</summary>
    public int Grain { get; init; }

    internal override void AddCast(ISet<int> cast)
    {
        cast.Add(Picture.ObjectId);
        if (Next is not null)
        {
            cast.Add(Next.ObjectId);
        }
    }
}

/// <summary>
/// A stretch of any length that no question is about: shots with objects of a pool. Nothing of it is stored; each shot follows from the seed
/// and its number. No two frames are equal.
/// </summary>
public sealed record WorldHaystack : WorldSegment
{
    public required ulong Seed { get; init; }

    public required WorldSplit Split { get; init; }

    /// <summary>Numbers of the objects that may occur.</summary>
    public required IReadOnlyList<int> Pool { get; init; }

    internal override void AddCast(ISet<int> cast) => cast.UnionWith(Pool);
}
