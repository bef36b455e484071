using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Tests.Language.VstModel;

namespace Studio.Engine.Tests.Language;

/// <summary>Beside the golden training step: that it reads as inference reads, and what it refuses.</summary>
public sealed class VstTrainingForwardTests : IDisposable
{
    private readonly VstModel _model = new();
    private readonly VstTrainingForward _training;
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public VstTrainingForwardTests() => _training = new(Config, _model.Decoder.Vst, _model.Weights, Device.CPU, ScalarType.Float32);

    public void Dispose()
    {
        _scope.Dispose();
        _training.Dispose();
        _model.Dispose();
    }

    [Theory]
    [InlineData("off")]
    [InlineData("vst:4")]
    [InlineData("vst:2,8")]
    [InlineData("vst:random@3")]
    [InlineData("vst:31")] // one summary token in each window, at changing places
    public void Forward_LastRow_IsWhatInferenceReads(string compress)
    {
        var settings = VstCompression.Parse(compress, _model.Decoder.Vst);
        PromptPart[] parts = [Text(3, 14), Visual(100), Text(60, 9)];
        var result = _training.Forward([Sample(parts)], settings, TestContext.Current.CancellationToken);
        var hidden = result.Samples[0].Hidden;
        Assert.Equal([123, Config.HiddenSize], hidden.shape);
        AssertClose(_model.Fresh(settings, parts), _training.Logits(hidden.narrow(0, 122, 1)).ToArray<float>());
    }

    [Fact]
    public void Forward_Batch_IsTheMeanOverItsTokens()
    {
        var (shorter, longer) = (Sample(Text(3, 14), Visual(48), Text(60, 9)), Sample(Text(3, 14), Visual(100, "other"), Text(10, 21)));
        var both = _training.Forward([shorter, longer], VstCompression.Balanced, TestContext.Current.CancellationToken);
        var (one, two) = (_training.Forward([shorter], VstCompression.Balanced, TestContext.Current.CancellationToken), _training.Forward([longer], VstCompression.Balanced, TestContext.Current.CancellationToken));
        Assert.Equal(one.SupervisedTokens + two.SupervisedTokens, both.SupervisedTokens);
        var mean = ((one.Loss.item<float>() * one.SupervisedTokens) + (two.Loss.item<float>() * two.SupervisedTokens)) / both.SupervisedTokens;
        Assert.Equal(mean, both.Loss.item<float>(), 1e-5f);
    }

    [Theory]
    [InlineData("vst:4", ScalarType.Float32)]
    [InlineData("vst:2,8", ScalarType.BFloat16)]
    [InlineData("off", ScalarType.Float32)]
    public void Forward_Checkpointing_HasTheSameLossAndGradientsBitForBit(string compress, ScalarType dtype)
    {
        var settings = VstCompression.Parse(compress, _model.Decoder.Vst);
        using var plain = new VstTrainingForward(Config, _model.Decoder.Vst, _model.Weights, Device.CPU, dtype);
        using var checkpointing = new VstTrainingForward(Config, _model.Decoder.Vst, _model.Weights, Device.CPU, dtype, checkpointing: true);
        using var on = torch.enable_grad();
        var visual = Features(100).requires_grad_();
        TrainingSample[] batch = [Sample(Text(3, 14), new PromptPart.Visual("video", visual), Text(60, 9)), Sample(Text(3, 14), Visual(30, "other"), Text(10, 21))];
        Tensor[] leaves = [visual, .. _model.Weights.Names.Order(StringComparer.Ordinal).Select(n => _model.Weights.Get(n).requires_grad_())];
        var expected = Gradients(plain);
        var actual = Gradients(checkpointing);
        for (var i = 0; i < expected.Length; i++) Assert.Equal(expected[i], actual[i]);
        Assert.Contains(expected[1], v => v != 0);

        float[][] Gradients(VstTrainingForward training)
        {
            foreach (var leaf in leaves) leaf.grad = null;
            using var step = torch.NewDisposeScope();
            var result = training.Forward(batch, settings, TestContext.Current.CancellationToken);
            result.Loss.backward();
            return [[result.Loss.item<float>()], .. leaves.Select(l => l.grad?.ToArray<float>() ?? [])];
        }
    }

    [Fact]
    public void Forward_RulesAndSamples_ComeInPairs() => Assert.Contains(
        "2 rules do not fit 1 samples",
        Assert.Throws<ArgumentException>(() => _training.Forward([Sample(Text(3, 14), Visual(48))], [new RatiosInTurn([2]), new RatiosInTurn([4])], TestContext.Current.CancellationToken)).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Forward_BadBatch_IsRefused()
    {
        var sample = Sample(Text(3, 14), Visual(48), Text(60, 9));
        Refused("empty");
        Refused("do not fit", sample with { Labels = [.. sample.Labels.Skip(1)] });
        Refused("supervised", sample with { Labels = [.. sample.Labels.Select(_ => TrainingForward.Ignored)] });
        Assert.Throws<OperationCanceledException>(() => _training.Forward([sample], VstCompression.Balanced, new(canceled: true)));
        Assert.Throws<ArgumentException>(() => _training.Forward([sample], VisualDropout.Balanced, TestContext.Current.CancellationToken));

        void Refused(string reason, params TrainingSample[] batch) =>
            Assert.Contains(reason, Assert.Throws<ArgumentException>(() => _training.Forward(batch, VstCompression.Balanced, TestContext.Current.CancellationToken)).Message, StringComparison.Ordinal);
    }

    private static TrainingSample Sample(params PromptPart[] parts)
    {
        var prompt = new Prompt(parts);
        return new(prompt, [.. prompt.Parts.SelectMany(p => p is PromptPart.Text text ? text.Ids : Enumerable.Repeat(TrainingForward.Ignored, p.Length))]);
    }
}
