namespace Studio.Engine.Checkpoints;

/// <summary>config.json to <see cref="ModelConfig"/>.</summary>
internal static class ModelConfigReader
{
    // Far above any model; keeps all later size arithmetic within 64 bits.
    private const int MaxLayers = 1024;
    private const int MaxWidth = 1 << 20;
    private const int MaxVocabulary = 1 << 24;
    private const int MaxContext = 1 << 30;

    private static readonly TowerChoice s_clipTowers =
        new([VisionTowerKind.UmtLarge, VisionTowerKind.InternVideo2], "umt-hd-large, umt-large or internvideo2", DefaultSelect: -2);

    // The selected layer of the published file is not known here (-1 by the code's default, -2 in pretraining): it must say.
    private static readonly TowerChoice s_frameTowers = new([VisionTowerKind.Clip], "openai/clip-vit-large-patch14-336", DefaultSelect: null);

    /// <summary>The towers of one system.</summary>
    private sealed record TowerChoice(VisionTowerKind[] Kinds, string Names, int? DefaultSelect);

    public static ModelConfig Read(JsonFields json)
    {
        string type = json.String("model_type");
        return type switch
        {
            ModelConfig.VideoChatFlashType => VideoChatFlash(json),
            ModelConfig.VideoXlType => VideoXl(json),
            _ => throw json.Problem("model_type", $"a supported model: {ModelConfig.VideoChatFlashType} or {ModelConfig.VideoXlType}", $"'{type}'"),
        };
    }

    private static ModelConfig VideoChatFlash(JsonFields json)
    {
        Only(json, "vision_encode_type", "video_image");
        Only(json, "frame_aspect_ratio", "square");
        LanguageConfig language = Language(json);
        return new ModelConfig
        {
            ModelType = ModelConfig.VideoChatFlashType,
            Language = language,
            Vision = Vision(json, s_clipTowers),
            Connector = Connector(json),
            Compression = Compression(json, language.Layers),
            ImageAspectRatio = json.String("image_aspect_ratio", "anyres_nopad"),
            ImageGridPinpoints = json.Raw("image_grid_pinpoints"),
            TokenizerModelMaxLength = json.OptionalInt("tokenizer_model_max_length", 1, MaxContext),
            TorchDtype = Dtype(json),
        };
    }

    private static ModelConfig VideoXl(JsonFields json)
    {
        VisionConfig vision = Vision(json, s_frameTowers);
        return new ModelConfig
        {
            ModelType = ModelConfig.VideoXlType,
            Vst = VideoXlConfig.ReadVst(json),
            // The original's constructor sets rope_scaling to null, whatever the file says.
            Language = Language(json) with { RopeScaling = null },
            Vision = vision,
            Connector = VideoXlConfig.ReadConnector(json, vision),
            ImageAspectRatio = VideoXlConfig.ReadAspectRatio(json),
            ImageGridPinpoints = json.Raw("image_grid_pinpoints"),
            TokenizerModelMaxLength = json.OptionalInt("tokenizer_model_max_length", 1, MaxContext),
            TorchDtype = Dtype(json),
        };
    }

