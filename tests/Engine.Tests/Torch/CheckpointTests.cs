using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Torch;

[Collection(Alone.Name)]
public sealed class CheckpointTests
{
    [Fact]
    public void Checkpoint_TwoInputsTwoResults_HasTheGradientsOfTheFunctionItself()
    {
        using var scope = NewDisposeScope();
        var (x, y, w) = (randn([3, 4]).requires_grad_(), randn([3, 4]).requires_grad_(), randn([4, 4]).requires_grad_());
        var constant = randn([3, 4]);
        Tensor[] Body(Tensor[] i) => [i[0].matmul(w) * i[1], (i[0] + i[2]).sigmoid()];
        var plain = Gradients(Body([x, y, constant]));
        var kept = Gradients(utils.checkpoint(Body, [x, y, constant], [w]));
        Assert.Equal(plain, kept);
        Assert.Null(constant.grad);

        // Only one result is used: what the other one depends on alone has no gradient.
        _ = Gradients([utils.checkpoint(Body, [x, y, constant], [w])[1]], y);
        Assert.Null(y.grad);

        float[] Gradients(Tensor[] results, Tensor? unused = null)
        {
            foreach (var leaf in new[] { x, y, w }) leaf.grad = null;
            var sum = results.Aggregate(zeros([]), (s, r) => s + (r * r).sum());
            sum.backward();
            return [sum.item<float>(), .. new[] { x, y, w }.Where(l => unused is null).SelectMany(l => l.grad!.ToArray<float>())];
        }
    }

    [Fact]
    public void Checkpoint_Chain_RunsEachFunctionOnceForwardAndOnceBackward()
    {
        using var scope = NewDisposeScope();
        var order = new List<int>();
        var x = ones([2]).requires_grad_();
        var y = x;
        for (var layer = 0; layer < 3; layer++)
        {
            var number = layer;
            y = utils.checkpoint(
                i =>
                {
                    order.Add(number);
                    return [i[0] * i[0]];
                },
                [y], [])[0];
        }

        y.sum().backward();
        Assert.Equal([0, 1, 2, 2, 1, 0], order);
        Assert.Equal([8f, 8f], x.grad!.ToArray<float>());
    }

    [Fact]
    public void Checkpoint_Graph_KeepsItsInputsNoLongerThanItLives()
    {
        var before = Tensor.LiveCount;
        using (NewDisposeScope())
        {
            var x = ones([2]).requires_grad_();
            var y = utils.checkpoint(i => [i[0] * 3], [x], [])[0].sum();
            y.backward(retain_graph: true);
            y.backward();
            Assert.Equal([6f, 6f], x.grad!.ToArray<float>());
            Assert.Contains("retain_graph", Assert.Throws<TorchException>(() => y.backward()).Message, StringComparison.Ordinal);
        }

        using (NewDisposeScope()) _ = utils.checkpoint(i => [i[0] * 3], [ones([2]).requires_grad_()], []); // a graph that nobody walks
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Checkpoint_FunctionThatFailsInTheBackwardPass_SaysWhy()
    {
        using var scope = NewDisposeScope();
        var calls = 0;
        var y = utils.checkpoint(i => ++calls == 1 ? [i[0] * 2] : throw new InvalidOperationException("the second time"), [ones([2]).requires_grad_()], [])[0];
        Assert.Contains("the second time", Assert.Throws<TorchException>(() => y.sum().backward()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Checkpoint_NothingToTrain_RecordsNothing()
    {
        using var scope = NewDisposeScope();
        Assert.False(utils.checkpoint(i => [i[0] * 2], [ones([2])], [ones([2])])[0].requires_grad);
        using var off = no_grad();
        Assert.False(utils.checkpoint(i => [i[0] * 2], [ones([2]).requires_grad_()], [])[0].requires_grad);
    }
}
