using System.Text;
using System.Text.Json.Nodes;
using Studio.Api;
using Studio.Conversations;
using Studio.Data;

namespace Studio.OpenAi;

/// <summary>Writes chat completions: whole, or in chunks as server-sent events.</summary>
internal sealed class ChatResponses(AnswerRunner runner, TimeProvider time)
{
    /// <summary>A failure within this time still has a status of its own; later the stream has begun.</summary>
    internal static readonly TimeSpan Begin = TimeSpan.FromSeconds(5);

    /// <summary>Silence is broken this often, so that nothing between takes the connection for dead.</summary>
    internal static readonly TimeSpan Ping = TimeSpan.FromSeconds(15);

    public async Task WholeAsync(HttpContext http, ChatRun run, CancellationToken ct)
    {
        var (text, stop) = (new StringBuilder(), new StopText(run.Request.Stop)); // bounded by the answer
        AnswerUpdate.Finished? finished = null;
        await foreach (var update in run.Live.WatchAsync(0, ct).ConfigureAwait(false))
        {
            if (update is AnswerUpdate.Text more) Append(text, stop, more.Delta, run);
            finished = update as AnswerUpdate.Finished;
        }

        if (!stop.IsHit) _ = text.Append(stop.Flush());
        Check(finished!, run, stop);
        var body = Head(run, "chat.completion");
        body["choices"] = new JsonArray(new JsonObject
        {
            ["index"] = 0,
            ["message"] = new JsonObject { ["role"] = "assistant", ["content"] = text.ToString().TrimEnd(), ["refusal"] = null },
            ["logprobs"] = null,
            ["finish_reason"] = Reason(finished!, stop),
        });
        body["usage"] = Usage(finished!);
        body["studio"] = Extension(run, finished!);
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(body.ToJsonString(OpenAiProblems.Json), ct).ConfigureAwait(false);
    }

    public async Task StreamAsync(HttpContext http, ChatRun run, CancellationToken ct)
    {
        var stop = new StopText(run.Request.Stop);
        var updates = run.Live.WatchAsync(0, ct).GetAsyncEnumerator(ct);
        await using (updates.ConfigureAwait(false))
        {
            var began = false;
            while (true)
            {
                var next = updates.MoveNextAsync().AsTask();
                while (!await next.EndsWithinAsync(began ? Ping : Begin, time, ct).ConfigureAwait(false))
                {
                    if (began) await SendAsync(http, ": waiting\n\n", ct).ConfigureAwait(false);
                    else await BeginAsync(http, run, ct).ConfigureAwait(false);
                    began = true;
                }

                _ = await next.ConfigureAwait(false);
                if (updates.Current is AnswerUpdate.Finished finished)
                {
                    if (!began) Check(finished, run, stop);
                    if (!began) await BeginAsync(http, run, ct).ConfigureAwait(false);
                    await EndAsync(http, run, finished, stop, ct).ConfigureAwait(false);
                    return;
                }

                if (updates.Current is not AnswerUpdate.Text more) continue;
                if (!began) await BeginAsync(http, run, ct).ConfigureAwait(false);
                began = true;
                var shown = stop.Append(more.Delta);
                if (shown.Length > 0) await ChunkAsync(http, run, new() { ["content"] = shown }, null, ct).ConfigureAwait(false);
                if (stop.IsHit) _ = runner.Stop(run.Id);
            }
        }
    }

    /// <summary>Refuses what gave no answer, by a status as long as there can be one.</summary>
    private static void Check(AnswerUpdate.Finished finished, ChatRun run, StopText stop)
    {
        if (finished.State == AnswerState.Failed)
        {
            throw new OpenAiException(run.Live.FailedInside ? StatusCodes.Status500InternalServerError : StatusCodes.Status400BadRequest, finished.Error!, "messages", "answer_failed");
        }

        if (finished.State == AnswerState.Stopped && !stop.IsHit && finished.Error is not null)
        {
            throw new OpenAiException(StatusCodes.Status503ServiceUnavailable, finished.Error);
        }
    }

    private static JsonObject Head(ChatRun run, string kind) => new()
    {
        ["id"] = run.CompletionId, ["object"] = kind, ["created"] = run.Created.ToUnixTimeSeconds(), ["model"] = run.Model,
    };

