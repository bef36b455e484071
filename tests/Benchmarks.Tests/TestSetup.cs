using System.Runtime.CompilerServices;
using Studio.Benchmarks.Storage;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Tests;

internal static class TestSetup
{
    [ModuleInitializer]
    internal static void Prepare()
    {
        // One thread: sums repeat bit for bit, and test classes that run side by side do not fight for the cores.
        torch.set_num_threads(1);
        SqliteNative.Init();
    }
}
