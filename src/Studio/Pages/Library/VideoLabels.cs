using System.Globalization;
using Studio.Components.Markdown;
using Studio.Data;
using Studio.Engine.Chat.Planning;
using Studio.Library;

namespace Studio.Pages.Library;

/// <summary>Facts about videos in words.</summary>
internal static class VideoLabels
{
    /// <summary>12:34, or nothing for an image.</summary>
    public static string? Length(VideoView video) => video.Kind == VideoKind.Image ? null : TimeText.Format(Math.Max(1, Math.Round(video.Duration)));

    /// <summary>What a player may take instead of its own guess while it knows nothing yet.</summary>
    public static string Ratio(VideoView video) => string.Create(CultureInfo.InvariantCulture, $"aspect-ratio: {video.Width} / {video.Height}");

    public static string Size(VideoView video) => string.Create(CultureInfo.InvariantCulture, $"{video.Width}×{video.Height}");

    /// <summary>One line below a card's name.</summary>
    public static string Line(VideoView video) => $"{Size(video)} · {video.Codec} · {Units.Bytes(video.Bytes)}";

    public static string Frames(VideoView video) => string.Create(CultureInfo.InvariantCulture, $"{Units.Count(video.FrameCount)} frames at {video.FramesPerSecond:0.###} a second");

    public static string Content(string id) => $"api/v1/videos/{id}/content";

    public static string Poster(string id) => $"api/v1/videos/{id}/poster";

    public static string Picture(string id, int number) => $"api/v1/videos/{id}/thumbnails/{number}";

    /// <summary>Seconds at which a picture of the strip was taken: the middle of its part.</summary>
    public static double PictureTime(VideoView video, int number) => (number + 0.5) * video.Duration / video.Thumbnails;

    public static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);

    public static string Count(int n, string what) => $"{Units.Count(n)} {what}{(n == 1 ? "" : "s")}";

    public static string Word(VideoSort sort) => sort switch
    {
        VideoSort.Oldest => "Oldest first",
        VideoSort.Name => "By name",
        VideoSort.Longest => "Longest first",
        VideoSort.Largest => "Largest first",
        _ => "Newest first",
    };

    /// <summary>A word of an address, in any case; null for one that is not known.</summary>
    public static T? Parse<T>(string? text)
        where T : struct, Enum => Enum.TryParse<T>(text, ignoreCase: true, out var value) && Enum.IsDefined(value) && !char.IsAsciiDigit(text![0]) ? value : null;
}
