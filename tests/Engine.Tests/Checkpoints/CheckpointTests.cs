using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private const long ShardBytes = 200_000;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Open_GoldenConnector_ServesItsTensorsOnly()
    {
        using var checkpoint = Checkpoint.Open(TestFiles.Golden("vcf_tome"), CheckpointScope.Connector);

        (MappedFile file, TensorEntry tensor) = checkpoint.Entry("model.mm_projector.mlp.2.weight");
        Assert.EndsWith("model.safetensors", file.Path, StringComparison.Ordinal);
        Assert.Equal([48L, 48L], tensor.Shape);
        Assert.Equal(((48 * 32) + 48 + (48 * 48) + 48) * 4, checkpoint.TotalBytes);
        Assert.Throws<KeyNotFoundException>(() => checkpoint.Entry(TensorLayout.EmbedTokens));
    }

    [Fact]
    public void Open_GoldenConnectorAsWholeModel_CountsWhatIsMissing()
    {
        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(TestFiles.Golden("vcf_tome")));

        int expected = TensorLayout.For(ModelConfig.Load(TestFiles.Golden("vcf_tome"))).Tensors.Count - 4;
        Assert.Equal(expected, error.TotalProblems);
        Assert.Contains($"{expected} problems", error.Message, StringComparison.Ordinal);
        Assert.Contains($"and {expected - CheckpointException.MaxListed} more", error.Message, StringComparison.Ordinal);
        Assert.Equal(CheckpointException.MaxListed + 2, error.Message.Split('\n').Length);
    }

    [Fact]
    public void Open_MoreProblemsThanAreKept_CountsThemAll()
    {
        Tiny();
        var extra = Enumerable.Range(0, ProblemList.Capacity + 1).Select(i => ($"extra.{i}", new long[] { 1 }));
        Rewrite(_ => true, [.. extra]);

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));

        Assert.Equal(ProblemList.Capacity + 1, error.TotalProblems);
        Assert.Equal(ProblemList.Capacity, error.Problems.Count);
    }

    [Fact]
    public void Open_WholeModel_OutlivesDisposeThroughReferences()
    {
        Tiny();
        MappedFile mapping;
        using (var checkpoint = Checkpoint.Open(_folder.Path))
        {
            Assert.Equal(checkpoint.Layout.ParameterCount() * 2, checkpoint.TotalBytes);
            Assert.All(checkpoint.Layout.Tensors, t => Assert.Equal(t.Shape, checkpoint.Entry(t.Name).Tensor.Shape));
            Assert.False(checkpoint.TiesOutputHead);
            mapping = checkpoint.Entry(TensorLayout.EmbedTokens).File;
            mapping.AddReference();
        }

        Assert.False(mapping.IsReleased);
        mapping.Release();
        Assert.True(mapping.IsReleased);
    }

    [Fact]
    public void Open_HeadAbsentAndNotDemanded_IsTied()
    {
        ModelConfig tiny = TinyModels.VideoChatFlash();
        TestFiles.CreateRandom(_folder.Path, tiny with { Language = tiny.Language with { TieWordEmbeddings = true } }, 1);

        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.True(checkpoint.TiesOutputHead);
        Assert.Throws<KeyNotFoundException>(() => checkpoint.Entry(TensorLayout.LmHead));
    }

    [Fact]
    public void Open_TensorsWrong_NamesFileTensorExpectedAndFoundOfEach()
    {
        Tiny();
        Rewrite(name => name is not ("model.norm.weight" or "model.layers.0.mlp.up_proj.weight"),
            ("model.layers.0.mlp.up_proj.weight", [64, 128]), // transposed
            ("model.layers.99.mlp.up_proj.weight", [1])); // a layer the configuration does not have

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));

        string file = _folder.File("model.safetensors");
        Assert.Equal(
            [
                new CheckpointProblem(file, "model.layers.0.mlp.up_proj.weight", "[128, 64]", "[64, 128]"),
                new CheckpointProblem(file, "model.norm.weight", "[64]", "no such tensor"),
                new CheckpointProblem(file, "model.layers.99.mlp.up_proj.weight", "no such tensor in a videochat_flash_qwen of this configuration", "F32 [1]"),
            ],
            error.Problems);
    }

    [Fact]
    public void Open_WholeNumberWeights_AreRefused()
    {
        ModelConfig config = Tiny();
        TestFiles.WriteZeros(_folder.File("model.safetensors"), SafetensorsDtype.I8, [.. TensorLayout.For(config).Tensors.Select(t => (t.Name, t.Shape))]);

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));

        Assert.All(error.Problems, problem => Assert.Equal(("F64, F32, F16 or BF16", "I8"), (problem.Expected, problem.Found)));
    }

    [Fact]
    public void Open_ToleratedSurplus_IsNotServed()
    {
        Tiny();
        Rewrite(_ => true, ("model.layers.0.self_attn.rotary_emb.inv_freq", [8]), (TensorLayout.ImageNewline, [64]));

        using var checkpoint = Checkpoint.Open(_folder.Path);

        Assert.False(checkpoint.Contains(TensorLayout.ImageNewline));
    }

    [Fact]
    public void Open_PartialScope_AllowsOtherPartsToBeThereOrNot()
    {
        Tiny();
        Rewrite(name => !name.StartsWith(TensorLayout.TowerPrefix, StringComparison.Ordinal));

        using var checkpoint = Checkpoint.Open(_folder.Path, CheckpointScope.Language);

        Assert.True(checkpoint.Contains(TensorLayout.EmbedTokens));
        Assert.False(checkpoint.Contains("model.mm_projector.mlp.0.weight"));
        Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path, CheckpointScope.Vision));
        Assert.Throws<ArgumentException>(() => Checkpoint.Open(_folder.Path, CheckpointScope.None));
    }

    [Fact]
    public void Open_Shards_GiveTheSameWeightsAsOneFile()
    {
        Tiny();
        using var other = new TempFolder();
        TestFiles.CreateRandom(other.Path, TinyModels.VideoChatFlash(), 1, maxShardBytes: ShardBytes);

        using var single = Checkpoint.Open(_folder.Path);
        using var sharded = Checkpoint.Open(other.Path);

        Assert.True(sharded.WeightFiles.Count > 2);
        Assert.All(single.Layout.Tensors, t => Assert.True(single.Bytes(t.Name).SequenceEqual(sharded.Bytes(t.Name))));
    }

    // Ways an index can disagree with its shards: edit of the index text, reason named in the error.
    [Theory]
    [InlineData("\"lm_head.weight\": \"model-00", "\"lm_head.weight\": \"../model-00", "a plain *.safetensors name")] // outside the folder
    [InlineData("\"lm_head.weight\": \"model-00", "\"lm_head.weight\": \"/etc/model-00", "a plain *.safetensors name")] // anywhere
    [InlineData("\"lm_head.weight\": \"model-00", "\"lm_head.weight\": \"a\\\\model-00", "a plain *.safetensors name")] // folder on other systems
    [InlineData("\"lm_head.weight\": \"model-00", "\"lm_head.weight\": \".model-00", "a plain *.safetensors name")] // hidden
    [InlineData("\"lm_head.weight\": \"model-00", "\"lm_head.weight\": \"gone-00", "gone-00")] // no such shard
    [InlineData("\"lm_head.weight\"", "\"lm_head.wait\"", "no shard has it")] // listed, absent
    [InlineData("\"model.norm.weight\"", "\"model.norm.wait\"", "a tensor listed in model.safetensors.index.json, found one that is not")]
    [InlineData("\"model.embed_tokens.weight\": \"model-00002", "\"model.embed_tokens.weight\": \"model-00001", "model.embed_tokens.weight: expected the tensor in model-00001")]
    [InlineData("\"weight_map\"", "\"weight_mop\"", "weight_map: expected an object")]
    [InlineData("\"lm_head.weight\": \"", "\"lm_head.weight\": 3, \"x\": \"", "lm_head.weight: expected a string")]
    public void Open_IndexDisagrees_IsRefusedWithReason(string from, string to, string reason)
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1, maxShardBytes: ShardBytes);
        TestFiles.Edit(_folder.File(ShardIndex.FileName), from, to);

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));

        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_ShardsMissingOrDamaged_NamesEach()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1, maxShardBytes: ShardBytes);
        string[] shards = [.. Directory.GetFiles(_folder.Path, "*.safetensors").Order(StringComparer.Ordinal)];
        File.Delete(shards[0]);
        File.WriteAllText(shards[1], "not weights");

        var error = Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path));

        Assert.Equal([shards[0], shards[1]], error.Problems.Select(problem => problem.File));
    }

    [Fact]
    public void Open_TensorInTwoShards_IsRefused()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1, maxShardBytes: ShardBytes);
        TestFiles.WriteZeros(_folder.File("twin.safetensors"), ("lm_head.weight", [560, 64]), ("twin", [1]));
        TestFiles.Edit(_folder.File(ShardIndex.FileName), "\"weight_map\": {", "\"weight_map\": {\"twin\": \"twin.safetensors\",");

        Assert.Contains("it also in", Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_TooManyShards_IsRefused()
    {
        TinyModels.VideoChatFlash().Save(_folder.Path);
        var map = Enumerable.Range(0, ShardIndex.MaxShards + 1).ToDictionary(i => $"t{i}", i => $"s{i}.safetensors");
        File.WriteAllText(_folder.File(ShardIndex.FileName), ShardIndex.Write(0, map));

        Assert.Contains($"at most {ShardIndex.MaxShards} files", Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, "Pull or copy the weights")]
    [InlineData("pytorch_model-00001-of-00002.bin", "Convert the weights to safetensors")]
    public void Open_NoSafetensors_SaysWhatToDo(string? file, string remedy)
    {
        TinyModels.VideoChatFlash().Save(_folder.Path);
        if (file is not null)
        {
            File.WriteAllText(_folder.File(file), "x");
        }

        Assert.Contains(remedy, Assert.Throws<CheckpointException>(() => Checkpoint.Open(_folder.Path)).Message, StringComparison.Ordinal);
    }

    private ModelConfig Tiny()
    {
        ModelConfig config = TinyModels.VideoChatFlash();
        TestFiles.CreateRandom(_folder.Path, config, 1);
        return config;
    }

    /// <summary>Replaces the weights by zeros: those of the layout that <paramref name="keep"/> wants, and others.</summary>
    private void Rewrite(Func<string, bool> keep, params (string Name, long[] Shape)[] others)
    {
        var kept = TensorLayout.For(ModelConfig.Load(_folder.Path)).Tensors.Where(t => keep(t.Name)).Select(t => (t.Name, t.Shape));
        TestFiles.WriteZeros(_folder.File("model.safetensors"), [.. kept, .. others]);
    }
}
