using Studio.Engine.Video;

namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>What the data of an evaluation needs of its surroundings.</summary>
public sealed record EvalDataOptions
{
    /// <summary>Where drawn and composed videos are kept; may be shared by all evaluations. The data does not dispose it.</summary>
    public required VideoStore Videos { get; init; }

    /// <summary>Null looks for them when a video has to be made or probed.</summary>
    public MediaTools? Tools { get; init; }

    public MediaLimits Limits { get; init; } = MediaLimits.Default;

    internal MediaTools FoundTools => Tools ?? MediaTools.Locate();
}
