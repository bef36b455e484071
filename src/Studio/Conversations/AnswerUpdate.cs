using System.Text.Json.Serialization;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>What a watcher of an answer learns. A watcher that comes late first learns how far the answer is.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "type")]
[JsonDerivedType(typeof(Queued), "queued")]
[JsonDerivedType(typeof(Progress), "progress")]
[JsonDerivedType(typeof(Text), "text")]
[JsonDerivedType(typeof(Finished), "finished")]
public abstract record AnswerUpdate
{
    private AnswerUpdate() { }

    /// <param name="Position">1 is next.</param>
    /// <param name="Waiting">Of everybody.</param>
    public sealed record Queued(int Position, int Waiting) : AnswerUpdate;

    /// <param name="Stage">model, frames or prefill.</param>
    /// <param name="Name">Of the video or model concerned; may be empty.</param>
    public sealed record Progress(string Stage, string Name, int Done, int Total) : AnswerUpdate;

    /// <summary>More text.</summary>
    /// <param name="Offset">Characters (UTF-16) of the answer before <paramref name="Delta"/>; a watcher that reconnects gives its length to go on from.</param>
    public sealed record Text(int Offset, string Delta) : AnswerUpdate;

    /// <summary>The last update.</summary>
    /// <param name="State">Done, Stopped or Failed.</param>
    /// <param name="Answer">The whole text.</param>
    /// <param name="Error">Why it failed or was stopped, where no person stopped it.</param>
    public sealed record Finished(AnswerState State, string Answer, AnswerMeasures? Measures, string? Error, bool HasTrace) : AnswerUpdate;
}
