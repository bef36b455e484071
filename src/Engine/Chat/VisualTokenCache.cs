namespace Studio.Engine.Chat;

/// <summary>Visual tokens by key, so that a second question about a video does not encode it again.</summary>
public sealed class VisualTokenCache : ContentCache<EncodedMedia>
{
    /// <summary>About 9,000 frames of VideoChat-Flash 7B in bf16 (16 tokens of 3,584 channels each).</summary>
    public const long DefaultMemoryBytes = 1L << 30;

    /// <summary>Four times the memory.</summary>
    public const long DefaultDiskBytes = 4L << 30;

    /// <inheritdoc/>
    public VisualTokenCache(string? folder, long memoryBytes = DefaultMemoryBytes, long diskBytes = DefaultDiskBytes, TimeProvider? time = null)
        : base(VisualTokenCacheFile.Format, folder, memoryBytes, diskBytes, time) { }
}
