namespace Studio.Engine.Checkpoints;

/// <summary>Models small enough to be trained on a few processor cores and to lie in the repository, in the published layout.</summary>
public static class MiniModels
{
    /// <summary>
    /// A VideoChat-Flash of about 3.7 million parameters: UMT at 144 px with 4 blocks of width 128 and a decoder of 6 layers of width
    /// 192 (6 heads of 32, 3 key and value heads). The published drops come after a third and two thirds of the layers.
    /// </summary>
    /// <remarks>The deviation of the initial weights is about 1/√width: the usual 0.02 is for widths in the thousands.</remarks>
    /// <param name="vocabularySize">Rows of the token embedding.</param>
    /// <param name="bosTokenId">The tokenizer's start or padding id.</param>
    /// <param name="eosTokenId">The tokenizer's end-of-turn id.</param>
    public static ModelConfig VideoChatFlash(int vocabularySize, int bosTokenId, int eosTokenId)
    {
        ModelConfig tiny = TinyModels.VideoChatFlash(vocabularySize, bosTokenId, eosTokenId);
        return tiny with
        {
            Language = tiny.Language with
            {
                HiddenSize = 192,
                Heads = 6,
                KeyValueHeads = 3,
                HeadDim = 32,
                IntermediateSize = 512,
                TieWordEmbeddings = true,
                InitializerRange = 0.05,
            },
            Vision = tiny.Vision with
            {
                HiddenSize = 128,
                DeclaredLayers = 4,
                SelectLayer = -1,
                Heads = 4,
                MlpHiddenSize = VisionConfig.MlpSize(VisionTowerKind.UmtLarge, 128),
            },
        };
    }

    /// <summary>
    /// A Video-XL of about four million parameters: CLIP at 144 px with patches of 18 px and 4 blocks of width 128, hence 16 visual
    /// tokens a frame; windows of twelve frames, which every published ratio divides; a decoder as <see cref="VideoChatFlash"/>'s.
    /// </summary>
    /// <inheritdoc cref="VideoChatFlash"/>
    public static ModelConfig VideoXl(int vocabularySize, int bosTokenId, int eosTokenId)
    {
        ModelConfig tiny = TinyModels.VideoXl(vocabularySize, bosTokenId, eosTokenId);
        VisionConfig vision = tiny.Vision with
        {
            HiddenSize = 128,
            DeclaredLayers = 4,
            SelectLayer = -1,
            Heads = 4,
            MlpHiddenSize = VisionConfig.MlpSize(VisionTowerKind.Clip, 128),
            PatchSize = 18,
            ImageSize = 144,
        };
        ConnectorConfig connector = ConnectorConfig.Pooled(vision) with { PatchMergeType = tiny.Connector.PatchMergeType };
        return tiny with
        {
            Language = VideoChatFlash(vocabularySize, bosTokenId, eosTokenId).Language,
            Vision = vision,
            Connector = connector,
            Vst = new VstConfig { Window = 12 * connector.TokensPerFrame, Ratios = [2, 4, 8, 12, 16] },
            ImageGridPinpoints = PublishedGeometries.TilePinpoints(vision.ImageSize, mostTiles: 6),
        };
    }
}
