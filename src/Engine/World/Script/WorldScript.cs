using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Studio.Engine.World;

/// <summary>
/// A video as a description: what is shown when. Any frame can be drawn from it without the ones before; the rate only says at
/// which moments frames are taken, so one script at 1 and at 8 frames a second shows the same world.
/// </summary>
public sealed record WorldScript
{
    /// <summary>Longest video: a day.</summary>
    public const int MaxSeconds = 24 * 3600;

    /// <summary>Highest rate.</summary>
    public const int MaxFps = 60;

    private static readonly JsonSerializerOptions s_json = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    /// <summary>What it was composed from.</summary>
    public required ulong Seed { get; init; }

    /// <summary>The part of the world it is made of.</summary>
    public required WorldSplit Split { get; init; }

    /// <summary>The question that it was composed for.</summary>
    public required WorldKind Kind { get; init; }

    /// <summary>Which form of the question it was composed for; what it means depends on the kind.</summary>
    public required int Variant { get; init; }

    /// <summary>How many of <see cref="WorldObjects.All"/> are in play; the others never occur, not even as options.</summary>
    public required int Objects { get; init; }

    /// <summary>Frames a second.</summary>
    public required int Fps { get; init; }

    /// <summary>Segments in order of time, without gaps.</summary>
    public required IReadOnlyList<WorldSegment> Segments { get; init; }

    [JsonIgnore]
    public int LengthMs => Segments[^1].EndMs;

    /// <summary>Frames of the whole video; at least one.</summary>
    [JsonIgnore]
    public int FrameCount => (int)Math.Max(1, (((long)LengthMs * Fps) + 999) / 1000);

    /// <summary>When a frame is taken.</summary>
    public int TimeOf(int frame) => (int)((long)frame * 1000 / Fps);

    /// <summary>The segment at a moment; the last one at and after the end.</summary>
    public WorldSegment SegmentAt(int ms)
    {
        (int low, int high) = (0, Segments.Count - 1);
        while (low < high)
        {
            int middle = (low + high + 1) / 2;
            if (Segments[middle].StartMs <= ms)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return Segments[low];
    }

    /// <summary>Every object that is or may be shown: those of shots and cards, and the pools of haystacks.</summary>
    public IReadOnlySet<int> Cast()
    {
        var cast = new HashSet<int>();
        foreach (WorldSegment segment in Segments)
        {
            segment.AddCast(cast);
        }

        return cast;
    }

    /// <summary>SHA-256 of everything that is drawn; seed and rate are left out.</summary>
    public string Fingerprint() =>
        Convert.ToHexStringLower(SHA256.HashData(JsonSerializer.SerializeToUtf8Bytes(new { Split, Segments }, s_json)));

    /// <summary>The description as JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Checks what <see cref="WorldRenderer"/> relies on.</summary>
    /// <exception cref="ArgumentException">Something is out of range; the message names it.</exception>
    public void Validate()
    {
        if (Fps is < 1 or > MaxFps)
        {
            throw new ArgumentException($"A script of {Fps} frames a second; give 1 to {MaxFps}.");
        }

        int at = 0;
        foreach (WorldSegment segment in Segments)
        {
            if (segment.StartMs != at || segment.LengthMs < 1)
            {
                throw new ArgumentException($"A segment starts at {segment.StartMs} ms and lasts {segment.LengthMs} ms; the one before ends at {at} ms.");
            }

            at = segment.EndMs;
        }

        if (at < 1 || at > MaxSeconds * 1000)
        {
            throw new ArgumentException($"A script of {at} ms; give 1 ms to {MaxSeconds} s.");
        }
    }
}
