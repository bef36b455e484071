using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.BrowserTests.Harness;
using Studio.Data;
using Studio.Engine.Compression;
using Studio.Engine.Video;
using Studio.Hosting;
using Studio.Inspect;
using Studio.Tests.Inspect;
using Xunit;

namespace Studio.BrowserTests.Inspect;

/// <summary>A studio with answers to inspect: real runs of a tiny model over the sample, and one of 10,000 frames by rule.</summary>
public sealed class InspectStudio : IAsyncLifetime
{
    public StudioFixture Studio { get; } = new();

    /// <summary>Everything kept.</summary>
    public string Dense { get; private set; } = "";

    /// <summary>Dropped uniformly, then by attention.</summary>
    public string Dropped { get; private set; } = "";

    /// <summary>By Video-XL at a ratio of 2.</summary>
    public string Summarised { get; private set; } = "";

    public string WithoutTrace { get; private set; } = "";

    /// <summary>About the sample and a picture.</summary>
    public string Mixed { get; private set; } = "";

    /// <summary>Of <see cref="Mixed"/>.</summary>
    public CompressionTrace MixedTrace { get; private set; } = null!;

    /// <summary>10,000 frames × 28 layers, its video deleted.</summary>
    public string Hours { get; private set; } = "";

    /// <summary>Of <see cref="Dropped"/>.</summary>
    public CompressionTrace Trace { get; private set; } = null!;

    public CompressionTrace HoursTrace { get; } = SyntheticTrace.Make(10_000);

    public async ValueTask InitializeAsync()
    {
        await Studio.InitializeAsync();
        var seed = new InspectSeed(Studio.Services.GetRequiredService<StudioFolders>(), Studio.Services.GetRequiredService<IDbContextFactory<StudioDb>>(), TimeProvider.System);
        var sample = Path.Combine(StudioFixture.Root, "data", "samples", "shapes.mp4");
        var video = await seed.AddVideoAsync(sample, "local");
        var traces = InspectSeed.Run(sample, 24, "off", InspectSeed.Dropping);
        Trace = traces[1];
        var ids = await seed.AddAnswersAsync("local", video, [.. traces, null]);
        (Dense, Dropped, WithoutTrace) = (ids[0], ids[1], ids[2]);
        Summarised = (await seed.AddAnswersAsync("local", video, InspectSeed.RunXl(sample, 24, "vst:2")))[0];
        var picture = Path.Combine(Studio.DataFolder, "picture.png");
        await File.WriteAllBytesAsync(picture, PngWriter.Write(new RgbImage(300, 200, [.. Enumerable.Repeat(new byte[] { 200, 40, 40 }, 300 * 200).SelectMany(p => p)])));
        MixedTrace = InspectSeed.Run([sample, picture], 8, InspectSeed.Dropping)[0];
        Mixed = (await seed.AddAnswersAsync("local", video, [MixedTrace], await seed.AddVideoAsync(picture, "local")))[0];
        Hours = (await seed.AddAnswersAsync("local", null, [HoursTrace]))[0];
    }

    public ValueTask DisposeAsync() => Studio.DisposeAsync();
}
