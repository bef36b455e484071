using Studio.Engine.Video;

namespace Studio.Engine.Training.Annotating;

/// <summary>An endpoint's vision model as captioner: frames go as JPEG pictures in the order of time.</summary>
/// <param name="side">Longest side of a picture, pixels.</param>
public sealed class EndpointCaptioner(EndpointClient client, MediaTools tools, int side) : ICaptioner
{
    /// <summary>Smallest and largest <c>side</c>.</summary>
    public const int MinSide = 64;

    public const int MaxSide = 2048;

    private readonly ClipPictures _pictures = side is >= MinSide and <= MaxSide
        ? new ClipPictures(tools)
        : throw new ArgumentException($"Pictures of {side} pixels; give {MinSide} to {MaxSide}.");

    public string Identity => $"{client.Identity}, {side} px";

    public async Task<string> CaptionAsync(VideoClip clip, string prompt, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(clip);
        IReadOnlyList<byte[]> pictures = await _pictures.ReadAsync(clip, side, cancellationToken).ConfigureAwait(false);
        return await client.AskAsync($"The pictures are {pictures.Count} frames of one clip, in the order of time. {prompt}", pictures, cancellationToken).ConfigureAwait(false);
    }
}

/// <summary>An endpoint's language model as writer.</summary>
public sealed class EndpointWriter(EndpointClient client) : IAnnotationWriter
{
    public string Identity => client.Identity;

    public Task<string> WriteAsync(string prompt, CancellationToken cancellationToken) => client.AskAsync(prompt, [], cancellationToken);
}