    private static string Reason(AnswerUpdate.Finished finished, StopText stop) => !stop.IsHit && finished.Measures?.StopReason == "length" ? "length" : "stop";

    private static JsonObject Usage(AnswerUpdate.Finished finished)
    {
        var m = finished.Measures;
        var prompt = (m?.TextTokens ?? 0) + (m?.VisualTokens ?? 0);
        return new()
        {
            ["prompt_tokens"] = prompt,
            ["completion_tokens"] = m?.GeneratedTokens ?? 0,
            ["total_tokens"] = prompt + (m?.GeneratedTokens ?? 0),
            ["prompt_tokens_details"] = new JsonObject { ["cached_tokens"] = m?.ReusedRows ?? 0 },
        };
    }

    /// <summary>What the studio adds: measures, and where the answer and its trace are kept when that was asked for.</summary>
    private static JsonObject Extension(ChatRun run, AnswerUpdate.Finished finished)
    {
        var extension = new JsonObject { ["measures"] = finished.Measures is { } m ? JsonNode.Parse(m.ToJson()) : null };
        if (run.ConversationId is not null)
        {
            extension["conversationId"] = run.ConversationId;
            extension["answerId"] = run.Id;
            if (finished.HasTrace) extension["trace"] = new JsonObject { ["id"] = run.Id, ["url"] = $"/api/v1/traces/{run.Id}" };
        }

        return extension;
    }

    private void Append(StringBuilder text, StopText stop, string delta, ChatRun run)
    {
        _ = text.Append(stop.Append(delta));
        if (stop.IsHit) _ = runner.Stop(run.Id);
    }

    private static Task BeginAsync(HttpContext http, ChatRun run, CancellationToken ct)
    {
        http.Response.ContentType = "text/event-stream";
        http.Response.Headers.CacheControl = "no-cache";
        http.Response.Headers["X-Accel-Buffering"] = "no"; // a proxy in between must not collect them
        return ChunkAsync(http, run, new() { ["role"] = "assistant", ["content"] = "" }, null, ct);
    }

    private static async Task EndAsync(HttpContext http, ChatRun run, AnswerUpdate.Finished finished, StopText stop, CancellationToken ct)
    {
        try
        {
            Check(finished, run, stop);
        }
        catch (OpenAiException e)
        {
            await SendAsync(http, $"data: {OpenAiProblems.Describe(e).Body.ToJsonString(OpenAiProblems.Json)}\n\n", ct).ConfigureAwait(false);
            return;
        }

        var rest = stop.IsHit ? "" : stop.Flush();
        if (rest.Length > 0) await ChunkAsync(http, run, new() { ["content"] = rest }, null, ct).ConfigureAwait(false);
        await ChunkAsync(http, run, [], Reason(finished, stop), ct, Extension(run, finished)).ConfigureAwait(false);
        if (run.Request.IncludeUsage)
        {
            var usage = Head(run, "chat.completion.chunk");
            usage["choices"] = new JsonArray();
            usage["usage"] = Usage(finished);
            await SendAsync(http, $"data: {usage.ToJsonString(OpenAiProblems.Json)}\n\n", ct).ConfigureAwait(false);
        }

        await SendAsync(http, "data: [DONE]\n\n", ct).ConfigureAwait(false);
    }

    private static Task ChunkAsync(HttpContext http, ChatRun run, JsonObject delta, string? reason, CancellationToken ct, JsonObject? extension = null)
    {
        var chunk = Head(run, "chat.completion.chunk");
        chunk["choices"] = new JsonArray(new JsonObject { ["index"] = 0, ["delta"] = delta, ["logprobs"] = null, ["finish_reason"] = reason });
        if (run.Request.IncludeUsage) chunk["usage"] = null;
        if (extension is not null) chunk["studio"] = extension;
        return SendAsync(http, $"data: {chunk.ToJsonString(OpenAiProblems.Json)}\n\n", ct);
    }

    private static async Task SendAsync(HttpContext http, string text, CancellationToken ct)
    {
        await http.Response.WriteAsync(text, ct).ConfigureAwait(false);
        await http.Response.Body.FlushAsync(ct).ConfigureAwait(false);
    }
}
