using Studio.Engine.Checkpoints;
using Studio.Engine.Tests.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.World;
using Xunit;

namespace Studio.Engine.Tests.Training;

/// <summary>Samples of one update, of which some drop visual tokens and others keep them all.</summary>
public sealed class FlashDropsTests
{
    private static readonly TrainingDrops s_half = new() { Type = CompressionType.Uniform, Layers = [1], Ratios = [1, 0.25] };

    private readonly ModelConfig _config = TinyModels.VideoChatFlash(layers: 4);

    [Fact]
    public void Loss_WithAShareOfDrops_IsThatOfDroppedAndWholeSamples()
    {
        using Weights weights = Studio.Engine.Chat.RandomModels.Weights(_config, 1, Device.CPU, ScalarType.Float32);
        using FlashTrainee whole = Trainee(weights, null), dropped = Trainee(weights, s_half), some = Trainee(weights, s_half with { Share = 0.5 });
        using var scope = torch.NewDisposeScope();
        var source = new WorldSource(Stage(null).Data, 5);
        TrainingExample[] samples = [.. Enumerable.Range(0, 8).Select(i => source.Sample(i) with { Number = i })];
        (double Sum, int Tokens) all = default;
        foreach (TrainingExample sample in samples)
        {
            (TraineeLoss kept, TraineeLoss cut) = (Loss(whole, sample), Loss(dropped, sample));
            Assert.NotEqual(kept.Loss.item<float>(), cut.Loss.item<float>());
            TraineeLoss expected = some.Drops(sample) ? cut : kept;
            Assert.Equal(expected.Loss.item<float>(), Loss(some, sample).Loss.item<float>());
            all = (all.Sum + ((double)expected.Loss.item<float>() * expected.Supervised), all.Tokens + expected.Supervised);
        }

        // Together as one by one: a sample's drops are its own.
        Assert.Equal(all.Sum / all.Tokens, Loss(some, samples).Loss.item<float>(), 1e-4);
    }

    [Theory]
    [InlineData(null, 2000, 2000)]
    [InlineData(1.0, 2000, 2000)]
    [InlineData(0.3, 520, 680)]
    public void Drops_OfManySamples_AreTheShareAndTheSameAgain(double? share, int fewest, int most)
    {
        using Weights weights = Studio.Engine.Chat.RandomModels.Weights(_config, 1, Device.CPU, ScalarType.Float32);
        using FlashTrainee trainee = Trainee(weights, s_half with { Share = share }), again = Trainee(weights, s_half with { Share = share });
        TrainingExample[] samples = [.. Enumerable.Range(0, 2000).Select(i => new TrainingExample("s", []) { Number = i })];
        Assert.InRange(samples.Count(trainee.Drops), fewest, most);
        Assert.Equal(samples.Select(trainee.Drops), samples.Select(again.Drops));
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(1.5)]
    public void Validate_ShareOutOfRange_IsRefused(double share) =>
        Assert.Contains($"drops.share is {share}", Assert.Throws<ArgumentException>(Stage(s_half with { Share = share }).Validate).Message, StringComparison.Ordinal);

    private static TraineeLoss Loss(FlashTrainee trainee, params TrainingExample[] samples) => trainee.Loss(samples, TestContext.Current.CancellationToken);

    private FlashTrainee Trainee(Weights weights, TrainingDrops? drops) => new(Stage(drops), _config, weights, TestTokenizers.Tiny, Device.CPU, 3);

    private static TrainingStage Stage(TrainingDrops? drops) => new()
    {
        Name = "all",
        Rates = new PartRates { Decoder = 1e-3 },
        Template = TrainingTemplate.ChatFlash,
        Frames = new TrainingFrames { Min = 4, Max = 8 },
        Drops = drops,
        Data = new TrainingData { World = new WorldRecipe { Kinds = new Dictionary<WorldKind, int> { [WorldKind.Where] = 1 }, Seconds = [8], Fps = 1 }, WorldSide = 32 },
    };
}
