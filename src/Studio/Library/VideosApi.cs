using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Library.Importing;
using Studio.Library.Uploads;

namespace Studio.Library;

/// <param name="Ids">1 to 200 videos.</param>
/// <param name="Add">Tags that they get.</param>
/// <param name="Remove">Tags that they lose.</param>
public sealed record TagVideos(IReadOnlyList<string> Ids, IReadOnlyList<string>? Add, IReadOnlyList<string>? Remove);

/// <param name="Ids">1 to 200 videos.</param>
public sealed record VideoIds(IReadOnlyList<string> Ids);

/// <param name="Root">Number of the import folder.</param>
/// <param name="Path">The file below it.</param>
public sealed record ImportVideo(int Root, string Path);

/// <summary>Videos, their pictures, imports and uploads over HTTP. Files are sent by tus at /files.</summary>
internal static class VideosApi
{
    public static void MapVideosApi(this IEndpointRouteBuilder endpoints)
    {
        MapVideos(endpoints.MapGroup("/api/v1/videos").WithTags("Videos"));
        MapSeveral(endpoints.MapGroup("/api/v1/videos").WithTags("Videos"));
        MapFiles(endpoints.MapGroup("/api/v1/videos").WithTags("Videos"));
        MapImports(endpoints.MapGroup("/api/v1").WithTags("Imports and uploads"));
    }

