using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Identity;
using Microsoft.Extensions.DependencyInjection;
using Studio.Benchmarks.Storage;
using Studio.Conversations;
using Studio.Hosting;
using Xunit;

namespace Studio.BrowserTests.Harness;

/// <summary>A studio on a free port with a data folder of its own. One for a test class.</summary>
public sealed class StudioFixture : IAsyncLifetime
{
    private WebApplication? _app;

    /// <summary>Settings of the server other than a free port and its own folder.</summary>
    public Func<StudioOptions, StudioOptions> Options { get; init; } = o => o;

    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Can hold answers up in the middle of their text.</summary>
    public AnswerGate Gate { get; } = new();

    /// <summary>How long the latest start took until requests are taken: the server put together, its database brought up to date, its port open.</summary>
    public TimeSpan StartTook { get; private set; }

    public string DataFolder { get; } = Directory.CreateTempSubdirectory("studio-browser-").FullName;

    /// <summary>Without a closing slash.</summary>
    public string Url => _app!.Urls.First();

    public IServiceProvider Services => _app!.Services;

    /// <summary>The checkout: where the samples are.</summary>
    public static string Root { get; } = FindRoot();

    public async ValueTask InitializeAsync()
    {
        SqliteNative.Init();
        Engine.Torch.torch.set_num_threads(1); // several studios answer at once here: their threads would wait for each other
        await StartServerAsync();
        _ = await OneBrowser.GetAsync(); // no test's first page waits for its start
    }

    /// <summary>Stops the server and starts another one on the same data and the same port.</summary>
    public async Task RestartServerAsync()
    {
        var port = new Uri(Url).Port;
        await StopServerAsync();
        await StartServerAsync(port);
    }

    public async Task StopServerAsync()
    {
        if (_app is null) return;
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(5)); // open circuits must not hold it up
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        _app = null;
    }

    public async Task StartServerAsync(int port = 0)
    {
        var began = TimeProvider.System.GetTimestamp();
        _app = await StudioServer.BuildAsync(Options(new() { Port = port, DataFolder = DataFolder, RootFolder = Root, Model = "tiny-random" }), Clock, services =>
        {
            // A real password costs a tenth of a second; that one does is tested elsewhere.
            _ = services.Configure<PasswordHasherOptions>(o => o.IterationCount = 1000);
            var engine = services.Last(d => d.ServiceType == typeof(IAnswerEngine));
            _ = services.AddSingleton<IAnswerEngine>(p => new GatedAnswers((IAnswerEngine)engine.ImplementationFactory!(p), Gate));
        });
        await _app.StartAsync();
        StartTook = TimeProvider.System.GetElapsedTime(began);
    }

    public async ValueTask DisposeAsync()
    {
        Gate.Open();
        await StopServerAsync();
        Directory.Delete(DataFolder, recursive: true);
    }

    private static string FindRoot()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            if (File.Exists(Path.Combine(at.FullName, "Studio.sln"))) return at.FullName;
        }

        throw new DirectoryNotFoundException("the browser tests run from a checkout: no Studio.sln above them");
    }
}

/// <summary>The sizes at which every page is looked at.</summary>
[SuppressMessage("Design", "CA1034", Justification = "constants of one idea")]
public static class Sizes
{
    public static readonly (int Width, int Height)[] All = [(375, 812), (768, 1024), (1280, 800)];
}
