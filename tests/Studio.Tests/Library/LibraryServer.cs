using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Studio.Accounts;
using Studio.Data;
using Studio.Hosting;
using Studio.Library;

namespace Studio.Tests.Library;

/// <summary>A real server on a free port, in a folder of its own; who asks is told by a header.</summary>
internal sealed class LibraryServer : IAsyncDisposable
{
    private readonly Func<LibraryLimits, LibraryLimits> _limits;
    private readonly Action<IServiceCollection>? _configure;
    private readonly StudioOptions _options;
    private WebApplication _app = null!;

    private LibraryServer(Func<LibraryLimits, LibraryLimits> limits, Action<IServiceCollection>? configure, Func<StudioOptions, StudioOptions> options)
    {
        Folder = Directory.CreateTempSubdirectory("studio-library-").FullName;
        (_limits, _configure) = (limits, configure);
        _options = options(new() { Port = 0, DataFolder = Folder, RootFolder = Root });
    }

    /// <summary>Stands for the checkout: its data/samples holds the sample.</summary>
    public static string Root { get; } = MakeRoot();

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    public string Folder { get; }

    public StudioFolders Folders => new(Folder);

    public Uri Address { get; private set; } = null!;

    public IServiceProvider Services => _app.Services;

    public static async Task<LibraryServer> StartAsync(
        Func<LibraryLimits, LibraryLimits>? limits = null, Action<IServiceCollection>? configure = null, Func<StudioOptions, StudioOptions>? options = null)
    {
        var server = new LibraryServer(limits ?? (l => l), configure, options ?? (o => o));
        await server.StartAsync();
        return server;
    }

    /// <summary>A new process would find the same folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        await StartAsync();
    }

    public HttpClient Client(string user = "ann", string role = Roles.Editor)
    {
        var client = new HttpClient { BaseAddress = Address };
        client.DefaultRequestHeaders.Add(HeaderSignIn.Header, $"{user}:{role}");
        return client;
    }

    public async Task<T> WithDbAsync<T>(Func<StudioDb, Task<T>> work)
    {
        await using var db = await Services.GetRequiredService<IDbContextFactory<StudioDb>>().CreateDbContextAsync();
        return await work(db);
    }

    public async Task StopAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>The sample with a different content: a box of padding at its end, which players skip.</summary>
    public static byte[] Variant(int seed, int paddingBytes = 64)
    {
        var box = new byte[8 + paddingBytes];
        System.Buffers.Binary.BinaryPrimitives.WriteInt32BigEndian(box, box.Length);
        "free"u8.CopyTo(box.AsSpan(4));
        new Random(seed).NextBytes(box.AsSpan(8));
        return [.. File.ReadAllBytes(Sample), .. box];
    }

    private async Task StartAsync()
    {
        _app = await StudioServer.BuildAsync(_options, TimeProvider.System, services =>
        {
            _ = services.AddSingleton(_limits(LibraryLimits.From(_options)));
            _ = services.AddAuthentication(HeaderSignIn.Name).AddScheme<AuthenticationSchemeOptions, HeaderSignIn>(HeaderSignIn.Name, null);
            _configure?.Invoke(services);
        });
        await _app.StartAsync();
        Address = new(_app.Urls.First());
    }

    private static string MakeRoot()
    {
        var root = Path.Combine(TestSetup.DataFolder, "root");
        _ = Directory.CreateDirectory(Path.Combine(root, "data", "samples"));
        File.Copy(Sample, Path.Combine(root, "data", "samples", "shapes.mp4"));
        return root;
    }

    private sealed class HeaderSignIn(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
    {
        public const string Name = "Header";

        public const string Header = "Test-User";

        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            if (Request.Headers[Header].ToString().Split(':') is not [var name, var role]) return Task.FromResult(AuthenticateResult.NoResult());
            var identity = new ClaimsIdentity([new(ClaimTypes.NameIdentifier, name), new(ClaimTypes.Name, name), new(ClaimTypes.Role, role)], Name);
            return Task.FromResult(AuthenticateResult.Success(new(new(identity), Name)));
        }
    }
}
