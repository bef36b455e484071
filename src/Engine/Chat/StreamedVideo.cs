using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;

namespace Studio.Engine.Chat;

/// <summary>
/// A video's visual tokens, encoded while the decoder reads them: a window of them at a time. Tokens of a video that is not too
/// long are also kept, so that it can be read again under another setting without the tower; so are the ones that were kept
/// before looked up first. Nothing at all happens until the first read.
/// </summary>
/// <param name="onFrames">Called with frames done and their number; not called when nothing has to be encoded.</param>
internal sealed class StreamedVideo(VideoModel model, VideoSource source, CostLedger costs, Action<int, int>? onFrames, Tensor? ending) : IVisualTokens, IDisposable
{
    private readonly FrameEncoder _encoder = new(model, costs);
    private readonly int _frames = source.Selection.Count;
    private EncodedMedia? _held;
    private IEnumerator<VideoFrame>? _decoding;
    private Tensor? _whole, _rest;
    private int _encoded;

    public int Count => checked((_frames * TokensPerFrame) + (ending is null ? 0 : 1));

    public int TokensPerFrame { get; } = FrameEncoder.TokensPerClipOf(model);

    public bool HasSimilarity => true;

    /// <summary>Whether all tokens are kept once they are made.</summary>
    private bool Keeps => ending is null && (long)Count * model.Connector.Width * model.Dtype.ItemSize() <= source.Encoder.KeepTokensUpTo;

    public Tensor Read(int from, int count, CancellationToken ct)
    {
        if (_held is null && _decoding is null && _whole is null) Begin(ct);
        if (_held is { } held) return held.Tokens.narrow(0, from, count);
        var needed = Math.Min(_frames, (from + count + TokensPerFrame - 1) / TokensPerFrame);
        if (_whole is { } whole)
        {
            if (needed > _encoded) EncodeInto(whole.narrow(0, (long)_encoded * TokensPerFrame, (long)(needed - _encoded) * TokensPerFrame), needed, ct);
            if (_encoded == _frames) KeepAll();
            return (_held?.Tokens ?? whole).narrow(0, from, count);
        }

        return Piece(from, count, needed, ct);
    }

    /// <summary>Encodes all of it in pieces, where it is kept.</summary>
    /// <returns>Whether it is kept: otherwise nothing was done.</returns>
    public bool ReadAhead(CancellationToken ct)
    {
        const int pieceFrames = 64;
        if (!Keeps) return false;
        using var scope = torch.NewDisposeScope();
        for (var at = 0; at < Count; at += pieceFrames * TokensPerFrame) _ = Read(at, Math.Min(pieceFrames * TokensPerFrame, Count - at), ct);
        return true;
    }

    /// <summary>Decodes and encodes the video once more, for its class tokens alone.</summary>
    public IReadOnlyList<float> Similarity(CancellationToken ct)
    {
        using var scope = torch.NewDisposeScope();
        using var tokens = _encoder.ClassTokens(source.Frames(ct), _frames, done => onFrames?.Invoke(done, _frames), ct);
        var unit = tokens / tokens.norm(1, keepdim: true);
        return _frames < 2 ? [] : (unit.narrow(0, 0, _frames - 1) * unit.narrow(0, 1, _frames - 1)).sum(1).ToArray<float>();
    }

    public void Dispose()
    {
        _decoding?.Dispose();
        _held?.Dispose();
        _whole?.Dispose();
        _rest?.Dispose();
    }

    private void Begin(CancellationToken ct)
    {
        _held = ending is null ? source.Encoder.Cache.TryGet(source.Key) : null;
        if (_held is not null) return;
        if (Keeps) _whole = torch.empty([Count, model.Connector.Width], model.Dtype, model.Device).DetachFromDisposeScope();
        _decoding = source.Frames(ct).GetEnumerator();
    }

    private void EncodeInto(Tensor destination, int upTo, CancellationToken ct)
    {
        var first = _encoded;
        _encoder.Encode(_decoding!, upTo - first, destination, [], done => onFrames?.Invoke(first + done, _frames), ct);
        _encoded = upTo;
    }

    private void KeepAll()
    {
        _held = new(source.Key, MediaKind.Video, source.Name, _whole!, source.FrameRefs(), 1, TokensPerFrame, model.Grid.Height, model.Grid.Width, source.Selection.Duration);
        _whole = null; // the media's now
        source.Encoder.Cache.Put(_held);
    }

    /// <summary>Pieces in order, each forgotten once it was read; a window may end within a frame, whose rest waits for the next one.</summary>
    private Tensor Piece(int from, int count, int needed, CancellationToken ct)
    {
        using var scope = torch.NewDisposeScope();
        var held = _rest is null ? 0 : (int)_rest.size(0);
        if (from != (_encoded * TokensPerFrame) - held) throw new InvalidOperationException($"tokens of {source.Name} are read in order: {(_encoded * TokensPerFrame) - held} comes next, not {from}");
        var made = (needed - _encoded) * TokensPerFrame;
        var ends = from + count > _frames * TokensPerFrame;
        var rows = torch.empty([held + made + (ends ? 1 : 0), model.Connector.Width], model.Dtype, model.Device);
        if (held > 0) _ = rows.narrow(0, 0, held).copy_(_rest!);
        if (made > 0) EncodeInto(rows.narrow(0, held, made), needed, ct);
        if (ends) _ = rows.narrow(0, held + made, 1).copy_(ending!.unsqueeze(0));
        _rest?.Dispose();
        _rest = null;
        var left = rows.size(0) - count;
        if (left == 0) return rows.MoveToOuterDisposeScope();
        _rest = rows.narrow(0, count, left).clone().DetachFromDisposeScope();
        return rows.narrow(0, 0, count).MoveToOuterDisposeScope();
    }
}
