using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Xunit;

namespace Studio.Engine.Tests.Training;

public sealed class OptimiserTests
{
    [Fact]
    public void AdamW_SeveralSteps_FollowsItsEquations()
    {
        using var scope = torch.NewDisposeScope();
        float[] start = [0.5f, -2, 3, 1e-3f];
        Parameter decayed = new("a", torch.tensor(start).requires_grad_()), plain = new("b", torch.tensor(start).requires_grad_());
        using var adam = new AdamW([new("x", 0.1, 0.5, [decayed]), new("y", 0.01, 0, [plain])], new AdamWSettings());
        var expected = new[] { new Reference(start, 0.1, 0.5), new Reference(start, 0.01, 0) };
        double[] factors = [0, 1, 0.7, 0.2];
        for (int step = 0; step < factors.Length; step++)
        {
            float[] gradient = [1f, -0.3f * step, 1e-4f, 20 - (9 * step)];
            adam.ZeroGradients();

            decayed.Value.grad = torch.tensor(gradient);
            plain.Value.grad = torch.tensor(gradient);
            adam.Step(factors[step]);
            foreach ((Reference reference, Parameter parameter) in expected.Zip(adam.Parameters))
            {
                reference.Step(gradient, factors[step]);
                float[] actual = parameter.Value.detach().ToArray<float>();
                for (int i = 0; i < actual.Length; i++)
                {
                    Assert.Equal(reference.Value[i], actual[i], 1e-5);
                }
            }
        }
    }

    [Fact]
    public void AdamW_NoGradient_LeavesTheParameterAlone()
    {
        using var scope = torch.NewDisposeScope();
        var parameter = new Parameter("a", torch.tensor<float>([1, 2]).requires_grad_());
        using var adam = new AdamW([new("x", 0.1, 0.5, [parameter])], new AdamWSettings());
        adam.Step(1);
        Assert.Equal([1f, 2f], parameter.Value.detach().ToArray<float>());
    }

    [Fact]
    public void AdamW_Restored_GoesOnBitForBit()
    {
        using var scope = torch.NewDisposeScope();
        (AdamW adam, Parameter parameter) = Make();
        Run(adam, parameter, 3);
        Dictionary<string, Tensor> saved = adam.State().ToDictionary(s => s.Name, s => s.Value.clone());
        Tensor middle = parameter.Value.detach().clone();
        Run(adam, parameter, 4);

        (AdamW resumed, Parameter other) = Make();
        using (torch.no_grad())
        {
            _ = other.Value.copy_(middle);
        }

        resumed.Restore(saved.GetValueOrDefault);
        Run(resumed, other, 4);
        Assert.Equal(parameter.Value.detach().ToArray<float>(), other.Value.detach().ToArray<float>());
        _ = saved.Remove("exp_avg.a");
        Assert.Contains("exp_avg.a", Assert.Throws<InvalidDataException>(() => resumed.Restore(saved.GetValueOrDefault)).Message, StringComparison.Ordinal);
        adam.Dispose();
        resumed.Dispose();

        static (AdamW, Parameter) Make()
        {
            var parameter = new Parameter("a", torch.tensor<float>([1, -1, 0.25f]).requires_grad_());
            return (new AdamW([new("x", 0.05, 0.1, [parameter])], new AdamWSettings()), parameter);
        }

        static void Run(AdamW adam, Parameter parameter, int steps)
        {
            for (int i = 0; i < steps; i++)
            {
                adam.ZeroGradients();
                (parameter.Value * parameter.Value * parameter.Value).sum().backward();
                adam.Step(1);
            }
        }
    }

    [Theory]
    [InlineData(1, 1.0)]
    [InlineData(10, 5.0)]
    [InlineData(0, 5.0)]
    public void ClipGradients_JointNorm_IsAtMostTheBound(double most, double expected)
    {
        using var scope = torch.NewDisposeScope();
        Parameter a = new("a", torch.zeros([1]).requires_grad_()), b = new("b", torch.zeros([1]).requires_grad_());
        using var adam = new AdamW([new("x", 0.1, 0, [a, b])], new AdamWSettings());
        a.Value.grad = torch.tensor<float>([3]);
        b.Value.grad = torch.tensor<float>([-4]);
        Assert.Equal(5, adam.ClipGradients(most), 1e-6);
        Assert.Equal(3 * expected / 5, a.Value.grad!.item<float>(), 1e-5);
        Assert.Equal(-4 * expected / 5, b.Value.grad!.item<float>(), 1e-5);
        Assert.Equal(expected, adam.ClipGradients(0), 1e-5);
    }

