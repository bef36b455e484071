using Studio.Benchmarks.Records;
using Studio.Benchmarks.Records.Store;
using Studio.Hosting;

namespace Studio.Evaluations;

/// <summary>The results database: one store for jobs, API and pages, the same database as the command line's.</summary>
internal static class ResultsSetup
{
    /// <summary>Registers <see cref="RunStore"/>, also as <see cref="IRunStore"/>: what <c>STUDIO_RESULTS</c> names, else a file in the data folder.</summary>
    public static IServiceCollection AddResults(this IServiceCollection services, StudioFolders folders)
    {
        _ = services.AddSingleton(p => Task.Run(() => RunStore.ConnectAsync(
            ResultsTarget.Parse(p.GetRequiredService<StudioOptions>().Results, folders.Results), TimeProvider.System, CancellationToken.None)).GetAwaiter().GetResult());
        return services.AddSingleton<IRunStore>(p => p.GetRequiredService<RunStore>());
    }

    /// <summary>Creates the database, or brings it up to date: a server without it would take evaluations that it cannot record.</summary>
    /// <exception cref="ArgumentException">The setting names no database.</exception>
    /// <exception cref="IOException">It cannot be reached.</exception>
    public static void Open(IServiceProvider services) => _ = services.GetRequiredService<RunStore>();
}
