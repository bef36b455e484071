using Microsoft.AspNetCore.Http.HttpResults;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.ModelHosting;
using Studio.Security;

namespace Studio.Conversations;

/// <param name="Title">Null: the first question makes it.</param>
public sealed record CreateConversation(string? Title);

/// <summary>Null leaves a value as it is.</summary>
public sealed record ChangeConversation(string? Title, Visibility? Visibility);

/// <param name="ConversationId">Null begins a new conversation.</param>
/// <param name="ParentMessageId">The finished answer that the question follows; null for a first question.</param>
/// <param name="Text">The question.</param>
/// <param name="VideoIds">Videos and images put before the question.</param>
/// <param name="Settings">One answer each, at most four, side by side; none is one answer with the defaults.</param>
/// <param name="Lifetime">kept (the default): answers run to their end. whileWatched: one whose events nobody reads for 30 s is stopped.</param>
public sealed record AskQuestion(
    string? ConversationId, string? ParentMessageId, string Text, IReadOnlyList<string>? VideoIds, IReadOnlyList<AnswerSettings>? Settings,
    AnswerLifetime Lifetime = AnswerLifetime.Kept);

/// <param name="Settings">Null takes those of the answer.</param>
public sealed record RegenerateAnswer(AnswerSettings? Settings, AnswerLifetime Lifetime = AnswerLifetime.Kept);

/// <param name="Question">Null plans for a short one.</param>
/// <param name="ParentMessageId">The answer that the question would follow.</param>
public sealed record PlanBody(AnswerSettings? Settings, IReadOnlyList<string>? VideoIds, string? Question, string? ParentMessageId);

/// <summary>Conversations, questions, answers, plans and the line over HTTP.</summary>
internal static class ConversationsApi
{
    public static IEndpointRouteBuilder MapConversationsApi(this IEndpointRouteBuilder endpoints)
    {
        MapConversations(endpoints.MapGroup("/api/v1/conversations").WithTags("Conversations"));
        MapQuestions(endpoints.MapGroup("/api/v1").WithTags("Questions and answers"));
        return endpoints;
    }

