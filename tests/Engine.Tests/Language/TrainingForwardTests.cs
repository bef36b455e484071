using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Language;

/// <summary>What the reference's training case does not show: see the verification for its loss and gradients.</summary>
[Collection(Alone.Name)]
public sealed class TrainingForwardTests : IDisposable
{
    private const int None = TrainingForward.Ignored;

    private static readonly CompressionSettings s_drops = new VisualDropout(CompressionType.Attention, [2], [1, 0.5]);

    private readonly Weights _weights = MappedTensors.MapAll(Path.Combine(Golden.Folder("vcf_lm_none"), "model.safetensors"));
    private readonly LanguageConfig _config = ModelConfig.Load(Golden.Folder("vcf_lm_none")).Language;
    private readonly TrainingForward _training;

    public TrainingForwardTests() => _training = new(_config, _weights, Device.CPU, ScalarType.Float32);

    public void Dispose()
    {
        _training.Dispose();
        _weights.Dispose();
    }

    [Fact]
    public void Forward_LastRow_HasTheLogitsOfInference()
    {
        using var scope = torch.NewDisposeScope();
        using var decoder = new Qwen2Decoder(_config, _weights, Device.CPU, ScalarType.Float32);
        var prompt = Prompt(10);
        foreach (var settings in new[] { CompressionSettings.Off, new VisualDropout(CompressionType.Uniform, [1, 3], [1, 0.6, 0.3]) })
        {
            using var state = decoder.NewSequence(settings);
            var expected = decoder.Prefill(state, prompt, ct: TestContext.Current.CancellationToken).ToArray<float>();
            var rows = Run(settings, new TrainingSample(prompt, Labels(prompt, 1))).Samples[0];
            var actual = _training.Logits(rows.Hidden.narrow(0, rows.Labels.Count - 1, 1)).ToArray<float>();
            for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i], 1e-4f);
        }
    }

    [Fact]
    public void Forward_Loss_IsTheMeanOverAllSupervisedTokens()
    {
        using var scope = torch.NewDisposeScope();
        TrainingSample shorter = new(Prompt(6), Labels(Prompt(6), 1)), longer = new(Prompt(20), Labels(Prompt(20), 3));
        var together = Run(CompressionSettings.Off, shorter, longer);
        var (one, three) = (Run(CompressionSettings.Off, shorter), Run(CompressionSettings.Off, longer));
        Assert.Equal((4, 1, 3), (together.SupervisedTokens, one.SupervisedTokens, three.SupervisedTokens));
        Assert.Equal((one.Loss.item<float>() + (3 * three.Loss.item<float>())) / 4, together.Loss.item<float>(), 1e-5f);
    }

    [Fact]
    public void Forward_NoAnswerToRankBy_DropsNothing()
    {
        using var scope = torch.NewDisposeScope();
        var prompt = Prompt(10);
        List<int> ranked = Labels(prompt, 1);
        List<int> unranked = [.. Enumerable.Repeat(5, prompt.Length)]; // no row without a label stands before one with
        var result = Run(s_drops, new TrainingSample(prompt, ranked), new TrainingSample(prompt, unranked));
        Assert.Equal(14 - 5, result.Samples[0].Labels.Count);
        Assert.Equal(14, result.Samples[1].Labels.Count);
        Assert.Empty(result.Samples[1].Drops);
    }

    [Fact]
    public void Forward_Gradient_ReachesVisualTokensThatStay()
    {
        using var scope = torch.NewDisposeScope();
        var visual = torch.randn([10, _config.HiddenSize]).requires_grad_();
        var prompt = Prompt(visual);
        var result = Run(s_drops, new TrainingSample(prompt, Labels(prompt, 1)));
        result.Loss.backward();
        using var gradient = visual.grad;
        Assert.Equal(10, gradient!.norm(1).ToArray<float>().Count(n => n > 0)); // dropped ones were read by the layers before
        Assert.Equal(9, Assert.Single(result.Samples[0].Drops).KeptRows.Count);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Forward_Checkpointing_HasTheSameLossAndGradientsBitForBit(ScalarType dtype)
    {
        using var scope = torch.NewDisposeScope();
        using var plain = new TrainingForward(_config, _weights, Device.CPU, dtype);
        using var checkpointing = new TrainingForward(_config, _weights, Device.CPU, dtype, checkpointing: true);
        Tensor first = torch.randn([20, _config.HiddenSize]).requires_grad_(), second = torch.randn([9, _config.HiddenSize]).requires_grad_();
        Prompt one = Prompt(first), two = Prompt(second);
        TrainingSample[] batch = [new(one, Labels(one, 2)), new(two, Labels(two, 1))];
        string[] names = [.. _weights.Names.Where(n => n.StartsWith("model.", StringComparison.Ordinal) || n == TensorLayout.LmHead)];
        foreach (var name in names) _ = _weights.Get(name).requires_grad_();
        Tensor[] leaves = [first, second, .. names.Select(_weights.Get)];
        var expected = Gradients(plain);
        var actual = Gradients(checkpointing);
        Assert.Equal(leaves.Length + 1, expected.Length);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i]);
        Assert.All(expected, g => Assert.Contains(g, v => v != 0));

        float[][] Gradients(TrainingForward training)
        {
            foreach (var leaf in leaves) leaf.grad = null;
            float loss = 0;
            for (var accumulated = 0; accumulated < 2; accumulated++) // the second run adds to what is there
            {
                using var step = torch.NewDisposeScope();
                var result = training.Forward(batch, s_drops, TestContext.Current.CancellationToken);
                result.Loss.div(3).backward();
                loss = result.Loss.item<float>();
            }

            return [[loss], .. leaves.Select(l => l.grad!.ToArray<float>())];
        }
    }

    [Fact]
    public void Forward_Checkpointing_TakesLessMemory()
    {
        foreach (var name in _weights.Names) _ = _weights.Get(name).requires_grad_(name.StartsWith("model.layers.", StringComparison.Ordinal));
        var prompt = Prompt(400);
        long plain = Peak(checkpointing: false), less = Peak(checkpointing: true);
        // Four layers whose activations are kept against those of one and the layers' inputs.
        Assert.True(less < plain * 0.5, $"{plain} bytes became {less}");

        long Peak(bool checkpointing)
        {
            using var scope = torch.NewDisposeScope();
            using var training = new TrainingForward(_config, _weights, Device.CPU, ScalarType.Float32, checkpointing);
            foreach (var name in _weights.Names) _weights.Get(name).grad = null;
            torch.ResetPeakMemory();
            var before = torch.CpuMemory().Live;
            training.Forward([new(prompt, Labels(prompt, 2))], CompressionSettings.Off, TestContext.Current.CancellationToken).Loss.backward();
            return torch.CpuMemory().Peak - before;
        }
    }

    [Fact]
    public void Forward_ManyBatches_LeaveNoTensorBehind()
    {
        var prompt = Prompt(10);
        var before = Tensor.LiveCount;
        for (var i = 0; i < 3; i++)
        {
            using var scope = torch.NewDisposeScope();
            _ = Run(s_drops, new TrainingSample(prompt, Labels(prompt, 2)));
        }

        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Forward_WhatCannotBeTrained_IsNamed()
    {
        var prompt = Prompt(4);
        Assert.Contains("batch is empty", Refused().Message, StringComparison.Ordinal);
        Assert.Contains("3 labels do not fit 8 rows", Refused(new TrainingSample(prompt, [1, 2, 3])).Message, StringComparison.Ordinal);
        Assert.Contains("label 260", Refused(new TrainingSample(prompt, [.. Enumerable.Repeat(None, 7), 260])).Message, StringComparison.Ordinal);
        Assert.Contains("token id -200", Refused(new TrainingSample(new([new PromptPart.Text([1, -200])]), [None, 1])).Message, StringComparison.Ordinal);
        Assert.Contains("no row of the batch is supervised", Refused(new TrainingSample(prompt, [1, .. Enumerable.Repeat(None, 7)])).Message, StringComparison.Ordinal);

        ArgumentException Refused(params TrainingSample[] batch) => Assert.Throws<ArgumentException>(() => Run(CompressionSettings.Off, batch));
    }

    [Fact]
    public void Forward_Cancelled_Stops()
    {
        var prompt = Prompt(4);
        Assert.Throws<OperationCanceledException>(() => _training.Forward([new(prompt, Labels(prompt, 1))], CompressionSettings.Off, new(canceled: true)));
    }

    public static TheoryData<int[], bool, int?[]> QueryRows => new()
    {
        { [None, None, 5, 6, None, 7], false, [1, 4] }, // the row before each supervised stretch
        { [None, None], false, [] },
        { [5, None, 6], false, [1] }, // a supervised first row looks at the last label, which is supervised
        { [5, None, 6, None], false, [3, 1] }, // or not: then the last row asks
        { [5, None, 6], true, [null, 1] }, // of a padded sample the last row is padding
        { [5, 6], true, [null] },
    };

    [Theory]
    [MemberData(nameof(QueryRows))]
    public void Queries_OfLabels_AreTheRowsBeforeSupervisedStretches(int[] labels, bool isPadded, int?[] expected) =>
        Assert.Equal(expected, TrainingForward.Queries(labels, isPadded));

    private TrainingResult Run(CompressionSettings settings, params TrainingSample[] batch) => _training.Forward(batch, settings, TestContext.Current.CancellationToken);

    private Prompt Prompt(int visual) => Prompt(torch.ones([visual, _config.HiddenSize]));

    private static Prompt Prompt(Tensor visual) => new([new PromptPart.Text([3, 4]), new PromptPart.Visual("video", visual), new PromptPart.Text([9, 8])]);

    /// <summary>The last so many rows are supervised.</summary>
    private static List<int> Labels(Prompt prompt, int supervised) =>
        [.. Enumerable.Repeat(None, prompt.Length - supervised), .. Enumerable.Range(7, supervised)];
}
