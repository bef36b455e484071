using System.Data;
using System.Security.Cryptography;
using Microsoft.EntityFrameworkCore;
using Studio.Benchmarks.Storage;

namespace Studio.Benchmarks.Records.Store;

/// <summary>How every read and every write reaches the database.</summary>
public sealed partial class RunStore
{
    internal static DbContextOptions<RunsDb> Options(ResultsTarget target)
    {
        var builder = new DbContextOptionsBuilder<RunsDb>();
        // No snapshot of the model is kept: that the migrations end at the model is a test's business.
        if (target.IsPostgres) _ = builder.UseNpgsql(target.Connection);
        else _ = builder.UseStudioSqlite(target.Connection, TryPatience);
        return builder.Options;
    }

    private Task<T> ReadAsync<T>(Func<RunsDb, Task<T>> work, CancellationToken ct) => PatientlyAsync(
        async () =>
        {
            var db = new RunsDb(_options);
            await using (db.ConfigureAwait(false)) return await work(db).ConfigureAwait(false);
        },
        ct);

    /// <summary>One transaction that begins as a writing one: it never finds, after it has read, that somebody else wrote.</summary>
    private async Task<T> WriteAsync<T>(Func<RunsDb, Task<T>> work, IsolationLevel isolation, CancellationToken ct)
    {
        using var turn = await _lane.EnterAsync(ct).ConfigureAwait(false);
        return await PatientlyAsync(
            async () =>
            {
                var db = new RunsDb(_options);
                await using (db.ConfigureAwait(false))
                {
                    var transaction = await db.Database.BeginTransactionAsync(isolation, ct).ConfigureAwait(false);
                    await using (transaction.ConfigureAwait(false))
                    {
                        var result = await work(db).ConfigureAwait(false);
                        await transaction.CommitAsync(ct).ConfigureAwait(false);
                        return result;
                    }
                }
            },
            ct).ConfigureAwait(false);
    }

    /// <summary>Again while others hold the database, up to <see cref="Patience"/>; other failures in the user's words.</summary>
    private async Task<T> PatientlyAsync<T>(Func<Task<T>> work, CancellationToken ct)
    {
        var began = _time.GetTimestamp();
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                return await work().ConfigureAwait(false);
            }
            catch (Exception e) when (Contention.IsPassing(e))
            {
                if (_time.GetElapsedTime(began) > Patience)
                {
                    throw new TimeoutException($"Another program has held the results database ({Target.Shown}) for {Patience.TotalMinutes} minutes. See what writes to it, and try again.", e);
                }
            }
            catch (Exception e) when (e is not OperationCanceledException && Contention.Explain(e, Target) is { } explained)
            {
                throw explained;
            }

            // Apart from each other, or those who collided collide again.
            await Task.Delay(TimeSpan.FromMilliseconds(RandomNumberGenerator.GetInt32(1, 5 << Math.Min(attempt, 5))), _time, ct).ConfigureAwait(false);
        }
    }
}
