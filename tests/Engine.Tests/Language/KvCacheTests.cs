using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

public sealed class KvCacheTests
{
    [Fact]
    public void Reserve_KeepsTheRowsHeld_AndAllocatesExactly()
    {
        using var cache = new KvCache(2, 1, 4, ScalarType.Float32, Device.CPU);
        cache.Reserve(0, 3);
        cache.Keys(0).fill_(7);
        cache.Advance(0, 2);
        cache.Reserve(0, 10);
        using var scope = torch.NewDisposeScope();
        Assert.Equal([7f, 7, 7, 7, 7, 7, 7, 7], cache.Keys(0).narrow(1, 0, 2).ToArray<float>());
        Assert.Equal(10, cache.Capacity(0));
        Assert.Equal([2, 0], cache.Lengths);
        Assert.Equal(2 * 2 * 4 * 4, cache.Bytes); // rows × (key + value) × dimension × bytes
        Assert.Equal(10 * 2 * 4 * 4, cache.CapacityBytes);
    }

    [Fact]
    public void Advance_BeyondTheCapacity_IsRefused()
    {
        using var cache = new KvCache(1, 1, 4, ScalarType.Float32, Device.CPU);
        cache.Reserve(0, 3);
        Assert.Throws<InvalidOperationException>(() => cache.Advance(0, 4));
    }

    [Fact]
    public void Truncate_ForgetsRows_AndRefusesToInventThem()
    {
        using var cache = new KvCache(1, 1, 4, ScalarType.Float32, Device.CPU);
        cache.Reserve(0, 3);
        cache.Advance(0, 3);
        cache.Truncate(0, 1);
        Assert.Equal(1, cache.Length(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => cache.Truncate(0, 2));
    }
}
