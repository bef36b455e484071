namespace Studio.Benchmarks.Evaluation;

/// <summary>One request to a judge: system text, user text, tokens of the reply at most. Temperature 0.</summary>
public sealed record JudgeRequest(string System, string User, int MaxTokens);

/// <summary>A language model that judges answers, for instance behind an OpenAI-compatible endpoint.</summary>
public interface IJudge
{
    /// <summary>The text of its reply.</summary>
    Task<string> AskAsync(JudgeRequest request, CancellationToken ct);
}
