using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class ModelConfigTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_GoldenVideoModel_ReadsEveryPart()
    {
        ModelConfig config = ModelConfig.Load(TestFiles.Golden("vcf_full_video_frame_newline"));

        Assert.Equal((5, 48, 4, 2, 12), (config.Language.Layers, config.Language.HiddenSize, config.Language.Heads, config.Language.KeyValueHeads, config.Language.HeadDim));
        Assert.Equal((80, 260, 2048), (config.Language.IntermediateSize, config.Language.VocabularySize, config.Language.MaxPositionEmbeddings));
        Assert.Equal((1e6, 1e-6, 0.02), (config.Language.RopeTheta, config.Language.RmsNormEps, config.Language.InitializerRange));
        Assert.Null(config.Language.RopeScaling);
        Assert.False(config.Language.TieWordEmbeddings);
        Assert.Equal(256, config.Language.BosTokenId);
        Assert.Equal([257], config.Language.EosTokenIds);
        Assert.Equal(VisionTowerKind.UmtLarge, config.Vision.Kind);
        Assert.Equal((48, 3, 2, 4, 192), (config.Vision.HiddenSize, config.Vision.DeclaredLayers, config.Vision.BuiltLayers, config.Vision.Heads, config.Vision.MlpHiddenSize));
        Assert.Equal((16, 112, 4, 49), (config.Vision.PatchSize, config.Vision.ImageSize, config.Vision.FramesPerClip, config.Vision.TokensPerFrame));
        Assert.Equal(1e-12, config.Vision.FinalNormEps);
        Assert.Equal(NewlinePosition.Frame, config.Connector.NewlinePosition);
        Assert.Equal((16, 64), (config.Connector.TokensPerFrame, config.Connector.TokensPerImage));
        // A placeholder of the published files: it does not fit five layers, and the switch is off.
        Assert.False(config.Compression.Enabled);
        Assert.Equal([24], config.Compression.DropAfterLayers);
        Assert.Equal(32_768, config.TokenizerModelMaxLength);
        Assert.Equal(SafetensorsDtype.F32, config.TorchDtype);
        Assert.Null(config.ImageGridPinpoints);
    }

    [Fact]
    public void Load_GoldenInternVideo2_DerivesTheTruncatedMlpWidth()
    {
        VisionConfig vision = ModelConfig.Load(TestFiles.Golden("vcf_internvideo2")).Vision;

        Assert.Equal(VisionTowerKind.InternVideo2, vision.Kind);
        Assert.Equal((48, 209, 3, 16), (vision.HiddenSize, vision.MlpHiddenSize, vision.BuiltLayers, vision.TokensPerFrame));
        Assert.Null(vision.FinalNormEps);
    }

    [Fact]
    public void Load_GoldenCompression_ReadsTypeLayersAndRatios()
    {
        CompressionDefaults compression = ModelConfig.Load(TestFiles.Golden("vcf_full_video_compress")).Compression;

        Assert.True(compression.Enabled);
        Assert.Equal(CompressionType.Uniform0Attention, compression.Type);
        Assert.Equal([1, 3], compression.DropAfterLayers);
        Assert.Equal([1.0, 0.6, 0.3], compression.StageRatios);
    }

    [Theory]
    [InlineData("vcf_tome")]
    [InlineData("vcf_umt_interp64_f8")] // clips of 8 frames
    [InlineData("vcf_lm_attention_last")] // drop layer = layers - 1, the last allowed one
    [InlineData("vcf_internvideo2")]
    [InlineData("vcf_full_video_frame_newline")]
    public void Save_ThenLoad_GivesTheSameConfiguration(string caseName)
    {
        ModelConfig config = ModelConfig.Load(TestFiles.Golden(caseName));

        config.Save(_folder.Path);

        Assert.Equal(config.ToJson(), ModelConfig.Load(_folder.Path).ToJson());
    }

    // Each row changes one value of a sound file into one that cannot be used.
    public static TheoryData<string, string, string> WrongValues => new()
    {
        { "\"model_type\": \"videochat_flash_qwen\"", "\"model_type\": \"llava_next\"", "model_type: expected a supported model: videochat_flash_qwen or llava_qwen" },
        { "\"mm_vision_tower\": \"umt-hd-large\"", "\"mm_vision_tower\": \"siglip\"", "umt-hd-large, umt-large or internvideo2" },
        { "\"mm_projector_type\": \"tome16_mlp_hd64\"", "\"mm_projector_type\": \"mlp2x_gelu\"", "'tome16_mlp_hd64', the only supported value, found 'mlp2x_gelu'" },
        { "\"mm_patch_merge_type\": \"spatial_nopad\"", "\"mm_patch_merge_type\": \"flat\"", "mm_patch_merge_type" },
        { "\"mm_newline_position\": \"nothing\"", "\"mm_newline_position\": \"middle\"", "mm_newline_position" },
        { "\"frame_aspect_ratio\": \"square\"", "\"frame_aspect_ratio\": \"anyres\"", "frame_aspect_ratio" }, // tiled frames: not in the released models
        { "\"hidden_act\": \"silu\"", "\"hidden_act\": \"gelu\"", "hidden_act" },
        { "\"use_sliding_window\": false", "\"use_sliding_window\": true", "use_sliding_window" },
        { "\"mm_hidden_size\": 48", "\"mm_hidden_size\": 64", "expected 48, the width of umt-hd-large, found 64" }, // connector and tower disagree
        { "\"num_key_value_heads\": 2", "\"num_key_value_heads\": 3", "a divisor of num_attention_heads (4)" },
        { "\"hidden_size\": 48,\n \"image_aspect", "\"hidden_size\": 50,\n \"image_aspect", "a divisor of hidden_size (50)" },
        { "\"hidden_size\": 48,\n \"image_aspect", "\"hidden_size\": 60,\n \"image_aspect", "head_dim: expected an even number" }, // 15 channels cannot be rotated in pairs
        { "\"num_hidden_layers\": 5", "\"num_hidden_layers\": 0", "num_hidden_layers" },
        { "\"num_hidden_layers\": 5", "\"num_hidden_layers\": \"5\"", "num_hidden_layers" }, // text for number
        { "\"vocab_size\": 260", "\"vocab_size\": 257", "eos_token_id" }, // id beyond the table
        { "\"vocab_size\": 260", "\"vocab_sise\": 260", "vocab_size: expected a whole number from 1 to 16777216, found nothing" },
        { "\"rms_norm_eps\": 1e-06", "\"rms_norm_eps\": -1", "rms_norm_eps" },
        { "\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"dynamic\", \"factor\": 2}", "rope_scaling.type" },
        { "\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"yarn\"}", "rope_scaling.factor" },
        { "\"rope_scaling\": null", "\"rope_scaling\": 4", "rope_scaling: expected an object" },
        { "\"torch_dtype\": \"float32\"", "\"torch_dtype\": \"int8\"", "torch_dtype" },
        { "\"mm_vision_select_layer\": -2", "\"mm_vision_select_layer\": -4", "-3 to -1" }, // 3 blocks: nothing would be left
        { "\"image_size\": 112", "\"image_size\": 113", "a multiple of patch_size (16)" },
        { "\"num_channels\": 3", "\"num_channels\": 4", "vision_config.num_channels" },
        { "\"llm_compress_type\": \"uniform0_attention\"", "\"llm_compress_type\": \"random\"", "uniform0_attention or uniform1_attention" },
        { "  1,\n  3\n ]", "  3,\n  1\n ]", "ascending layers from 1 to 4" },
        { "  1,\n  3\n ]", "  0,\n  3\n ]", "ascending layers from 1 to 4" }, // before any layer ran
        { "  1,\n  3\n ]", "  1,\n  5\n ]", "ascending layers from 1 to 4" }, // there is no next layer to score with
        { "  1,\n  3\n ]", "  3,\n  3\n ]", "ascending layers from 1 to 4" },
        { "  1,\n  3\n ]", "  1\n ]", "2 ratios" }, // one ratio too many
        { "  0.6,\n  0.3\n", "  0.3,\n  0.6\n", "none above the one before" },
        { "  0.6,\n  0.3\n", "  0.6,\n  0\n", "all above 0" },
        { "  1.0,\n  0.6", "  0.9,\n  0.6", "the first 1.0" },
        { "\"vocab_size\": 260", "\"vocab_size\": 260,\n \"vocab_size\": 261", "valid JSON" }, // which one holds?
        { "\"vocab_size\": 260\n}", "\"vocab_size\": 260", "valid JSON" }, // cut
    };

    [Theory]
    [MemberData(nameof(WrongValues))]
    public void Load_WrongValue_IsRefusedNamingFileKeyAndRemedy(string from, string to, string reason)
    {
        string path = _folder.File("config.json");
        File.Copy(TestFiles.Golden("vcf_full_video_compress", "config.json"), path);
        TestFiles.Edit(path, from, to);

        var error = Assert.Throws<CheckpointException>(() => ModelConfig.Load(_folder.Path));

        Assert.Contains(path, error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_FileFarTooLong_IsRefusedUnread()
    {
        using (FileStream stream = File.Create(_folder.File("config.json")))
        {
            stream.SetLength(JsonFields.MaxFileLength + 1);
        }

        Assert.Contains($"at most {JsonFields.MaxFileLength}", Assert.Throws<CheckpointException>(() => ModelConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Load_NoFile_SaysWhatToPointTo() =>
        Assert.Contains("config.json", Assert.Throws<CheckpointException>(() => ModelConfig.Load(_folder.Path)).Message, StringComparison.Ordinal);

    [Fact]
    public void Load_NullsAndAbsentKeys_TakeTheDocumentedDefaults()
    {
        string path = _folder.File("config.json");
        File.Copy(TestFiles.Golden("vcf_full_video_compress", "config.json"), path);
        TestFiles.Edit(path, "\"tokenizer_model_max_length\": 32768", "\"tokenizer_model_max_length\": null");
        TestFiles.Edit(path, " \"tie_word_embeddings\": false,\n", "");
        TestFiles.Edit(path, "\"eos_token_id\": 257", "\"eos_token_id\": [257, 256]");
        TestFiles.Edit(path, "\"torch_dtype\": \"float32\"", "\"dtype\": \"float16\"");

        ModelConfig config = ModelConfig.Load(_folder.Path);

        Assert.Null(config.TokenizerModelMaxLength);
        Assert.Null(config.Language.TieWordEmbeddings);
        Assert.Equal([257, 256], config.Language.EosTokenIds);
        Assert.Equal(SafetensorsDtype.F16, config.TorchDtype);
    }

    [Theory]
    [InlineData("type")]
    [InlineData("rope_type")] // the newer spelling
    public void Load_Yarn_ReadsItsFields(string key)
    {
        string path = _folder.File("config.json");
        File.Copy(TestFiles.Golden("vcf_full_video_compress", "config.json"), path);
        TestFiles.Edit(path, "\"rope_scaling\": null", $$"""
            "rope_scaling": {"{{key}}": "yarn", "factor": 4.0, "original_max_position_embeddings": 1024, "beta_fast": 16, "attention_factor": 1.5}
            """);

        ModelConfig config = ModelConfig.Load(_folder.Path);

        Assert.Equal(new YarnScaling(4, 1024, BetaFast: 16, AttentionFactor: 1.5), config.Language.RopeScaling);
        config.Save(_folder.Path);
        Assert.Equal(config.Language.RopeScaling, ModelConfig.Load(_folder.Path).Language.RopeScaling);
    }
}
