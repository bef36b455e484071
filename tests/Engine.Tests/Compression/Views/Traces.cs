using Studio.Engine.Compression;

namespace Studio.Engine.Tests.Compression.Views;

/// <summary>Traces made by hand, small enough to count on paper.</summary>
internal static class Traces
{
    /// <summary>
    /// One video of 2 clips with 2 frames of 2 x 2 patches, 3 tokens a clip, 4 layers; a uniform drop to 4 tokens before layer
    /// 1, a drop by attention to 2 before layer 3.
    /// </summary>
    /// <remarks>
    /// Clip 0: frame 0 is all token 0; frame 1 is 0 0 1 2. Clip 1 (tokens 3 to 5): frame 2 is 0 1 1 1 (tokens 3 4 4 4), frame 3 is
    /// 2 2 0 1 (tokens 5 5 3 4). Alive: all; 0 1 3 4; 1 4.
    /// </remarks>
    public static CompressionTrace Small() => new()
    {
        Model = "hand",
        Settings = "uniform0_attention:1,3:1,0.67,0.34",
        PromptRows = 16,
        ReusedRows = 0,
        Media = [new("clip.mp4", "video", 3, 6, [0, 1, 2, 3], [0, 10, 20, 30], 2, 3, 2, 2, [0, 0, 0, 0, 0, 0, 1, 2, 0, 1, 1, 1, 2, 2, 0, 1])],
        Stages =
        [
            new(0, 0, "none", 6, Bits(6, 0, 1, 2, 3, 4, 5), []),
            new(1, 2, "uniform", 4, Bits(6, 0, 1, 3, 4), []),
            new(3, 3, "attention", 2, Bits(6, 1, 4), [0.1f, 0.3f, 0.1f, 0.2f]),
        ],
        Layers =
        [
            new(0, 16, 6, new(0.6, 0.4, 5, 0.9, 0.1, 6), [0.4f, 0.2f], [0.6f, 0.45f, 0.3f]),
            new(1, 14, 4, new(0.5, 0.5, 3, 0.8, 0.2, 4), [0.3f, 0.2f], [0.5f, 0.25f]),
            new(2, 14, 4, new(0.4, 0.6, 2, 0.7, 0.3, 4), [0.1f, 0.3f], [0.4f, 0.3f]),
            new(3, 12, 2, new(0.2, 0.8, 1, 0.6, 0.4, 2), [0.2f, 0f], [0.2f]),
        ],
        Costs = [new("frames", 5, 4, 100, 0), new("tower", 20, 2, 0, 1e9), new("prefill", 10, 16, 5600, 2e9), new("decode", 4, 6, 0, 1e6)],
    };

    /// <summary>A video and then a picture without groups, and no drops: 2 layers.</summary>
    public static CompressionTrace VideoAndPicture()
    {
        var video = Small().Media[0] with { FirstRow = 2 };
        return Small() with
        {
            Settings = "off",
            Media = [video, new("photo.png", "image", 10, 4, [0], [0], 1, 2, 2, 2, null)],
            Stages = [new(0, 1, "none", 10, Bits(10, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9), [])],
            Layers = [new(0, 20, 10, null, []), new(1, 20, 10, new(0.5, 0.5, 8, 0.9, 0.1, 10), [0.1f, 0.1f, 0.1f, 0.2f], [0.5f])],
        };
    }

    public static byte[] Bits(int tokens, params int[] alive)
    {
        var bits = new byte[(tokens + 7) / 8];
        foreach (var t in alive) bits[t / 8] |= (byte)(1 << (t % 8));
        return bits;
    }
}
