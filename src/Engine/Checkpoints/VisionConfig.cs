namespace Studio.Engine.Checkpoints;

/// <summary>Which vision tower turns frames into patch features.</summary>
public enum VisionTowerKind
{
    /// <summary>UMT-L: computed position table, layer norm.</summary>
    UmtLarge,

    /// <summary>InternVideo2-1B: learned position tables, RMS norm, layer scale, class token.</summary>
    InternVideo2,

    /// <summary>CLIP ViT-L/14 of Video-XL: class token, learned positions, quick GELU; a frame by itself.</summary>
    Clip,
}

/// <summary>Geometry of the vision tower.</summary>
public sealed record VisionConfig
{
    /// <summary>Which architecture.</summary>
    public required VisionTowerKind Kind { get; init; }

    /// <summary><c>mm_vision_tower</c> as stored, for example <c>umt-hd-large</c>.</summary>
    public required string TowerName { get; init; }

    /// <summary>Channels per token.</summary>
    public required int HiddenSize { get; init; }

    /// <summary>Blocks of the full architecture, including those beyond the selected layer that are never built.</summary>
    public required int DeclaredLayers { get; init; }

    /// <summary><c>mm_vision_select_layer</c>, negative, counted from the end: -2 drops the last block.</summary>
    public int SelectLayer { get; init; } = -2;

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Width of the MLP.</summary>
    public required int MlpHiddenSize { get; init; }

    /// <summary>Side of a patch in pixels.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Side of the square input in pixels.</summary>
    public required int ImageSize { get; init; }

    /// <summary>Frames encoded together, <c>mm_local_num_frames</c>.</summary>
    public int FramesPerClip { get; init; } = 4;

    /// <summary>Epsilon of the norms inside the blocks.</summary>
    public double NormEps { get; init; } = 1e-6;

    /// <summary>Epsilon of the closing norm; null where the tower has none.</summary>
    public double? FinalNormEps { get; init; }

    /// <summary>Blocks that run: declared + select + 1 (24 declared, -2 selected: 23 run). Checkpoints of UMT and InternVideo2
    /// hold no others, those of CLIP all.</summary>
    public int BuiltLayers => DeclaredLayers + SelectLayer + 1;

    /// <summary>Patches along one side.</summary>
    public int GridSide => ImageSize / PatchSize;

    /// <summary>Patches of one frame.</summary>
    public int TokensPerFrame => GridSide * GridSide;

    /// <summary>The tower's sizes as its name implies them, or null for an unknown name.</summary>
    /// <remarks>
    /// <c>umt-hd…</c> is UMT-L at 448 px, other <c>umt…</c> UMT-L at 224 px, <c>internvideo2…</c> InternVideo2-1B at 224 px;
    /// <c>…clip-vit-large-patch14…</c>, which may be somebody's path, CLIP ViT-L/14 at 336 px if the name says so, else at 224 px.
    /// </remarks>
    public static VisionConfig? ForTower(string towerName)
    {
        ArgumentNullException.ThrowIfNull(towerName);
        string name = towerName.ToLowerInvariant();
        if (name.StartsWith("umt", StringComparison.Ordinal))
        {
            return new VisionConfig
            {
                Kind = VisionTowerKind.UmtLarge,
                TowerName = towerName,
                HiddenSize = 1024,
                DeclaredLayers = 24,
                Heads = 16,
                MlpHiddenSize = MlpSize(VisionTowerKind.UmtLarge, 1024),
                PatchSize = 16,
                ImageSize = name.StartsWith("umt-hd", StringComparison.Ordinal) ? 448 : 224,
                FinalNormEps = 1e-12,
            };
        }

        if (name.Contains("clip-vit-large-patch14", StringComparison.Ordinal))
        {
            return new VisionConfig
            {
                Kind = VisionTowerKind.Clip,
                TowerName = towerName,
                HiddenSize = 1024,
                DeclaredLayers = 24,
                Heads = 16,
                MlpHiddenSize = MlpSize(VisionTowerKind.Clip, 1024),
                PatchSize = 14,
                ImageSize = name.Contains("336", StringComparison.Ordinal) ? 336 : 224,
                FramesPerClip = 1,
                NormEps = 1e-5,
            };
        }

        return name.StartsWith("internvideo2", StringComparison.Ordinal)
            ? new VisionConfig
            {
                Kind = VisionTowerKind.InternVideo2,
                TowerName = towerName,
                HiddenSize = 1408,
                DeclaredLayers = 40,
                Heads = 16,
                MlpHiddenSize = MlpSize(VisionTowerKind.InternVideo2, 1408),
                PatchSize = 14,
                ImageSize = 224,
            }
            : null;
    }

    /// <summary>MLP width that the architecture derives from its width: 4 × for UMT and CLIP, 48/11 × truncated for
    /// InternVideo2.</summary>
    internal static int MlpSize(VisionTowerKind kind, int hidden) =>
        kind == VisionTowerKind.InternVideo2 ? checked(hidden * 48 / 11) : checked(hidden * 4);
}
