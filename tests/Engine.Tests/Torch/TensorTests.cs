using System.Reflection;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;
using F = Studio.Engine.Torch.torch.nn.functional;

namespace Studio.Engine.Tests.Torch;

public sealed class TensorTests
{
    /// <summary>Named differently, or absent, in some versions: their callers choose by <see cref="Op.Exists"/>.</summary>
    private static readonly string[] s_versionDependent = ["s_sdpa", "s_sdpaOld"];

    [Fact]
    public void EveryTypedOperator_ExistsInTheInstalledLibrary()
    {
        var missing = new[] { typeof(Tensor), typeof(torch) }
            .SelectMany(t => t.GetFields(BindingFlags.NonPublic | BindingFlags.Static))
            .Where(f => f.FieldType == typeof(Op) && !s_versionDependent.Contains(f.Name))
            .Where(f => !((Op)f.GetValue(null)!).Exists)
            .Select(f => f.Name);
        Assert.Empty(missing);
    }

    [Fact]
    public void Blas_IsNotTheReferenceOne()
    {
        Assert.DoesNotContain("/libblas/", Blas, StringComparison.Ordinal);
        Assert.DoesNotContain("built in", Blas, StringComparison.Ordinal);
    }

    [Fact]
    public void Matmul_SmallMatrices_GivesTheProduct()
    {
        using var scope = NewDisposeScope();
        var a = tensor([1f, 2, 3, 4, 5, 6], 2, 3);
        var b = tensor([1f, 0, 0, 1, 1, 1], 3, 2);
        Assert.Equal([4f, 5, 10, 11], matmul(a, b).ToArray<float>());
        Assert.Equal([2, 2], matmul(a, b).shape);
    }

    [Fact]
    public void Linear_WithBias_AddsIt()
    {
        using var scope = NewDisposeScope();
        var y = F.linear(tensor([1f, 2], 1, 2), tensor([3f, 4, 5, 6], 2, 2), tensor([10f, 20]));
        Assert.Equal([21f, 37], y.ToArray<float>());
    }

