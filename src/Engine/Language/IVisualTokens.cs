using Studio.Engine.Torch;

namespace Studio.Engine.Language;

/// <summary>
/// The visual tokens of one span of a prompt, which need not exist before they are read: a long video is encoded piece by
/// piece while the decoder reads it.
/// </summary>
public interface IVisualTokens
{
    /// <summary>Rows of the span.</summary>
    int Count { get; }

    /// <summary>Tokens of each frame or tile, in order.</summary>
    int TokensPerFrame { get; }

    /// <summary>Whether <see cref="Similarity"/> can be asked for.</summary>
    bool HasSimilarity => false;

    /// <summary>Rows [count, hidden] in any float type on any device, owned by the current scope or shared. Pieces are read in order.</summary>
    /// <exception cref="OperationCanceledException">Making them was cancelled.</exception>
    Tensor Read(int from, int count, CancellationToken ct);

    /// <summary>Cosine similarity of each frame's class token to the next one's; takes a pass over the whole video.</summary>
    IReadOnlyList<float> Similarity(CancellationToken ct) => throw new NotSupportedException("these visual tokens have no order in time");
}

/// <summary>Visual tokens that are held.</summary>
/// <param name="tokens">[n, hidden], borrowed.</param>
public sealed class HeldTokens(Tensor tokens, int tokensPerFrame = 1) : IVisualTokens
{
    public int Count { get; } = checked((int)tokens.size(0));

    public int TokensPerFrame => tokensPerFrame;

    public Tensor Read(int from, int count, CancellationToken ct) => tokens.narrow(0, from, count);
}
