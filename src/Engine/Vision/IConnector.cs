using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;

namespace Studio.Engine.Vision;

/// <summary>Between tower and decoder: turns a clip's patch features into its visual tokens.</summary>
public interface IConnector : IDisposable
{
    /// <summary>H, channels of a visual token: the decoder's width.</summary>
    int Width { get; }

    /// <summary>Tokens of a still image or tile.</summary>
    int ImageTokens { get; }

    /// <summary>Tokens of a video clip of so many frames.</summary>
    int ClipTokens(int frames);

    /// <param name="features">[clips, patches, C] from the tower.</param>
    /// <param name="target">Tokens per clip.</param>
    /// <param name="recordGroups">Whether to say which patches became which token.</param>
    /// <exception cref="ArgumentException">The patches cannot become so many tokens.</exception>
    VisualTokens Forward(Tensor features, int target, bool recordGroups = false);
}

public static class Connectors
{
    /// <summary>The connector that a configuration names.</summary>
    /// <param name="weights">Must outlive it: tensors of the right type and device are borrowed, not copied.</param>
    /// <exception cref="KeyNotFoundException">The checkpoint lacks a tensor.</exception>
    /// <exception cref="InvalidDataException">A tensor's shape contradicts the configuration.</exception>
    /// <exception cref="ArgumentException">Another projector type.</exception>
    public static IConnector Load(ModelConfig config, Weights weights, Device device, ScalarType computeType)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.System == ModelSystem.VideoXl
            ? PoolConnector.Load(config.Connector, config.Vision, weights, device, computeType)
            : ToMeConnector.Load(config.Connector, config.Vision, weights, device, computeType);
    }
}
