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

/// <summary>How a 2 × 2 square of Video-XL's projected patches becomes one visual token.</summary>
public enum PoolMode
{
    /// <summary>Their mean (all published models).</summary>
    Average,

    /// <summary>Their largest value, channel by channel.</summary>
    Max,
}

/// <summary>How the tiles of an image are put in order for the decoder (Video-XL's code; the published model uses unires).</summary>
public enum TileMerge
{
    /// <summary>The tiles, each pooled by itself, one after the other; the whole picture is left out.</summary>
    Unires,

    /// <summary>The whole picture, then the tiles, none pooled.</summary>
    Flat,

    /// <summary>The whole picture, then the rows of the stitched grid.</summary>
    Spatial,

    /// <summary>The rows of the stitched grid alone.</summary>
    SpatialNoBase,

    /// <summary>The whole picture, then the rows of the stitched grid without its padding, a learned row after each.</summary>
    SpatialUnpad,

    /// <summary>The whole picture, then the stitched grid with each 2 × 2 square reduced to its largest values.</summary>
    SpatialMaxPool2x2,
}

/// <summary>The connector between tower and decoder: token merging (VideoChat-Flash), or projection and pooling (Video-XL).</summary>
public sealed record ConnectorConfig
{
    /// <summary><c>mm_projector_type</c> of VideoChat-Flash: merge to 16 tokens per frame, then a two-layer MLP.</summary>
    public const string Tome16Mlp = "tome16_mlp_hd64";

    /// <summary><c>mm_projector_type</c> of Video-XL: a two-layer MLP on every patch, then 2 × 2 pooling.</summary>
    public const string Mlp2xGelu = "mlp2x_gelu";

    /// <summary>Side of the pooled square, <c>mm_spatial_pool_stride</c>: the only supported one.</summary>
    public const int PoolStride = 2;

    /// <summary><c>mm_projector_type</c>.</summary>
    public string ProjectorType { get; init; } = Tome16Mlp;

    /// <summary>Visual tokens per video frame after merging or pooling.</summary>
    public int TokensPerFrame { get; init; } = 16;

    /// <summary>Visual tokens per still image or tile after merging or pooling.</summary>
    public int TokensPerImage { get; init; } = 64;

    /// <summary><c>mm_spatial_pool_mode</c> of Video-XL.</summary>
    public PoolMode PoolMode { get; init; }

    /// <summary><c>mm_patch_merge_type</c> of Video-XL.</summary>
    public TileMerge TileMerge { get; init; }

    /// <summary><c>mm_patch_merge_type</c> of VideoChat-Flash; always <c>spatial_nopad</c>.</summary>
    public string PatchMergeType { get; init; } = "spatial_nopad";

    /// <summary><c>mm_newline_position</c>.</summary>
    public NewlinePosition NewlinePosition { get; init; }

    /// <summary>Video-XL's connector for a tower: (grid side / 2)² tokens per frame, an odd row or column left out.</summary>
    public static ConnectorConfig Pooled(VisionConfig vision)
    {
        ArgumentNullException.ThrowIfNull(vision);
        int side = vision.GridSide / PoolStride;
        return new() { ProjectorType = Mlp2xGelu, TokensPerFrame = side * side, TokensPerImage = side * side };
    }
}
