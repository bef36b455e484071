using System.Text;

namespace Studio.Engine.Checkpoints;

/// <summary>One published model: its names and its complete configuration.</summary>
/// <param name="Variant">V1 to V5, as in videochat-flash.md 1.1, or XL.</param>
/// <param name="Name">The studio's name.</param>
/// <param name="ShortName">The short alias.</param>
/// <param name="HubId">OWNER/NAME on the hub.</param>
/// <param name="Config">config.json.</param>
/// <param name="Generation">generation_config.json.</param>
public sealed record PublishedGeometry(
    string Variant, string Name, string ShortName, string HubId, ModelConfig Config, GenerationConfig Generation)
{
    /// <summary>Whether the text is one of the names, compared without case.</summary>
    public bool IsNamed(string text) =>
        new[] { Variant, Name, ShortName, HubId }.Contains(text, StringComparer.OrdinalIgnoreCase);

    /// <summary>Writes config.json and generation_config.json in the published layout.</summary>
    public void Save(string folder)
    {
        Directory.CreateDirectory(folder);
        Config.Save(folder);
        Generation.Save(folder);
    }
}

/// <summary>
/// The five published VideoChat-Flash models (videochat-flash.md 1.1 to 1.3) and Video-XL (video-xl.md section 1).
/// </summary>
public static class PublishedGeometries
{
    /// <summary>V1 to V5, then XL.</summary>
    public static IReadOnlyList<PublishedGeometry> All { get; } =
    [
        Make("V1", "videochat-flash-qwen2-7b-res448", "7b@448", "VideoChat-Flash-Qwen2-7B_res448", Qwen7B(1e6, 1e-6, 32_768),
            "umt-hd-large"),
        Make("V2", "videochat-flash-qwen2-7b-res224", "7b@224", "VideoChat-Flash-Qwen2-7B_res224", Qwen7B(1e6, 1e-6, 32_768),
            "umt-large"),
        Make("V3", "videochat-flash-qwen2_5-2b-res448", "2b@448", "VideoChat-Flash-Qwen2_5-2B_res448", Qwen1_5B(),
            "umt-hd-large", penalty: 1.1),
        Make("V4", "videochat-flash-qwen2_5-7b-1m-res224", "7b-1m@224", "VideoChat-Flash-Qwen2_5-7B-1M_res224",
            Qwen7B(1e7, 1e-5, 1_010_000), "umt-large"),
        Make("V5", "videochat-flash-qwen2_5-7b-internvideo2-1b", "7b-iv2", "VideoChat-Flash-Qwen2_5-7B_InternVideo2-1B",
            Qwen7B(1e6, 1e-6, 32_768), "internvideo2",
            layers: [8, 16, 24], ratios: [1.0, 0.5, 0.25, 0.125]),
        VideoXl(),
    ];

    /// <summary>The geometry with this variant, name, short name or hub id; null when there is none.</summary>
    public static PublishedGeometry? TryFind(string name) => All.FirstOrDefault(geometry => geometry.IsNamed(name));

    /// <summary>As <see cref="TryFind"/>.</summary>
    /// <exception cref="ArgumentException">No geometry has that name; the message lists them.</exception>
    public static PublishedGeometry Find(string name) => TryFind(name)
        ?? throw new ArgumentException(
            $"No published geometry is called '{name}'. Known: "
            + $"{string.Join(", ", All.Select(g => $"{g.Name} ({g.ShortName})"))}.",
            nameof(name));

    /// <summary>
    /// Video-XL 7B. The selected layer is what its pretraining used; the published file says, where it is at hand. Which
    /// decoding settings it ships is unknown, so they are greedy.
    /// </summary>
    private static PublishedGeometry VideoXl()
    {
        VisionConfig vision = VisionConfig.ForTower("openai/clip-vit-large-patch14-336")!;
        var config = new ModelConfig
        {
            ModelType = ModelConfig.VideoXlType,
            Vst = new VstConfig(),
            Language = Qwen7B(1e6, 1e-6, 32_768),
            Vision = vision,
            Connector = ConnectorConfig.Pooled(vision) with { PatchMergeType = "unires" },
            ImageAspectRatio = "anyres",
            ImageGridPinpoints = TilePinpoints(vision.ImageSize, mostTiles: 49),
            TokenizerModelMaxLength = 32_768,
        };
        var generation = new GenerationConfig { BosTokenId = 151_643, PadTokenId = 151_643, EosTokenIds = [151_645, 151_643] };
        return new PublishedGeometry("XL", "video-xl-7b", "video-xl", "sy1998/Video_XL", config, generation);
    }

    private static PublishedGeometry Make(
        string variant, string name, string shortName, string repository, LanguageConfig language, string tower,
        double penalty = 1.05, int[]? layers = null, double[]? ratios = null)
    {
        VisionConfig vision = VisionConfig.ForTower(tower)!;
        var config = new ModelConfig
        {
            Language = language,
            Vision = vision,
            Compression = new CompressionDefaults { DropAfterLayers = layers ?? [24], StageRatios = ratios ?? [1.0, 0.5] },
            ImageGridPinpoints = Pinpoints(vision.ImageSize),
            TokenizerModelMaxLength = 32_768,
        };
        var generation = new GenerationConfig
        {
            BosTokenId = 151_643,
            PadTokenId = 151_643,
            EosTokenIds = [151_645, 151_643],
            DoSample = true,
            RepetitionPenalty = penalty,
            Temperature = 0.7,
            TopP = 0.8,
            TopK = 20,
        };
        return new PublishedGeometry(variant, name, shortName, $"OpenGVLab/{repository}", config, generation);
    }

    private static LanguageConfig Qwen7B(double ropeTheta, double eps, int context) => new()
    {
        Layers = 28,
        HiddenSize = 3584,
        Heads = 28,
        KeyValueHeads = 4,
        HeadDim = 128,
        IntermediateSize = 18_944,
        VocabularySize = 152_064,
        RopeTheta = ropeTheta,
        RmsNormEps = eps,
        MaxPositionEmbeddings = context,
        TieWordEmbeddings = false,
        BosTokenId = 151_643,
        EosTokenIds = [151_645],
    };

    /// <summary>The base model ties its embeddings, yet the published file stores lm_head: the key stays unset, the file
    /// decides.</summary>
    private static LanguageConfig Qwen1_5B() => new()
    {
        Layers = 28,
        HiddenSize = 1536,
        Heads = 12,
        KeyValueHeads = 2,
        HeadDim = 128,
        IntermediateSize = 8960,
        VocabularySize = 151_936,
        RopeTheta = 1e6,
        BosTokenId = 151_643,
        EosTokenIds = [151_645],
    };

    /// <summary>All grids of at most so many tiles but the single one, by columns and then rows, in pixels.</summary>
    internal static string TilePinpoints(int tile, int mostTiles)
    {
        IEnumerable<string> pairs = from columns in Enumerable.Range(1, mostTiles)
                                    from rows in Enumerable.Range(1, mostTiles / columns)
                                    where columns * rows > 1
                                    select $"[{columns * tile}, {rows * tile}]";
        return $"[{string.Join(", ", pairs)}]";
    }

    /// <summary>All {1..6} × {1..6} tile grids, width-major, in pixels.</summary>
    private static string Pinpoints(int tile)
    {
        var text = new StringBuilder("[");
        for (int w = 1; w <= 6; w++)
        {
            for (int h = 1; h <= 6; h++)
            {
                text.Append(text.Length > 1 ? ", " : "").Append($"[{w * tile}, {h * tile}]");
            }
        }

        return text.Append(']').ToString();
    }
}
