using Studio.Api;
using Studio.Conversations;
using Studio.ModelHosting;

namespace Studio.Components.Chat;

/// <summary>Keeps the plans of the settings up to date while a person types. Used on one circuit only.</summary>
/// <param name="plan">Makes a plan.</param>
/// <param name="changed">Called when a plan has come or is awaited.</param>
public sealed class PlanTracker(Func<AnswerSettings, PlanQuestion, CancellationToken, Task<PlanView>> plan, Action changed, TimeProvider time) : IDisposable
{
    /// <summary>How long nothing must change before a plan is made.</summary>
    public static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(250);

    private CancellationTokenSource? _current;
    private bool _isGone;

    /// <summary>Plans anew after a pause; an earlier request is given up.</summary>
    /// <param name="question">Null when there is nothing to plan.</param>
    /// <exception cref="OperationCanceledException">The page was left: there is nothing to draw any more, and what would follow is not done.</exception>
    public async Task RequestAsync(IReadOnlyList<SettingsColumn> columns, PlanQuestion? question)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (_isGone) throw new OperationCanceledException();
        Cancel();
        if (question is null)
        {
            foreach (var column in columns) (column.Plan, column.Problem, column.IsStale) = (null, null, false);
            changed();
            return;
        }

        var own = _current = new CancellationTokenSource();
        var token = own.Token;
        foreach (var column in columns) column.IsStale = column.Value is not null;
        changed();
        try
        {
            await Task.Delay(Pause, time, token);
            foreach (var column in columns)
            {
                var planned = column.Value is { } settings ? await PlanAsync(settings, question, token) : (column.Plan, column.Problem);
                token.ThrowIfCancellationRequested();
                (column.Plan, column.Problem, column.IsStale) = (planned.Plan, planned.Problem, false);
            }

            changed();
        }
        catch (OperationCanceledException) when (!_isGone)
        {
            // A later request has taken over.
        }
        catch (ObjectDisposedException e) when (_isGone || e.ObjectName == nameof(IServiceProvider)) // a circuit's services may end before its pages do
        {
            throw new OperationCanceledException("The page was left, and what it planned with was put away.", e);
        }
    }

    public void Dispose()
    {
        _isGone = true;
        Cancel();
    }

    private async Task<(PlanView? Plan, string? Problem)> PlanAsync(AnswerSettings settings, PlanQuestion question, CancellationToken ct)
    {
        try
        {
            return (await plan(settings, question, ct), null);
        }
        catch (RequestException e)
        {
            return (null, e.Message);
        }
    }

    private void Cancel()
    {
        _current?.Cancel();
        _current?.Dispose();
        _current = null;
    }
}

/// <summary>What a plan is about.</summary>
/// <param name="Text">Null or blank while nothing is typed.</param>
/// <param name="ParentId">The answer that the question would follow.</param>
public sealed record PlanQuestion(IReadOnlyList<string> VideoIds, string? Text, string? ParentId);
