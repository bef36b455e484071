using Studio.Engine.World;

namespace Studio.Engine.Training.Annotating;

/// <summary>A video of the folder.</summary>
/// <param name="Path">Absolute.</param>
/// <param name="Name">As annotations name it: from the output folder, with forward slashes.</param>
/// <param name="ContentHash">SHA-256 of the file.</param>
/// <param name="Duration">Seconds.</param>
public sealed record SourceVideo(string Path, string Name, string ContentHash, double Duration);

/// <summary>A stretch of a section that one caption describes.</summary>
/// <param name="Start">Seconds from the start of the video.</param>
public sealed record ClipTime(double Start, double End);

/// <summary>A part of a video that questions are asked about.</summary>
/// <param name="Index">0-based, among the sections of the video.</param>
/// <param name="Count">Sections of the video; 1 for the whole.</param>
/// <param name="Start">Seconds from the start of the video.</param>
/// <param name="ClipSeconds">Length of its clips.</param>
public sealed record VideoSection(SourceVideo Video, int Index, int Count, double Start, double End, double ClipSeconds)
{
    /// <summary>Its clips in the order of time, cut anew at each call.</summary>
    public IReadOnlyList<ClipTime> Clips => Cut(Start, End, ClipSeconds);

    /// <summary>For names of records: unlike any other section's.</summary>
    public string Id => $"{Video.ContentHash[..12]}-{Index}";

    /// <summary>For the log: content and seconds.</summary>
    public string Place => $"{Video.ContentHash} {Start:0.###}-{End:0.###}";

    public bool IsWholeVideo => Count == 1;

    /// <summary>Random numbers that belong to this section alone, whatever else is in the folder.</summary>
    public WorldRandom Random(ulong seed) => new(WorldRandom.Hash(seed, Number(Video.ContentHash), (ulong)Index));

    /// <summary>Cuts a video: parts of equal length as close to the wished one as they get, of which the seed may choose some.</summary>
    public static IReadOnlyList<VideoSection> Of(SourceVideo video, AnnotationSettings settings)
    {
        ArgumentNullException.ThrowIfNull(video);
        ArgumentNullException.ThrowIfNull(settings);
        int count = (int)Math.Max(1, Math.Floor((video.Duration / settings.SectionSeconds) + 0.5));
        double length = video.Duration / count;
        int[] chosen = [.. Enumerable.Range(0, count)];
        if (count > settings.Sections)
        {
            chosen = new WorldRandom(WorldRandom.Hash(settings.Seed, Number(video.ContentHash), 0x5EC7)).Sample(chosen, settings.Sections);
            Array.Sort(chosen);
        }

        return [.. chosen.Select(i => new VideoSection(video, i, count, Rounded(i * length), Rounded((i + 1) * length), settings.ClipSeconds))];
    }

    private static List<ClipTime> Cut(double start, double end, double seconds)
    {
        var clips = new List<ClipTime>();
        for (int i = 0; ; i++)
        {
            (double from, double to) = (Rounded(start + (i * seconds)), Rounded(Math.Min(start + ((i + 1) * seconds), end)));
            if (to - from < seconds / 2)
            {
                return clips;
            }

            clips.Add(new ClipTime(from, to));
        }
    }

    /// <summary>Milliseconds: the same digits wherever it is written.</summary>
    private static double Rounded(double seconds) => Math.Round(seconds, 3);

    private static ulong Number(string hash) => Convert.ToUInt64(hash[..16], 16);
}
