namespace Studio.Pages.Library;

/// <summary>An upload as the page's script tells of it.</summary>
/// <param name="Key">The file's fingerprint in this browser.</param>
/// <param name="Size">Bytes in all.</param>
/// <param name="Sent">Bytes the server has or is being sent.</param>
/// <param name="State">waiting, sending, reconnecting, paused, checking, done, failed, cancelled, or unfinished (from before a reload).</param>
/// <param name="Speed">Bytes a second of the present chunk.</param>
public sealed record UploadProgress(string Key, string Name, long Size, long Sent, string State, string? Error, string? VideoId, double Speed);

/// <summary>Words about videos.</summary>
internal static class VideoWords
{
    /// <summary>Seconds as 0:07, 12:34 or 1:02:03.</summary>
    public static string Length(double seconds)
    {
        var whole = TimeSpan.FromSeconds(Math.Round(Math.Max(0, seconds)));
        return whole.TotalHours >= 1 ? $"{(long)whole.TotalHours}:{whole.Minutes:00}:{whole.Seconds:00}" : $"{whole.Minutes}:{whole.Seconds:00}";
    }
}
