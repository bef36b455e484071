using System.Numerics;

namespace Studio.Engine.Compression.Views;

/// <summary>The patches of one frame and their tokens, seen from one layer.</summary>
/// <param name="Layer">0-based.</param>
/// <param name="Stage">0-based, of the layer.</param>
/// <param name="GridHeight">Rows of patches.</param>
/// <param name="GridWidth">Columns of patches.</param>
/// <param name="Owners">
/// For each patch in row, column order the slot of its token: patches of the same slot are one merge group. Null where groups
/// were not recorded.
/// </param>
/// <param name="Tokens">The frame's tokens by slot: those that hold a patch of it; without groups all of its clip or picture.</param>
public sealed record PatchView(FrameColumn Frame, int Layer, int Stage, int GridHeight, int GridWidth, byte[]? Owners, IReadOnlyList<PatchToken> Tokens)
{
    /// <param name="column">0-based.</param>
    /// <param name="layer">0-based.</param>
    /// <exception cref="ArgumentOutOfRangeException">There is no such frame or layer.</exception>
    public static PatchView Of(TraceShape shape, int column, int layer)
    {
        ArgumentNullException.ThrowIfNull(shape);
        var frame = shape.Column(column);
        var stage = shape.StageOfLayer(layer);
        var media = shape.Trace.Media[frame.Media];
        var owners = shape.OwnersOf(frame);
        var tokens = new List<PatchToken>(); // bounded by the tokens of a clip or picture
        var (inFrame, inClip, frames) = Patches(shape, frame);
        for (var slot = 0; slot < frame.Tokens; slot++)
        {
            if (!owners.IsEmpty && (slot >= inFrame.Length || inFrame[slot] == 0)) continue;
            var token = frame.FirstToken + slot;
            var last = Enumerable.Range(0, shape.Stages).TakeWhile(s => shape.IsAlive(s, token)).Last(); // all are alive in stage 0
            int? dropped = last + 1 < shape.Stages ? shape.Trace.Stages[last + 1].FirstLayer : null;
            tokens.Add(new(token, slot, owners.IsEmpty ? null : inFrame[slot], owners.IsEmpty ? null : inClip[slot], owners.IsEmpty ? null : frames[slot], last >= stage, dropped, Rankings(shape, token, last)));
        }

        return new(frame, layer, stage, media.GridHeight, media.GridWidth, owners.IsEmpty ? null : owners.ToArray(), tokens);
    }

    /// <summary>For each slot its patches in a frame, in the clip, and the frames of the clip it has patches in.</summary>
    private static (int[] InFrame, int[] InClip, int[] Frames) Patches(TraceShape shape, FrameColumn frame)
    {
        var (inFrame, inClip, frames) = (new int[256], new int[256], new int[256]);
        var (first, end) = shape.ColumnsOfClip(frame.Clip);
        for (var c = first; c < end; c++)
        {
            var owners = shape.OwnersOf(shape.Column(c));
            var seen = new bool[256];
            foreach (var slot in owners)
            {
                inClip[slot]++;
                if (c == frame.Column) inFrame[slot]++;
                if (!seen[slot]) frames[slot]++;
                seen[slot] = true;
            }
        }

        return (inFrame, inClip, frames);
    }

    /// <summary>The drops by attention that a token was offered to.</summary>
    private static List<TokenRanking> Rankings(TraceShape shape, int token, int lastStage)
    {
        var rankings = new List<TokenRanking>(); // bounded by the stages
        for (var s = 1; s < shape.Stages && s <= lastStage + 1; s++)
        {
            var stage = shape.Trace.Stages[s];
            if (stage.Scores.Length == 0) continue;
            var place = Place(shape.Trace.Stages[s - 1].Alive, token);
            var score = stage.Scores[place];
            var rank = 1;
            for (var i = 0; i < stage.Scores.Length; i++)
            {
                var order = stage.Scores[i].CompareTo(score);
                if (order > 0 || (order == 0 && i < place)) rank++; // as the selection breaks ties
            }

            rankings.Add(new(s, stage.FirstLayer, score, rank, stage.Scores.Length, stage.VisualTokens));
        }

        return rankings;
    }

    /// <summary>Alive tokens before one.</summary>
    private static int Place(byte[] alive, int token)
    {
        var place = BitOperations.PopCount((uint)(alive[token / 8] & ((1 << (token % 8)) - 1)));
        for (var i = 0; i < token / 8; i++) place += BitOperations.PopCount(alive[i]);
        return place;
    }
}

/// <summary>A visual token of a frame.</summary>
/// <param name="Token">0-based, over all media.</param>
/// <param name="Slot">0-based, in its clip or picture.</param>
/// <param name="PatchesInFrame">Patches of the frame in it; null without groups.</param>
/// <param name="PatchesInClip">Patches of all frames of the clip in it; null without groups.</param>
/// <param name="Frames">Frames of the clip it holds patches of; null without groups.</param>
/// <param name="Alive">In the layer.</param>
/// <param name="DroppedBefore">The first layer (0-based) that runs without it; null when it lives to the end.</param>
/// <param name="Rankings">The drops by attention it was offered to, in order.</param>
public sealed record PatchToken(
    int Token, int Slot, int? PatchesInFrame, int? PatchesInClip, int? Frames, bool Alive, int? DroppedBefore, IReadOnlyList<TokenRanking> Rankings);

/// <summary>How a drop by attention judged a token.</summary>
/// <param name="Stage">The stage (0-based) that the drop begins.</param>
/// <param name="Layer">Its first layer, 0-based: the one whose queries and keys ranked.</param>
/// <param name="Score">The last prompt row's attention on the token, averaged over heads, before the drop.</param>
/// <param name="Rank">1 is the highest score.</param>
/// <param name="Offered">Tokens that were ranked.</param>
/// <param name="Kept">Tokens that stayed.</param>
public sealed record TokenRanking(int Stage, int Layer, float Score, int Rank, int Offered, int Kept);