    private static void MapVideos(RouteGroupBuilder group)
    {
        _ = group.MapGet("/", async (
                HttpContext http, VideoLibrary library, CancellationToken ct, string? query = null, string? tag = null, string? kind = null, bool mine = false,
                string? sort = null, int page = 1, int size = Paging.DefaultSize) =>
                TypedResults.Ok(await library.ListAsync(CurrentUser.From(http.User), new(query, tag, Choice<VideoKind>(nameof(kind), kind), mine, Choice<VideoSort>(nameof(sort), sort) ?? VideoSort.Newest), page, size, ct)))
            .RequireAuthorization(Policies.Read).WithName("listVideos").WithSummary("Videos and images; query finds words in names and tags, kind is video or image, sort is newest, oldest, name, longest or largest");
        _ = group.MapGet("/{id}", async (HttpContext http, VideoLibrary library, string id, CancellationToken ct) =>
                TypedResults.Ok(await library.GetAsync(CurrentUser.From(http.User), id, ct)))
            .RequireAuthorization(Policies.Read).WithName("getVideo").WithSummary("One video or image");
        _ = group.MapPatch("/{id}", async (HttpContext http, VideoLibrary library, string id, VideoChange body, CancellationToken ct) =>
                TypedResults.Ok(await library.ChangeAsync(CurrentUser.From(http.User), id, body, ct)))
            .RequireAuthorization(Policies.Write).WithName("changeVideo").WithSummary("Rename a video, set its tags, share it with the team");
        _ = group.MapDelete("/{id}", async (HttpContext http, VideoLibrary library, string id, CancellationToken ct) =>
            {
                await library.DeleteAsync(CurrentUser.From(http.User), [id], ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteVideo").WithSummary("Delete a video; conversations keep their text");
        _ = group.MapGet("/{id}/dependents", async (HttpContext http, VideoLibrary library, string id, CancellationToken ct) =>
                TypedResults.Ok(await library.DependentsAsync(CurrentUser.From(http.User), [id], ct)))
            .RequireAuthorization(Policies.Write).WithName("listVideoDependents").WithSummary("What uses a video: look before deleting it");
    }

    private static void MapSeveral(RouteGroupBuilder group)
    {
        _ = group.MapGet("/tags", async (HttpContext http, VideoLibrary library, CancellationToken ct) => TypedResults.Ok(await library.TagsAsync(CurrentUser.From(http.User), ct)))
            .RequireAuthorization(Policies.Read).WithName("listTags").WithSummary("Tags in use, the most used first");
        _ = group.MapGet("/usage", async (HttpContext http, VideoLibrary library, CancellationToken ct) => TypedResults.Ok(await library.UsageAsync(CurrentUser.From(http.User), ct)))
            .RequireAuthorization(Policies.Read).WithName("getVideoUsage").WithSummary("Your space: what is used and what there is");
        _ = group.MapPost("/tag", async (HttpContext http, VideoLibrary library, TagVideos body, CancellationToken ct) =>
            {
                await library.TagAsync(CurrentUser.From(http.User), body.Ids, body.Add ?? [], body.Remove ?? [], ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("tagVideos").WithSummary("Add and remove tags of several videos");
        _ = group.MapPost("/delete", async (HttpContext http, VideoLibrary library, VideoIds body, CancellationToken ct) =>
            {
                await library.DeleteAsync(CurrentUser.From(http.User), body.Ids, ct);
                return TypedResults.NoContent();
            })
            .RequireAuthorization(Policies.Write).WithName("deleteVideos").WithSummary("Delete several videos: all or none");
        _ = group.MapPost("/dependents", async (HttpContext http, VideoLibrary library, VideoIds body, CancellationToken ct) =>
                TypedResults.Ok(await library.DependentsAsync(CurrentUser.From(http.User), body.Ids, ct)))
            .RequireAuthorization(Policies.Write).WithName("listVideosDependents").WithSummary("What uses any of several videos");
    }

    private static void MapFiles(RouteGroupBuilder group)
    {
        _ = group.MapGet("/{id}/content", VideoFiles.ContentAsync).RequireAuthorization(Policies.Read).WithName("getVideoContent").WithSummary("The bytes; ranges are answered")
            .Produces(StatusCodes.Status200OK, contentType: "application/octet-stream").Produces(StatusCodes.Status206PartialContent, contentType: "application/octet-stream");
        _ = group.MapGet("/{id}/poster", VideoFiles.PosterAsync).RequireAuthorization(Policies.Read).WithName("getVideoPoster").WithSummary("A picture that stands for it, JPEG")
            .Produces(StatusCodes.Status200OK, contentType: "image/jpeg");
        _ = group.MapGet("/{id}/thumbnails/{number:int}", VideoFiles.ThumbnailAsync).RequireAuthorization(Policies.Read).WithName("getVideoThumbnail")
            .WithSummary("A picture of its strip, JPEG; number k of n shows the middle of the k-th of n equal parts, from 0").Produces(StatusCodes.Status200OK, contentType: "image/jpeg");
    }

    private static void MapImports(RouteGroupBuilder group)
    {
        _ = group.MapGet("/imports", (ImportFolders folders) => TypedResults.Ok(folders.Roots))
            .RequireAuthorization(Policies.Write).WithName("listImportFolders").WithSummary("Folders on the server that videos may be imported from, by number from 0");
        _ = group.MapGet("/imports/{root:int}", (ImportFolders folders, int root, string? path = null) => TypedResults.Ok(folders.List(root, path)))
            .RequireAuthorization(Policies.Write).WithName("listImportFolder").WithSummary("What such a folder holds");
        _ = group.MapPost("/imports", async (HttpContext http, VideoImporter importer, ImportVideo body, CancellationToken ct) =>
                Made(await importer.ImportAsync(CurrentUser.From(http.User), body.Root, body.Path, progress: null, ct)))
            .RequireAuthorization(Policies.Write).WithName("importVideo").WithSummary("Copy a file of such a folder into the library; the answer comes when it is there");
        _ = group.MapGet("/samples", (VideoImporter importer) => TypedResults.Ok(importer.Samples))
            .RequireAuthorization(Policies.Read).WithName("listSamples").WithSummary("Sample videos that come with the studio");
        _ = group.MapPost("/samples", async (HttpContext http, VideoImporter importer, CancellationToken ct) => TypedResults.Ok(await importer.AddSamplesAsync(CurrentUser.From(http.User), progress: null, ct)))
            .RequireAuthorization(Policies.Write).WithName("addSamples").WithSummary("Put the sample videos into your library");
        _ = group.MapGet("/uploads", async (HttpContext http, UploadStore uploads, CancellationToken ct) => TypedResults.Ok(await uploads.ListAsync(CurrentUser.From(http.User).Id, ct)))
            .RequireAuthorization(Policies.Write).WithName("listUploads").WithSummary("Your uploads that are under way or were refused; resume them at /files/{id}");
        _ = group.MapGet("/uploads/{id}", async (HttpContext http, UploadStore uploads, string id, CancellationToken ct) =>
                TypedResults.Ok(await uploads.GetAsync(CurrentUser.From(http.User).Id, id, ct)))
            .RequireAuthorization(Policies.Write).WithName("getUpload").WithSummary("One upload, and the video it became");
    }

    /// <summary>A word of an address, in any case; the framework would want capitals and not say so.</summary>
    private static T? Choice<T>(string name, string? text)
        where T : struct, Enum => string.IsNullOrEmpty(text) ? null
        : Enum.GetNames<T>().FirstOrDefault(n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is { } known ? Enum.Parse<T>(known)
        : throw RequestException.Invalid($"{name} '{text}' is none of {string.Join(", ", Enum.GetNames<T>().Select(n => n.ToLowerInvariant()))}");

    private static IResult Made(Imported imported) =>
        imported.IsNew ? TypedResults.Created($"/api/v1/videos/{imported.Video.Id}", imported) : TypedResults.Ok(imported);
}
