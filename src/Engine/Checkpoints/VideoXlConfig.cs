using System.Globalization;
using System.Text.Json.Nodes;

namespace Studio.Engine.Checkpoints;

/// <summary>The keys of config.json that only Video-XL has (video-xl.md 1.2), read and written.</summary>
internal static class VideoXlConfig
{
    /// <summary>Far above any: the largest published window is 2,048 tokens.</summary>
    private const int MaxWindow = 1 << 20;

    private static readonly (TileMerge Merge, string Name)[] s_merges =
    [
        (TileMerge.Unires, "unires"), (TileMerge.Flat, "flat"), (TileMerge.Spatial, "spatial"), (TileMerge.SpatialNoBase, "spatial_nobase"),
        (TileMerge.SpatialUnpad, "spatial_unpad"), (TileMerge.SpatialMaxPool2x2, "spatial_maxpool2x2"),
    ];

    public static VstConfig ReadVst(JsonFields json)
    {
        if (!json.Bool("enable_beacon", false))
        {
            throw json.Problem("enable_beacon", "true: a Video-XL with visual summary tokens", json.Raw("enable_beacon") ?? "nothing",
                $"Other models of type {ModelConfig.VideoXlType} are not supported.");
        }

        int window = json.Int("beacon_window", 1, MaxWindow);
        Same(json, "beacon_stride", window, "the window: windows do not overlap");
        Same(json, "beacon_sink_size", 0, "only the text before a video is kept as it is");
        Same(json, "beacon_parallel_window", 1, "windows are read one after another");
        Only(json, "beacon_attn", "full-coverage");
        Only(json, "beacon_pos", "interleave");
        if (json.Strings("beacon_param", ["q", "k", "v"]) is var own && !own.SequenceEqual(["q", "k", "v"]))
        {
            throw json.Problem("beacon_param", "[\"q\", \"k\", \"v\"], the only supported projections", json.Raw("beacon_param")!);
        }

        IReadOnlyList<int> ratios = json.Ints("beacon_ratio", 1, MaxWindow);
        string init = json.String("beacon_embed_init", "eos");
        return new VstConfig
        {
            Window = window,
            Ratios = ratios.Count > 0 ? ratios : throw json.Problem("beacon_ratio", "one ratio or several", "none"),
            RatioMix = json.String("beacon_ratio_mix", "step-random"),
            EmbedInit = init is "eos" or "bos" ? init : throw json.Problem("beacon_embed_init", "eos or bos", $"'{init}'"),
        };
    }

    public static ConnectorConfig ReadConnector(JsonFields json, VisionConfig vision)
    {
        Only(json, "mm_projector_type", ConnectorConfig.Mlp2xGelu);
        Only(json, "mm_vision_select_feature", "patch");
        Same(json, "mm_spatial_pool_stride", ConnectorConfig.PoolStride, "the only supported square");
        string mode = json.String("mm_spatial_pool_mode", "average");
        string merge = json.String("mm_patch_merge_type", "unires");
        return ConnectorConfig.Pooled(vision) with
        {
            PatchMergeType = merge,
            PoolMode = mode switch
            {
                "average" => PoolMode.Average,
                "max" => PoolMode.Max,
                _ => throw json.Problem("mm_spatial_pool_mode", "average or max", $"'{mode}'"),
            },
            TileMerge = s_merges.FirstOrDefault(m => m.Name == merge) is (var found, not null)
                ? found
                : throw json.Problem("mm_patch_merge_type", string.Join(", ", s_merges.Select(m => m.Name)), $"'{merge}'"),
        };
    }

    /// <summary><c>anyres</c>, or <c>anyres_max_N</c>, which bounds the unpadded grid to N tiles' worth of tokens.</summary>
    public static string ReadAspectRatio(JsonFields json)
    {
        string text = json.String("image_aspect_ratio", "anyres");
        return text == "anyres" || MaxTiles(text) is not null ? text
            : throw json.Problem("image_aspect_ratio", "anyres or anyres_max_N", $"'{text}'", "Other ways to cut images are not in the published model.");
    }

    /// <summary>N of <c>anyres_max_N</c>, else null.</summary>
    public static int? MaxTiles(string imageAspectRatio)
    {
        const string Prefix = "anyres_max_";
        return imageAspectRatio.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(imageAspectRatio.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int tiles) && tiles > 0 ? tiles : null;
    }

    public static void Write(ModelConfig config, IDictionary<string, JsonNode?> keys)
    {
        VstConfig vst = config.Vst ?? throw new ArgumentException("a Video-XL configuration needs its visual summary tokens (Vst)", nameof(config));
        keys["architectures"] = new JsonArray("LlavaQwenForCausalLM");
        keys["beacon_accum"] = true;
        keys["beacon_attend_prev"] = true;
        keys["beacon_attn"] = "full-coverage";
        keys["beacon_embed_init"] = vst.EmbedInit;
        keys["beacon_parallel_window"] = 1;
        keys["beacon_param"] = new JsonArray("q", "k", "v");
        keys["beacon_pos"] = "interleave";
        keys["beacon_ratio"] = new JsonArray([.. vst.Ratios.Select(ratio => (JsonNode)ratio)]);
        keys["beacon_ratio_mix"] = vst.RatioMix;
        keys["beacon_sink_size"] = 0;
        keys["beacon_stride"] = vst.Window;
        keys["beacon_window"] = vst.Window;
        keys["enable_beacon"] = true;
        keys["mm_patch_merge_type"] = s_merges.First(m => m.Merge == config.Connector.TileMerge).Name;
        keys["mm_resampler_type"] = "spatial_pool";
        keys["mm_spatial_pool_mode"] = config.Connector.PoolMode == PoolMode.Max ? "max" : "average";
        keys["mm_spatial_pool_out_channels"] = config.Vision.HiddenSize;
        keys["mm_spatial_pool_stride"] = ConnectorConfig.PoolStride;
    }

    private static void Same(JsonFields json, string key, int value, string why)
    {
        if (json.OptionalInt(key, int.MinValue, int.MaxValue) is { } found && found != value)
        {
            throw json.Problem(key, $"{value} ({why})", $"{found}");
        }
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
