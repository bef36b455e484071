using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;
using Studio.Engine.World;

namespace Studio.Engine.Training;

/// <summary>
/// Visual tokens of a drawn video without drawing it: for each frame one token for each thing, card frame, letter and backdrop, which is the sum of the decoder's embeddings of the words
/// that name it. A projector taught by <see cref="WordTrainee"/> points patches there; so a decoder learns to find and relate what visual tokens say at a
/// fraction of the tokens, and whatever the tower can see by then. Windows are cut by frames of equally many tokens: for Video-XL each square of patches
/// is a token, which says the words of all of them (<see cref="WordsOf.Tokens"/>), or the backdrop and where it is.
/// </summary>
/// <param name="embeddings">[vocabulary, hidden], borrowed.</param>
/// <param name="grid">Patches a side.</param>
/// <param name="pool">Video-XL's squares of patches, borrowed; null where tokens are as many as things.</param>
internal sealed class SketchedVideo(Tokenizer tokenizer, Tensor embeddings, int grid, PoolConnector? pool = null)
{
    /// <summary>Each token is louder or quieter by up to so much, and each of its channels off by so much of an embedding: no projector points exactly.</summary>
    private const float Loudness = 0.3f, Noise = 0.5f;

    private const ulong NoiseSeed = 0x5CE7;

    private readonly PatchWords _words = new(tokenizer);
    private readonly PatchTruth _truth = new(grid);

    /// <param name="video">Read for what it shows at the selected frames.</param>
    /// <returns>[tokens, hidden], in order of time and of reading within a frame, without a graph; the caller's.</returns>
    public Tensor Tokens(DrawnVideo video, FrameSelection selection)
    {
        using var constant = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        var (places, words) = (new List<long>(), new List<long>()); // bounded by the frames and what one shows
        int count = 0;
        foreach (long frame in selection.Indices)
        {
            _truth.Read(video.Script, frame);
            foreach (int[] named in pool is null ? Things() : Squares(pool))
            {
                places.AddRange(Enumerable.Repeat((long)count, named.Length));
                words.AddRange(named.Select(w => (long)w));
                count++;
            }
        }

        long width = embeddings.size(1);
        Tensor sums = torch.zeros([count, width]).index_add_(0, torch.tensor([.. places]), embeddings.detach().to(Device.CPU, ScalarType.Float32).index_select(0, torch.tensor([.. words])));
        var random = new WorldRandom(WorldRandom.Hash(video.Script.Seed, NoiseSeed));
        float[] loud = [.. Enumerable.Range(0, count).Select(_ => 1 + (Loudness * ((random.Below(2001) / 1000f) - 1)))];
        float[] off = [.. Enumerable.Range(0, (int)(count * width)).Select(_ => Noise * ((random.Below(2001) / 1000f) - 1))];
        Tensor size = embeddings.detach().pow(2).mean().sqrt().to(Device.CPU, ScalarType.Float32);
        return ((sums * torch.tensor(loud).view(count, 1)) + (torch.tensor(off).view(count, width) * size)).to(embeddings.device).MoveToOuterDisposeScope();
    }

    private IEnumerable<int[]> Things()
    {
        var seen = new HashSet<PatchContent>(); // bounded by the patches of a frame
        if (_truth.Backdrop is { } backdrop)
        {
            yield return _words.Of(backdrop);
        }

        for (int patch = 0; patch < _truth.Objects.Length; patch++)
        {
            PatchContent content = Content(patch);
            if (!content.IsBare && seen.Add(content))
            {
                yield return Words(content, patch);
            }
        }
    }

    /// <summary>A token each, also where nothing stands: a bare square within a card says nothing.</summary>
    private IEnumerable<int[]> Squares(PoolConnector pool)
    {
        for (int token = 0; token < pool.ImageTokens; token++)
        {
            int[] patches = pool.PatchesOf(token);
            int[] named = [.. patches.Select(p => (At: p, Content: Content(p))).Where(p => !p.Content.IsBare).SelectMany(p => Words(p.Content, p.At)).Distinct()];
            yield return named.Length > 0 || _truth.Backdrop is not { } backdrop ? named : [.. _words.Of(backdrop), .. _words.OfCell(_truth.CellOf(patches[0]))];
        }
    }

    private PatchContent Content(int patch)
    {
        PatchContent content = PatchContent.Of(_truth, patch) with { Motion = PatchTruth.Nothing, Direction = PatchTruth.Nothing };
        return content.Thing < 0 ? content with { Cell = PatchTruth.Nothing } : content;
    }

    private int[] Words(PatchContent content, int patch)
    {
        // What goes somewhere says where it is now: the tower sees no more than that of it.
        bool goes = content.Thing >= 0 && content.Cell < 0 && _truth.Backdrop is not null;
        return _words.Of(goes ? content with { Cell = _truth.CellOf(patch) } : content, lettersInPlace: true, place: true, motion: false);
    }
}
