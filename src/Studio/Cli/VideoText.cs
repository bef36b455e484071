using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Studio.Data;
using Studio.Engine.Chat.Planning;
using Studio.Library;

namespace Studio.Cli;

/// <summary>Videos as lines for people and as JSON for programs, in the API's form.</summary>
internal static class VideoText
{
    private static readonly JsonSerializerOptions s_json = new(JsonSerializerDefaults.Web) { WriteIndented = true, Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    public static string Json<T>(T value) => JsonSerializer.Serialize(value, s_json);

    public static string Count(int videos) => videos == 1 ? "1 video" : string.Create(CultureInfo.InvariantCulture, $"{videos} videos");

    public static string Line(VideoView video) => string.Create(
        CultureInfo.InvariantCulture,
        $"{video.Id}  {Length(video),11}  {$"{video.Width}x{video.Height}",9}  {Units.Bytes(video.Bytes),8}  {video.Name}{(video.Tags.Count > 0 ? $"  [{string.Join(", ", video.Tags)}]" : "")}");

    public static string Facts(VideoView video, string file)
    {
        var text = new StringBuilder();
        void Fact(string name, string value) => text.Append(CultureInfo.InvariantCulture, $"{name,-12}{value}\n");
        Fact("name", video.Name);
        Fact("id", video.Id);
        Fact("owner", $"{video.OwnerName} ({video.OwnerId})");
        Fact("seen by", video.Visibility == Visibility.Team ? "everybody with an account" : "its owner and administrators");
        Fact("tags", video.Tags.Count > 0 ? string.Join(", ", video.Tags) : "none");
        Fact("added", video.CreatedAt.ToString("yyyy-MM-dd HH:mm 'UTC'", CultureInfo.InvariantCulture));
        Fact("came as", video.OriginalName);
        Fact("length", video.Kind == VideoKind.Image ? "a still image" : string.Create(CultureInfo.InvariantCulture, $"{Length(video)}, {Units.Count(video.FrameCount)} frames at {video.FramesPerSecond:0.###} a second"));
        Fact("picture", string.Create(CultureInfo.InvariantCulture, $"{video.Width}x{video.Height}, {video.Codec}"));
        Fact("size", string.Create(CultureInfo.InvariantCulture, $"{Units.Bytes(video.Bytes)} ({video.Bytes} bytes)"));
        Fact("sha-256", video.ContentHash);
        Fact("file", file);
        return text.ToString();
    }

    public static string Dependents(Dependents dependents)
    {
        var text = new StringBuilder();
        foreach (var conversation in dependents.Conversations) text.Append(CultureInfo.InvariantCulture, $"used by     conversation {conversation.Id}  {(conversation.Title.Length > 0 ? conversation.Title : "(no title)")}\n");
        var more = dependents.ConversationsInAll - dependents.Conversations.Count;
        if (more > 0) text.Append(CultureInfo.InvariantCulture, $"            and {more} more\n");
        if (dependents.ShareLinks > 0) text.Append(CultureInfo.InvariantCulture, $"shared by   {dependents.ShareLinks} open link{(dependents.ShareLinks == 1 ? "" : "s")}\n");
        return text.ToString();
    }

    /// <summary>1:02:03.4, 12:34, or "image".</summary>
    private static string Length(VideoView video)
    {
        if (video.Kind == VideoKind.Image) return "image";
        var time = TimeSpan.FromSeconds(Math.Round(video.Duration, 1));
        return (time.TotalHours >= 1 ? $"{(int)time.TotalHours}:{time:mm\\:ss}" : $"{(int)time.TotalMinutes}:{time:ss}") + (time.Milliseconds > 0 ? $".{time.Milliseconds / 100}" : "");
    }
}
