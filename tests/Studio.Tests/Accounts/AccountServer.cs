using System.Net.Http.Headers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Benchmarks.Storage;
using Studio.Data;
using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Accounts;

/// <summary>A whole server on a folder of its own where people sign in, asked over real HTTP.</summary>
internal sealed class AccountServer : IAsyncDisposable
{
    public const string Password = "correct horse battery";

    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("studio-accounts-");
    private readonly StudioOptions _options;
    private readonly TimeProvider _time;
    private readonly Action<IServiceCollection>? _configure;

    private AccountServer(Func<StudioOptions, StudioOptions>? options, TimeProvider? time, Action<IServiceCollection>? configure)
    {
        _options = (options ?? (o => o))(new() { Port = 0, Accounts = AccountMode.On, DataFolder = _data.FullName, RootFolder = AppContext.BaseDirectory, Log = LogFormat.Json });
        (_time, _configure) = (time ?? TimeProvider.System, configure);
    }

    public WebApplication App { get; private set; } = null!;

    public Uri Address => new(App.Urls.First());

    public StudioFolders Folders => Get<StudioFolders>();

    public AccountService Accounts => Get<AccountService>();

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public static async Task<AccountServer> StartAsync(Func<StudioOptions, StudioOptions>? options = null, TimeProvider? time = null, Action<IServiceCollection>? configure = null)
    {
        var server = new AccountServer(options, time, configure);
        await server.BeginAsync();
        return server;
    }

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    /// <summary>Somebody who is not signed in.</summary>
    public Browser Anyone() => new(Address);

    /// <summary>Somebody with a new account, signed in by the form.</summary>
    public async Task<Browser> SignInAsync(string name, string role)
    {
        _ = await Accounts.CreateAsync(new(name, null, role, Password), Ct);
        var browser = Anyone();
        using var answer = await browser.SubmitAsync("/sign-in", new() { ["Form.Name"] = name, ["Form.Password"] = Password });
        Assert.Equal("/", answer.Headers.Location?.OriginalString);
        return browser;
    }

    public async Task<string> IdAsync(string name) => (await Accounts.FindAsync(name, Ct))!.Id;

    /// <summary>A program with a token of an account.</summary>
    public async Task<HttpClient> ProgramAsync(string name)
    {
        var made = await Get<TokenService>().CreateAsync(await IdAsync(name), "a program", Ct);
        return Program(made.Secret);
    }

    public HttpClient Program(string? secret)
    {
        var client = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false }) { BaseAddress = Address };
        if (secret is not null) client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        return client;
    }

    public async Task<T> WithDbAsync<T>(Func<StudioDb, Task<T>> work)
    {
        await using var db = await Get<IDbContextFactory<StudioDb>>().CreateDbContextAsync(Ct);
        return await work(db);
    }

    /// <summary>Puts a conversation with one question about a video into the database, with the file.</summary>
    public async Task<(string Conversation, string Video)> AddThingsAsync(string ownerId, string content = "not really a video", Visibility visibility = Visibility.Private)
    {
        var now = _time.GetUtcNow();
        var video = new Video
        {
            Id = Ids.New(_time), OwnerId = ownerId, Name = "A film", OriginalName = "film.mp4", Extension = ".mp4", Bytes = content.Length, Visibility = visibility, CreatedAt = now,
            ContentHash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(content))), Duration = 1, Width = 320, Height = 240,
        };
        await File.WriteAllTextAsync(Path.Combine(Folders.Videos, video.Id + video.Extension), content, Ct);
        var conversation = new Conversation { Id = Ids.New(_time), OwnerId = ownerId, Title = "About a film", CreatedAt = now, UpdatedAt = now, Visibility = visibility };
        var question = new Message { Id = Ids.New(_time), ConversationId = conversation.Id, Role = MessageRole.Question, Text = "What <i>happens</i>?", CreatedAt = now };
        question.Media.Add(new() { MessageId = question.Id, Position = 0, VideoId = video.Id, Name = "film.mp4" });
        var answer = new Message { Id = Ids.New(_time), ConversationId = conversation.Id, ParentId = question.Id, Role = MessageRole.Answer, Text = "A circle <script>alert(1)</script> appears.", CreatedAt = now.AddSeconds(1), Model = "tiny-random" };
        _ = await WithDbAsync(async db =>
        {
            db.AddRange(video, conversation, question, answer);
            return await db.SaveChangesAsync(Ct);
        });
        return (conversation.Id, video.Id);
    }

    /// <summary>Another process on the same folder.</summary>
    public async Task RestartAsync()
    {
        await EndAsync();
        await BeginAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync();
        _data.Delete(recursive: true);
    }

    private async Task BeginAsync()
    {
        SqliteNative.Init();
        App = await StudioServer.BuildAsync(_options, _time, services =>
        {
            // A real password costs a tenth of a second; that one does is tested by itself.
            _ = services.Configure<PasswordHasherOptions>(o => o.IterationCount = 1000);
            _configure?.Invoke(services);
        }, Ct);
        await App.StartAsync(Ct);
    }

    private async Task EndAsync()
    {
        await App.StopAsync(CancellationToken.None);
        await App.DisposeAsync();
    }
}
