using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Net.Http.Headers;
using Studio.Accounts;
using Studio.Engine.Compression.Views;
using Studio.Hosting;

namespace Studio.Inspect;

/// <summary>
/// Views of an answer's trace over HTTP: JSON, or CSV when the address ends in .csv or the request accepts text/csv; survival
/// also as bytes. Who may not read the answer gets 404.
/// </summary>
internal static class InspectApi
{
    private static readonly FileExtensionContentTypeProvider s_types = new();

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/answers/{id}/trace").RequireAuthorization(Policies.Read).WithTags("Inspect")
            .AddEndpointFilter(InspectProblems.FilterAsync).ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        View<TraceOverview>(group, "overview", Overview, "getTraceOverview", "What a trace holds: media, stages, costs", csv: false);
        View<TraceFrames>(group, "frames", Frames, "getTraceFrames", "Time and number of every frame", csv: false);
        View<SurvivalView>(group, "survival", Survival, "getTraceSurvival", "Share of each frame alive in each stage; as application/octet-stream exact counts of every frame");
        View<PatchesView>(group, "patches", Patches, "getTracePatches", "The patches of a frame and their tokens at a layer");
        View<IReadOnlyList<SparsityRow>>(group, "sparsity", Sparsity, "getTraceSparsity", "Attention sparsity by layer");
        View<AttentionView>(group, "attention", Attention, "getTraceAttention", "Attention by layer and time");
        View<CounterfactualView>(group, "counterfactual", CounterfactualOf, "getTraceCounterfactual", "What uniform and random keeping would have kept");
        View<WindowsView>(group, "windows", Windows, "getTraceWindows", "Video-XL's windows and summary tokens; part=windows, frames or summaries chooses the table");
        View<ComparisonView>(group, "compare", Compare, "getTraceCompare", "Another answer on the same scale; part=layers or stages chooses the table");
        View<IReadOnlyList<Engine.Compression.StageCost>>(group, "costs", Costs, "getTraceCosts", "Measured cost of each stage of the pipeline");
        _ = group.MapGet("/others", Others).Produces<IReadOnlyList<AnswerChoice>>().WithName("getTraceOthers").WithSummary("Answers of the conversation to compare with");
        _ = group.MapGet("/frames/{frame:int}.png", FrameImage).Produces(200, contentType: "image/png").WithName("getTraceFrameImage").WithSummary("One frame, as it was decoded");
        _ = group.MapGet("/media/{media:int}", MediaFile).Produces(200, contentType: "video/mp4").WithName("getTraceMedia").WithSummary("A video or image of the trace, for playing");
    }

    private static void View<T>(RouteGroupBuilder group, string path, Delegate handler, string name, string summary, bool csv = true)
    {
        _ = group.MapGet($"/{path}", handler).Produces<T>().WithName(name).WithSummary(summary);
        if (csv) _ = group.MapGet($"/{path}.csv", handler).Produces(200, contentType: "text/csv").WithName(name + "Csv").WithSummary($"{summary} (CSV)");
    }

    private static Task<IResult> Overview(string id, HttpContext http, InspectService service) =>
        WithAsync(http, service, id, (answer, shape) => TypedResults.Ok(TraceOverview.Of(answer, shape)));

    private static Task<IResult> Frames(string id, HttpContext http, InspectService service) =>
        WithAsync(http, service, id, (_, shape) => TypedResults.Ok(new TraceFrames([.. shape.Columns.Select(c => c.Time)], [.. shape.Columns.Select(c => c.Index)])));

    private static Task<IResult> Survival(string id, HttpContext http, InspectService service, string measure = "patches", int from = 0, int? to = null, int width = 2000) =>
        WithAsync(http, service, id, (_, shape) => Accepts(http, "application/octet-stream")
            ? TypedResults.Bytes(SurvivalBytes.Write(SurvivalMatrix.Of(shape, TraceViews.Measure(measure))), "application/octet-stream")
            : Reply(http, TraceViews.Survival(shape, measure, from, to, width)));

    private static Task<IResult> Patches(string id, HttpContext http, InspectService service, int frame = 0, int layer = 0) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.Patches(shape, frame, layer)));

    private static Task<IResult> Sparsity(string id, HttpContext http, InspectService service) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.Sparsity(shape)));

    private static Task<IResult> Attention(string id, HttpContext http, InspectService service, int bins = 500) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.Attention(shape, bins)));

    private static Task<IResult> CounterfactualOf(string id, HttpContext http, InspectService service, string basis = "drop", ulong seed = 0) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.CounterfactualOf(shape, basis, seed)));

    private static Task<IResult> Windows(string id, HttpContext http, InspectService service, string part = "windows") =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.Windows(shape, part)));

    private static Task<IResult> Costs(string id, HttpContext http, InspectService service) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, TraceViews.Costs(shape.Trace)));

    private static async Task<IResult> Compare(string id, HttpContext http, InspectService service, string? with = null, string part = "layers")
    {
        if (with is null) throw new ArgumentException("name the other answer: with=ID");
        var other = await service.OpenAsync(CurrentUser.From(http.User), with, http.RequestAborted);
        if (other?.Shape is not { } second) return InspectProblems.NoTrace(with, other is not null);
        return await WithAsync(http, service, id, (answer, shape) => Reply(http, TraceViews.Compare(answer.Answer.Id, shape.Trace, other.Answer.Id, second.Trace, part)));
    }

    private static async Task<IResult> Others(string id, HttpContext http, InspectService service)
    {
        var user = CurrentUser.From(http.User);
        return await service.OpenAsync(user, id, http.RequestAborted) is null
            ? InspectProblems.NoTrace(id, found: false)
            : TypedResults.Ok(await service.OthersAsync(user, id, http.RequestAborted));
    }

    private static async Task<IResult> FrameImage(string id, int frame, HttpContext http, InspectService service, FrameImages images, int size = 640)
    {
        var answer = await service.OpenAsync(CurrentUser.From(http.User), id, http.RequestAborted);
        if (answer?.Shape is not { } shape) return InspectProblems.NoTrace(id, answer is not null);
        var column = shape.Column(frame);
        if (answer.MediaOf(column.Media) is not { File: { } file } media) return InspectProblems.NoMedia();
        if (await images.ReadAsync(file, column.Index, size, http.RequestAborted) is not { } png) return InspectProblems.NoMedia();
        // A frame of a video never changes; whoever saw it may keep it for a while.
        http.Response.Headers.CacheControl = "private, max-age=3600";
        return TypedResults.Bytes(png, "image/png", entityTag: new EntityTagHeaderValue($"\"{media.ContentHash}-{column.Index}-{size}\""));
    }

    private static async Task<IResult> MediaFile(string id, int media, HttpContext http, InspectService service, StudioFolders folders)
    {
        var answer = await service.OpenAsync(CurrentUser.From(http.User), id, http.RequestAborted);
        if (answer?.Shape is null) return InspectProblems.NoTrace(id, answer is not null);
        if (answer.MediaOf(media) is not { File: { } name } found) return InspectProblems.NoMedia();
        var file = Path.Combine(folders.Videos, name);
        if (!File.Exists(file)) return InspectProblems.NoMedia();
        http.Response.Headers.CacheControl = "private, no-cache";
        var type = s_types.TryGetContentType(file, out var known) ? known : "application/octet-stream";
        return TypedResults.PhysicalFile(file, type, entityTag: new EntityTagHeaderValue($"\"{found.ContentHash}\""), enableRangeProcessing: true);
    }

    private static async Task<IResult> WithAsync(HttpContext http, InspectService service, string id, Func<InspectedAnswer, TraceShape, IResult> view)
    {
        var answer = await service.OpenAsync(CurrentUser.From(http.User), id, http.RequestAborted);
        return answer?.Shape is { } shape ? view(answer, shape) : InspectProblems.NoTrace(id, answer is not null);
    }

    private static IResult Reply(HttpContext http, TraceView view)
    {
        var wanted = http.Request.Path.Value!.EndsWith(".csv", StringComparison.Ordinal);
        if (!wanted && !Accepts(http, "text/csv")) return TypedResults.Ok(view.Value);
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{view.Name}.csv\"";
        return TypedResults.Text(view.Csv(), "text/csv", System.Text.Encoding.UTF8);
    }

    private static bool Accepts(HttpContext http, string type) =>
        http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);
}
