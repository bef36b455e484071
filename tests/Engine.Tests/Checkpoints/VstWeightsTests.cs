using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

/// <summary>Checkpoints of Video-XL with and without the tensors of its visual summary tokens.</summary>
public sealed class VstWeightsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Load_WholeCheckpoint_MapsWhatIsUsedWithoutAWarning()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoXl(), 1);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        using var weights = WeightLoading.Load(checkpoint, Device.CPU, ScalarType.Float32);

        Assert.Empty(weights.Warnings);
        Assert.Equal(checkpoint.Layout.Tensors.Where(t => t.Used).Select(t => t.Name).Order(StringComparer.Ordinal), weights.Names.Order(StringComparer.Ordinal));
        Assert.DoesNotContain(weights.Names, name => name.Contains("post_layernorm", StringComparison.Ordinal));
    }

    [Fact]
    public void Load_WithoutSummaryTokens_CopiesTheOrdinaryTensorsAndWarns()
    {
        ModelConfig config = TinyModels.VideoXl();
        Write(config, name => TensorLayout.VstOrigin(name) is null);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        using var weights = WeightLoading.Load(checkpoint, Device.CPU, ScalarType.Float32);

        Assert.Contains($"lacks {1 + (4 * 6)} tensors", Assert.Single(weights.Warnings), StringComparison.Ordinal);
        Assert.Equal(Values(weights, "model.layers.3.self_attn.k_proj.bias"), Values(weights, "model.layers.3.self_attn.beacon_k_proj.bias"));
        Assert.Equal(Values(weights, "model.layers.0.self_attn.q_proj.weight"), Values(weights, "model.layers.0.self_attn.beacon_q_proj.weight"));
        using var row = weights.Get(TensorLayout.EmbedTokens).narrow(0, config.Language.EosTokenIds[0], 1);
        Assert.Equal(row.ToArray<float>(), Values(weights, TensorLayout.VstEmbedding));
        // A copy: training one must leave the other alone.
        using (torch.no_grad()) _ = weights.Get("model.layers.0.self_attn.beacon_v_proj.bias").fill_(9);
        Assert.DoesNotContain(9f, Values(weights, "model.layers.0.self_attn.v_proj.bias"));
    }

    [Fact]
    public void Load_WithSomeSummaryTokens_KeepsThoseAndCopiesTheRest()
    {
        Write(TinyModels.VideoXl(), name => name != "model.layers.2.self_attn.beacon_v_proj.weight");
        using var checkpoint = Checkpoint.Open(_folder.Path);

        using var weights = WeightLoading.Load(checkpoint, Device.CPU, ScalarType.Float32);

        Assert.Contains("lacks 1 tensors", Assert.Single(weights.Warnings), StringComparison.Ordinal);
        Assert.NotEqual(Values(weights, TensorLayout.EmbedTokens)[..64], Values(weights, TensorLayout.VstEmbedding));
    }

    [Fact]
    public void Load_NoEndToken_SaysWhatTheEmbeddingNeeds()
    {
        ModelConfig config = TinyModels.VideoXl();
        Write(config with { Language = config.Language with { EosTokenIds = [] } }, name => name != TensorLayout.VstEmbedding);
        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.Contains("eos_token_id", Assert.Throws<CheckpointException>(() => WeightLoading.Load(checkpoint, Device.CPU, ScalarType.Float32)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_OfflineList_ToleratesATowersPositionIds()
    {
        ModelConfig config = TinyModels.VideoXl();
        config.Save(_folder.Path);
        TestFiles.WriteZeros(_folder.File("model.safetensors"),
            [.. TensorLayout.For(config).Tensors.Select(t => (t.Name, t.Shape)), ($"{TensorLayout.TowerPrefix}vision_model.embeddings.position_ids", [1, 577])]);

        Checkpoint.Open(_folder.Path).Dispose();
    }

    private static float[] Values(Weights weights, string name) => weights.Get(name).ToArray<float>();

    /// <summary>A random model of which only some tensors are kept.</summary>
    private void Write(ModelConfig config, Func<string, bool> keep)
    {
        using var whole = new TempFolder();
        TestFiles.CreateRandom(whole.Path, config, 1, SafetensorsDtype.F32);
        (config with { TorchDtype = SafetensorsDtype.F32 }).Save(_folder.Path);
        using var file = SafetensorsFile.Open(whole.File("model.safetensors"));
        TensorEntry[] kept = [.. file.Tensors.Values.Where(t => keep(t.Name))];
        using var writer = SafetensorsWriter.Create(_folder.File("model.safetensors"), [.. kept.Select(t => new TensorDeclaration(t.Name, t.Dtype, t.Shape))]);
        foreach (TensorEntry tensor in kept)
        {
            writer.Write<byte>(tensor.Name, file.Bytes(tensor));
        }

        writer.Commit();
    }
}
