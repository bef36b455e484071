using System.Runtime.InteropServices;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class RandomCheckpointTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Create_Tiny_OpensInThePublishedLayout()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1);

        Assert.Equal(
            ["config.json", "generation_config.json", "model.safetensors"],
            Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal([558], checkpoint.Generation.EosTokenIds);
        Assert.Equal(SafetensorsDtype.BF16, checkpoint.Config.TorchDtype);
        Assert.Contains("vision_config", checkpoint.Config.ToJson(), StringComparison.Ordinal);
    }

    [Fact]
    public void Create_SameSeed_GivesTheSameBytes()
    {
        using var again = new TempFolder();
        using var other = new TempFolder();
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1);
        TestFiles.CreateRandom(again.Path, TinyModels.VideoChatFlash(), 1);
        TestFiles.CreateRandom(other.Path, TinyModels.VideoChatFlash(), 2);

        byte[] first = File.ReadAllBytes(_folder.File("model.safetensors"));
        Assert.Equal(first, File.ReadAllBytes(again.File("model.safetensors")));
        Assert.NotEqual(first, File.ReadAllBytes(other.File("model.safetensors")));
    }

    [Theory]
    [InlineData(SafetensorsDtype.F32)]
    [InlineData(SafetensorsDtype.F16)]
    public void Create_OtherDtype_HoldsTheSameNumbers(SafetensorsDtype dtype)
    {
        using var other = new TempFolder();
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1);
        TestFiles.CreateRandom(other.Path, TinyModels.VideoChatFlash(), 1, dtype);
        using var narrow = Checkpoint.Open(_folder.Path);
        using var wide = Checkpoint.Open(other.Path);

        foreach (string name in new[] { TensorLayout.EmbedTokens, "model.layers.0.self_attn.q_proj.bias", "model.norm.weight" })
        {
            float[] expected = [.. MemoryMarshal.Cast<byte, ushort>(narrow.Bytes(name)).ToArray().Select(Bf16.ToSingle)];
            float[] actual = dtype == SafetensorsDtype.F32
                ? MemoryMarshal.Cast<byte, float>(wide.Bytes(name)).ToArray()
                : [.. MemoryMarshal.Cast<byte, Half>(wide.Bytes(name)).ToArray().Select(half => (float)half)];
            Assert.Equal(expected.Length, actual.Length);
            // float16 has fewer exponents: numbers below 2^-14 lose bits there.
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, dtype == SafetensorsDtype.F32 ? 0f : 6e-8f));
        }

        Assert.Equal(dtype, wide.Config.TorchDtype);
    }

    [Fact]
    public void Create_FolderWithWeights_IsRefusedAndUntouched()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1);
        byte[] before = File.ReadAllBytes(_folder.File("model.safetensors"));

        Assert.Throws<CheckpointException>(() => TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 2));

        Assert.Equal(before, File.ReadAllBytes(_folder.File("model.safetensors")));
    }

    [Fact]
    public void Create_Cancelled_LeavesNoModel()
    {
        using var stop = new CancellationTokenSource();
        var progress = new StopAfter(stop, bytes: 10_000);

        Assert.Throws<OperationCanceledException>(() => RandomCheckpoint.Create(
            _folder.Path, TinyModels.VideoChatFlash(), 1, progress: progress, cancellationToken: stop.Token));

        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Theory]
    [InlineData(SafetensorsDtype.I8)]
    [InlineData(SafetensorsDtype.F64)]
    public void Create_UnusableDtype_IsRefused(SafetensorsDtype dtype) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1, dtype));

    [Fact]
    public void Create_LimitBelowATensor_GivesItAShardOfItsOwn()
    {
        TestFiles.CreateRandom(_folder.Path, TinyModels.VideoChatFlash(), 1, maxShardBytes: 1);

        using var checkpoint = Checkpoint.Open(_folder.Path);
        Assert.Equal(checkpoint.Layout.Tensors.Count, checkpoint.WeightFiles.Count);
    }

    [Theory]
    [InlineData(4)]
    [InlineData(6)]
    [InlineData(8)]
    public void VideoChatFlash_AnyDepth_HasDropLayersThatFitAndImagesThatMerge(int layers)
    {
        ModelConfig config = TinyModels.VideoChatFlash(layers: layers, compress: true);

        config.Compression.Validate(layers);
        Assert.True(config.Vision.TokensPerFrame > config.Connector.TokensPerImage);
        Assert.True(TensorLayout.For(config).ParameterCount() < 1_000_000);
        config.Save(_folder.Path);
        Assert.Equal(config.ToJson(), ModelConfig.Load(_folder.Path).ToJson());
    }

    [Theory]
    [InlineData(3, 558)] // too shallow for two drop layers with a layer between
    [InlineData(9, 558)]
    [InlineData(6, 560)] // id beyond the table
    public void VideoChatFlash_UnusableSizes_AreRefused(int layers, int eos) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => TinyModels.VideoChatFlash(eosTokenId: eos, layers: layers));

    private sealed class StopAfter(CancellationTokenSource stop, long bytes) : IProgress<long>
    {
        public void Report(long value)
        {
            if (value > bytes)
            {
                stop.Cancel();
            }
        }
    }
}
