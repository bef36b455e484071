using System.Runtime.CompilerServices;
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
    }

    internal static string DataFolder { get; } = Directory.CreateTempSubdirectory("studio-cli-").FullName;
}
