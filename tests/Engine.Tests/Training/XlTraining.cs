using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Training;
using Studio.Engine.World;

namespace Studio.Engine.Tests.Training;

/// <summary>A tiny Video-XL with windows of two frames, stages for it, and drawn videos.</summary>
internal static class XlTraining
{
    /// <summary>Visual tokens of a frame, and of a window.</summary>
    internal const int PerFrame = 144, Window = 2 * PerFrame;

    internal static readonly ModelConfig Config = TinyModels.VideoXl() with { Vst = new VstConfig { Window = Window } };

    private static readonly WorldRecipe s_world = new()
    {
        Kinds = new Dictionary<WorldKind, int> { [WorldKind.Describe] = 1, [WorldKind.Colour] = 1 },
        Seconds = [4],
        Fps = 1,
        Objects = 80,
    };

    /// <summary>Everything is trained through summary tokens, on four frames a video.</summary>
    internal static TrainingStage Stage(params int[] ratios) => new()
    {
        Name = "all",
        Rates = new PartRates { Tower = 1e-3, Projector = 1e-3, Decoder = 1e-3, Summary = ratios.Length > 0 ? 1e-3 : null },
        Template = TrainingTemplate.ChatXl,
        Masking = LabelMasking.AnswerOnly,
        Join = DurationJoin.Inference,
        Frames = new TrainingFrames { Max = 4, Min = 1 },
        Ratios = ratios.Length > 0 ? ratios : null,
        Data = new TrainingData { World = s_world, WorldSide = 96 },
    };

    internal static WorldSource Source(ulong seed = 5) => new(Stage().Data, seed);

    internal static XlTrainee Trainee(TrainingStage stage, Weights weights, ulong seed = 3) => new(stage, Config, weights, Tokenization.TestTokenizers.Tiny, Device.CPU, seed);

    /// <summary>Random fp32 weights, all of them or without what summary tokens have of their own.</summary>
    internal static Weights Weights(bool withVst = true)
    {
        using Weights all = Studio.Engine.Chat.RandomModels.Weights(Config, 1, Device.CPU, ScalarType.Float32);
        using var scope = torch.NewDisposeScope();
        return new Weights(
            all.Names.Where(n => withVst || TensorLayout.VstOrigin(n) is null).ToDictionary(n => n, n => all.Get(n).clone().DetachFromDisposeScope(), StringComparer.Ordinal), "test weights");
    }
}
