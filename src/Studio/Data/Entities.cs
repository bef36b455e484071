using Microsoft.AspNetCore.Identity;

namespace Studio.Data;

/// <summary>A person with an account on this studio.</summary>
public sealed class StudioUser : IdentityUser
{
    /// <summary>What others read; at most 80 characters.</summary>
    public string DisplayName { get; set; } = "";

    /// <summary>One of <see cref="Accounts.Roles"/>.</summary>
    public string Role { get; set; } = Accounts.Roles.Viewer;

    public DateTimeOffset CreatedAt { get; set; }

    public DateTimeOffset? LastSignInAt { get; set; }

    /// <summary>Since when the account is closed; null while it is open.</summary>
    public DateTimeOffset? DisabledAt { get; set; }

    /// <summary>SHA-256 of the one-time link with which a password is chosen; null when there is none.</summary>
    public string? LinkHash { get; set; }

    public DateTimeOffset? LinkExpiresAt { get; set; }
}

/// <summary>Who besides the owner and administrators may see a thing.</summary>
public enum Visibility
{
    Private,

    /// <summary>Everyone with an account on this studio.</summary>
    Team,
}

public enum VideoKind
{
    Video,
    Image,
}

/// <summary>A video or still image in the library. Its file is <c>videos/{Id}{Extension}</c>; it never changes.</summary>
public sealed class Video
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public Visibility Visibility { get; set; }

    public VideoKind Kind { get; init; }

    /// <summary>What people call it; at most 200 characters.</summary>
    public required string Name { get; set; }

    /// <summary>The name it came with, for downloads.</summary>
    public required string OriginalName { get; init; }

    /// <summary>By content, not by the name it came with: .mp4, .webm, .png …</summary>
    public required string Extension { get; init; }

    public long Bytes { get; init; }

    /// <summary>SHA-256 of the whole file, lower-case hexadecimal. The same content of the same owner is stored once.</summary>
    public required string ContentHash { get; init; }

    /// <summary>Seconds; 0 for an image.</summary>
    public double Duration { get; init; }

    public int Width { get; init; }

    public int Height { get; init; }

    public double FramesPerSecond { get; init; }

    /// <summary>Frames of the file; 1 for an image.</summary>
    public long FrameCount { get; init; }

    public string Codec { get; init; } = "";

    /// <summary>Pictures of the thumbnail strip that exist; 0 until it is made, -1 when none could be.</summary>
    public int Thumbnails { get; set; }

    public DateTimeOffset CreatedAt { get; init; }

    public List<VideoTag> Tags { get; init; } = [];
}

public sealed class VideoTag
{
    public required string VideoId { get; init; }

    /// <summary>Lower case, at most 40 characters.</summary>
    public required string Tag { get; init; }
}

/// <summary>A resumable upload under way. Its bytes are <c>uploads/{Id}.part</c>; their number is the file's length.</summary>
public sealed class Upload
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public required string Name { get; init; }

    /// <summary>Bytes in all.</summary>
    public long Length { get; init; }

    /// <summary>Metadata as the client sent it, for HEAD.</summary>
    public string Metadata { get; init; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset ExpiresAt { get; set; }

    /// <summary>The video it became.</summary>
    public string? VideoId { get; set; }

    /// <summary>Why it did not become one.</summary>
    public string? Error { get; set; }
}

/// <summary>A conversation: a tree of questions and answers.</summary>
public sealed class Conversation
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public Visibility Visibility { get; set; }

    public string Title { get; set; } = "";

    /// <summary>The first question made the title; a person has not changed it.</summary>
    public bool TitleIsAutomatic { get; set; } = true;

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset UpdatedAt { get; set; }

    public List<Message> Messages { get; init; } = [];
}

public enum MessageRole
{
    Question,
    Answer,
}

/// <summary>Life of an answer. A question is always Done.</summary>
public enum AnswerState
{
    Queued,
    Running,
    Done,

    /// <summary>Ended by a person; the text so far is kept.</summary>
    Stopped,
    Failed,
}

/// <summary>
/// A question or an answer. Children of an answer are questions; children of a question are answers: several after
/// regenerating or asking several settings side by side. Editing a question makes a sibling of it.
/// </summary>
public sealed class Message
{
    public required string Id { get; init; }

    public required string ConversationId { get; init; }

    public string? ParentId { get; init; }

    public MessageRole Role { get; init; }

    public string Text { get; set; } = "";

    public DateTimeOffset CreatedAt { get; init; }

    public AnswerState State { get; set; } = AnswerState.Done;

    /// <summary>Answers asked for together carry the same number, in order 0, 1 …: they stand side by side.</summary>
    public int Slot { get; init; }

    /// <summary>Answers: groups those asked for together.</summary>
    public string? Batch { get; init; }

    /// <summary>Answers: the model's name.</summary>
    public string? Model { get; init; }

    /// <summary>Answers: the settings as given, JSON of AnswerSettings.</summary>
    public string? SettingsJson { get; init; }

    /// <summary>Answers: what was measured, JSON of AnswerMeasures.</summary>
    public string? MeasuresJson { get; set; }

    /// <summary>Answers that failed: what happened and what to do.</summary>
    public string? Error { get; set; }

    /// <summary>Answers: <c>traces/{Id}.json.gz</c> exists.</summary>
    public bool HasTrace { get; set; }

    public List<MessageMedia> Media { get; init; } = [];
}

/// <summary>A video or image attached to a question.</summary>
public sealed class MessageMedia
{
    public required string MessageId { get; init; }

    public int Position { get; init; }

    /// <summary>Null once the video was deleted.</summary>
    public string? VideoId { get; set; }

    /// <summary>Its name when it was attached.</summary>
    public required string Name { get; init; }
}

public enum ShareTarget
{
    Conversation,
    Video,

    /// <summary>An evaluation; the target's identifier is the run's.</summary>
    Run,

    /// <summary>A leaderboard; the target's identifier is its task.</summary>
    Board,
}

/// <summary>A link that lets anyone who has it read one thing. Revoking deletes the row.</summary>
public sealed class ShareLink
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public ShareTarget Target { get; init; }

    public required string TargetId { get; init; }

    /// <summary>SHA-256 of the secret in the link; the secret itself is not kept.</summary>
    public required string SecretHash { get; init; }

    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>A bearer token for the API; it can do what its owner can. Revoking deletes the row.</summary>
public sealed class ApiToken
{
    public required string Id { get; init; }

    public required string OwnerId { get; init; }

    public required string Name { get; init; }

    /// <summary>SHA-256 of the token; the token itself is shown once and not kept.</summary>
    public required string SecretHash { get; init; }

    public DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastUsedAt { get; set; }
}
