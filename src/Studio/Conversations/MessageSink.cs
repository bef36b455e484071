using Microsoft.EntityFrameworkCore;
using Studio.Data;

namespace Studio.Conversations;

/// <summary>Keeps an answer in its message and its trace beside it. A message that was deleted meanwhile stays deleted.</summary>
internal sealed class MessageSink(string id, string conversationId, IDbContextFactory<StudioDb> contexts, TraceStore traces, TimeProvider time) : IAnswerSink
{
    public Task StartedAsync() => UpdateAsync(m => m.ExecuteUpdateAsync(s => s.SetProperty(x => x.State, AnswerState.Running)));

    public Task TextAsync(string text) => UpdateAsync(m => m.ExecuteUpdateAsync(s => s.SetProperty(x => x.Text, text)));

    public async Task<bool> FinishedAsync(AnswerState state, string text, EngineAnswer? engine, string? error)
    {
        var hasTrace = engine?.Trace is not null;
        if (hasTrace) await traces.WriteAsync(id, engine!.Trace!, CancellationToken.None).ConfigureAwait(false);
        var measures = engine?.Measures.ToJson();
        var kept = await UpdateAsync(m => m.ExecuteUpdateAsync(s => s
            .SetProperty(x => x.State, state).SetProperty(x => x.Text, text).SetProperty(x => x.MeasuresJson, measures)
            .SetProperty(x => x.Error, error).SetProperty(x => x.HasTrace, hasTrace))).ConfigureAwait(false);
        if (kept == 0 && hasTrace) traces.Delete(id);
        return hasTrace && kept > 0;
    }

    private async Task<int> UpdateAsync(Func<IQueryable<Message>, Task<int>> update)
    {
        var db = await contexts.CreateDbContextAsync().ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var rows = await update(db.Messages.Where(m => m.Id == id)).ConfigureAwait(false);
            var now = time.GetUtcNow();
            _ = await db.Conversations.Where(c => c.Id == conversationId).ExecuteUpdateAsync(s => s.SetProperty(c => c.UpdatedAt, now)).ConfigureAwait(false);
            return rows;
        }
    }
}
