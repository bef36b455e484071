namespace Studio.Engine.Checkpoints;

/// <summary>Parts of a model; a partial checkpoint holds some of them.</summary>
[Flags]
public enum CheckpointScope
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>The vision tower.</summary>
    Vision = 1,

    /// <summary>The connector, with its newline rows if any.</summary>
    Connector = 2,

    /// <summary>The decoder: embedding, layers, closing norm, output head.</summary>
    Language = 4,

    /// <summary>The whole model.</summary>
    All = Vision | Connector | Language,
}

/// <summary>What a tensor is for; decides how it is initialised (<see cref="RandomWeights"/>).</summary>
public enum WeightRole
{
    /// <summary>Linear, convolution or embedding weights, position tables and learned rows.</summary>
    Matrix,

    /// <summary>Additive vector, also of a layer norm.</summary>
    Bias,

    /// <summary>Multiplicative vector of a norm.</summary>
    Norm,

    /// <summary>Multiplicative vector on a residual branch.</summary>
    LayerScale,
}

/// <summary>A tensor the engine will ask a checkpoint for.</summary>
/// <param name="Name">Published name.</param>
/// <param name="Shape">Sizes in PyTorch order (out × in).</param>
/// <param name="Scope">The one part it belongs to.</param>
/// <param name="Role">What it is for.</param>
/// <param name="Required">False where the model has a defined meaning without it.</param>
public sealed record ExpectedTensor(string Name, long[] Shape, CheckpointScope Scope, WeightRole Role, bool Required = true)
{
    /// <summary>Whether anything reads it: published files of Video-XL hold a tower's last block and norm that nothing uses.</summary>
    public bool Used { get; init; } = true;

    /// <summary>Number of elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, (product, size) => checked(product * size));
}

/// <summary>
/// The exact tensors of a model: names, shapes, which may be absent (videochat-flash.md 3.5, video-xl.md 2.8). A pure
/// function of the configuration.
/// </summary>
/// <remarks>
/// <c>lm_head.weight</c> is required only when the configuration says <c>tie_word_embeddings: false</c>; otherwise a file
/// without it uses the embedding, and a file with it uses the stored one whatever the key says (spec section 1.5).
/// </remarks>
public sealed class TensorLayout
{
    /// <summary>Token embedding, (vocabulary, hidden).</summary>
    public const string EmbedTokens = "model.embed_tokens.weight";

    /// <summary>Output head, (vocabulary, hidden).</summary>
    public const string LmHead = "lm_head.weight";

    /// <summary>Row appended after each frame, (hidden).</summary>
    public const string FrameNewline = "model.frame_newline";

    /// <summary>Row appended after a grid row or once, (hidden).</summary>
    public const string ImageNewline = "model.image_newline";

    /// <summary>What all tower tensors start with.</summary>
    public const string TowerPrefix = "model.vision_tower.vision_tower.";

    /// <summary>What all connector MLP tensors of VideoChat-Flash start with.</summary>
    public const string ConnectorPrefix = "model.mm_projector.mlp.";

    /// <summary>What all projector tensors of Video-XL start with.</summary>
    public const string ProjectorPrefix = "model.mm_projector.";

    /// <summary>The one embedding that all visual summary tokens share, (1, hidden).</summary>
    public const string VstEmbedding = "model.beacon_embed_tokens.weight";

    private readonly List<ExpectedTensor> _tensors = [];
    private readonly Dictionary<string, ExpectedTensor> _byName = new(StringComparer.Ordinal);

    private TensorLayout(ModelConfig config)
    {
        switch (config.Vision.Kind)
        {
            case VisionTowerKind.UmtLarge:
                AddUmt(config.Vision);
                break;
            case VisionTowerKind.InternVideo2:
                AddInternVideo2(config.Vision);
                break;
            default:
                AddClip(config.Vision);
                break;
        }

        AddConnector(config);
        AddLanguage(config.Language);
        if (config.System == ModelSystem.VideoXl)
        {
            AddVst(config.Language);
        }
    }

    /// <summary>All tensors: tower, connector, decoder, in the order of computation.</summary>
    public IReadOnlyList<ExpectedTensor> Tensors => _tensors;

    /// <summary>The layout of a configuration.</summary>
    public static TensorLayout For(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return new TensorLayout(config);
    }

    /// <summary>
    /// Whether a surplus tensor is harmless: inverse rotary frequencies that old library versions stored (they are
    /// computed) and a CLIP tower's list of positions, and newline rows that training code keeps although the configuration
    /// does not use them.
    /// </summary>
    public static bool IsTolerated(string name) =>
        name.EndsWith(".rotary_emb.inv_freq", StringComparison.Ordinal) || name.EndsWith(".embeddings.position_ids", StringComparison.Ordinal)
        || name is FrameNewline or ImageNewline;

    /// <summary>
    /// The ordinary tensor that a visual summary token's own one starts from when a checkpoint lacks it, as in the original;
    /// null for every other tensor. The embedding starts from one row of the table (<see cref="VstConfig.EmbedInit"/>).
    /// </summary>
    public static string? VstOrigin(string name) =>
        name == VstEmbedding ? EmbedTokens
        : name.Contains(".self_attn.beacon_", StringComparison.Ordinal) ? name.Replace(".self_attn.beacon_", ".self_attn.", StringComparison.Ordinal)
        : null;

