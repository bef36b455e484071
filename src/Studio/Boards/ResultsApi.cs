using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Net.Http.Headers;
using Microsoft.OpenApi;
using Studio.Accounts;
using Studio.Api;
using Studio.Benchmarks.Records.Exchange;
using Studio.Benchmarks.Records.Store;
using Studio.Boards.Files;
using Studio.Library;
using Studio.Security;

namespace Studio.Boards;

/// <summary>Comparisons, boards, sweeps and exports of evaluations. Links to a run or a board are made with createShare.</summary>
internal static class ResultsApi
{
    public static IServiceCollection AddBoards(this IServiceCollection services) =>
        services.AddSingleton<ResultsService>().AddSingleton<SampleClips>().AddSingleton<RunJobs>().AddSingleton(new RunUploadLimits()).AddSingleton<RunFiles>().AddHostedService<PassingCleanup>();

    public static IEndpointRouteBuilder MapResultsApi(this IEndpointRouteBuilder endpoints)
    {
        var group = endpoints.MapGroup("/api/v1/eval").WithTags("Evaluation results");
        MapReading(group);
        MapFiles(group);
        MapExchange(group);
        _ = group.MapPatch("/runs/{id}", async (HttpContext http, ResultsService results, string id, RunNote body, CancellationToken ct) =>
            {
                await results.SetNoteAsync(CurrentUser.From(http.User), id, body.Note ?? "", ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("noteEvaluation").WithSummary("Write a note on a run");
        return endpoints;
    }

    private static void MapReading(RouteGroupBuilder group)
    {
        _ = group.MapGet("/compare", async (ResultsService results, string a, string b, CancellationToken ct, string? flips = null, int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await results.CompareAsync(a, b, Flips(flips), page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("compareEvaluations")
            .WithSummary("Two runs on the documents that both scored: McNemar's test, a paired bootstrap, what they differ in besides, and the answers that flipped; flips is all, lost or gained").ProducesProblem(StatusCodes.Status409Conflict);
        _ = group.MapGet("/board", async (ResultsService results, string task, CancellationToken ct, bool all = false) => TypedResults.Ok(await results.BoardAsync(task, all, ct)))
            .RequireAuthorization(Policies.Read).WithName("getBoard").WithSummary("The finished runs of a task, best first; all shows every run and not only the latest of each setting");
        _ = group.MapGet("/facets", async (ResultsService results, CancellationToken ct) => TypedResults.Ok(await results.FacetsAsync(ct)))
            .RequireAuthorization(Policies.Read).WithName("listEvalFacets").WithSummary("Tasks, models and programs that there are runs of");
        _ = group.MapGet("/runs/{id}/groups", async (ResultsService results, string id, CancellationToken ct) =>
                TypedResults.Ok((await results.GroupsAsync((await results.GetAsync(id, ct)).Id, ct)).Select(GroupView.Of)))
            .RequireAuthorization(Policies.Read).WithName("listEvalGroups").WithSummary("Scores of a run by part and label, each with its interval");
        _ = group.MapGet("/sweeps/{id}", async (ResultsService results, string id, CancellationToken ct) => TypedResults.Ok(await results.SweepAsync(id, ct)))
            .RequireAuthorization(Policies.Read).WithName("getSweep").WithSummary("Accuracy and costs of each setting of a sweep, with the costs for which it is on the Pareto front");
    }

    private static void MapFiles(RouteGroupBuilder group)
    {
        _ = group.MapGet("/runs/{id}/export", async (HttpContext http, ResultsService results, RunStore store, string id, CancellationToken ct, string format = "json") =>
            {
                var (form, type, extension) = Format(format);
                var run = await results.GetAsync(id, ct);
                Attach(http, $"{run.Task}-{run.Id}.{extension}");
                return TypedResults.Stream(
                    async stream =>
                    {
                        var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false), leaveOpen: true);
                        await using (writer.ConfigureAwait(false)) await RunExport.WriteAsync(store, run.Id, form, writer, resultsOnly: false, ct).ConfigureAwait(false);
                    },
                    type);
            })
            .RequireAuthorization(Policies.Read).WithName("exportEvaluation").WithSummary("A run as a file: json (all of it), csv (a row a sample) or html (a report in one file)")
            .Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
        _ = group.MapGet("/board/export", async (HttpContext http, ResultsService results, string task, CancellationToken ct, string format = "json", bool all = false) =>
            {
                var (form, type, extension) = Format(format);
                var board = await results.BoardAsync(task, all, ct);
                Attach(http, $"board-{task}.{extension}");
                return TypedResults.Text(BoardExport.Text(board, form), type, Encoding.UTF8);
            })
            .RequireAuthorization(Policies.Read).WithName("exportBoard").WithSummary("A leaderboard as a file: json, csv or html").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
        _ = group.MapGet("/sweeps/{id}/export", async (HttpContext http, ResultsService results, string id, CancellationToken ct, string format = "json") =>
            {
                var (form, type, extension) = Format(format);
                if (form == ExportFormat.Html) throw RequestException.Invalid("format is 'html'; use json or csv");
                var sweep = await results.SweepAsync(id, ct);
                Attach(http, $"sweep-{sweep.Task}-{sweep.Id}.{extension}");
                return TypedResults.Text(BoardExport.Text(sweep, form), type, Encoding.UTF8);
            })
            .RequireAuthorization(Policies.Read).WithName("exportSweep").WithSummary("A sweep as a file: json or csv, a row a setting").Produces(StatusCodes.Status200OK, contentType: "application/octet-stream");
        _ = group.MapGet("/runs/{id}/samples/{ordinal:int}/clip", ClipAsync)
            .RequireAuthorization(Policies.Read).WithName("getSampleClip").WithSummary("The video a sample was asked about, where you may see it; drawn ones are drawn when they are asked for; ranges are answered")
            .Produces(StatusCodes.Status200OK, contentType: "video/mp4").Produces(StatusCodes.Status206PartialContent, contentType: "video/mp4");
    }

    private static void MapExchange(RouteGroupBuilder group)
    {
        _ = group.MapPost("/import", async (HttpContext http, RunFiles files, CancellationToken ct) => TypedResults.Ok(await files.ImportAsync(CurrentUser.From(http.User), http.Request, ct)))
            .RequireAuthorization(Policies.Write).WithMetadata(new RequestSizeLimitAttribute(RunUploadLimits.MostBytes), new RateAttribute(RateClass.Ask)).WithName("importEvaluations")
            .WithSummary("Take runs into the database, as eval import does: a JSON export, lmms-eval's files of results and of samples with their folders in their names, or a .zip of them; what is there already stays as it is")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status413PayloadTooLarge).ProducesProblem(StatusCodes.Status415UnsupportedMediaType)
            .AddOpenApiOperationTransformer(DescribeForm);
        _ = group.MapGet("/backup", async (HttpContext http, RunFiles files, TimeProvider time, CancellationToken ct) =>
            {
                var (folder, file) = await files.BackUpAsync(ct);
                http.Response.RegisterForDispose(folder);
                http.Response.Headers.CacheControl = "no-store";
                return TypedResults.PhysicalFile(file, "application/vnd.sqlite3", time.GetUtcNow().ToString("'results-'yyyyMMdd-HHmmss'.db'", CultureInfo.InvariantCulture));
            })
            .RequireAuthorization(Policies.Admin).WithName("backUpEvaluations").WithSummary("A copy of the whole results database as it is at this moment, a SQLite file that --results uses again; for administrators")
            .Produces(StatusCodes.Status200OK, contentType: "application/vnd.sqlite3").ProducesProblem(StatusCodes.Status403Forbidden);
    }

    /// <summary>The form is read as it comes, and by no parameter that would describe it.</summary>
    private static Task DescribeForm(OpenApiOperation operation, Microsoft.AspNetCore.OpenApi.OpenApiOperationTransformerContext context, CancellationToken ct)
    {
        var files = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String, Format = "binary" }, Description = "Parts with file names; a field's own name does not matter." };
        var form = new OpenApiSchema { Type = JsonSchemaType.Object, Properties = new Dictionary<string, IOpenApiSchema> { ["files"] = files } };
        operation.RequestBody = new OpenApiRequestBody { Required = true, Content = new Dictionary<string, OpenApiMediaType> { [RunFiles.FormType] = new() { Schema = form } } };
        return Task.CompletedTask;
    }

    private static async Task<IResult> ClipAsync(HttpContext http, ResultsService results, SampleClips clips, string id, int ordinal, CancellationToken ct)
    {
        var user = CurrentUser.From(http.User);
        var (run, sample) = (await results.GetAsync(id, ct), await results.SampleAsync(id, ordinal, ct));
        if (await clips.FileAsync(user, run, sample, ct) is not { } file)
        {
            throw RequestException.With(StatusCodes.Status404NotFound, $"sample {ordinal} of run '{run.Id}' has no clip for you: {(await clips.DescribeAsync(user, run, sample, ct)).Reason ?? "its video is not there any more"}");
        }

        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(file, MediaInspector.ContentType(Path.GetExtension(file).ToLowerInvariant()), lastModified: File.GetLastWriteTimeUtc(file), enableRangeProcessing: true);
    }

    private static FlipShow Flips(string? flips) => string.IsNullOrEmpty(flips) ? FlipShow.All
        : Enum.GetNames<FlipShow>().FirstOrDefault(n => n.Equals(flips, StringComparison.OrdinalIgnoreCase)) is { } name ? Enum.Parse<FlipShow>(name)
        : throw RequestException.Invalid($"flips is '{flips}'; use all, lost or gained");

    private static (ExportFormat Format, string Type, string Extension) Format(string format) => format.ToLowerInvariant() switch
    {
        "json" => (ExportFormat.Json, "application/json", "json"),
        "csv" => (ExportFormat.Csv, "text/csv", "csv"),
        "html" => (ExportFormat.Html, "text/html", "html"),
        _ => throw RequestException.Invalid($"format is '{format}'; use json, csv or html"),
    };

    /// <summary>A report is a page of its own: it is kept, never shown as one of the studio's.</summary>
    private static void Attach(HttpContext http, string name)
    {
        var disposition = new ContentDispositionHeaderValue("attachment");
        disposition.SetHttpFileName(string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' ? c : '-')));
        http.Response.Headers.ContentDisposition = disposition.ToString();
    }
}
