using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>What visual tokens were made from.</summary>
public enum MediaKind
{
    Video,
    Image,
}

/// <summary>One frame that a model saw.</summary>
/// <param name="Position">0-based place among the frames shown to the model.</param>
/// <param name="Index">0-based number of the frame in the file, in display order; 0 for an image.</param>
/// <param name="Time">Seconds from the first frame of the file; 0 for an image.</param>
public readonly record struct FrameRef(int Position, long Index, double Time);

/// <summary>One patch of the vision tower.</summary>
/// <param name="FramePosition">0-based place of the frame (<see cref="FrameRef.Position"/>); of an image the 0-based view, in the
/// order in which the views were encoded.</param>
/// <param name="Row">0-based, from the top of the frame or view.</param>
/// <param name="Column">0-based, from the left.</param>
public readonly record struct PatchRef(int FramePosition, int Row, int Column);

/// <summary>
/// The visual tokens of one video or image, ready for the decoder, and where each came from. A video is cut into clips
/// of frames, an image into views of one frame each (the whole picture, tiles); a view counts as a clip here.
/// </summary>
/// <remarks>
/// Reference counted, from any thread: whoever makes one, or gets one from a cache, holds one reference and gives it back
/// with one <see cref="Dispose"/>; <see cref="Retain"/> takes another. The tokens are freed with the last reference, so a
/// cache that drops an entry takes nothing away from a running answer. Everybody shares the tokens: never write to them.
/// </remarks>
public sealed class EncodedMedia : ICacheEntry<EncodedMedia>
{
    // Objects, strings and list nodes around the arrays: keeps a bound in bytes a bound on the number of tiny entries too.
    private const int EntryOverhead = 1024;
    private const int FrameBytes = 24;

    private readonly FrameRef[] _frames;
    private readonly EncodedMedia? _original;
    private readonly ReferenceCount _references = new();