    [Fact]
    public void CosineSchedule_WarmsUpFromZeroAndEndsNearZero()
    {
        var schedule = new CosineSchedule(101, 0.03);
        Assert.Equal(4, schedule.WarmupSteps);
        Assert.Equal([0, 0.25, 0.5, 0.75, 1], Enumerable.Range(0, 5).Select(i => schedule.Factor(i)));
        Assert.Equal(0.5 * (1 + Math.Cos(Math.PI * 50 / 97)), schedule.Factor(54), 1e-12);
        Assert.InRange(schedule.Factor(100), 1e-9, 1e-3);
        Assert.Equal(0, schedule.Factor(101));
        Assert.Equal(1, new CosineSchedule(10, 0).Factor(0));
    }

    [Fact]
    public void Groups_PartsWithRates_AreTrainedAndOthersFrozen()
    {
        ModelConfig config = TinyModels.VideoChatFlash();
        TensorLayout layout = TensorLayout.For(config);
        using Weights weights = Studio.Engine.Chat.RandomModels.Weights(config, 1, Device.CPU, ScalarType.Float32);
        IReadOnlyList<ParameterGroup> groups = ParameterGroups.Create(weights, layout, new PartRates { Tower = 2e-6, Projector = 1e-5 }, 0);
        Assert.Equal([("tower", 2e-6), ("projector", 1e-5)], groups.Select(g => (g.Name, g.LearningRate)));
        foreach (ExpectedTensor tensor in layout.Tensors)
        {
            Assert.Equal(tensor.Scope != CheckpointScope.Language, weights.Get(tensor.Name).requires_grad);
        }

        groups = ParameterGroups.Create(weights, layout, new PartRates { Decoder = 1e-4 }, 0.1);
        Assert.Equal([0.1, 0], groups.Select(g => g.WeightDecay));
        Assert.All(groups[1].Parameters, p => Assert.Equal(1, p.Value.ndim));
        Assert.Equal(layout.Tensors.Count(t => t.Scope == CheckpointScope.Language), groups.Sum(g => g.Parameters.Count));
        Assert.False(weights.Get(TensorLayout.ConnectorPrefix + "0.weight").requires_grad);
        Assert.Contains("No part", Assert.Throws<ArgumentException>(() => ParameterGroups.Create(weights, layout, new PartRates(), 0)).Message, StringComparison.Ordinal);
        using Weights half = Studio.Engine.Chat.RandomModels.Weights(config, 1, Device.CPU, ScalarType.BFloat16);
        Assert.Contains("bf16", Assert.Throws<ArgumentException>(() => ParameterGroups.Create(half, layout, new PartRates { Tower = 1 }, 0)).Message, StringComparison.Ordinal);
    }

    /// <summary>The published equations in double precision.</summary>
    private sealed class Reference(float[] start, double rate, double decay)
    {
        private readonly double[] _first = new double[start.Length], _second = new double[start.Length];
        private int _step;

        public double[] Value { get; } = [.. start.Select(v => (double)v)];

        public void Step(float[] gradient, double factor)
        {
            _step++;
            for (int i = 0; i < Value.Length; i++)
            {
                _first[i] = (0.9 * _first[i]) + (0.1 * gradient[i]);
                _second[i] = (0.999 * _second[i]) + (0.001 * gradient[i] * gradient[i]);
                double mean = _first[i] / (1 - Math.Pow(0.9, _step));
                double spread = Math.Sqrt(_second[i] / (1 - Math.Pow(0.999, _step)));
                Value[i] -= rate * factor * ((mean / (spread + 1e-8)) + (decay * Value[i]));
            }
        }
    }
}
