namespace Studio.Engine.Checkpoints;

/// <summary>
/// Visual summary tokens (VST) of Video-XL as config.json describes them; the published keys say "beacon" (video-xl.md 1.2
/// and section 3). Full-coverage attention, interleaved placement and own q, k and v projections are the only supported mode.
/// </summary>
public sealed record VstConfig
{
    /// <summary><c>beacon_window</c>, also <c>beacon_stride</c>: visual tokens read at a time. 1440 are ten frames.</summary>
    public int Window { get; init; } = 1440;

    /// <summary><c>beacon_ratio</c>: the compression ratios the checkpoint was trained with, as stored.</summary>
    public IReadOnlyList<int> Ratios { get; init; } = [2, 4, 8];

    /// <summary><c>beacon_ratio_mix</c>: how training chose among them. Kept for the file; nothing is drawn unless asked for.</summary>
    public string RatioMix { get; init; } = "step-random";

    /// <summary><c>beacon_embed_init</c>: whose embedding a missing VST embedding starts from, <c>eos</c> or <c>bos</c>.</summary>
    public string EmbedInit { get; init; } = "eos";
}
