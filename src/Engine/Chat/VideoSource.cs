using Studio.Engine.Video;

namespace Studio.Engine.Chat;

/// <summary>A video that is about to be read: what is known before any frame is decoded, and how to get at its frames and tokens.</summary>
/// <param name="Key">Of its visual tokens.</param>
internal sealed record VideoSource(VideoInfo Info, FrameSelection Selection, string Key, MediaEncoder Encoder)
{
    public string Name => Path.GetFileName(Info.Path);

    public IEnumerable<VideoFrame> Frames(CancellationToken ct) => Encoder.Frames(Info, Selection, ct);

    public FrameRef[] FrameRefs() => [.. Selection.Indices.Zip(Selection.Times).Select((f, i) => new FrameRef(i, f.First, f.Second))];
}
