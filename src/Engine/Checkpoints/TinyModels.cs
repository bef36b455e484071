namespace Studio.Engine.Checkpoints;

/// <summary>Models small enough for a test or a first look, in the published layout.</summary>
public static class TinyModels
{
    /// <summary>
    /// A VideoChat-Flash of about half a million parameters: UMT at 144 px with 3 declared blocks of width 64, and a decoder
    /// of width 64 (4 heads of 16, 2 key and value heads).
    /// </summary>
    /// <remarks>
    /// 144 px gives 81 tokens per frame: the smallest multiple of 16 px whose single images still exceed the 64 tokens that
    /// merging needs (spec section 3.4). The initial deviation is 1/√64, not the usual 0.02: at this width the usual one would
    /// make every layer vanish beside the residual and all scores equal.
    /// </remarks>
    /// <param name="vocabularySize">Rows of the token embedding; above both ids.</param>
    /// <param name="bosTokenId">The tokenizer's start or padding id.</param>
    /// <param name="eosTokenId">The tokenizer's end-of-turn id.</param>
    /// <param name="layers">Decoder layers, 4 to 8.</param>
    /// <param name="compress">Whether visual dropout is on by default: uniform0_attention after a third and two thirds of the
    /// layers.</param>
    public static ModelConfig VideoChatFlash(
        int vocabularySize = 560, int bosTokenId = 556, int eosTokenId = 558, int layers = 6, bool compress = false)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(layers, 4);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(layers, 8);
        ArgumentOutOfRangeException.ThrowIfNegative(bosTokenId);
        ArgumentOutOfRangeException.ThrowIfNegative(eosTokenId);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(bosTokenId, vocabularySize);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(eosTokenId, vocabularySize);
        return new ModelConfig
        {
            Language = new LanguageConfig
            {
                Layers = layers,
                HiddenSize = 64,
                Heads = 4,
                KeyValueHeads = 2,
                HeadDim = 16,
                IntermediateSize = 128,
                VocabularySize = vocabularySize,
                RopeTheta = 1e6,
                TieWordEmbeddings = false,
                InitializerRange = 0.125,
                BosTokenId = bosTokenId,
                EosTokenIds = [eosTokenId],
            },
            Vision = VisionConfig.ForTower("umt-hd-large")! with
            {
                HiddenSize = 64,
                DeclaredLayers = 3,
                Heads = 4,
                MlpHiddenSize = VisionConfig.MlpSize(VisionTowerKind.UmtLarge, 64),
                ImageSize = 144,
            },
            Compression = new CompressionDefaults
            {
                Enabled = compress,
                Type = CompressionType.Uniform0Attention,
                DropAfterLayers = [layers / 3, layers * 2 / 3],
                StageRatios = [1.0, 0.75, 0.25],
            },
            ImageGridPinpoints = "[[144, 144], [144, 288], [288, 144], [288, 288]]",
            TokenizerModelMaxLength = 32_768,
        };
    }

    /// <summary>
    /// A Video-XL of about a third of a million parameters: CLIP at 96 px with patches of 4 px, hence the published 24 × 24 grid,
    /// 144 tokens a frame and windows of ten frames; a decoder as <see cref="VideoChatFlash"/>'s.
    /// </summary>
    /// <param name="vocabularySize">Rows of the token embedding; above both ids.</param>
    /// <param name="bosTokenId">The tokenizer's start or padding id.</param>
    /// <param name="eosTokenId">The tokenizer's end-of-turn id.</param>
    /// <param name="layers">Decoder layers, 4 to 8.</param>
    public static ModelConfig VideoXl(int vocabularySize = 560, int bosTokenId = 556, int eosTokenId = 558, int layers = 4)
    {
        ModelConfig flash = VideoChatFlash(vocabularySize, bosTokenId, eosTokenId, layers);
        VisionConfig vision = VisionConfig.ForTower("openai/clip-vit-large-patch14-336")! with
        {
            HiddenSize = 32,
            DeclaredLayers = 3,
            SelectLayer = -2,
            Heads = 2,
            MlpHiddenSize = VisionConfig.MlpSize(VisionTowerKind.Clip, 32),
            PatchSize = 4,
            ImageSize = 96,
        };
        return new ModelConfig
        {
            ModelType = ModelConfig.VideoXlType,
            Vst = new VstConfig(),
            Language = flash.Language,
            Vision = vision,
            Connector = ConnectorConfig.Pooled(vision) with { PatchMergeType = "unires" },
            ImageAspectRatio = "anyres",
            ImageGridPinpoints = PublishedGeometries.TilePinpoints(vision.ImageSize, mostTiles: 6),
            TokenizerModelMaxLength = 32_768,
        };
    }
}
