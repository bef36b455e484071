using System.Globalization;
using Studio.Hosting;

namespace Studio.Library.Thumbnails;

/// <summary>Where the pictures of a video are: <c>{id}/{number}.jpg</c> from 0 and <c>{id}/poster.jpg</c>.</summary>
internal sealed class ThumbnailFiles(StudioFolders folders)
{
    public string Folder(string videoId) => Path.Combine(folders.Thumbnails, videoId);

    public string Poster(string videoId) => Path.Combine(Folder(videoId), "poster.jpg");

    public string Picture(string videoId, int number) => Path.Combine(Folder(videoId), string.Create(CultureInfo.InvariantCulture, $"{number}.jpg"));

    /// <summary>Puts all pictures in place at once: readers see none or all.</summary>
    public async Task WriteAsync(string videoId, byte[] poster, IReadOnlyList<byte[]> strip, CancellationToken ct)
    {
        // The name begins with the identifier, so that one left behind is found with its video.
        var making = $"{Folder(videoId)}-{Guid.NewGuid():N}";
        _ = Directory.CreateDirectory(making);
        try
        {
            await File.WriteAllBytesAsync(Path.Combine(making, "poster.jpg"), poster, ct).ConfigureAwait(false);
            for (var i = 0; i < strip.Count; i++) await File.WriteAllBytesAsync(Path.Combine(making, string.Create(CultureInfo.InvariantCulture, $"{i}.jpg")), strip[i], ct).ConfigureAwait(false);
            Remove(videoId);
            Directory.Move(making, Folder(videoId));
        }
        finally
        {
            if (Directory.Exists(making)) Directory.Delete(making, recursive: true);
        }
    }

    public void Remove(string videoId)
    {
        if (Directory.Exists(Folder(videoId))) Directory.Delete(Folder(videoId), recursive: true);
    }
}