    [Fact]
    public void ScalarOperand_KeepsTheTensorsType()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(ScalarType.BFloat16, (ones([2], ScalarType.BFloat16) * 2.5).dtype);
        Assert.Equal(ScalarType.Float32, (tensor([1L, 2]) * 2.5).dtype);
        Assert.Equal([1L, 0], tensor([3L, 4]).eq(3).to(ScalarType.Int64).ToArray<long>());
    }

    [Fact]
    public void Softmax_Topk_Sort_And_Indexing_AgreeWithHandComputedValues()
    {
        using var scope = NewDisposeScope();
        var x = tensor([1f, 3, 2, 3]);
        Assert.Equal(1.0, softmax(x, 0).sum().item<float>(), 6);
        var (values, indices) = x.sort(0, descending: true);
        Assert.Equal([3f, 3, 2, 1], values.ToArray<float>());
        Assert.Equal([1L, 3, 2, 0], indices.ToArray<long>()); // stable: the lower index wins a tie
        Assert.Equal([3f, 1], x.index_select(0, tensor([1L, 0])).ToArray<float>());
        Assert.Equal([3f, 2], x.narrow(0, 1, 2).ToArray<float>());
        Assert.Equal(1L, x.argmax().item<long>());
    }

    [Fact]
    public void ListArguments_And_ListResults_RoundTrip()
    {
        using var scope = NewDisposeScope();
        var joined = cat([tensor([1f, 2]), tensor([3f])]);
        Assert.Equal([1f, 2, 3], joined.ToArray<float>());
        var parts = joined.split(2);
        Assert.Equal([2L, 1], parts.Select(p => p.numel()));
        Assert.Equal([[1f, 2], [3f]], parts.Select(p => p.ToArray<float>()));
        Assert.Equal(14f, einsum("i,i->", joined, joined).item<float>());
    }

    [Fact]
    public void InPlace_ReturnsTheSameTensorAndLeaksNoReference()
    {
        using var scope = NewDisposeScope();
        var x = zeros([3]);
        Assert.Same(x, x.add_(ones([3])).mul_(2));
        Assert.Equal([2f, 2, 2], x.ToArray<float>());
        Assert.Equal(1, Native.studio_t_use_count(x.Handle));
    }

    [Fact]
    public void ScaledDotProductAttention_Causal_SeesOnlyThePast()
    {
        using var scope = NewDisposeScope();
        manual_seed(0);
        var (q, k, v) = (randn([1, 2, 4, 8]), randn([1, 2, 4, 8]), randn([1, 2, 4, 8]));
        var y = F.scaled_dot_product_attention(q, k, v, is_causal: true);
        Assert.True((y.select(2, 0) - v.select(2, 0)).abs().max().item<float>() < 1e-6);
        var last = softmax(matmul(q.narrow(2, 3, 1), k.transpose(2, 3)) / Math.Sqrt(8), -1).matmul(v);
        Assert.True((y.narrow(2, 3, 1) - last).abs().max().item<float>() < 1e-5);
    }

    [Fact]
    public void FailingCall_CarriesLibtorchsMessage()
    {
        using var scope = NewDisposeScope();
        var e = Assert.Throws<TorchException>(() => matmul(ones([2, 3]), ones([2, 3])));
        Assert.Contains("mat1 and mat2", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("frame #", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WrongArgumentKind_IsRefusedBeforeLibtorchSeesIt()
    {
        var e = Assert.Throws<TorchException>(() => new Op("relu").Invoke(Val.Default));
        Assert.Contains("has no default", e.Message, StringComparison.Ordinal);
        e = Assert.Throws<TorchException>(() => new Op("no_such_operator").Invoke());
        Assert.Contains("no_such_operator", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void FromBlob_ReleasesItsMemoryOnceWhenTheLastViewGoes()
    {
        var released = 0;
        var memory = System.Runtime.InteropServices.Marshal.AllocHGlobal(16);
        var whole = from_blob(memory, [4], ScalarType.Float32, () => Interlocked.Increment(ref released));
        var view = whole.narrow(0, 1, 2);
        whole.fill_(7);
        whole.Dispose();
        Assert.Equal(0, released);
        Assert.Equal([7f, 7], view.ToArray<float>());
        view.Dispose();
        Assert.Equal(1, released);
        System.Runtime.InteropServices.Marshal.FreeHGlobal(memory);
    }

    [Fact]
    public void Data_OfANonContiguousOrForeignTypedTensor_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<InvalidOperationException>(() => ones([2, 3]).t().data<float>().Length);
        Assert.Throws<InvalidOperationException>(() => ones([2, 3]).data<long>().Length);
    }

    [Theory]
    [InlineData("cpu", "cpu")]
    [InlineData("cuda", "cuda:0")]
    [InlineData("cuda:3", "cuda:3")]
    public void DeviceParse_KnownNames_RoundTrip(string text, string expected) => Assert.Equal(expected, Device.Parse(text).ToString());

    [Theory]
    [InlineData("gpu")]
    [InlineData("cuda:")]
    [InlineData("cuda:-1")]
    [InlineData("cuda:x")]
    public void DeviceParse_OtherText_NamesItAndTheRemedy(string text)
    {
        var e = Assert.Throws<ArgumentException>(() => Device.Parse(text));
        Assert.Contains($"'{text}'", e.Message, StringComparison.Ordinal);
        Assert.Contains("cuda:N", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CallsFromManyThreads_GiveTheSerialResult()
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (a, b) = (randn([64, 64]), randn([64, 64]));
        var expected = matmul(a, b).ToArray<float>();
        Parallel.For(0, 16, _ =>
        {
            using var inner = NewDisposeScope();
            Assert.Equal(expected, matmul(a, b).ToArray<float>());
        });
    }
}
