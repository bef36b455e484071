namespace Studio.Engine.Chat.Planning;

/// <summary>What one question costs, computed from sizes alone (spec section 9; FLOPs are 2 × multiply-adds).</summary>
public sealed record Cost(TokenCost Tokens, VisualCost Visual, DecoderCost Decoder, WeightCost Weights, MemoryCost Memory)
{
    /// <summary>FLOPs that our engine executes for the whole question.</summary>
    public double TotalFlops => Visual.Flops + Decoder.PrefillFlops + Decoder.DecodeFlops;
}

/// <summary>One stage of visual dropout: the layers between two drops. Of Video-XL all layers, and what its windows leave.</summary>
/// <param name="Stage">0 is before any drop.</param>
/// <param name="FirstLayer">0-based.</param>
/// <param name="Layers">Layers of the stage.</param>
/// <param name="VisualTokens">Alive in it: the sum over videos and images of int(n × ratio), as <c>CompressionSettings.Alive</c>.</param>
/// <param name="Rows">Visual tokens and text.</param>
/// <param name="KvBytes">Keys and values of the stage's layers after the prompt: rows × 2 × kv heads × head dim × element size each.</param>
public sealed record PlannedStage(int Stage, int FirstLayer, int Layers, int VisualTokens, int Rows, long KvBytes);

/// <summary>Tokens of the question.</summary>
/// <param name="Frames">Video frames.</param>
/// <param name="Clips">Frames ÷ clip length.</param>
/// <param name="Crops">Image crops.</param>
/// <param name="Visual">N: visual tokens before any drop.</param>
/// <param name="Text">P.</param>
/// <param name="New">Tokens to generate.</param>
/// <param name="Stages">One entry a stage.</param>
/// <param name="RowsPerLayer">S_l: rows that each layer holds of the prompt.</param>
/// <param name="KvBytes">Cache of all layers after the prompt.</param>
/// <param name="Windows">How Video-XL reads the visual tokens; null for VideoChat-Flash.</param>
public sealed record TokenCost(
    int Frames, int Clips, int Crops, int Visual, int Text, int New, IReadOnlyList<PlannedStage> Stages, IReadOnlyList<int> RowsPerLayer, long KvBytes,
    WindowCost? Windows = null)
{
    public int Prompt => Visual + Text;

    /// <summary>Rotary positions that the prompt takes.</summary>
    public int Positions => Windows is { } windows ? windows.HighestPosition + 1 : Prompt;

    /// <summary>sum S_l.</summary>
    public double RowLayers => RowsPerLayer.Sum(s => (double)s);

    /// <summary>sum S_l².</summary>
    public double SquaredRows => RowsPerLayer.Sum(s => (double)s * s);
}

/// <summary>FLOPs from pixels to visual tokens.</summary>
/// <param name="TowerPerClip">L_v [ 2 n (4 d² + 2 d m) + 4 n² d ] + 2 n p d; n tokens of a clip (class token included), p values of a patch.</param>
/// <param name="Tower">All clips and crops.</param>
/// <param name="MergePerClip">Similarities of token merging: sum over steps of 2 ⌈t/2⌉ ⌊t/2⌋ c, c = d / heads.</param>
/// <param name="Merge">All clips and crops.</param>
/// <param name="ConnectorPerClip">2 × tokens × (d H + H²); of Video-XL 2 × (patches × d H + tokens × H²), as it pools between.</param>
/// <param name="Connector">All clips and crops.</param>
public sealed record VisualCost(double TowerPerClip, double Tower, double MergePerClip, double Merge, double ConnectorPerClip, double Connector)
{
    public double Flops => Tower + Merge + Connector;
}

/// <summary>FLOPs and bytes of the decoder.</summary>
/// <param name="LayerMatrix">W_l = 2 H Q + 2 H kv + 3 H I: the matrix elements of one layer.</param>
/// <param name="Linear">2 W_l sum S_l, every row through every layer; of Video-XL 2 W_l L × rows read.</param>
/// <param name="Attention">2 Q sum S_l²: causal, the half of the square; of Video-XL over each window's rows and those held before. Blocks of 512 query rows add a triangle each.</param>
/// <param name="Logits">2 H V: only the last row meets the vocabulary.</param>
/// <param name="Ranking">Keys of all rows and the last row's query and scores, once per drop that ranks by attention.</param>
/// <param name="Skipped">What our last layer leaves out: all but keys and values of every row except the last.</param>
/// <param name="AllLogitsBytes">4 V S: what fp32 logits of every row would take. Never allocated here.</param>
/// <param name="DecodePerToken">2 (L W_l + H V) + 4 Q sum S_l: the first generated token.</param>
/// <param name="DecodeFlops">All decode steps, the cache growing by a row a step.</param>
/// <param name="DecodeSteps">New tokens less the one that the prompt's logits give.</param>
/// <param name="DecodeBytesPerToken">Weights as stored and the cache, each read once: the first generated token.</param>
/// <param name="DecodeBytes">All decode steps, with what conversion writes and reads again where weights are converted.</param>
public sealed record DecoderCost(
    long LayerMatrix, double Linear, double Attention, double Logits, double Ranking, double Skipped, double AllLogitsBytes,
    double DecodePerToken, double DecodeFlops, int DecodeSteps, double DecodeBytesPerToken, double DecodeBytes)
{
    /// <summary>FLOPs that our prefill executes.</summary>
    public double PrefillFlops => Linear + Attention + Logits + Ranking - Skipped;
}

/// <summary>Bytes of the weights as stored.</summary>
public sealed record WeightCost(long Tower, long Connector, long Decoder)
{
    public long Total => Tower + Connector + Decoder;
}
