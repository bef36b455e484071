using Microsoft.EntityFrameworkCore;
using Studio.Conversations;
using Studio.Data;
using Studio.Jobs;

namespace Studio.Accounts;

/// <summary>Takes the questions of an account that was closed out of the line, and cancels its jobs: nobody will read what comes of them.</summary>
internal sealed class ClosedAccounts(AccountStates states, IDbContextFactory<StudioDb> databases, AnswerRunner answers, JobService jobs, ILogger<ClosedAccounts> log) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        states.Changed += OnChanged;
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken)
    {
        states.Changed -= OnChanged;
        return Task.CompletedTask;
    }

    internal async Task StopAnswersAsync(string account)
    {
        if (await states.GetAsync(account) is { IsOpen: true }) return;
        await using var db = await databases.CreateDbContextAsync();
        var underWay = await db.Messages
            .Where(m => (m.State == AnswerState.Queued || m.State == AnswerState.Running) && db.Conversations.Any(c => c.Id == m.ConversationId && c.OwnerId == account))
            .Select(m => m.Id).ToListAsync();
        foreach (var id in underWay) _ = answers.Stop(id);
        await jobs.CancelAllOfAsync(account);
    }

    private void OnChanged(string account) => _ = Task.Run(async () =>
    {
        try
        {
            await StopAnswersAsync(account);
        }
        catch (Exception e)
        {
            log.LogWarning(e, "the questions of a closed account may still wait");
        }
    });
}
