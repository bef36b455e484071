using System.CommandLine;
using Studio.Benchmarks.Records.Store;
using Studio.Hosting;

namespace Studio.Cli;

/// <summary>The results database of the command line: the same one as the server's, which may be running.</summary>
internal static class EvalStore
{
    /// <summary>A run by its identifier or the beginning of it.</summary>
    public static Argument<string> RunArgument(string name = "RUN") => new(name) { Description = "Its identifier, or enough of the beginning that no other run begins so." };

    public static Option<bool> JsonOption() => new("--json") { Description = "One JSON document on standard output." };

    /// <exception cref="ArgumentException">The setting cannot be used.</exception>
    public static Task<RunStore> OpenAsync(CancellationToken ct)
    {
        var options = StudioSettings.Read(StudioPaths.Options, Environment.GetEnvironmentVariable, new Dictionary<string, IReadOnlyList<string>>());
        return RunStore.ConnectAsync(ResultsTarget.Parse(options.Results, new StudioFolders(StudioPaths.Data).Results), TimeProvider.System, ct);
    }

    /// <summary>Work on the database; a run that is not there is the user's to mend.</summary>
    public static async Task<int> RunAsync(Func<RunStore, Task<int>> work, CancellationToken ct)
    {
        using var store = await OpenAsync(ct);
        try
        {
            return await work(store);
        }
        catch (KeyNotFoundException e)
        {
            throw new ArgumentException(e.Message, e);
        }
    }
}
