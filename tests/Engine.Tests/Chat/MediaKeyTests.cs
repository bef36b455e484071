using Studio.Engine.Chat;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class MediaKeyTests
{
    private static MediaKey Key() => new()
    {
        ContentHash = "c0ffee",
        ModelFingerprint = "umt-large 1",
        Kind = MediaKind.Video,
        Indices = [0, 8, 16, 24],
        Duration = 12.5,
        PixelSize = 224,
        ComputeType = ScalarType.BFloat16,
        TokenType = ScalarType.Float32,
        Settings = new Dictionary<string, string> { ["resize"] = "bicubic", ["owners"] = "yes" },
    };

    [Fact]
    public void Compute_EveryFieldChanged_GivesAnotherKey()
    {
        var key = Key();
        MediaKey[] all =
        [
            key,
            key with { ContentHash = "c0ffef" },
            key with { ModelFingerprint = "umt-large 2" },
            key with { Kind = MediaKind.Image },
            key with { Indices = [0, 8, 16, 25] },
            key with { Indices = [0, 8, 16] },
            key with { Indices = [8, 0, 16, 24] }, // order matters
            key with { Indices = [] },
            key with { Duration = 12.500000000000002 },
            key with { PixelSize = 448 },
            key with { ComputeType = ScalarType.Float16 },
            key with { TokenType = ScalarType.BFloat16 },
            key with { Settings = new Dictionary<string, string> { ["resize"] = "bicubic", ["owners"] = "no" } },
            key with { Settings = new Dictionary<string, string> { ["resize"] = "bicubic", ["owner"] = "yes" } },
            key with { Settings = new Dictionary<string, string>() },
            key with { FormatVersion = MediaKey.CurrentFormatVersion + 1 },
            key with { ContentHash = "c0ffeeumt", ModelFingerprint = "-large 1" }, // same letters in a row
            key with { ComputeType = key.TokenType, TokenType = key.ComputeType },
        ];
        Assert.Equal(all.Length, all.Select(k => k.Compute()).Distinct().Count());

        // A field added later must join the list above.
        string[] covered = ["ContentHash", "ModelFingerprint", "Kind", "Indices", "Duration", "PixelSize", "ComputeType", "TokenType", "Settings", "FormatVersion"];
        Assert.Equal(covered.Order(StringComparer.Ordinal), typeof(MediaKey).GetProperties().Select(p => p.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Compute_SameFields_IsTheSameEverywhere()
    {
        var other = Key() with { Settings = new Dictionary<string, string> { ["owners"] = "yes", ["resize"] = "bicubic" } };
        Assert.Equal(Key().Compute(), other.Compute());
        Assert.Equal(Key(), other);
        Assert.Equal(Key().GetHashCode(), other.GetHashCode());
        Assert.NotEqual(Key(), Key() with { PixelSize = 448 });
        
        // Computed once from the description of the layout with another program.
        Assert.Equal("a2ce6f44de2618f9881cf14b3e6ab3a852f43273c9bb8b3d4de858972741833e", Key().Compute());
    }
}
