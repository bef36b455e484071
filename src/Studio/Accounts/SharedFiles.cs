using Microsoft.Net.Http.Headers;
using Studio.Hosting;
using Studio.Library;

namespace Studio.Accounts;

/// <summary>The files behind a share link. Each request looks the link up again, so that a revoked one ends at once.</summary>
internal static class SharedFiles
{
    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet("/s/{secret}/media/{id}", SendAsync).AllowAnonymous().ExcludeFromDescription();

    /// <summary>Address of a file of a link, below the studio's.</summary>
    public static string Path(string secret, string id) => $"s/{secret}/media/{id}";

    private static async Task<IResult> SendAsync(string secret, string id, HttpContext http, ShareService shares, StudioFolders folders, CancellationToken ct)
    {
        var video = (await shares.OpenAsync(secret, ct))?.Videos.FirstOrDefault(v => v.Id == id);
        if (video is null) return TypedResults.NotFound();
        var file = System.IO.Path.Combine(folders.Videos, video.Id + video.Extension);
        if (!File.Exists(file)) return TypedResults.NotFound();
        // Kept by the browser, but asked for again each time.
        http.Response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(file, MediaInspector.ContentType(video.Extension), entityTag: new EntityTagHeaderValue($"\"{video.ContentHash}\""), enableRangeProcessing: true);
    }
}
