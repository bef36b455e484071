using Studio.Engine.Layers;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Layers;

/// <summary>The fused path and the composed one against each other and against single rows.</summary>
public sealed class AttentionTests
{
    [Theory]
    [InlineData(1, 5, 3, 16)]
    [InlineData(2, 700, 2, 64)] // more than one block of queries
    [InlineData(1, 33, 4, 88)]
    public void Full_FusedAndComposed_Agree(int batch, int tokens, int heads, int dim)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(2);
        // The layout of a fused qkv product: strides are those of a wider tensor.
        var qkv = randn([batch, tokens, 3, heads, dim]);
        var (q, k, v) = (qkv.select(2, 0), qkv.select(2, 1), qkv.select(2, 2));
        AssertClose(Composed(() => Attention.Full(q, k, v, 0.2)), Attention.Full(q, k, v, 0.2));
    }

    [Theory]
    [InlineData(4, 2, 7, 0, 16)]
    [InlineData(6, 2, 600, 37, 32)]
    [InlineData(3, 3, 1, 50, 16)]
    public void Causal_FusedAndComposed_Agree(int heads, int kvHeads, int rows, int offset, int dim)
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(3);
        var (q, k, v) = (randn([heads, rows, dim]), randn([kvHeads, offset + rows, dim]), randn([kvHeads, offset + rows, dim]));
        AssertClose(Composed(() => Attention.Causal(q, k, v, offset, 0.25)), Attention.Causal(q, k, v, offset, 0.25));
    }

    [Fact]
    public void LastRow_And_RowShares_AgreeWithTheirDefinition()
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(4);
        var (q, k, v) = (randn([6, 16]), randn([2, 50, 16]), randn([2, 50, 16]));
        AssertClose(Composed(() => Attention.LastRow(q, k, v, 0.25)), Attention.LastRow(q, k, v, 0.25));
        var shares = Attention.RowShares(q, k, 0.25);
        var head = softmax(k.repeat_interleave(3, 0).matmul(q.unsqueeze(2)).squeeze(2) * 0.25, 1).mean(0).ToArray<float>();
        Assert.Equal(1, shares.Sum(), 5);
        Assert.All(shares.Zip(head), p => Assert.Equal(p.Second, p.First, 5));
    }

    [Fact]
    public void Causal_InChunks_HasTheBitsOfOneCall()
    {
        using var mode = inference_mode();
        using var scope = NewDisposeScope();
        manual_seed(5);
        var (q, k, v) = (randn([4, 300, 32]), randn([2, 300, 32]), randn([2, 300, 32]));
        var whole = Attention.Causal(q, k, v, 0, 0.2).ToArray<float>();
        var first = Attention.Causal(q.narrow(1, 0, 131), k.narrow(1, 0, 131), v.narrow(1, 0, 131), 0, 0.2).ToArray<float>();
        var second = Attention.Causal(q.narrow(1, 131, 169), k, v, 131, 0.2).ToArray<float>();
        Assert.Equal(whole, first.Concat(second).ToArray());
    }

    private static Tensor Composed(Func<Tensor> compute)
    {
        CpuPath.Disabled = true;
        try
        {
            return compute();
        }
        finally
        {
            CpuPath.Disabled = false;
        }
    }

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True((expected - actual).abs().max().item<float>() < 2e-5);
    }
}
