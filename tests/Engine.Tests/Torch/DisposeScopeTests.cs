using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Torch;

public sealed class DisposeScopeTests
{
    [Fact]
    public void Dispose_FreesWhatWasMadeInside_AndNothingElse()
    {
        using var outer = NewDisposeScope();
        var before = ones([2]);
        Tensor inside, moved;
        using (NewDisposeScope())
        {
            inside = ones([2]);
            moved = (before + inside).MoveToOuterDisposeScope();
        }

        Assert.True(inside.IsDisposed);
        Assert.False(before.IsDisposed);
        Assert.Equal([2f, 2], moved.ToArray<float>());
        Assert.Throws<ObjectDisposedException>(() => inside.numel());
    }

    [Fact]
    public void Detach_OutlivesItsScope()
    {
        Tensor kept;
        using (NewDisposeScope()) kept = ones([2]).DetachFromDisposeScope();
        Assert.Equal([1f, 1], kept.ToArray<float>());
        kept.Dispose();
        kept.Dispose(); // twice is harmless
        Assert.True(kept.IsDisposed);
    }

    [Fact]
    public void DisposeOfATensor_TakesItOutOfItsScope()
    {
        using var scope = NewDisposeScope();
        var (a, b, c) = (ones([1]), ones([1]), ones([1]));
        a.Dispose();
        Assert.Equal(2, scope.Count);
        c.Dispose();
        b.Dispose();
        Assert.Equal(0, scope.Count);
    }

    [Fact]
    public void Dispose_OutOfOrder_IsRefused()
    {
        var outer = NewDisposeScope();
        var inner = NewDisposeScope();
        Assert.Throws<InvalidOperationException>(outer.Dispose);
        inner.Dispose();
    }
}