    private static LanguageConfig Language(JsonFields json)
    {
        int hidden = json.Int("hidden_size", 1, MaxWidth);
        int heads = json.Int("num_attention_heads", 1, MaxWidth);
        int keyValueHeads = json.Int("num_key_value_heads", 1, MaxWidth, fallback: heads);
        if (heads % keyValueHeads != 0)
        {
            throw json.Problem("num_key_value_heads", $"a divisor of num_attention_heads ({heads})", $"{keyValueHeads}");
        }

        int? headDim = json.OptionalInt("head_dim", 1, MaxWidth);
        if (headDim is null && hidden % heads != 0)
        {
            throw json.Problem("num_attention_heads", $"a divisor of hidden_size ({hidden}), or a head_dim", $"{heads}");
        }

        headDim ??= hidden / heads;
        if (headDim % 2 != 0)
        {
            throw json.Problem("head_dim", "an even number (rotary positions turn pairs)", $"{headDim}");
        }

        Only(json, "hidden_act", "silu");
        if (json.Bool("use_sliding_window", false))
        {
            throw json.Problem("use_sliding_window", "false", "true", "Sliding-window attention is not implemented.");
        }

        int vocabulary = json.Int("vocab_size", 1, MaxVocabulary);
        return new LanguageConfig
        {
            Layers = json.Int("num_hidden_layers", 1, MaxLayers),
            HiddenSize = hidden,
            Heads = heads,
            KeyValueHeads = keyValueHeads,
            HeadDim = headDim.Value,
            IntermediateSize = json.Int("intermediate_size", 1, MaxWidth),
            VocabularySize = vocabulary,
            RopeTheta = json.Double("rope_theta", 1, 1e12, fallback: 10_000),
            RmsNormEps = json.Double("rms_norm_eps", 1e-20, 1, fallback: 1e-6),
            MaxPositionEmbeddings = json.Int("max_position_embeddings", 1, MaxContext, fallback: 32_768),
            RopeScaling = RopeScaling(json),
            TieWordEmbeddings = json.OptionalBool("tie_word_embeddings"),
            HiddenAct = "silu",
            InitializerRange = json.Double("initializer_range", 1e-9, 10, fallback: 0.02),
            BosTokenId = json.OptionalInt("bos_token_id", 0, vocabulary - 1),
            EosTokenIds = json.Ints("eos_token_id", 0, vocabulary - 1),
        };
    }

    private static YarnScaling? RopeScaling(JsonFields json)
    {
        if (json.Object("rope_scaling") is not { } scaling)
        {
            return null;
        }

        string key = scaling.Has("rope_type") ? "rope_type" : "type";
        string type = scaling.String(key);
        return type switch
        {
            "default" => null,
            "yarn" => new YarnScaling(
                scaling.Double("factor", 1, 1e6),
                scaling.Int("original_max_position_embeddings", 1, MaxContext,
                    fallback: json.Int("max_position_embeddings", 1, MaxContext, fallback: 32_768)),
                scaling.Double("beta_fast", 0, 1e6, fallback: 32),
                scaling.Double("beta_slow", 0, 1e6, fallback: 1),
                scaling.OptionalDouble("attention_factor", 1e-6, 1e6)),
            _ => throw scaling.Problem(key, "'yarn' or 'default'", $"'{type}'", "Remove rope_scaling or use YaRN."),
        };
    }

    private static VisionConfig Vision(JsonFields json, TowerChoice choice)
    {
        string tower = json.String("mm_vision_tower");
        VisionConfig named = VisionConfig.ForTower(tower) is { } known && choice.Kinds.Contains(known.Kind)
            ? known
            : throw json.Problem("mm_vision_tower", $"a supported tower: {choice.Names}", $"'{tower}'");
        VisionConfig vision = named with
        {
            SelectLayer = json.Int("mm_vision_select_layer", -MaxLayers, -1, choice.DefaultSelect),
            FramesPerClip = named.Kind == VisionTowerKind.Clip ? 1 : json.Int("mm_local_num_frames", 1, 64, fallback: 4),
        };
        if (json.Object("vision_config") is { } sizes)
        {
            vision = Resized(vision, sizes);
        }

        if (vision.BuiltLayers < 1)
        {
            throw json.Problem("mm_vision_select_layer", $"-{vision.DeclaredLayers} to -1 for {vision.DeclaredLayers} blocks",
                $"{vision.SelectLayer}");
        }

        int width = json.Int("mm_hidden_size", 1, MaxWidth, fallback: vision.HiddenSize);
        return width == vision.HiddenSize
            ? vision
            : throw json.Problem("mm_hidden_size", $"{vision.HiddenSize}, the width of {tower}", $"{width}");
    }

