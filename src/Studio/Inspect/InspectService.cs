using Studio.Accounts;
using Studio.Engine.Compression.Views;

namespace Studio.Inspect;

/// <summary>Opens answers for inspection: access first, then the trace. Pages and API go through here.</summary>
public sealed class InspectService(IAnswerAccess access, TraceReader traces)
{
    /// <summary>Answers offered for comparison.</summary>
    public const int MostOthers = 100;

    /// <returns>Null when there is no such answer, or none that the user may read.</returns>
    /// <exception cref="InvalidDataException">The trace is damaged.</exception>
    public async Task<InspectedAnswer?> OpenAsync(CurrentUser user, string answerId, CancellationToken ct)
    {
        if (await access.FindAsync(user, answerId, ct) is not { } answer) return null;
        return new(answer, answer.HasTrace ? await traces.ReadAsync(answer.Id, ct) : null);
    }

    /// <inheritdoc cref="IAnswerAccess.OthersAsync"/>
    public Task<IReadOnlyList<AnswerChoice>> OthersAsync(CurrentUser user, string answerId, CancellationToken ct) =>
        access.OthersAsync(user, answerId, MostOthers, ct);
}

/// <summary>An answer with its trace.</summary>
/// <param name="Shape">Null when none was recorded or its file is gone.</param>
public sealed record InspectedAnswer(InspectableAnswer Answer, TraceShape? Shape)
{
    /// <summary>The library's file of a media of the trace, or null: deleted, not visible to the user, or not certainly the same.</summary>
    /// <param name="media">0-based place in the trace.</param>
    public InspectableMedia? MediaOf(int media)
    {
        // Media attached and trace stand in the same order; where their numbers differ the order says nothing.
        if (Shape is null || Answer.Media.Count != Shape.Trace.Media.Count || (uint)media >= (uint)Answer.Media.Count) return null;
        return Answer.Media[media] is { VideoId: not null } found ? found : null;
    }
}