    /// <summary>Takes over the tensor, out of its dispose scope (so call this on the thread of that scope), and the arrays.</summary>
    /// <param name="key">Identity of everything that decides the tokens, see <see cref="MediaKey"/>.</param>
    /// <param name="tokens">[n, hidden] in fp32, bf16 or fp16, clip after clip; not a view of a larger tensor, which it would keep alive.</param>
    /// <param name="frames">Of a video <paramref name="framesPerClip"/> for every clip; of an image the one picture.</param>
    /// <param name="duration">Seconds that the frames stand for; 0 for an image.</param>
    /// <param name="message">The duration message of the prompt, if the model takes one.</param>
    /// <param name="owners">See <see cref="Owners"/>.</param>
    /// <exception cref="ArgumentException">The parts do not fit together; the tensor then stays the caller's.</exception>
    public EncodedMedia(
        string key, MediaKind kind, string name, Tensor tokens, IReadOnlyList<FrameRef> frames, int framesPerClip, int tokensPerClip,
        int gridHeight, int gridWidth, double duration, string? message = null, byte[]? owners = null, int? tileColumns = null, int? tileRows = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(tokens);
        ArgumentNullException.ThrowIfNull(frames);
        if (!Enum.IsDefined(kind)) throw new ArgumentOutOfRangeException(nameof(kind), kind, "use Video or Image");
        ArgumentOutOfRangeException.ThrowIfLessThan(framesPerClip, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(tokensPerClip, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(gridHeight, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(gridWidth, 1);
        if (!double.IsFinite(duration) || duration < 0) throw new ArgumentOutOfRangeException(nameof(duration), duration, "give seconds, 0 or more");

        (Key, Kind, Name, Tokens, _frames) = (key, kind, name, tokens, [.. frames]);
        (FramesPerClip, TokensPerClip, GridHeight, GridWidth) = (framesPerClip, tokensPerClip, gridHeight, gridWidth);
        (Duration, Message, Owners, TileColumns, TileRows) = (duration, message, owners, tileColumns, tileRows);
        CheckTokens();
        CheckFrames();
        CheckTiles();
        CheckOwners();
        Bytes = tokens.nbytes + ((long)FrameBytes * _frames.Length) + (owners?.Length ?? 0) + EntryOverhead;
        _ = tokens.DetachFromDisposeScope();
    }

    private EncodedMedia(EncodedMedia original, string name)
    {
        (Key, Kind, Name, Tokens, _frames) = (original.Key, original.Kind, name, original.Tokens, original._frames);
        (FramesPerClip, TokensPerClip, GridHeight, GridWidth) = (original.FramesPerClip, original.TokensPerClip, original.GridHeight, original.GridWidth);
        (Duration, Message, Owners, TileColumns, TileRows) = (original.Duration, original.Message, original.Owners, original.TileColumns, original.TileRows);
        (Bytes, Count, Clips, _original) = (original.Bytes, original.Count, original.Clips, original.Retain());
    }

    /// <summary>Identity of everything that decides the tokens.</summary>
    public string Key { get; }

    public MediaKind Kind { get; }

    /// <summary>
    /// File name for people. Of an entry from a cache it is the name given by whoever encoded the content first: show
    /// somebody else <see cref="WithName"/>.
    /// </summary>
    public string Name { get; }

    /// <summary>[n, hidden] in fp32, bf16 or fp16, on any device; shared, read only.</summary>
    public Tensor Tokens { get; }

    /// <summary>Visual tokens, n.</summary>
    public int Count { get; private set; }

    /// <summary>Clips of a video, views of an image: n / <see cref="TokensPerClip"/>.</summary>
    public int Clips { get; private set; }

    /// <summary>The frames shown to the model, in order; of an image one.</summary>
    public IReadOnlyList<FrameRef> Frames => _frames;

    public int FramesPerClip { get; }

    /// <summary>Tokens of one clip, separators included where a model has them (they own no patches).</summary>
    public int TokensPerClip { get; }

    /// <summary>Rows of patches in a frame.</summary>
    public int GridHeight { get; }

    /// <summary>Columns of patches in a frame.</summary>
    public int GridWidth { get; }

    /// <summary>Seconds that the frames stand for; 0 for an image.</summary>
    public double Duration { get; }

    /// <summary>The duration message of the prompt, if the model takes one.</summary>
    public string? Message { get; }

    /// <summary>
    /// For every patch, [clips, frame of the clip, row, column] in one piece, the 0-based slot of its clip it was merged
    /// into (so that slots beyond 255 own nothing); tokens of a clip follow in order of their slots. Null when this was not recorded, or when the tokens were
    /// re-ordered in a way that no map describes (tiled images of VideoChat-Flash).
    /// </summary>
    public byte[]? Owners { get; }

    /// <summary>Tiles from left to right of an image that was tiled, else null.</summary>
    public int? TileColumns { get; }

    /// <summary>Tiles from top to bottom of an image that was tiled, else null.</summary>
    public int? TileRows { get; }

    /// <summary>What a cache counts for this entry: tokens, frames, owners and a fixed overhead.</summary>
    public long Bytes { get; }

    /// <summary>Whether the last reference was given back and the tokens are freed.</summary>
    public bool IsDisposed => _references.IsZero;

    private int PatchesPerClip => FramesPerClip * GridHeight * GridWidth;

    /// <summary>Takes one more reference.</summary>
    /// <returns>This object.</returns>
    /// <exception cref="ObjectDisposedException">The last reference was given back before.</exception>
    public EncodedMedia Retain()
    {
        _references.Take(this);
        return this;
    }

    /// <summary>Gives one reference back; the last one frees the tokens. Once all are back, further calls do nothing.</summary>
    public void Dispose()
    {
        if (_references.GiveBack() != 1) return;
        if (_original is null) Tokens.Dispose();
        else _original.Dispose();
    }

    /// <summary>The same tokens under another file name: a new object with a reference of its own, to be disposed by the caller.</summary>
    /// <exception cref="ObjectDisposedException">The tokens are freed.</exception>
    public EncodedMedia WithName(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return new(this, name);
    }

    /// <summary>
    /// The 0-based clip (of an image: view) of a token, counted in blocks of <see cref="TokensPerClip"/>. For re-ordered
    /// tokens of a tiled image the block says nothing about the tile.
    /// </summary>
    /// <param name="token">0-based row of <see cref="Tokens"/>.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such token.</exception>
    public int ClipOf(int token) => (uint)token < (uint)Count ? token / TokensPerClip
        : throw new ArgumentOutOfRangeException(nameof(token), token, $"{Name} has tokens 0 to {Count - 1}");

    /// <summary>The frames a token was made from: all of its clip; the picture of an image.</summary>
    /// <inheritdoc cref="ClipOf"/>
    public IReadOnlyList<FrameRef> FramesOf(int token)
    {
        var clip = ClipOf(token);
        return Kind == MediaKind.Image ? _frames : new ArraySegment<FrameRef>(_frames, clip * FramesPerClip, FramesPerClip);
    }

    /// <summary>The patches merged into a token, in order of frame, row, column; none without <see cref="Owners"/>, and none for a separator.</summary>
    /// <inheritdoc cref="ClipOf"/>
    public IEnumerable<PatchRef> PatchesOf(int token)
    {
        var clip = ClipOf(token);
        return Owners is null ? [] : Patches(clip, token % TokensPerClip);
    }

    private IEnumerable<PatchRef> Patches(int clip, int slot)
    {
        var (start, perFrame) = (clip * PatchesPerClip, GridHeight * GridWidth);
        for (var patch = 0; patch < PatchesPerClip; patch++)
        {
            if (Owners![start + patch] != slot) continue;
            var inFrame = patch % perFrame;
            yield return new((clip * FramesPerClip) + (patch / perFrame), inFrame / GridWidth, inFrame % GridWidth);
        }
    }

    private void CheckTokens()
    {
        if (Tokens.dtype is not (ScalarType.Float32 or ScalarType.BFloat16 or ScalarType.Float16) || Tokens.ndim != 2 || Tokens.numel() == 0)
        {
            throw new ArgumentException($"visual tokens are [n, hidden] in fp32, bf16 or fp16, not {Tokens}");
        }

        Count = checked((int)Tokens.size(0));
        if (Count % TokensPerClip != 0)
        {
            throw new ArgumentException($"{Count} tokens of {Name} do not make clips of {TokensPerClip} tokens");
        }

        Clips = Count / TokensPerClip;
    }

    private void CheckFrames()
    {
        var expected = Kind == MediaKind.Image ? 1 : (long)Clips * FramesPerClip;
        if (_frames.Length != expected)
        {
            throw new ArgumentException($"{Name} has {_frames.Length} frames; {(Kind == MediaKind.Image ? "an image has 1" : $"{Clips} clips of {FramesPerClip} need {expected}")}");
        }

        for (var i = 0; i < _frames.Length; i++)
        {
            var frame = _frames[i];
            if (frame.Position != i || frame.Index < 0 || !double.IsFinite(frame.Time))
            {
                throw new ArgumentException($"frame {i} of {Name} is {frame}; give position {i}, an index of 0 or more and a time in seconds");
            }
        }
    }

    private void CheckTiles()
    {
        var given = TileColumns is not null || TileRows is not null;
        if (given && (Kind != MediaKind.Image || TileColumns is not >= 1 || TileRows is not >= 1))
        {
            throw new ArgumentException($"{TileColumns?.ToString() ?? "no"} x {TileRows?.ToString() ?? "no"} tiles for {Name}; give both numbers, 1 or more, and only for an image");
        }
    }

    private void CheckOwners()
    {
        if (Owners is null) return;
        var patches = (long)Clips * FramesPerClip * GridHeight * GridWidth;
        if (Owners.Length != patches)
        {
            throw new ArgumentException($"{Owners.Length} owners for {Name}; its {Clips} clips have {patches} patches");
        }

        // A separator may follow the slots, so that only what an owner names has to exist and to fit into a byte.
        var largest = Owners.Max();
        if (largest >= TokensPerClip)
        {
            throw new ArgumentException($"an owner of {Name} is slot {largest}; a clip has slots 0 to {TokensPerClip - 1}");
        }
    }
}
