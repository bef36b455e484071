using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Threading.Channels;
using Microsoft.AspNetCore.Http.HttpResults;
using Studio.Accounts;
using Studio.Api;

namespace Studio.Jobs;

/// <summary>
/// A job as server-sent events: <c>job</c> with the whole job at first and whenever it moved, <c>ping</c> so that nothing between
/// takes the connection for dead. The stream ends with the job. Of several moves that a slow reader has not taken yet, the last is sent.
/// </summary>
internal sealed class JobFollowers(JobService jobs, JobLimits limits, IHostApplicationLifetime lifetime, TimeProvider time)
{
    private static readonly TimeSpan s_ping = TimeSpan.FromSeconds(15);

    private int _followers;

    public static async Task<ServerSentEventsResult<JobView?>> StreamAsync(HttpContext http, JobFollowers followers, JobService jobs, string id, CancellationToken ct)
    {
        var user = CurrentUser.From(http.User);
        _ = await jobs.GetAsync(user, id, ct); // before the stream begins a status can still be told
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy in between must not collect them
        followers.DemandRoom();
        return TypedResults.ServerSentEvents(followers.EventsAsync(user, id, ct));
    }

    /// <exception cref="RequestException">429: too many follow already.</exception>
    private void DemandRoom()
    {
        if (Volatile.Read(ref _followers) >= limits.MaxFollowers) throw RequestException.TooMany($"{limits.MaxFollowers} follow jobs already, which is the most; ask for the job itself every few seconds instead");
    }

    private async IAsyncEnumerable<SseItem<JobView?>> EventsAsync(CurrentUser user, string id, [EnumeratorCancellation] CancellationToken ct)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, lifetime.ApplicationStopping);
        var news = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        void OnChanged(string job, string owner)
        {
            if (job == id) _ = news.Writer.TryWrite(true);
        }

        jobs.Changed += OnChanged;
        _ = Interlocked.Increment(ref _followers);
        try
        {
            while (await ReadAsync(user, id, either.Token) is { } job)
            {
                yield return new(job, "job");
                if (!job.IsOpen) yield break;
                var next = NextAsync(news.Reader, either.Token);
                while (!await next.EndsWithinAsync(s_ping, time, ct)) yield return new(null, "ping");
                if (!await next) yield break;
            }
        }
        finally
        {
            _ = Interlocked.Decrement(ref _followers);
            jobs.Changed -= OnChanged;
        }
    }

    /// <returns>Null once it is deleted or the server stops.</returns>
    private async Task<JobView?> ReadAsync(CurrentUser user, string id, CancellationToken ct)
    {
        try
        {
            return await jobs.GetAsync(user, id, ct);
        }
        catch (Exception e) when (e is RequestException or OperationCanceledException)
        {
            return null;
        }
    }

    /// <returns>False when the server stops or the reader has gone.</returns>
    private static async Task<bool> NextAsync(ChannelReader<bool> news, CancellationToken ct)
    {
        try
        {
            return await news.ReadAsync(ct);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
