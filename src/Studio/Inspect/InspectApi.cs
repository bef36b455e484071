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
    /// <summary>The most bins of a view.</summary>
    public const int MaxBins = 20_000;

    /// <summary>The most values of a table: bins × stages or layers.</summary>
    public const int MaxCells = 1_000_000;

    private static readonly FileExtensionContentTypeProvider s_types = new();

    public static void Map(IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/api/v1/answers/{id}/trace").RequireAuthorization(Policies.Read).WithTags("Inspect")
            .AddEndpointFilter(InspectProblems.FilterAsync).ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status422UnprocessableEntity);
        View<TraceOverview>(group, "overview", Overview, "TraceOverview", "What a trace holds: media, stages, costs", csv: false);
        View<TraceFrames>(group, "frames", Frames, "TraceFrames", "Time and number of every frame", csv: false);
        View<SurvivalView>(group, "survival", Survival, "TraceSurvival", "Share of each frame alive in each stage; as application/octet-stream exact counts of every frame");
        View<PatchesView>(group, "patches", Patches, "TracePatches", "The patches of a frame and their tokens at a layer");
        View<IReadOnlyList<SparsityRow>>(group, "sparsity", Sparsity, "TraceSparsity", "Attention sparsity by layer");
        View<AttentionView>(group, "attention", Attention, "TraceAttention", "Attention by layer and time");
        View<CounterfactualView>(group, "counterfactual", CounterfactualOf, "TraceCounterfactual", "What uniform and random keeping would have kept");
        View<ComparisonView>(group, "compare", Compare, "TraceCompare", "Another answer on the same scale; part=layers or stages chooses the table");
        View<IReadOnlyList<Engine.Compression.StageCost>>(group, "costs", Costs, "TraceCosts", "Measured cost of each stage of the pipeline");
        _ = group.MapGet("/others", Others).Produces<IReadOnlyList<AnswerChoice>>().WithName("TraceOthers").WithSummary("Answers of the conversation to compare with");
        _ = group.MapGet("/frames/{frame:int}.png", FrameImage).Produces(200, contentType: "image/png").WithName("TraceFrameImage").WithSummary("One frame, as it was decoded");
        _ = group.MapGet("/media/{media:int}", MediaFile).Produces(200, contentType: "video/mp4").WithName("TraceMedia").WithSummary("A video or image of the trace, for playing");
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
        WithAsync(http, service, id, (_, shape) =>
        {
            var kind = measure switch
            {
                "patches" => SurvivalMeasure.Patches,
                "tokens" => SurvivalMeasure.Tokens,
                _ => throw new ArgumentException($"unknown measure '{measure}'; use patches or tokens"),
            };
            var matrix = SurvivalMatrix.Of(shape, kind);
            if (Accepts(http, "application/octet-stream")) return TypedResults.Bytes(SurvivalBytes.Write(matrix), "application/octet-stream");
            CheckBins(width, shape.Stages);
            var view = SurvivalOf(measure, shape, matrix.Window(from, to ?? shape.Columns.Count, width));
            return Reply(http, "survival", view, () => InspectCsv.Survival(shape, view));
        });

    private static Task<IResult> Patches(string id, HttpContext http, InspectService service, int frame = 0, int layer = 0) => WithAsync(http, service, id, (_, shape) =>
    {
        var view = PatchView.Of(shape, frame, layer);
        return Reply(http, $"patches-{frame}-{layer}", PatchesView.Of(view), () => InspectCsv.Patches(view));
    });

    private static Task<IResult> Sparsity(string id, HttpContext http, InspectService service) => WithAsync(http, service, id, (_, shape) =>
    {
        var rows = SparsityTable.Of(shape);
        return Reply(http, "sparsity", rows, () => InspectCsv.Sparsity(rows));
    });

    private static Task<IResult> Attention(string id, HttpContext http, InspectService service, int bins = 500) => WithAsync(http, service, id, (_, shape) =>
    {
        CheckBins(bins, shape.Layers);
        var map = AttentionHeatmap.Of(shape, bins);
        return Reply(http, "attention", AttentionView.Of(map), () => InspectCsv.Attention(map));
    });

    private static Task<IResult> CounterfactualOf(string id, HttpContext http, InspectService service, string basis = "drop", ulong seed = 0) => WithAsync(http, service, id, (_, shape) =>
    {
        var kind = basis switch
        {
            "run" => CounterfactualBasis.Run,
            "drop" => CounterfactualBasis.Drop,
            _ => throw new ArgumentException($"unknown basis '{basis}'; use run or drop"),
        };
        var view = new CounterfactualView(basis, seed, Counterfactual.Of(shape, kind, seed));
        return Reply(http, "counterfactual", view, () => InspectCsv.Counterfactual(view));
    });

    private static Task<IResult> Costs(string id, HttpContext http, InspectService service) =>
        WithAsync(http, service, id, (_, shape) => Reply(http, "costs", shape.Trace.Costs, () => InspectCsv.Costs(shape.Trace)));

    private static async Task<IResult> Compare(string id, HttpContext http, InspectService service, string? with = null, string part = "layers")
    {
        if (with is null) throw new ArgumentException("name the other answer: with=ID");
        if (part is not ("layers" or "stages")) throw new ArgumentException($"unknown part '{part}'; use layers or stages");
        var other = await service.OpenAsync(CurrentUser.From(http.User), with, http.RequestAborted);
        if (other?.Shape is not { } second) return InspectProblems.NoTrace(with, other is not null);
        return await WithAsync(http, service, id, (answer, shape) =>
        {
            var comparison = TraceComparison.Of(shape.Trace, second.Trace);
            return Reply(
                http, $"compare-{part}", new ComparisonView(answer.Answer.Id, shape.Trace.Settings, other.Answer.Id, second.Trace.Settings, comparison),
                () => part == "layers" ? InspectCsv.ComparedLayers(comparison) : InspectCsv.ComparedStages(comparison));
        });
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

    private static SurvivalView SurvivalOf(string measure, TraceShape shape, SurvivalWindow window) => new(measure, window.Edges, [.. window.Stages.Select((bins, s) =>
        new SurvivalStage(s, shape.Trace.Stages[s].FirstLayer, shape.Trace.Stages[s].LastLayer, [.. bins.Select(b => b.Mean)], [.. bins.Select(b => b.Min)], [.. bins.Select(b => b.Max)]))]);

    private static void CheckBins(int bins, int rows)
    {
        if (bins is < 1 or > MaxBins) throw new ArgumentException($"{bins} bins; give 1 to {MaxBins}");
        if ((long)bins * rows > MaxCells) throw new ArgumentException($"{bins} bins of {rows} rows are more than {MaxCells} values; give at most {MaxCells / rows} bins");
    }

    private static IResult Reply<T>(HttpContext http, string name, T view, Func<string> csv)
    {
        var wanted = http.Request.Path.Value!.EndsWith(".csv", StringComparison.Ordinal);
        if (!wanted && !Accepts(http, "text/csv")) return TypedResults.Ok(view);
        http.Response.Headers.ContentDisposition = $"attachment; filename=\"{name}.csv\"";
        return TypedResults.Text(csv(), "text/csv", System.Text.Encoding.UTF8);
    }

    private static bool Accepts(HttpContext http, string type) =>
        http.Request.GetTypedHeaders().Accept.Any(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase) && a.Quality is not 0);
}
