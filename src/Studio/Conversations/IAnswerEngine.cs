using Studio.Engine.Chat;
using Studio.Engine.Compression;
using Studio.ModelHosting;

namespace Studio.Conversations;

/// <summary>What answers. Tests put scripted answers in its place; everything around it stays the same.</summary>
internal interface IAnswerEngine
{
    /// <summary>Answers, on the device's thread.</summary>
    /// <param name="onEvent">Called on the same thread.</param>
    /// <param name="ct">Before the first token: throws. After it: the answer ends with the text so far.</param>
    EngineAnswer Answer(EngineQuestion question, Action<AnswerEvent> onEvent, CancellationToken ct);
}

/// <summary>A question with everything that its answer depends on.</summary>
/// <param name="Model">The installed model.</param>
/// <param name="Scope">Questions of one scope may share a decoder cache.</param>
/// <param name="History">Finished turns before it.</param>
/// <param name="Media">Paths attached to it.</param>
/// <param name="System">The system line.</param>
/// <param name="Names">What people call the files: path to name.</param>
/// <param name="Trace">Whether to record a compression trace.</param>
internal sealed record EngineQuestion(
    InstalledModel Model, string Scope, IReadOnlyList<ConversationTurn> History, IReadOnlyList<string> Media, string Question, string? System, AnswerSettings Settings,
    IReadOnlyDictionary<string, string> Names, bool Trace);

/// <param name="WasCancelled">It ended early by its token; the text is what there was.</param>
internal sealed record EngineAnswer(string Text, AnswerMeasures Measures, CompressionTrace? Trace, bool WasCancelled);