    /// <summary>The tensor of that name, or null.</summary>
    public ExpectedTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>Elements of all tensors in scope.</summary>
    /// <param name="scope">Parts to count.</param>
    /// <param name="withLmHead">False counts the decoder as if its output head were the embedding.</param>
    public long ParameterCount(CheckpointScope scope = CheckpointScope.All, bool withLmHead = true) =>
        _tensors.Where(t => scope.HasFlag(t.Scope) && (withLmHead || t.Name != LmHead)).Sum(t => t.ElementCount);

    private void AddUmt(VisionConfig vision)
    {
        long d = vision.HiddenSize;
        long m = vision.MlpHiddenSize;
        string root = $"{TowerPrefix}encoder.";
        Linear($"{root}patch_embed.proj", [d, 3, 1, vision.PatchSize, vision.PatchSize], CheckpointScope.Vision);
        for (int i = 0; i < vision.BuiltLayers; i++)
        {
            string block = $"{root}blocks.{i}.";
            LayerNorm($"{block}norm1", d);
            Add($"{block}attn.q_bias", [d], CheckpointScope.Vision, WeightRole.Bias);
            Add($"{block}attn.v_bias", [d], CheckpointScope.Vision, WeightRole.Bias);
            Add($"{block}attn.qkv.weight", [3 * d, d], CheckpointScope.Vision, WeightRole.Matrix);
            Linear($"{block}attn.proj", [d, d], CheckpointScope.Vision);
            LayerNorm($"{block}norm2", d);
            Linear($"{block}mlp.fc1", [m, d], CheckpointScope.Vision);
            Linear($"{block}mlp.fc2", [d, m], CheckpointScope.Vision);
        }

        LayerNorm($"{root}vision_layernorm", d);
    }

    private void AddInternVideo2(VisionConfig vision)
    {
        long d = vision.HiddenSize;
        long m = vision.MlpHiddenSize;
        Linear($"{TowerPrefix}patch_embed.proj", [d, 3, 1, vision.PatchSize, vision.PatchSize], CheckpointScope.Vision);
        Add($"{TowerPrefix}cls_token", [1, 1, d], CheckpointScope.Vision, WeightRole.Matrix);
        Add($"{TowerPrefix}pos_embed", [1, ((long)vision.FramesPerClip * vision.TokensPerFrame) + 1, d], CheckpointScope.Vision,
            WeightRole.Matrix);
        Add($"{TowerPrefix}img_pos_embed", [1, vision.TokensPerFrame + 1L, d], CheckpointScope.Vision, WeightRole.Matrix);
        for (int i = 0; i < vision.BuiltLayers; i++)
        {
            string block = $"{TowerPrefix}blocks.{i}.";
            Add($"{block}norm1.weight", [d], CheckpointScope.Vision, WeightRole.Norm);
            Add($"{block}attn.qkv.weight", [3 * d, d], CheckpointScope.Vision, WeightRole.Matrix);
            Add($"{block}attn.q_norm.weight", [d], CheckpointScope.Vision, WeightRole.Norm);
            Add($"{block}attn.k_norm.weight", [d], CheckpointScope.Vision, WeightRole.Norm);
            Linear($"{block}attn.proj", [d, d], CheckpointScope.Vision);
            Add($"{block}ls1.weight", [d], CheckpointScope.Vision, WeightRole.LayerScale);
            Add($"{block}norm2.weight", [d], CheckpointScope.Vision, WeightRole.Norm);
            Linear($"{block}mlp.fc1", [m, d], CheckpointScope.Vision);
            Linear($"{block}mlp.fc2", [d, m], CheckpointScope.Vision);
            Add($"{block}ls2.weight", [d], CheckpointScope.Vision, WeightRole.LayerScale);
        }
    }

    /// <summary>All declared blocks, since published files hold them; those behind the selected layer may be missing.</summary>
    private void AddClip(VisionConfig vision)
    {
        long d = vision.HiddenSize;
        long m = vision.MlpHiddenSize;
        const CheckpointScope scope = CheckpointScope.Vision;
        string root = $"{TowerPrefix}vision_model.";
        Add($"{root}embeddings.class_embedding", [d], scope, WeightRole.Matrix);
        Add($"{root}embeddings.patch_embedding.weight", [d, 3, vision.PatchSize, vision.PatchSize], scope, WeightRole.Matrix);
        Add($"{root}embeddings.position_embedding.weight", [vision.TokensPerFrame + 1L, d], scope, WeightRole.Matrix);
        LayerNorm($"{root}pre_layrnorm", d);
        for (int i = 0; i < vision.DeclaredLayers; i++)
        {
            int first = _tensors.Count;
            string block = $"{root}encoder.layers.{i}.";
            foreach (string name in (string[])["q", "k", "v", "out"])
            {
                Linear($"{block}self_attn.{name}_proj", [d, d], scope);
            }

            LayerNorm($"{block}layer_norm1", d);
            Linear($"{block}mlp.fc1", [m, d], scope);
            Linear($"{block}mlp.fc2", [d, m], scope);
            LayerNorm($"{block}layer_norm2", d);
            if (i >= vision.BuiltLayers)
            {
                LeaveUnused(first);
            }
        }

        int last = _tensors.Count;
        LayerNorm($"{root}post_layernorm", d);
        LeaveUnused(last);
    }

