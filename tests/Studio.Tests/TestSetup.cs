using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Studio.Benchmarks.Storage;
using Studio.Engine.Torch;

namespace Studio.Tests;

internal static class TestSetup
{
    /// <summary>What the commands write goes to a folder of this run; one thread, so that sums repeat.</summary>
    [ModuleInitializer]
    internal static void Prepare()
    {
        Environment.SetEnvironmentVariable("STUDIO_DATA", DataFolder);
        AppDomain.CurrentDomain.ProcessExit += (_, _) => Directory.Delete(DataFolder, recursive: true);
        torch.set_num_threads(1);
        SqliteNative.Init();
        // bunit is built against a later AngleSharp.Diffing than the package source has; the one that is there serves.
        AssemblyLoadContext.Default.Resolving += static (context, name) =>
            name.Name == "AngleSharp.Diffing" && name.Version is not null ? context.LoadFromAssemblyName(new AssemblyName("AngleSharp.Diffing")) : null;
    }

    internal static string DataFolder { get; } = Directory.CreateTempSubdirectory("studio-cli-").FullName;
}
