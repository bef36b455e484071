using System.Runtime.CompilerServices;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Tests;

internal static class TestSetup
{
    /// <summary>One thread: sums repeat bit for bit, and test classes that run side by side do not fight for the cores.</summary>
    [ModuleInitializer]
    internal static void UseOneThread() => torch.set_num_threads(1);
}
