namespace Studio.Engine.Checkpoints;

/// <summary>Where learned separator rows go between visual tokens.</summary>
public enum NewlinePosition
{
    /// <summary>No separators (all published models).</summary>
    Nothing,

    /// <summary><c>model.frame_newline</c> after each frame.</summary>
    Frame,

    /// <summary><c>model.image_newline</c> after each row of a grid.</summary>
    Grid,

    /// <summary><c>model.image_newline</c> once, at the end.</summary>
    OneToken,
}

/// <summary>The token merging connector between tower and decoder.</summary>
public sealed record ConnectorConfig
{
    /// <summary>The one supported <c>mm_projector_type</c>: merge to 16 tokens per frame, then a two-layer MLP.</summary>
    public const string Tome16Mlp = "tome16_mlp_hd64";

    /// <summary><c>mm_projector_type</c>.</summary>
    public string ProjectorType { get; init; } = Tome16Mlp;

    /// <summary>Visual tokens per video frame after merging.</summary>
    public int TokensPerFrame { get; init; } = 16;

    /// <summary>Visual tokens per still image or tile after merging.</summary>
    public int TokensPerImage { get; init; } = 64;

    /// <summary><c>mm_patch_merge_type</c>; always <c>spatial_nopad</c>.</summary>
    public string PatchMergeType { get; init; } = "spatial_nopad";

    /// <summary><c>mm_newline_position</c>.</summary>
    public NewlinePosition NewlinePosition { get; init; }
}