    /// <summary>Own projections of visual summary tokens in every layer, and their one embedding.</summary>
    private void AddVst(LanguageConfig language)
    {
        int first = _tensors.Count;
        long h = language.HiddenSize;
        const CheckpointScope scope = CheckpointScope.Language;
        Add(VstEmbedding, [1, h], scope, WeightRole.Matrix);
        for (int i = 0; i < language.Layers; i++)
        {
            string attention = $"model.layers.{i}.self_attn.beacon_";
            Linear($"{attention}q_proj", [(long)language.Heads * language.HeadDim, h], scope);
            Linear($"{attention}k_proj", [(long)language.KeyValueHeads * language.HeadDim, h], scope);
            Linear($"{attention}v_proj", [(long)language.KeyValueHeads * language.HeadDim, h], scope);
        }

        Replace(first, tensor => tensor with { Required = false });
    }

    private void LeaveUnused(int first) => Replace(first, tensor => tensor with { Required = false, Used = false });

    private void Replace(int first, Func<ExpectedTensor, ExpectedTensor> change)
    {
        for (int i = first; i < _tensors.Count; i++)
        {
            _tensors[i] = _byName[_tensors[i].Name] = change(_tensors[i]);
        }
    }

    private void AddConnector(ModelConfig config)
    {
        long h = config.Language.HiddenSize;
        if (config.System == ModelSystem.VideoXl)
        {
            Linear($"{ProjectorPrefix}0", [h, config.Vision.HiddenSize], CheckpointScope.Connector);
            Linear($"{ProjectorPrefix}2", [h, h], CheckpointScope.Connector);
            if (config.Connector.TileMerge == TileMerge.SpatialUnpad)
            {
                Add(ImageNewline, [h], CheckpointScope.Connector, WeightRole.Matrix);
            }

            return;
        }

        Linear($"{ConnectorPrefix}0", [h, config.Vision.HiddenSize], CheckpointScope.Connector);
        Linear($"{ConnectorPrefix}2", [h, h], CheckpointScope.Connector);
        string? newline = config.Connector.NewlinePosition switch
        {
            NewlinePosition.Frame => FrameNewline,
            NewlinePosition.Grid or NewlinePosition.OneToken => ImageNewline,
            _ => null,
        };
        if (newline is not null)
        {
            Add(newline, [h], CheckpointScope.Connector, WeightRole.Matrix);
        }
    }

    private void AddLanguage(LanguageConfig language)
    {
        long h = language.HiddenSize;
        long q = (long)language.Heads * language.HeadDim;
        long kv = (long)language.KeyValueHeads * language.HeadDim;
        long m = language.IntermediateSize;
        const CheckpointScope scope = CheckpointScope.Language;
        Add(EmbedTokens, [language.VocabularySize, h], scope, WeightRole.Matrix);
        for (int i = 0; i < language.Layers; i++)
        {
            string layer = $"model.layers.{i}.";
            Add($"{layer}input_layernorm.weight", [h], scope, WeightRole.Norm);
            Linear($"{layer}self_attn.q_proj", [q, h], scope);
            Linear($"{layer}self_attn.k_proj", [kv, h], scope);
            Linear($"{layer}self_attn.v_proj", [kv, h], scope);
            Add($"{layer}self_attn.o_proj.weight", [h, q], scope, WeightRole.Matrix);
            Add($"{layer}post_attention_layernorm.weight", [h], scope, WeightRole.Norm);
            Add($"{layer}mlp.gate_proj.weight", [m, h], scope, WeightRole.Matrix);
            Add($"{layer}mlp.up_proj.weight", [m, h], scope, WeightRole.Matrix);
            Add($"{layer}mlp.down_proj.weight", [h, m], scope, WeightRole.Matrix);
        }

        Add("model.norm.weight", [h], scope, WeightRole.Norm);
        Add(LmHead, [language.VocabularySize, h], scope, WeightRole.Matrix, required: language.TieWordEmbeddings == false);
    }

    private void Linear(string name, long[] shape, CheckpointScope scope)
    {
        Add($"{name}.weight", shape, scope, WeightRole.Matrix);
        Add($"{name}.bias", [shape[0]], scope, WeightRole.Bias);
    }

    private void LayerNorm(string name, long width)
    {
        Add($"{name}.weight", [width], CheckpointScope.Vision, WeightRole.Norm);
        Add($"{name}.bias", [width], CheckpointScope.Vision, WeightRole.Bias);
    }

    private void Add(string name, long[] shape, CheckpointScope scope, WeightRole role, bool required = true)
    {
        var tensor = new ExpectedTensor(name, shape, scope, role, required);
        _tensors.Add(tensor);
        _byName.Add(name, tensor);
    }
}
