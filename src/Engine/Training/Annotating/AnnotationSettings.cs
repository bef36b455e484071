namespace Studio.Engine.Training.Annotating;

/// <summary>What annotations to make of a folder of videos.</summary>
public sealed record AnnotationSettings
{
    /// <summary>Most videos of one folder.</summary>
    public const int MaxVideos = 100_000;

    /// <summary>Most clips of one section: their captions go into one prompt.</summary>
    public const int MaxClips = 512;

    /// <summary>Most frames a captioner looks at in a clip.</summary>
    public const int MaxFrames = 64;

    /// <summary>Most questions about one section.</summary>
    public const int MaxQuestions = 64;

    /// <summary>Most sections of one video.</summary>
    public const int MaxSections = 1000;

    /// <summary>Most requests at once.</summary>
    public const int MaxJobs = 64;

    /// <summary>Another seed chooses other videos, sections and questions.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>Videos taken, chosen by the seed where there are more.</summary>
    public int Videos { get; init; } = MaxVideos;

    /// <summary>Length of a clip, seconds; a last piece shorter than half of it is left out.</summary>
    public required double ClipSeconds { get; init; }

    /// <summary>Length of the parts that longer videos are cut into, seconds; each has questions of its own.</summary>
    public required double SectionSeconds { get; init; }

    /// <summary>Sections taken of one video, chosen by the seed.</summary>
    public int Sections { get; init; } = 4;

    /// <summary>Frames that the captioner sees of a clip.</summary>
    public int Frames { get; init; } = 8;

    /// <summary>Questions about one section at most.</summary>
    public int Questions { get; init; } = 5;

    /// <summary>Names of the kinds of questions.</summary>
    public required IReadOnlyList<string> Kinds { get; init; }

    /// <summary>Requests at once.</summary>
    public int Jobs { get; init; } = 2;

    /// <exception cref="ArgumentException">A value is out of range; the message names it and the range.</exception>
    public void Validate(IReadOnlyList<string> kinds)
    {
        ArgumentNullException.ThrowIfNull(kinds);
        Require(Videos is >= 1 and <= MaxVideos, $"{Videos} videos", $"1 to {MaxVideos}");
        Require(ClipSeconds is >= 1 and <= 600, $"clips of {ClipSeconds} s", "1 to 600");
        Require(SectionSeconds >= ClipSeconds && SectionSeconds <= 86_400, $"sections of {SectionSeconds} s", $"{ClipSeconds} (one clip) to 86400");
        double clips = 1.5 * SectionSeconds / ClipSeconds; // a video of up to one and a half sections is one
        Require(clips <= MaxClips, $"sections of up to {clips:0} clips", $"at most {MaxClips}: shorter sections or longer clips");
        Require(Sections is >= 1 and <= MaxSections, $"{Sections} sections a video", $"1 to {MaxSections}");
        Require(Frames is >= 1 and <= MaxFrames, $"{Frames} frames a clip", $"1 to {MaxFrames}");
        Require(Questions is >= 1 and <= MaxQuestions, $"{Questions} questions a section", $"1 to {MaxQuestions}");
        Require(Jobs is >= 1 and <= MaxJobs, $"{Jobs} requests at once", $"1 to {MaxJobs}");
        Require(Kinds.Count > 0 && Kinds.Distinct().Count() == Kinds.Count, $"the kinds '{string.Join(",", Kinds)}'", "each kind once, at least one");
        foreach (string kind in Kinds)
        {
            Require(kinds.Contains(kind), $"the kind '{kind}'", string.Join(", ", kinds));
        }
    }

    private static void Require(bool met, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"Annotations with {value}; give {allowed}.");
        }
    }
}
