using System.Text.Json;

namespace Studio.Engine.World;

/// <summary>One line of an annotation file: a question about a video file and its answer.</summary>
public sealed record WorldAnnotation
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // JSONL files are read by programs, not put into pages
    };

    /// <summary>Unique in the file.</summary>
    public required string Id { get; init; }

    /// <summary>Path of the video from the annotation file.</summary>
    public required string Video { get; init; }

    /// <summary>Name of a <see cref="WorldKind"/>.</summary>
    public required string Kind { get; init; }

    /// <summary>"open" or "lettered".</summary>
    public required string Form { get; init; }

    public required string Question { get; init; }

    /// <summary>In the order of their letters; null for an open question.</summary>
    public required IReadOnlyList<string>? Options { get; init; }

    public required string Answer { get; init; }

    public required string? Letter { get; init; }

    /// <summary>Start and end, in seconds, of each stretch that shows the answer.</summary>
    public required IReadOnlyList<double[]> Evidence { get; init; }

    /// <summary>Names of a chain's pictures in order; empty for other kinds.</summary>
    public required IReadOnlyList<string> Chain { get; init; }

    /// <summary>Where the event was asked to lie, 0 to 1; null for anywhere.</summary>
    public required double? Depth { get; init; }

    /// <summary>What the video was composed from; below 2⁵³.</summary>
    public required ulong Seed { get; init; }

    public required string Split { get; init; }

    /// <summary>Seconds.</summary>
    public required double Duration { get; init; }

    public required double Fps { get; init; }

    /// <summary>Number of frames.</summary>
    public required int Frames { get; init; }

    /// <summary>SHA-256 of what is drawn.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>The annotations of an item, one for each of its first <paramref name="questions"/> questions.</summary>
    public static IEnumerable<WorldAnnotation> Of(WorldItem item, string video, int questions)
    {
        ArgumentNullException.ThrowIfNull(item);
        string fingerprint = item.Script.Fingerprint();
        return item.Questions.Take(questions).Select((question, i) => new WorldAnnotation
        {
            Id = i == 0 ? item.Id : $"{item.Id}-{question.Kind.Name()}",
            Video = video,
            Kind = question.Kind.Name(),
            Form = question.Form.ToString().ToLowerInvariant(),
            Question = question.Text,
            Options = question.Options,
            Answer = question.Answer,
            Letter = question.Letter,
            Evidence = [.. question.Evidence.Select(e => new[] { e.Start, e.End })],
            Chain = question.Chain,
            Depth = item.Depth,
            Seed = item.Script.Seed,
            Split = item.Script.Split.ToString().ToLowerInvariant(),
            Duration = (double)item.Script.FrameCount / item.Script.Fps,
            Fps = item.Script.Fps,
            Frames = item.Script.FrameCount,
            Fingerprint = fingerprint,
        });
    }

    /// <summary>The question, to be asked and marked.</summary>
    /// <exception cref="ArgumentException">Its kind or form is none.</exception>
    public WorldQuestion ToQuestion() => new()
    {
        Kind = WorldKinds.Parse(Kind),
        Form = Form switch { "open" => WorldForm.Open, "lettered" => WorldForm.Lettered, _ => throw new ArgumentException($"'{Form}' is no form of a question; there are open and lettered.") },
        Text = Question,
        Options = Options,
        Answer = Answer,
        Letter = Letter,
        Evidence = [.. Evidence.Select(e => new WorldEvidence(e[0], e[1]))],
        Chain = Chain,
    };

    /// <summary>The line, without its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no annotation.</exception>
    public static WorldAnnotation Parse(string line) => JsonSerializer.Deserialize<WorldAnnotation>(line, s_json) ?? throw new JsonException("An annotation line holds null.");
}
