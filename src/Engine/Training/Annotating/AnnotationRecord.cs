using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Engine.Tokenization;

namespace Studio.Engine.Training.Annotating;

/// <summary>One turn of a conversation in LLaVA's form.</summary>
/// <param name="From">human or gpt.</param>
public sealed record AnnotationTurn(string From, string Value);

/// <summary>A caption and when it holds, seconds from the start of the video.</summary>
public sealed record TimedCaption(double Start, double End, string Caption);

/// <summary>An event and when it happens, seconds from the start of the video.</summary>
public sealed record TimedEvent(double Start, double End, string Event)
{
    /// <summary>Where it happens; null when nobody was asked.</summary>
    public string? Scene { get; init; }
}

/// <summary>Where a record comes from.</summary>
public sealed record AnnotationMeta
{
    /// <summary>vico or longvid.</summary>
    public required string Task { get; init; }

    public required string Kind { get; init; }

    /// <summary>SHA-256 of the video file.</summary>
    public required string ContentHash { get; init; }

    public required string Captioner { get; init; }

    public required string Writer { get; init; }

    /// <summary>Version of all prompts of the task.</summary>
    public required string Prompts { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>The section's stretch of the video, seconds.</summary>
    public required ClipTime Section { get; init; }

    /// <summary>The right option; null for an open question.</summary>
    public string? Letter { get; init; }

    /// <summary>Stretches that show the answer, in the order of the answer.</summary>
    public required IReadOnlyList<ClipTime> Evidence { get; init; }

    /// <summary>Captions of the section; null where a timeline holds them.</summary>
    public IReadOnlyList<TimedCaption>? Captions { get; init; }

    /// <summary>The section's events in order; null where a timeline holds them.</summary>
    public IReadOnlyList<TimedEvent>? Events { get; init; }

    /// <summary>The line of the timelines' file that holds captions and events.</summary>
    public string? Timeline { get; init; }

    /// <summary>Keys in the answer log, by step.</summary>
    public required IReadOnlyDictionary<string, string> Answers { get; init; }
}

/// <summary>A sample that <see cref="AnnotationSource"/> reads, with its origin.</summary>
public sealed record AnnotationRecord
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public required string Id { get; init; }

    /// <summary>Path of the video from the annotation file.</summary>
    public required string Video { get; init; }

    /// <summary>Part of the video in seconds; null for all of it.</summary>
    public double? Start { get; init; }

    public double? End { get; init; }

    public required IReadOnlyList<AnnotationTurn> Conversations { get; init; }

    public required AnnotationMeta Meta { get; init; }

    /// <summary>A question and its answer about a section.</summary>
    public static AnnotationRecord Of(VideoSection section, string name, string question, string answer, AnnotationMeta meta)
    {
        ArgumentNullException.ThrowIfNull(section);
        return new AnnotationRecord
        {
            Id = $"{section.Id}-{name}",
            Video = section.Video.Name,
            Start = section.IsWholeVideo ? null : section.Start,
            End = section.IsWholeVideo ? null : section.End,
            Conversations = [new("human", $"{ChatMl.VisualPlaceholder}\n{question}"), new("gpt", answer)],
            Meta = meta,
        };
    }

    /// <summary>The line, without its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);

    /// <summary>Reads a line.</summary>
    /// <exception cref="JsonException">It is no record.</exception>
    public static AnnotationRecord Parse(string line) => JsonSerializer.Deserialize<AnnotationRecord>(line, s_json) ?? throw new JsonException("A line holds null.");
}

/// <summary>Dense captions and events of a section: what its questions were made of.</summary>
public sealed record SectionTimeline(string Id, string Video, string ContentHash, double Start, double End, IReadOnlyList<TimedCaption> Captions, IReadOnlyList<TimedEvent> Events)
{
    private static readonly JsonSerializerOptions s_json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>The line, without its end.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, s_json);
}

/// <summary>Something that was looked at and left out on purpose.</summary>
/// <param name="Of">A record's or section's name, or a video's path.</param>
public sealed record LeftOut(string Of, string Reason)
{
    private static readonly JsonSerializerOptions s_json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public string ToJson() => JsonSerializer.Serialize(this, s_json);
}

/// <summary>What a task made of one section.</summary>
public sealed record SectionAnnotations(IReadOnlyList<AnnotationRecord> Records, IReadOnlyList<LeftOut> LeftOut)
{
    public SectionTimeline? Timeline { get; init; }
}

/// <summary>Makes questions of a section's captions.</summary>
public interface IAnnotationTask
{
    /// <summary>First part of the names of its files.</summary>
    string Name { get; }

    /// <summary>Kinds of questions it can make.</summary>
    IReadOnlyList<string> Kinds { get; }

    /// <summary>Fewest clips that questions can be made of.</summary>
    int MinClips { get; }

    /// <summary>Version of the prompts: changes with any word of them.</summary>
    string Prompts { get; }

    /// <summary>What the captioner is told.</summary>
    string CaptionPrompt { get; }

    /// <summary>The same captions, answers and seed give the same records.</summary>
    /// <exception cref="UnansweredException">An answer that all questions need is missing.</exception>
    Task<SectionAnnotations> AnnotateAsync(VideoSection section, IReadOnlyList<TimedCaption> captions, AnnotationContext context, CancellationToken cancellationToken);
}

/// <summary>What a task works with.</summary>
/// <param name="Captioner">Identity.</param>
public sealed record AnnotationContext(AnnotationSettings Settings, Asker Asker, string Captioner, IAnnotationWriter Writer)
{
    /// <summary>Asks the writer.</summary>
    /// <param name="step">What for.</param>
    /// <param name="of">About what; unlike any other with the same step.</param>
    /// <exception cref="UnansweredException">There is no answer of use.</exception>
    public Task<Understood<T>> WriteAsync<T>(string step, string of, string prompt, Func<string, T> understand, CancellationToken cancellationToken) =>
        Asker.AskAsync(new Inquiry(step, of, Writer.Identity, prompt), ct => Writer.WriteAsync(prompt, ct), understand, cancellationToken);
}
