using Studio.Engine.Chat;
using Studio.Engine.Torch;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Chat;

/// <summary>A clock that stands still until told.</summary>
internal sealed class ManualClock : TimeProvider
{
    private DateTimeOffset _now = new(2031, 5, 6, 7, 8, 9, TimeSpan.Zero);

    internal void Advance(TimeSpan by) => _now += by;

    public override DateTimeOffset GetUtcNow() => _now;
}

/// <summary>A folder of its own for one test.</summary>
internal sealed class TestFolder : IDisposable
{
    internal string Path { get; } = Directory.CreateTempSubdirectory("visual-tokens-").FullName;

    internal string[] Files => [.. Directory.GetFiles(Path).Order(StringComparer.Ordinal)];

    internal string Combine(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        if (Directory.Exists(Path)) Directory.Delete(Path, recursive: true);
    }
}

internal static class CacheParts
{
    internal const int Hidden = 6;

    /// <summary>Two frames of 2 x 3 patches per clip, four tokens per clip; patch p of clip c went into slot (p + c) mod 4.</summary>
    internal static EncodedMedia Video(
        string key, int clips = 2, ScalarType type = ScalarType.Float32, bool owners = true, float first = 0.1f, string name = "walk.mp4") =>
        new(key, MediaKind.Video, name, Tokens(clips * 4, type, first), Frames(clips * 2), 2, 4, 2, 3, 12.345678901234567,
            "The video lasts for 12.35 seconds, and 4 frames are uniformly sampled from it. ",
            owners ? [.. Enumerable.Range(0, clips * 12).Select(i => (byte)(((i % 12) + (i / 12)) % 4))] : null);

    internal static EncodedMedia TiledImage(string key) =>
        new(key, MediaKind.Image, "menu.png", Tokens(7 * 4, ScalarType.Float16, 1), [new(0, 0, 0)], 1, 4, 2, 2, 0, tileColumns: 3, tileRows: 2);

    internal static FrameRef[] Frames(int count) => [.. Enumerable.Range(0, count).Select(i => new FrameRef(i, i * 7L, i * 7 / 29.97))];

    internal static Tensor Tokens(int count, ScalarType type, float first)
    {
        using var scope = NewDisposeScope();
        var values = Enumerable.Range(0, count * Hidden).Select(i => first + (i * 0.37f)).ToArray();
        return tensor(values, count, Hidden).to(type).MoveToOuterDisposeScope();
    }
}
