using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Benchmarks.Storage;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Conversations;

/// <summary>A whole server on a folder of its own, with the clock and the engine that a test gives it.</summary>
internal sealed class TestStudio : IAsyncDisposable
{
    private readonly Func<StudioOptions, StudioOptions> _options;
    private readonly IAnswerEngine? _engine;
    private readonly Action<IServiceCollection>? _services;
    private readonly TimeProvider _time;
    private readonly DirectoryInfo _data;

    private TestStudio(Func<StudioOptions, StudioOptions>? options, IAnswerEngine? engine, TimeProvider? time, Action<IServiceCollection>? services)
    {
        (_options, _engine, _time, _services) = (options ?? (o => o), engine, time ?? TimeProvider.System, services);
        _data = Directory.CreateTempSubdirectory("studio-test-");
    }

    /// <summary>The single user.</summary>
    public static CurrentUser Me { get; } = new(SingleUserHandler.UserId, "You", Roles.Admin);

    public static CurrentUser Ann { get; } = new("ann", "Ann", Roles.Editor);

    public static CurrentUser Bob { get; } = new("bob", "Bob", Roles.Editor);

    public static CurrentUser Reader { get; } = new("rea", "Rea", Roles.Viewer);

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    public WebApplication App { get; private set; } = null!;

    public HttpClient Http { get; private set; } = null!;

    public Uri Address => new(App.Urls.First());

    public StudioFolders Folders => Get<StudioFolders>();

    public ConversationService Conversations => Get<ConversationService>();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<TestStudio> StartAsync(
        IAnswerEngine? engine = null, TimeProvider? time = null, Func<StudioOptions, StudioOptions>? options = null, Action<IServiceCollection>? services = null)
    {
        var studio = new TestStudio(options, engine, time, services);
        await studio.BeginAsync();
        return studio;
    }

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public async Task<T> ReadAsync<T>(Func<StudioDb, Task<T>> read)
    {
        await using var db = await Get<IDbContextFactory<StudioDb>>().CreateDbContextAsync(Ct);
        return await read(db);
    }

    public Task<Message> MessageAsync(string id) => ReadAsync(db => db.Messages.AsNoTracking().Include(m => m.Media).SingleAsync(m => m.Id == id, Ct));

    /// <summary>Ends the server and starts it again on the same folder.</summary>
    /// <param name="between">What happens to the files meanwhile.</param>
    public async Task RestartAsync(Func<Task>? between = null)
    {
        await EndAsync();
        if (between is not null) await between();
        await BeginAsync();
    }

    /// <summary>Puts a file into the library as it would lie there.</summary>
    public async Task<Video> AddVideoAsync(CurrentUser owner, string name = "shapes", Visibility visibility = Visibility.Private, string? file = null)
    {
        file ??= Sample;
        var bytes = await File.ReadAllBytesAsync(file, Ct);
        var image = Path.GetExtension(file) == ".png";
        var info = await new Engine.Video.VideoProbe(Engine.Video.MediaTools.Locate()).ProbeAsync(file, cancellationToken: Ct);
        var video = new Video
        {
            Id = Ids.New(TimeProvider.System), OwnerId = owner.Id, Name = name, OriginalName = name, Extension = Path.GetExtension(file), Bytes = bytes.Length, Visibility = visibility,
            ContentHash = Convert.ToHexStringLower(SHA256.HashData(bytes)), Duration = info.Duration, Width = info.Width, Height = info.Height, Kind = image ? VideoKind.Image : VideoKind.Video,
            FramesPerSecond = info.AverageFrameRate, FrameCount = info.FrameCount, Codec = info.Codec, CreatedAt = _time.GetUtcNow(),
        };
        await File.WriteAllBytesAsync(Path.Combine(Folders.Videos, video.Id + video.Extension), bytes, Ct);
        _ = await ReadAsync(async db =>
        {
            _ = db.Videos.Add(video);
            return await db.SaveChangesAsync(Ct);
        });
        return video;
    }

    /// <summary>Waits for the end of an answer.</summary>
    public async Task<AnswerUpdate.Finished> FinishedAsync(string answerId)
    {
        using var deadline = new CancellationTokenSource(Wait.Limit);
        AnswerUpdate? last = null;
        await foreach (var update in Get<AnswerFeed>().WatchAsync(answerId, 0, deadline.Token)) last = update;
        return Assert.IsType<AnswerUpdate.Finished>(last);
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _data.Delete(recursive: true);
    }

    private async Task BeginAsync()
    {
        SqliteNative.Init();
        var options = _options(new() { Port = 0, DataFolder = _data.FullName, RootFolder = AppContext.BaseDirectory });
        App = await StudioServer.BuildAsync(options, _time, services =>
        {
            if (_engine is not null) _ = services.AddSingleton(_engine);
            _services?.Invoke(services);
        }, Ct);
        await App.StartAsync(Ct);
        Http = new() { BaseAddress = Address, Timeout = Wait.Limit };
    }

    private async Task EndAsync()
    {
        Http.Dispose();
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
    }
}
