namespace Studio.Engine.Compression;

/// <summary>
/// Where the summary tokens of one window looked while they were made: shares of their attention, averaged over heads and over
/// the layers in which they attend (all but the last, whose summary tokens leave only a key and a value). For each summary
/// token the shares of its frames, of <see cref="Earlier"/>, <see cref="Text"/> and <see cref="Own"/> sum to 1.
/// </summary>
/// <param name="Frames">Frames that the window touches.</param>
/// <param name="OnFrames">[VSTs, <paramref name="Frames"/>]: share on the visual tokens of each frame.</param>
/// <param name="Earlier">[VSTs]: on what earlier windows left.</param>
/// <param name="Text">[VSTs]: on text before the window.</param>
/// <param name="Own">[VSTs]: on the window's own summary tokens, itself included.</param>
public sealed record WindowAttention(int Frames, float[] OnFrames, float[] Earlier, float[] Text, float[] Own)
{
    /// <summary>Summary tokens.</summary>
    public int Vsts => Earlier.Length;

    /// <summary>Share on each frame, averaged over the window's summary tokens.</summary>
    public float[] FrameMass() =>
        [.. Enumerable.Range(0, Frames).Select(frame => Vsts == 0 ? 0 : (float)Enumerable.Range(0, Vsts).Average(vst => (double)OnFrames[(vst * Frames) + frame]))];
}
