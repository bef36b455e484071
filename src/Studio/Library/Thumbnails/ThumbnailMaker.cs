using Microsoft.EntityFrameworkCore;
using Studio.Data;
using Studio.Engine.Video;

namespace Studio.Library.Thumbnails;

/// <summary>Makes the pictures of videos that have none. The line of those that wait is the table itself, so that it survives stops.</summary>
internal sealed class ThumbnailMaker(
    IDbContextFactory<StudioDb> databases, VideoLibrary library, ThumbnailFiles files, MediaInspector inspector, LibraryLimits limits, LibraryEvents events, ILogger<ThumbnailMaker> log)
{
    /// <summary>What <see cref="Video.Thumbnails"/> says of a video of which no picture could be made.</summary>
    public const int None = -1;

    /// <summary>Makes the pictures of the newest video without any.</summary>
    /// <returns>Whether there was one.</returns>
    /// <exception cref="MediaException">ffmpeg is missing; the video waits on.</exception>
    public async Task<bool> MakeNextAsync(CancellationToken ct)
    {
        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        Video? video;
        await using (db.ConfigureAwait(false)) video = await db.Videos.AsNoTracking().Where(v => v.Thumbnails == 0).OrderByDescending(v => v.CreatedAt).FirstOrDefaultAsync(ct).ConfigureAwait(false);
        if (video is null) return false;
        await MakeAsync(video, ct).ConfigureAwait(false);
        return true;
    }

    /// <summary>Makes the pictures of one video and notes how many there are.</summary>
    /// <exception cref="MediaException">ffmpeg is missing.</exception>
    public async Task MakeAsync(Video video, CancellationToken ct)
    {
        int count;
        try
        {
            count = await ReadAsync(video, ct).ConfigureAwait(false);
        }
        catch (Exception e) when (e is MediaException { Reason: not MediaError.ToolMissing } or InvalidDataException or IOException)
        {
            log.LogWarning("No pictures of video {Id}: {Reason}", video.Id, e.Message);
            count = None;
        }

        var db = await databases.CreateDbContextAsync(ct).ConfigureAwait(false);
        await using (db.ConfigureAwait(false))
        {
            var kept = await db.Videos.Where(v => v.Id == video.Id).ExecuteUpdateAsync(s => s.SetProperty(v => v.Thumbnails, count), ct).ConfigureAwait(false);
            // It may have been deleted meanwhile.
            if (kept == 0) files.Remove(video.Id);
        }

        events.Raise(video.OwnerId);
    }

    private async Task<int> ReadAsync(Video video, CancellationToken ct)
    {
        var info = await new VideoProbe(inspector.Tools, inspector.Limits).ProbeAsync(library.File(video), PacketPass.Never, ct).ConfigureAwait(false);
        var reader = new ThumbnailReader(inspector.Tools, inspector.Limits);
        var poster = await reader.ReadPosterAsync(info, limits.PosterBox, ct).ConfigureAwait(false);
        // An image is its own strip.
        var strip = video.Kind == VideoKind.Image
            ? [await reader.ReadPosterAsync(info, limits.StripBox, ct).ConfigureAwait(false)]
            : await reader.ReadStripAsync(info with { FrameCount = video.FrameCount }, limits.StripPictures, limits.StripBox, ct).ConfigureAwait(false);
        await files.WriteAsync(video.Id, poster, strip, ct).ConfigureAwait(false);
        return strip.Count;
    }
}
