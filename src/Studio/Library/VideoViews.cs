using Studio.Data;

namespace Studio.Library;

/// <summary>Order of a list of videos.</summary>
public enum VideoSort
{
    Newest,
    Oldest,
    Name,
    Longest,
    Largest,
}

/// <summary>Which videos to list. Null leaves a condition out.</summary>
/// <param name="Text">Words that the name or a tag must contain, in any case.</param>
/// <param name="Tag">A whole tag.</param>
/// <param name="Mine">Only the asker's own, without what others share.</param>
public sealed record VideoQuery(string? Text = null, string? Tag = null, VideoKind? Kind = null, bool Mine = false, VideoSort Sort = VideoSort.Newest);

/// <summary>A video or still image as the API and the pages show it.</summary>
/// <param name="OwnerName">What others read.</param>
/// <param name="CanChange">Whether the asker may rename, tag, share and delete it.</param>
/// <param name="OriginalName">The name of the file it came as.</param>
/// <param name="ContentType">Media type of its bytes.</param>
/// <param name="ContentHash">SHA-256 of its bytes, hexadecimal.</param>
/// <param name="Duration">Seconds; 0 for an image.</param>
/// <param name="Thumbnails">Pictures of its strip, numbered from 0; 0 while they are made, below 0 when none could be.</param>
public sealed record VideoView(
    string Id, string Name, VideoKind Kind, Visibility Visibility, string OwnerId, string OwnerName, bool CanChange, string OriginalName, string ContentType, long Bytes,
    string ContentHash, double Duration, int Width, int Height, double FramesPerSecond, long FrameCount, string Codec, int Thumbnails, DateTimeOffset CreatedAt, IReadOnlyList<string> Tags);

/// <summary>What to change of a video; null leaves a value as it is.</summary>
/// <param name="Tags">All its tags afterwards.</param>
public sealed record VideoChange(string? Name = null, IReadOnlyList<string>? Tags = null, Visibility? Visibility = null);

/// <summary>A conversation in which a video was asked about.</summary>
public sealed record DependentConversation(string Id, string Title, string OwnerId, DateTimeOffset UpdatedAt);

/// <summary>What loses something when a video is deleted: conversations keep their text and the video's name, links end.</summary>
/// <param name="Conversations">Those the asker may read, latest first; the first <see cref="Shown"/>.</param>
/// <param name="ConversationsInAll">Those of others included.</param>
/// <param name="ShareLinks">Links to the video that are open.</param>
public sealed record Dependents(IReadOnlyList<DependentConversation> Conversations, int ConversationsInAll, int ShareLinks)
{
    /// <summary>Conversations that are named.</summary>
    public const int Shown = 20;

    public bool Any => ConversationsInAll + ShareLinks > 0;
}

/// <summary>A tag in use.</summary>
/// <param name="Videos">Videos that have it, of those the asker may see.</param>
public sealed record TagUse(string Tag, int Videos);

/// <summary>Space of one person.</summary>
/// <param name="UploadBytes">Uploads under way, counted in full.</param>
/// <param name="MaxFileBytes">Largest single file.</param>
public sealed record Usage(int Videos, long VideoBytes, long UploadBytes, long QuotaBytes, long MaxFileBytes);
