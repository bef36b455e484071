using System.Text.Json;
using System.Text.Json.Nodes;

namespace Studio.Engine.Checkpoints;

/// <summary><see cref="ModelConfig"/> to the config.json layout of the published models.</summary>
internal static class ModelConfigWriter
{
    private static readonly JsonSerializerOptions s_indented = new() { WriteIndented = true };

    public static string Write(ModelConfig config)
    {
        LanguageConfig language = config.Language;
        VisionConfig vision = config.Vision;
        var keys = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal)
        {
            ["attention_dropout"] = 0.0,
            ["bos_token_id"] = language.BosTokenId,
            ["eos_token_id"] = TokenIds(language.EosTokenIds),
            ["hidden_act"] = language.HiddenAct,
            ["hidden_size"] = language.HiddenSize,
            ["image_aspect_ratio"] = config.ImageAspectRatio,
            ["image_grid_pinpoints"] = config.ImageGridPinpoints is null ? null : JsonNode.Parse(config.ImageGridPinpoints),
            ["initializer_range"] = language.InitializerRange,
            ["intermediate_size"] = language.IntermediateSize,
            ["max_position_embeddings"] = language.MaxPositionEmbeddings,
            ["mm_hidden_size"] = vision.HiddenSize,
            ["mm_projector_type"] = config.Connector.ProjectorType,
            ["mm_vision_select_feature"] = "patch",
            ["mm_vision_select_layer"] = vision.SelectLayer,
            ["mm_vision_tower"] = vision.TowerName,
            ["model_type"] = config.ModelType,
            ["num_attention_heads"] = language.Heads,
            ["num_hidden_layers"] = language.Layers,
            ["num_key_value_heads"] = language.KeyValueHeads,
            ["rms_norm_eps"] = language.RmsNormEps,
            ["rope_scaling"] = RopeScaling(language.RopeScaling),
            ["rope_theta"] = language.RopeTheta,
            ["tokenizer_model_max_length"] = config.TokenizerModelMaxLength,
            ["tokenizer_padding_side"] = "right",
            ["torch_dtype"] = config.TorchDtype.TorchName(),
            ["use_cache"] = true,
            ["use_mm_proj"] = true,
            ["use_sliding_window"] = false,
            ["vocab_size"] = language.VocabularySize,
        };
        if (config.System == ModelSystem.VideoXl)
        {
            VideoXlConfig.Write(config, keys);
        }
        else
        {
            WriteVideoChatFlash(config, keys);
        }

        if (language.TieWordEmbeddings is { } tie)
        {
            keys["tie_word_embeddings"] = tie;
        }

        if (language.HeadDim * language.Heads != language.HiddenSize)
        {
            keys["head_dim"] = language.HeadDim;
        }

        if (Sizes(vision) is { } sizes)
        {
            keys["vision_config"] = sizes;
        }

        return new JsonObject(keys).ToJsonString(s_indented) + "\n";
    }

    private static void WriteVideoChatFlash(ModelConfig config, SortedDictionary<string, JsonNode?> keys)
    {
        keys["architectures"] = new JsonArray("VideoChatFlashQwenForCausalLM");
        keys["frame_aspect_ratio"] = "square";
        keys["frame_grid_pinpoints"] = null;
        keys["llm_compress_layer_list"] = new JsonArray([.. config.Compression.DropAfterLayers.Select(layer => (JsonNode)layer)]);
        keys["llm_compress_type"] = CompressionNames.Name(config.Compression.Type);
        keys["llm_image_token_ratio_list"] = new JsonArray([.. config.Compression.StageRatios.Select(ratio => (JsonNode)ratio)]);
        keys["mm_llm_compress"] = config.Compression.Enabled;
        keys["mm_local_num_frames"] = config.Vision.FramesPerClip;
        keys["mm_newline_position"] = Newline(config.Connector.NewlinePosition);
        keys["mm_patch_merge_type"] = config.Connector.PatchMergeType;
        keys["vision_encode_type"] = "video_image";
    }

    internal static JsonNode? TokenIds(IReadOnlyList<int> ids) => ids.Count switch
    {
        0 => null,
        1 => ids[0],
        _ => new JsonArray([.. ids.Select(id => (JsonNode)id)]),
    };

    /// <summary>The extension for towers whose sizes their name does not give; published configurations have no such
    /// key.</summary>
    private static JsonObject? Sizes(VisionConfig vision)
    {
        VisionConfig? named = VisionConfig.ForTower(vision.TowerName);
        if (named is not null && vision == named with { SelectLayer = vision.SelectLayer, FramesPerClip = vision.FramesPerClip })
        {
            return null;
        }

        return new JsonObject
        {
            ["hidden_size"] = vision.HiddenSize,
            ["image_size"] = vision.ImageSize,
            ["intermediate_size"] = vision.MlpHiddenSize,
            ["num_attention_heads"] = vision.Heads,
            ["num_channels"] = 3,
            ["num_hidden_layers"] = vision.DeclaredLayers,
            ["layer_norm_eps"] = vision.NormEps,
            ["patch_size"] = vision.PatchSize,
        };
    }

    private static JsonObject? RopeScaling(YarnScaling? yarn)
    {
        if (yarn is null)
        {
            return null;
        }

        var json = new JsonObject
        {
            ["beta_fast"] = yarn.BetaFast,
            ["beta_slow"] = yarn.BetaSlow,
            ["factor"] = yarn.Factor,
            ["original_max_position_embeddings"] = yarn.OriginalMaxPositionEmbeddings,
            ["type"] = "yarn",
        };
        if (yarn.AttentionFactor is { } factor)
        {
            json["attention_factor"] = factor;
        }

        return json;
    }

    private static string Newline(NewlinePosition position) => position switch
    {
        NewlinePosition.Nothing => "nothing",
        NewlinePosition.Frame => "frame",
        NewlinePosition.Grid => "grid",
        NewlinePosition.OneToken => "one_token",
        _ => throw new ArgumentOutOfRangeException(nameof(position), position, "Not a newline position."),
    };
}
