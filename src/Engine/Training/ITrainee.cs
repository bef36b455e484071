using Studio.Engine.Checkpoints;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;

namespace Studio.Engine.Training;

/// <summary>A model that a stage trains: from samples to a loss with its graph.</summary>
public interface ITrainee : IDisposable
{
    IReadOnlyList<ParameterGroup> Groups { get; }

    /// <summary>What is trained beside the model and left behind at the end of the stage; checkpoints keep it.</summary>
    IReadOnlyList<Parameter> Head => [];

    /// <summary>What config.json of this stage's checkpoints says.</summary>
    ModelConfig Config { get; }

    /// <summary>The loss of some samples together; its tensors belong to the caller's scope.</summary>
    TraineeLoss Loss(IReadOnlyList<TrainingExample> samples, CancellationToken cancellationToken);
}

/// <param name="Loss">Scalar fp32: mean over the supervised tokens of all samples.</param>
/// <param name="Rows">Rows of the decoder's input, visual tokens included.</param>
/// <param name="Supervised">Tokens that were learned.</param>
public readonly record struct TraineeLoss(Tensor Loss, int Rows, int Supervised);

/// <summary>Makes what a stage trains.</summary>
public static class Trainees
{
    /// <summary>Refuses a stage that does not fit a model before hours of training lead up to it.</summary>
    /// <exception cref="ArgumentException">As <see cref="Create"/>; the message names stage and value.</exception>
    public static void Check(TrainingStage stage, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(stage);
        ArgumentNullException.ThrowIfNull(config);
        if (stage.Recognition)
        {
            PatchTrainee.Check(stage, config);
        }
        else if (config.System == ModelSystem.VideoXl)
        {
            XlTrainee.Check(stage, config);
        }
        else
        {
            FlashTrainee.Check(stage, config);
        }
    }

    internal static void Require(bool met, TrainingStage stage, string value, string allowed)
    {
        if (!met)
        {
            throw new ArgumentException($"Stage '{stage.Name}': {value}; give {allowed}.", nameof(stage));
        }
    }

    /// <summary>The trainee of the model's system.</summary>
    /// <param name="config">Of the model as it is when the stage begins.</param>
    /// <param name="weights">fp32 on <paramref name="device"/>; borrowed. Their gradients are switched on and off as the stage says.</param>
    /// <param name="seed">Decides what is drawn in this stage, together with a sample's number.</param>
    /// <exception cref="ArgumentException">The stage does not fit the model; the message names stage and value.</exception>
    public static ITrainee Create(TrainingStage stage, ModelConfig config, Weights weights, Tokenizer tokenizer, Device device, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(stage);
        return stage.Recognition && stage.Rates.Projector is not null ? new WordTrainee(stage, config, weights, tokenizer, device)
            : stage.Recognition ? new RecognitionTrainee(stage, config, weights, device, seed)
            : config.System == ModelSystem.VideoXl ? new XlTrainee(stage, config, weights, tokenizer, device, seed)
            : new FlashTrainee(stage, config, weights, tokenizer, device, seed);
    }
}
