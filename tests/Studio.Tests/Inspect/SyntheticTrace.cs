using Studio.Engine.Compression;

namespace Studio.Tests.Inspect;

/// <summary>A large trace by rule, with the sizes of a published model: what pages and views must cope with.</summary>
internal static class SyntheticTrace
{
    private const int FramesPerClip = 4, TokensPerClip = 64, Grid = 14;

    /// <summary>A video at one frame a second: three quarters kept uniformly after 4 layers, a quarter by score after 18.</summary>
    /// <param name="frames">A multiple of 4.</param>
    public static CompressionTrace Make(int frames, int layers = 28)
    {
        var clips = frames / FramesPerClip;
        var tokens = clips * TokensPerClip;
        var settings = VisualDropout.Balanced;
        var all = Enumerable.Range(0, tokens).ToArray();
        var second = TokenSelection.Uniform(tokens, settings.Alive(tokens, 1));
        var scores = Array.ConvertAll(second, t => (float)Score(t / TokensPerClip, t % TokensPerClip, clips, 1));
        var third = Array.ConvertAll(TokenSelection.TopK(scores, settings.Alive(tokens, 2)), i => second[i]);
        TracedStage[] stages =
        [
            new(0, 3, "none", tokens, Bits(tokens, all), []),
            new(4, 17, "uniform", second.Length, Bits(tokens, second), []),
            new(18, layers - 1, "attention", third.Length, Bits(tokens, third), scores),
        ];
        int[][] alive = [all, second, third];
        return new()
        {
            Model = "synthetic",
            Settings = settings.ToString(),
            PromptRows = tokens + 64,
            ReusedRows = 0,
            Media = [new("long.mp4", "video", 20, tokens, [.. Enumerable.Range(0, frames).Select(f => (double)f)], [.. Enumerable.Range(0, frames).Select(f => f * 25L)], FramesPerClip, TokensPerClip, Grid, Grid, Owners(clips))],
            Stages = stages,
            Layers = [.. Enumerable.Range(0, layers).Select(l => Layer(l, l < 4 ? 0 : l < 18 ? 1 : 2, alive, clips))],
            Costs =
            [
                new("probe", 40, 1, 0, 0), new("frames", 9000, frames, frames * 600_000L, 0), new("tower", 41_000, clips, 0, clips * 0.513e12), new("connector", 900, clips, 0, 0),
                new("prefill", 88_000, tokens + 64, 57_344L * (tokens + 64) * 17 / 28, 3.5e15), new("decode", 2400, 40, 0, 2.1e12),
            ],
        };
    }

    private static TracedLayer Layer(int layer, int stage, int[][] alive, int clips)
    {
        var shares = Array.ConvertAll(alive[stage], t => (float)Score(t / TokensPerClip, t % TokensPerClip, clips, 0.2 + (layer / 14.0)));
        var scale = (float)((0.15 + (0.5 * layer / 28)) / shares.Sum(s => (double)s));
        for (var i = 0; i < shares.Length; i++) shares[i] *= scale;
        var mass = new float[clips];
        for (var i = 0; i < shares.Length; i++) mass[alive[stage][i] / TokensPerClip] += shares[i];
        var stageMass = Enumerable.Range(stage, 3 - stage).Select(s =>
        {
            var kept = alive[s].ToHashSet();
            return (float)alive[stage].Select((t, i) => kept.Contains(t) ? shares[i] : 0.0).Sum();
        });
        return new(layer, alive[stage].Length + 64, alive[stage].Length, AttentionFigures.From(shares, 1), mass, [.. stageMass]);
    }

    /// <summary>Bursts of interest along the video, and a ripple over the tokens of a clip.</summary>
    private static double Score(int clip, int slot, int clips, double sharpness)
    {
        var x = clip / (double)clips;
        var bursts = Math.Exp(-Math.Pow((x - 0.31) / 0.02, 2)) + Math.Exp(-Math.Pow((x - 0.74) / 0.05, 2)) + (0.25 * Math.Sin(x * 40)) + 0.3;
        var ripple = 0.5 + (0.5 * Math.Sin((slot * 2.399) + (clip * 0.7)));
        return Math.Pow(Math.Max(0.01, bursts + (0.6 * ripple)), sharpness);
    }

    /// <summary>Groups of neighbouring patches, as merging makes them, over the frames of a clip.</summary>
    private static byte[] Owners(int clips)
    {
        var owners = new byte[clips * FramesPerClip * Grid * Grid];
        for (var i = 0; i < owners.Length; i++)
        {
            var (column, row, frame) = (i % Grid, i / Grid % Grid, i / (Grid * Grid) % FramesPerClip);
            var clip = i / (Grid * Grid * FramesPerClip);
            var (x, y) = ((column + (clip % 3)) / 2, (row + (clip % 2)) / 2);
            owners[i] = (byte)(((x % 8) + (8 * (y % 8)) + (frame >= 2 && (x + y + clip) % 5 == 0 ? 1 : 0)) % TokensPerClip);
        }

        return owners;
    }

    private static byte[] Bits(int tokens, int[] alive)
    {
        var bits = new byte[(tokens + 7) / 8];
        foreach (var t in alive) bits[t / 8] |= (byte)(1 << (t % 8));
        return bits;
    }
}
