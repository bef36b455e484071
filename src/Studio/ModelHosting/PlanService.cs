using Studio.Accounts;
using Studio.Api;
using Studio.Conversations;

namespace Studio.ModelHosting;

/// <summary>Plans of questions, quickly enough to follow a slider.</summary>
public sealed class PlanService
{
    /// <param name="question">Its text, for the number of tokens; null plans for a short one.</param>
    /// <param name="parentMessageId">The answer that the question would follow: its path's videos and text are part of the prompt.</param>
    /// <exception cref="RequestException">400 for a value that cannot be used, 404.</exception>
    public Task<PlanView> PlanAsync(
        CurrentUser user, AnswerSettings settings, IReadOnlyList<string> videoIds, string? question = null, string? parentMessageId = null, CancellationToken ct = default) => throw new NotImplementedException();
}
