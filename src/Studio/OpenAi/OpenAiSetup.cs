using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;
using Microsoft.OpenApi;
using Studio.Accounts;
using Studio.Conversations;
using Studio.ModelHosting;
using Studio.Security;

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
                Json(Model((await models.ListAsync(ct)).FirstOrDefault(m => m.Name == model) ?? throw OpenAiException.NoModel($"there is no model '{model}'"))))
            .RequireAuthorization(Policies.Read).WithName("openAiModel").WithSummary("One installed model").Produces<object>();
        _ = group.MapPost("/chat/completions", CompleteAsync)
            .RequireAuthorization(Policies.Write).WithName("openAiChatCompletions").Produces<object>()
            .WithSummary("Chat completions about videos and images, streaming or not; 'studio' adds frames, fps, compression and trace")
            .AddOpenApiOperationTransformer((operation, _, _) =>
            {
                operation.RequestBody = RequestBody();
                return Task.CompletedTask;
            })
            .WithMetadata(new RequestSizeLimitAttribute(ChatCompletions.MaxBodyBytes), new RateAttribute(RateClass.Ask));
        return endpoints;
    }

    private static Task CompleteAsync(HttpContext http, ChatCompletions chat, ChatResponses responses)
    {
        // Also keeps other sites' plain forms out: a browser asks before it sends JSON across origins.
        if (!http.Request.HasJsonContentType())
        {
            throw new OpenAiException(StatusCodes.Status415UnsupportedMediaType, $"the body is '{http.Request.ContentType}'; send application/json");
        }

        return chat.RunAsync(
            CurrentUser.From(http.User), http.Request.Body,
            (run, ct) => run.Request.Stream ? responses.StreamAsync(http, run, ct) : responses.WholeAsync(http, run, ct), http.RequestAborted);
    }

    /// <summary>The body is read by hand (a video in it never becomes a string), so that its form is described by hand.</summary>
    private static OpenApiRequestBody RequestBody()
    {
        static OpenApiSchema Of(JsonSchemaType type, string description) => new() { Type = type, Description = description };
        var fields = string.Join(", ", AnswerSettings.FieldNames.Where(n => n != "model"));
        var extension = Of(JsonSchemaType.Object, $"The studio's own: {fields} as in AnswerSettings; trace keeps the answer as a conversation with its compression trace.");
        var schema = new OpenApiSchema
        {
            Type = JsonSchemaType.Object,
            Required = new HashSet<string> { "messages" },
            Properties = new Dictionary<string, IOpenApiSchema>
            {
                ["model"] = Of(JsonSchemaType.String, "An installed model; the default one where it is left out."),
                ["messages"] = Of(JsonSchemaType.Array, "system, developer, user and assistant messages; parts text, image_url and video_url "
                    + "with a data URL, video:ID of the library, or a path inside an import folder."),
                ["max_tokens"] = Of(JsonSchemaType.Integer, "Longest answer, in tokens; also as max_completion_tokens."),
                ["temperature"] = Of(JsonSchemaType.Number, "0, the default, is greedy."),
                ["top_p"] = Of(JsonSchemaType.Number, "Sample from the fewest tokens that hold this probability."),
                ["seed"] = Of(JsonSchemaType.Integer, "The same seed gives the same answer."),
                ["stop"] = Of(JsonSchemaType.Array, $"At most {ChatRequest.MaxStops} texts at which the answer ends."),
                ["stream"] = Of(JsonSchemaType.Boolean, "Chunks as server-sent events; stream_options.include_usage adds the counts."),
                ["n"] = Of(JsonSchemaType.Integer, "1."),
                ["studio"] = extension,
            },
        };
        return new() { Required = true, Content = new Dictionary<string, OpenApiMediaType> { ["application/json"] = new() { Schema = schema } } };
    }

    private static ContentHttpResult Json(JsonObject body) => TypedResults.Text(body.ToJsonString(OpenAiProblems.Json), "application/json");

    private static JsonObject Model(ModelCard card) => new()
    {
        ["id"] = card.Name,
        ["object"] = "model",
        ["created"] = (card.Added ?? DateTimeOffset.UnixEpoch).ToUnixTimeSeconds(),
        ["owned_by"] = card.HubId?.Split('/')[0] ?? "studio",
    };
}
