using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http.HttpResults;
using Studio.Accounts;
using Studio.Api;

namespace Studio.Conversations;

/// <summary>
/// An answer as server-sent events: event types queued, progress, text, finished and, so that nothing between takes the
/// connection for dead, ping. The id of an event is the number of characters read so far.
/// </summary>
internal static class AnswerEvents
{
    private static readonly TimeSpan s_ping = TimeSpan.FromSeconds(15);

    public static async Task<ServerSentEventsResult<AnswerUpdate?>> StreamAsync(HttpContext http, ConversationService service, TimeProvider time, string id, CancellationToken ct)
    {
        var user = CurrentUser.From(http.User);
        // Before the stream begins a status can still be told.
        if ((await service.GetMessageAsync(user, id, ct)).Role != Data.MessageRole.Answer) throw RequestException.NotFound("answer", id);
        var last = http.Request.Headers["Last-Event-ID"].ToString();
        var offset = last.Length == 0 ? 0 : int.TryParse(last, out var n) && n >= 0 ? n
            : throw RequestException.Invalid($"Last-Event-ID is '{last}'; give the id of an event of this stream");
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy in between must not collect them
        return TypedResults.ServerSentEvents(EventsAsync(service.WatchAsync(user, id, offset, ct), offset, time, ct));
    }

    private static async IAsyncEnumerable<SseItem<AnswerUpdate?>> EventsAsync(
        IAsyncEnumerable<AnswerUpdate> updates, int offset, TimeProvider time, [EnumeratorCancellation] CancellationToken ct)
    {
        await using var source = updates.GetAsyncEnumerator(ct);
        while (true)
        {
            var next = source.MoveNextAsync().AsTask();
            while (!await next.EndsWithinAsync(s_ping, time, ct)) yield return new(null, "ping");
            if (!await next) yield break;
            if (source.Current is AnswerUpdate.Text text) offset = text.Offset + text.Delta.Length;
            var type = source.Current switch
            {
                AnswerUpdate.Queued => "queued",
                AnswerUpdate.Progress => "progress",
                AnswerUpdate.Text => "text",
                _ => "finished",
            };
            yield return new(source.Current, type) { EventId = offset.ToString() };
        }
    }
}
