using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;
using Studio.Accounts;
using Studio.Data;
using Studio.Library.Thumbnails;

namespace Studio.Library;

/// <summary>Bytes of videos and their pictures over HTTP. Access is checked at every request; browsers may keep what they have, but ask again.</summary>
internal static class VideoFiles
{
    private const string Keep = "private, no-cache";

    /// <summary>Pictures of a video never change, and its address is not reused.</summary>
    private const string KeepPicture = "private, max-age=86400";

    public static async Task<IResult> ContentAsync(HttpContext http, string id, VideoLibrary library, CancellationToken ct, bool download = false)
    {
        var video = await library.FindAsync(CurrentUser.From(http.User), id, ct);
        var file = library.File(video);
        if (!File.Exists(file)) throw Refusals.NoVideo(id);
        var disposition = new ContentDispositionHeaderValue(download ? "attachment" : "inline");
        disposition.SetHttpFileName(Path.ChangeExtension(video.OriginalName, video.Extension));
        http.Response.Headers.ContentDisposition = disposition.ToString();
        http.Response.Headers.CacheControl = Keep;
        return TypedResults.PhysicalFile(
            file, MediaInspector.ContentType(video.Extension), lastModified: video.CreatedAt, entityTag: new EntityTagHeaderValue($"\"{video.ContentHash}\""), enableRangeProcessing: true);
    }

    public static async Task<IResult> PosterAsync(HttpContext http, string id, VideoLibrary library, ThumbnailFiles files, CancellationToken ct)
    {
        var video = await library.FindAsync(CurrentUser.From(http.User), id, ct);
        return Picture(http, video, files.Poster(video.Id));
    }

    public static async Task<IResult> ThumbnailAsync(HttpContext http, string id, int number, VideoLibrary library, ThumbnailFiles files, CancellationToken ct)
    {
        var video = await library.FindAsync(CurrentUser.From(http.User), id, ct);
        return number >= 0 && number < video.Thumbnails
            ? Picture(http, video, files.Picture(video.Id, number))
            : throw Api.RequestException.NotFound("picture", $"{number}' of the {Math.Max(0, video.Thumbnails)} of video '{video.Id}");
    }

    private static PhysicalFileHttpResult Picture(HttpContext http, Video video, string file)
    {
        if (!File.Exists(file)) throw Api.RequestException.NotFound("picture", $"of video {video.Id}"); // not made yet
        http.Response.Headers.CacheControl = KeepPicture;
        return TypedResults.PhysicalFile(file, "image/jpeg", lastModified: video.CreatedAt);
    }
}
