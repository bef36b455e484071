using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Data;
using Studio.Library;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>One server for several tests, which are different people: none sees anything of the others.</summary>
public sealed class SharedLibrary : IAsyncLifetime
{
    internal static JsonSerializerOptions Json { get; } = new(JsonSerializerDefaults.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    internal LibraryServer Server { get; private set; } = null!;

    /// <summary>An import folder of the server.</summary>
    internal string Imports { get; } = Directory.CreateTempSubdirectory("studio-import-").FullName;

    /// <summary>A folder beside it, which must not be reached.</summary>
    internal string Secret { get; } = Directory.CreateTempSubdirectory("studio-secret-").FullName;

    internal VideoLibrary Library => Server.Services.GetRequiredService<VideoLibrary>();

    public async ValueTask InitializeAsync() => Server = await LibraryServer.StartAsync(options: o => o with { ImportFolders = [Imports], RequestsPerMinute = 100_000 });

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        Directory.Delete(Imports, recursive: true);
        Directory.Delete(Secret, recursive: true);
    }

    internal static CurrentUser Person(string role = Roles.Editor) => new($"user-{Guid.NewGuid():N}", "Person", role);

    internal HttpClient Client(CurrentUser user) => Server.Client(user.Id, user.Role);

    /// <summary>A row and a file, as an upload leaves them, without the work of one.</summary>
    internal async Task<Video> AddAsync(
        CurrentUser owner, string name = "clip", double duration = 10, long bytes = 100, DateTimeOffset? at = null, VideoKind kind = VideoKind.Video, Visibility visibility = Visibility.Private,
        string[]? tags = null, string? original = null, string extension = ".mp4")
    {
        var id = Ids.New(TimeProvider.System);
        var video = new Video
        {
            Id = id, OwnerId = owner.Id, Name = name, OriginalName = original ?? name + ".mp4", Extension = extension, Kind = kind, Visibility = visibility, Bytes = bytes, ContentHash = Guid.NewGuid().ToString("N"),
            Duration = duration, Width = 64, Height = 48, FramesPerSecond = 25, FrameCount = (long)(duration * 25), Codec = "h264", Thumbnails = -1, CreatedAt = at ?? TimeProvider.System.GetUtcNow(),
        };
        video.Tags.AddRange((tags ?? []).Select(t => new VideoTag { VideoId = id, Tag = t }));
        await Server.WithDbAsync(async db =>
        {
            _ = db.Add(video);
            return await db.SaveChangesAsync();
        });
        await File.WriteAllBytesAsync(Path.Combine(Server.Folders.Videos, id + extension), [.. Enumerable.Range(0, (int)bytes).Select(i => (byte)i)]);
        return video;
    }

    /// <summary>A question about videos in a conversation.</summary>
    internal async Task<string> AskAsync(CurrentUser owner, string title, params Video[] videos)
    {
        var now = TimeProvider.System.GetUtcNow();
        var conversation = new Conversation { Id = Ids.New(TimeProvider.System), OwnerId = owner.Id, Title = title, CreatedAt = now, UpdatedAt = now };
        var message = new Message { Id = Ids.New(TimeProvider.System), ConversationId = conversation.Id, Text = "What?", CreatedAt = now };
        message.Media.AddRange(videos.Select((v, i) => new MessageMedia { MessageId = message.Id, Position = i, VideoId = v.Id, Name = v.Name }));
        conversation.Messages.Add(message);
        _ = await Server.WithDbAsync(async db =>
        {
            _ = db.Add(conversation);
            return await db.SaveChangesAsync();
        });
        return conversation.Id;
    }

    internal Task<List<string?>> AttachedAsync(string conversationId) =>
        Server.WithDbAsync(db => db.Messages.Where(m => m.ConversationId == conversationId).SelectMany(m => m.Media).OrderBy(m => m.Position).Select(m => m.VideoId).ToListAsync());

    internal static async Task<T> ReadAsync<T>(HttpResponseMessage answer) =>
        await answer.Content.ReadFromJsonAsync<T>(Json) ?? throw new InvalidOperationException("an empty answer");
}