    /// <summary>The <c>vision_config</c> extension: towers of other sizes than the published ones, which carry no such
    /// key.</summary>
    private static VisionConfig Resized(VisionConfig vision, JsonFields sizes)
    {
        int hidden = sizes.Int("hidden_size", 1, MaxWidth, fallback: vision.HiddenSize);
        int heads = sizes.Int("num_attention_heads", 1, MaxWidth, fallback: vision.Heads);
        int patch = sizes.Int("patch_size", 1, 1024, fallback: vision.PatchSize);
        int image = sizes.Int("image_size", 1, 16_384, fallback: vision.ImageSize);
        if (hidden % heads != 0)
        {
            throw sizes.Problem("num_attention_heads", $"a divisor of hidden_size ({hidden})", $"{heads}");
        }

        if (image % patch != 0)
        {
            throw sizes.Problem("image_size", $"a multiple of patch_size ({patch})", $"{image}");
        }

        if (sizes.Int("num_channels", 1, 64, fallback: 3) != 3)
        {
            throw sizes.Problem("num_channels", "3 (RGB)", sizes.Raw("num_channels")!);
        }

        // A stored ratio is a rounded fraction (48/11): the nudge keeps an exact product from truncating one lower.
        int mlp = sizes.OptionalDouble("mlp_ratio", 1e-3, 1e3) is { } ratio
            ? (int)Math.Floor((hidden * ratio) + 1e-6)
            : VisionConfig.MlpSize(vision.Kind, hidden);
        return vision with
        {
            HiddenSize = hidden,
            DeclaredLayers = sizes.Int("num_hidden_layers", 1, MaxLayers, fallback: vision.DeclaredLayers),
            Heads = heads,
            MlpHiddenSize = sizes.Int("intermediate_size", 1, MaxWidth, fallback: mlp),
            PatchSize = patch,
            ImageSize = image,
            NormEps = sizes.Double("layer_norm_eps", 1e-20, 1, fallback: vision.NormEps),
        };
    }

    private static ConnectorConfig Connector(JsonFields json)
    {
        Only(json, "mm_projector_type", ConnectorConfig.Tome16Mlp);
        Only(json, "mm_patch_merge_type", "spatial_nopad");
        string newline = json.String("mm_newline_position", "nothing");
        return new ConnectorConfig
        {
            NewlinePosition = newline switch
            {
                "nothing" or "no_token" => NewlinePosition.Nothing,
                "frame" => NewlinePosition.Frame,
                "grid" => NewlinePosition.Grid,
                "one_token" => NewlinePosition.OneToken,
                _ => throw json.Problem("mm_newline_position", "nothing, no_token, frame, grid or one_token", $"'{newline}'"),
            },
        };
    }

    private static CompressionDefaults Compression(JsonFields json, int layers)
    {
        string type = json.String("llm_compress_type", "attention");
        IReadOnlyList<double> ratios = json.Doubles("llm_image_token_ratio_list");
        var compression = new CompressionDefaults
        {
            Enabled = json.Bool("mm_llm_compress", false),
            Type = CompressionNames.TryParse(type, out CompressionType parsed)
                ? parsed
                : throw json.Problem("llm_compress_type", CompressionNames.Supported, $"'{type}'"),
            DropAfterLayers = json.Ints("llm_compress_layer_list", int.MinValue, int.MaxValue),
            StageRatios = ratios.Count == 0 ? [1.0] : ratios,
        };
        if (compression.Enabled)
        {
            compression.Validate(layers, json.File);
        }

        return compression;
    }

    private static SafetensorsDtype Dtype(JsonFields json)
    {
        // Newer versions of transformers write the key as "dtype".
        string key = json.Has("torch_dtype") ? "torch_dtype" : "dtype";
        string name = json.String(key, "bfloat16");
        return SafetensorsDtypes.TryParseTorchName(name, out SafetensorsDtype dtype)
            ? dtype
            : throw json.Problem(key, "float64, float32, float16 or bfloat16", $"'{name}'");
    }

    private static void Only(JsonFields json, string key, string supported)
    {
        string value = json.String(key, supported);
        if (value != supported)
        {
            throw json.Problem(key, $"'{supported}', the only supported value", $"'{value}'");
        }
    }
}

/// <summary>Spellings of <see cref="CompressionType"/> in config.json.</summary>
internal static class CompressionNames
{
    public const string Supported = "uniform, attention, uniform0_attention or uniform1_attention";

    public static string Name(CompressionType type) => type switch
    {
        CompressionType.Uniform => "uniform",
        CompressionType.Attention => "attention",
        CompressionType.Uniform0Attention => "uniform0_attention",
        CompressionType.Uniform1Attention => "uniform1_attention",
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, $"Expected {Supported}."),
    };

    public static bool TryParse(string name, out CompressionType type)
    {
        foreach (CompressionType candidate in Enum.GetValues<CompressionType>())
        {
            if (Name(candidate) == name)
            {
                type = candidate;
                return true;
            }
        }

        type = default;
        return false;
    }
}
