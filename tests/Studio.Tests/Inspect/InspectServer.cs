using Microsoft.AspNetCore.Builder;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Benchmarks.Storage;
using Studio.Data;
using Studio.Engine.Compression;
using Studio.Hosting;
using Xunit;

namespace Studio.Tests.Inspect;

/// <summary>A studio without accounts, with answers to inspect. One for a test class.</summary>
public sealed class InspectServer : IAsyncLifetime
{
    private readonly string _data = Directory.CreateTempSubdirectory("studio-inspect-").FullName;
    private WebApplication? _app;

    public static string Sample => Path.Combine(AppContext.BaseDirectory, "samples", "shapes.mp4");

    public HttpClient Client { get; private set; } = null!;

    internal InspectSeed Seed { get; private set; } = null!;

    public StudioFolders Folders => _app!.Services.GetRequiredService<StudioFolders>();

    public IDbContextFactory<StudioDb> Databases => _app!.Services.GetRequiredService<IDbContextFactory<StudioDb>>();

    public string VideoId { get; private set; } = "";

    /// <summary>Answers of one question: everything kept; dropped by attention; without a trace.</summary>
    public IReadOnlyList<string> Answers { get; private set; } = [];

    /// <summary>Of the first two answers.</summary>
    public IReadOnlyList<CompressionTrace> Traces { get; private set; } = [];

    public async ValueTask InitializeAsync()
    {
        SqliteNative.Init();
        _app = await StudioServer.BuildAsync(new StudioOptions { Port = 0, DataFolder = _data, RootFolder = AppContext.BaseDirectory }, TimeProvider.System);
        await _app.StartAsync();
        Client = new() { BaseAddress = new(_app.Urls.First()) };
        Seed = new(Folders, Databases, TimeProvider.System);
        VideoId = await Seed.AddVideoAsync(Sample, "local");
        Traces = InspectSeed.Run(Sample, 8, "off", InspectSeed.Dropping);
        Answers = await Seed.AddAnswersAsync("local", VideoId, [.. Traces, null]);
    }

    public async ValueTask DisposeAsync()
    {
        Client?.Dispose();
        if (_app is not null) await _app.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }
}
