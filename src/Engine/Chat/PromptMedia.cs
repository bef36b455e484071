using Studio.Engine.Language;

namespace Studio.Engine.Chat;

/// <summary>One video or image in a prompt: what it is, and its visual tokens, held or made while they are read.</summary>
/// <param name="owned">Given back with this.</param>
internal sealed class PromptMedia(IDisposable owned) : IDisposable
{
    /// <summary>Identity of everything that decides the tokens.</summary>
    public required string Key { get; init; }

    public required MediaKind Kind { get; init; }

    public required string Name { get; init; }

    public required IVisualTokens Tokens { get; init; }

    public required IReadOnlyList<FrameRef> Frames { get; init; }

    public required int FramesPerClip { get; init; }

    public required int TokensPerClip { get; init; }

    public required int GridHeight { get; init; }

    public required int GridWidth { get; init; }

    /// <summary>The duration message of the prompt, if the model takes one.</summary>
    public string? Message { get; init; }

    /// <summary>As <see cref="EncodedMedia.Owners"/>, for traces; null where nobody knows.</summary>
    public Func<byte[]?> Owners { get; init; } = () => null;

    /// <summary>An image among several that are read as frames of one sequence: nothing stands between it and the next.</summary>
    public bool IsJoined { get; init; }

    public int Count => Tokens.Count;

    /// <param name="media">Held until this is disposed; the caller's reference passes over.</param>
    public static PromptMedia Of(EncodedMedia media, bool isJoined = false) => new(media)
    {
        Key = media.Key,
        Kind = media.Kind,
        Name = media.Name,
        Tokens = new HeldTokens(media.Tokens, media.TokensPerClip / media.FramesPerClip is > 0 and var perFrame ? perFrame : 1),
        Frames = media.Frames,
        FramesPerClip = media.FramesPerClip,
        TokensPerClip = media.TokensPerClip,
        GridHeight = media.GridHeight,
        GridWidth = media.GridWidth,
        Message = media.Message,
        Owners = () => media.Owners,
        IsJoined = isJoined,
    };

    public void Dispose() => owned.Dispose();
}

/// <summary>Several media read as one span.</summary>
internal sealed class JoinedTokens(IReadOnlyList<IVisualTokens> parts) : IVisualTokens
{
    public int Count { get; } = parts.Sum(p => p.Count);

    public int TokensPerFrame => parts[0].TokensPerFrame;

    public Torch.Tensor Read(int from, int count, CancellationToken ct)
    {
        using var scope = Torch.torch.NewDisposeScope();
        var pieces = new List<Torch.Tensor>(); // bounded by the parts
        var at = 0;
        foreach (var part in parts)
        {
            var (start, end) = (Math.Max(from, at), Math.Min(from + count, at + part.Count));
            if (start < end) pieces.Add(part.Read(start - at, end - start, ct));
            at += part.Count;
        }

        return Torch.torch.cat([.. pieces]).MoveToOuterDisposeScope();
    }
}