    private static void MapConversations(RouteGroupBuilder group)
    {
        _ = group.MapGet("/", async (
                    HttpContext http, ConversationService service, CancellationToken ct, string? query = null, bool all = false, int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await service.ListAsync(CurrentUser.From(http.User), all, query, page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("listConversations")
            .WithSummary("One's own and the team's conversations, latest first; query finds words in titles and messages; all shows administrators everybody's");
        _ = group.MapPost("/", async (HttpContext http, ConversationService service, CreateConversation body, CancellationToken ct) =>
            {
                var made = await service.CreateAsync(CurrentUser.From(http.User), body.Title, ct);
                return TypedResults.Created($"/api/v1/conversations/{made.Id}", made);
            })
            .RequireAuthorization(Policies.Write).WithName("createConversation").WithSummary("Begin an empty conversation");
        _ = group.MapGet("/{id}", async (HttpContext http, ConversationService service, string id, CancellationToken ct) =>
                TypedResults.Ok(await service.GetAsync(CurrentUser.From(http.User), id, ct)))
            .RequireAuthorization(Policies.Read).WithName("getConversation").WithSummary("A conversation with all its messages");
        _ = group.MapPatch("/{id}", async (HttpContext http, ConversationService service, string id, ChangeConversation body, CancellationToken ct) =>
            {
                var user = CurrentUser.From(http.User);
                if (body.Title is { } title) await service.RenameAsync(user, id, title, ct);
                if (body.Visibility is { } visibility) await service.SetVisibilityAsync(user, id, visibility, ct);
                return TypedResults.Ok(await service.GetAsync(user, id, ct));
            })
            .RequireAuthorization(Policies.Write).WithName("changeConversation").WithSummary("Rename a conversation or share it with the team");
        _ = group.MapDelete("/{id}", async (HttpContext http, ConversationService service, string id, CancellationToken ct) =>
            {
                await service.DeleteAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteConversation").WithSummary("Delete a conversation with its answers and traces");
    }

    private static void MapQuestions(RouteGroupBuilder group)
    {
        _ = group.MapPost("/questions", async (HttpContext http, ConversationService service, AskQuestion body, CancellationToken ct) =>
            {
                var asked = await service.AskAsync(
                    CurrentUser.From(http.User), body.ConversationId, body.ParentMessageId, body.Text, body.VideoIds ?? [],
                    body.Settings is { Count: > 0 } s ? s : [new()], body.Lifetime, ct);
                return TypedResults.Accepted($"/api/v1/answers/{asked.AnswerIds[0]}", asked);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("ask").WithSummary("Ask a question; its answers wait in the line")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapGet("/answers/{id}", AnswerAsync)
            .RequireAuthorization(Policies.Read).WithName("getAnswer").WithSummary("An answer; with wait, as soon as it is finished or after so many seconds");
        _ = group.MapGet("/answers/{id}/events", AnswerEvents.StreamAsync)
            .RequireAuthorization(Policies.Read).WithName("watchAnswer")
            .WithSummary("An answer as it is made, as server-sent events; Last-Event-ID goes on where a reader was");
        _ = group.MapPost("/answers/{id}/stop", async (HttpContext http, ConversationService service, string id, CancellationToken ct) =>
            {
                await service.StopAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("stopAnswer").WithSummary("Stop an answer; its text is kept");
        _ = group.MapPost("/answers/{id}/regenerate", async (HttpContext http, ConversationService service, string id, RegenerateAnswer body, CancellationToken ct) =>
            {
                var asked = await service.RegenerateAsync(CurrentUser.From(http.User), id, body.Settings, body.Lifetime, ct);
                return TypedResults.Accepted($"/api/v1/answers/{asked.AnswerIds[0]}", asked);
            })
            .RequireAuthorization(Policies.Write).WithMetadata(new RateAttribute(RateClass.Ask)).WithName("regenerateAnswer")
            .WithSummary("Ask the question of an answer again").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapDelete("/messages/{id}", async (HttpContext http, ConversationService service, string id, CancellationToken ct) =>
            {
                await service.DeleteMessageAsync(CurrentUser.From(http.User), id, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteMessage").WithSummary("Delete a question or an answer with everything below it");
        _ = group.MapGet("/traces/{answerId}", TraceAsync)
            .RequireAuthorization(Policies.Read).WithName("getTrace").WithSummary("The compression trace of an answer").Produces<Engine.Compression.CompressionTrace>();
        _ = group.MapPost("/plans", async (HttpContext http, PlanService service, PlanBody body, CancellationToken ct) =>
                TypedResults.Ok(await service.PlanAsync(CurrentUser.From(http.User), body.Settings ?? new(), body.VideoIds ?? [], body.Question, body.ParentMessageId, ct)))
            .RequireAuthorization(Policies.Read).WithName("plan")
            .WithSummary("What a question would cost: frames, tokens, memory, time").ProducesProblem(StatusCodes.Status404NotFound);
        _ = group.MapGet("/queue", (HttpContext http, DeviceScheduler scheduler) => TypedResults.Ok(scheduler.Snapshot(CurrentUser.From(http.User))))
            .RequireAuthorization(Policies.Read).WithName("getQueue").WithSummary("The line before the device");
    }

    private static async Task<Ok<MessageView>> AnswerAsync(HttpContext http, ConversationService service, TimeProvider time, string id, CancellationToken ct, int wait = 0)
    {
        const int Longest = 60;
        if (wait is < 0 or > Longest) throw RequestException.Invalid($"wait is {wait}; give 0 to {Longest} seconds");
        var user = CurrentUser.From(http.User);
        var answer = await service.GetMessageAsync(user, id, ct);
        if (answer.Role != MessageRole.Answer) throw RequestException.NotFound("answer", id);
        if (wait == 0 || !answer.IsUnderWay) return TypedResults.Ok(answer);
        using var over = new CancellationTokenSource(TimeSpan.FromSeconds(wait), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(ct, over.Token);
        try
        {
            await foreach (var _ in service.WatchAsync(user, id, int.MaxValue, either.Token)) { }
        }
        catch (OperationCanceledException) when (!ct.IsCancellationRequested)
        {
            // As far as it is.
        }

        return TypedResults.Ok(await service.GetMessageAsync(user, id, ct));
    }

    /// <summary>The file as it lies, for whoever takes gzip; unpacked on the way for others.</summary>
    private static async Task<IResult> TraceAsync(HttpContext http, ConversationService service, string answerId, CancellationToken ct)
    {
        var path = await service.TracePathAsync(CurrentUser.From(http.User), answerId, ct);
        http.Response.Headers.Vary = "Accept-Encoding";
        var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, useAsync: true);
        if (http.Request.GetTypedHeaders().AcceptEncoding.Any(e => (e.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) || e.Value == "*") && e.Quality is not 0))
        {
            http.Response.Headers.ContentEncoding = "gzip";
            return TypedResults.Stream(file, "application/json");
        }

        return TypedResults.Stream(new System.IO.Compression.GZipStream(file, System.IO.Compression.CompressionMode.Decompress), "application/json");
    }
}
