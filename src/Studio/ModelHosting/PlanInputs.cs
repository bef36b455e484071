using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Video;

namespace Studio.ModelHosting;

/// <summary>What a plan sees of a video or image, for the command line and the server.</summary>
internal static class PlanInputs
{
    /// <param name="info">Of a video its length; of an image its size after turning.</param>
    /// <returns>The input, and of a video its frames.</returns>
    /// <exception cref="ArgumentException">The settings choose no frame or too many.</exception>
    public static (VisualInput Input, FrameSelection? Selection) Of(VideoInfo info, ModelConfig config, SamplingSettings sampling)
    {
        if (!info.IsStillImage)
        {
            var selection = FrameSampling.Select(info, sampling);
            return (VisualInput.Video(selection.Count), selection);
        }

        var side = config.Vision.ImageSize;
        var best = AnyResTiling.SelectBestResolution(new(info.Width, info.Height), AnyResTiling.ParsePinpoints(config.ImageGridPinpoints ?? "(1x1),...,(6x6)", side));
        return (VisualInput.Image(1 + (best.Width / side * (best.Height / side))), null);
    }
}
