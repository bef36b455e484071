using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Video;

namespace Studio.ModelHosting;

/// <summary>What a plan sees of a video or image, for the command line and the server.</summary>
internal static class PlanInputs
{
    /// <summary>Whether the images of one turn are read as frames of one sequence instead of being cut into tiles.</summary>
    /// <param name="images">Images of the turn.</param>
    public static bool AsFrames(ModelConfig config, int images) => config.System == ModelSystem.VideoXl && images > 1;

    /// <param name="info">Of a video its length; of an image its size after turning.</param>
    /// <param name="asFrame">Of an image: one frame among others.</param>
    /// <returns>The input, and of a video its frames.</returns>
    /// <exception cref="ArgumentException">The settings choose no frame or too many.</exception>
    public static (VisualInput Input, FrameSelection? Selection) Of(VideoInfo info, ModelConfig config, SamplingSettings sampling, bool asFrame = false)
    {
        if (!info.IsStillImage)
        {
            var selection = FrameSampling.Select(info, sampling);
            return (VisualInput.Video(selection.Count), selection);
        }

        return (asFrame ? VisualInput.Image() : VisualInput.Image(new PictureSize(info.Width, info.Height), config), null);
    }
}
