using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Studio.Accounts;
using Studio.ModelHosting;

namespace Studio.OpenAi;

/// <summary>The part of OpenAI's HTTP API that clients and evaluation harnesses need.</summary>
internal static class OpenAiSetup
{
    public static IServiceCollection AddOpenAi(this IServiceCollection services) => services
        .AddSingleton<ChatMedia>().AddSingleton<ChatCompletions>().AddSingleton<ChatResponses>().AddExceptionHandler<OpenAiProblems>();

    public static IEndpointRouteBuilder MapOpenAi(this IEndpointRouteBuilder endpoints)
    {
        endpoints.ServiceProvider.GetRequiredService<ChatMedia>().Sweep();
        var group = endpoints.MapGroup("/v1").WithTags("OpenAI-compatible");
        _ = group.MapGet("/models", async (ModelHost models, CancellationToken ct) => Json(new JsonObject
            {
                ["object"] = "list", ["data"] = new JsonArray([.. (await models.ListAsync(ct)).Select(Model)]),
            }))
            .RequireAuthorization(Policies.Read).WithName("openAiModels").WithSummary("Installed models").Produces<object>();
        _ = group.MapGet("/models/{model}", async (ModelHost models, string model, CancellationToken ct) =>
                Json(Model((await models.ListAsync(ct)).FirstOrDefault(m => m.Name == model) ?? throw new OpenAiException(StatusCodes.Status404NotFound, $"there is no model '{model}'", "model", "model_not_found"))))
            .RequireAuthorization(Policies.Read).WithName("openAiModel").WithSummary("One installed model").Produces<object>();
        _ = group.MapPost("/chat/completions", (HttpContext http, ChatCompletions chat, ChatResponses responses) => chat.RunAsync(
                CurrentUser.From(http.User), http.Request.Body, (run, ct) => run.Request.Stream ? responses.StreamAsync(http, run, ct) : responses.WholeAsync(http, run, ct), http.RequestAborted))
            .RequireAuthorization(Policies.Write).WithName("openAiChatCompletions").Accepts<object>("application/json").Produces<object>()
            .WithSummary("Chat completions about videos and images, streaming or not; 'studio' adds frames, fps, compression and trace")
            .WithMetadata(new RequestSizeLimitAttribute(ChatCompletions.MaxBodyBytes));
        _ = endpoints.MapFallback("/v1/{**path}", IResult (HttpContext http) =>
            throw new OpenAiException(StatusCodes.Status404NotFound, $"there is no {http.Request.Method} {http.Request.Path}; there are /v1/models and /v1/chat/completions", null, "unknown_url")).RequireAuthorization(Policies.Read).ExcludeFromDescription();
        return endpoints;
    }

    private static ContentHttpResult Json(JsonObject body) => TypedResults.Text(body.ToJsonString(), "application/json");

    private static JsonObject Model(ModelCard card) => new()
    {
        ["id"] = card.Name,
        ["object"] = "model",
        ["created"] = (card.Added ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
        ["owned_by"] = card.HubId?.Split('/')[0] ?? "studio",
    };
}
