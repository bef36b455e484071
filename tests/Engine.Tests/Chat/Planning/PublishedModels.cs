using Studio.Engine.Checkpoints;

namespace Studio.Engine.Tests.Chat.Planning;

/// <summary>Sizes of the published models (spec section 1.2).</summary>
internal static class PublishedModels
{
    public static ModelConfig TwoB448 => Of("umt-hd-large", 1536, 12, 2, 8960, 151_936);

    public static ModelConfig SevenB448 => Of("umt-hd-large", 3584, 28, 4, 18_944, 152_064);

    public static ModelConfig SevenB224 => Of("umt-large", 3584, 28, 4, 18_944, 152_064);

    public static ModelConfig SevenBInternVideo => Of("internvideo2", 3584, 28, 4, 18_944, 152_064);

    public static ModelConfig Named(string name) => name switch
    {
        "2B@448" => TwoB448,
        "7B@448" => SevenB448,
        "7B@224" => SevenB224,
        _ => SevenBInternVideo,
    };

    private static ModelConfig Of(string tower, int hidden, int heads, int kvHeads, int intermediate, int vocabulary) => new()
    {
        Vision = VisionConfig.ForTower(tower)!,
        Language = new LanguageConfig
        {
            Layers = 28,
            HiddenSize = hidden,
            Heads = heads,
            KeyValueHeads = kvHeads,
            HeadDim = 128,
            IntermediateSize = intermediate,
            VocabularySize = vocabulary,
            RopeTheta = 1e6,
            TieWordEmbeddings = false,
        },
    };
}
