using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Torch;

/// <summary>Process-wide counters: these run while nothing else does.</summary>
[Collection(Alone.Name)]
public sealed class MemoryTests
{
    [Fact]
    public void ManySteps_LeaveNoNativeMemoryBehind()
    {
        using var scope = NewDisposeScope();
        var x = ones([1 << 20]);
        var live = CpuMemory().Live;
        for (var step = 0; step < 200; step++)
        {
            using var inner = NewDisposeScope();
            _ = (x * 2 + 1).sum();
        }

        Assert.InRange(CpuMemory().Live - live, long.MinValue, 1 << 20);
    }

    [Fact]
    public void CacheLimit_IsKept()
    {
        SetCpuCacheLimit(64 << 20);
        try
        {
            using (NewDisposeScope())
            {
                for (var k = 0; k < 40; k++) _ = ones([1 << 20]);
            }

            Assert.InRange(CpuMemory().Cached, 0, 64 << 20);
        }
        finally
        {
            SetCpuCacheLimit(4L << 30);
        }
    }
}
