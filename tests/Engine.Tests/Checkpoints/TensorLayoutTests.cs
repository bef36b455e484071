using System.Text.Json;
using Studio.Engine.Checkpoints;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints;

public sealed class TensorLayoutTests
{
    [Theory]
    [InlineData("vcf_full_video_frame_newline", CheckpointScope.All)]
    [InlineData("vcf_internvideo2", CheckpointScope.Vision)]
    [InlineData("vcf_umt_interp64_f8", CheckpointScope.Vision)]
    [InlineData("vcf_lm_attention_last", CheckpointScope.Language)]
    public void For_GoldenConfiguration_NamesExactlyTheStoredTensors(string caseName, CheckpointScope scope)
    {
        using var stored = JsonDocument.Parse(File.ReadAllText(TestFiles.Golden(caseName, "model.shapes.json")));
        string[] expected = [.. stored.RootElement.EnumerateObject().Select(t => $"{t.Name} {string.Join(",", t.Value.EnumerateArray())}").Order(StringComparer.Ordinal)];

        var layout = TensorLayout.For(ModelConfig.Load(TestFiles.Golden(caseName)));

        Assert.Equal(expected, layout.Tensors.Where(t => scope.HasFlag(t.Scope)).Select(t => $"{t.Name} {string.Join(",", t.Shape)}").Order(StringComparer.Ordinal));
    }

    // Tensor totals and parameters of spec sections 1.1, 1.5 and 3.5.
    [Theory]
    [InlineData("V1", 646, 7.923)]
    [InlineData("V2", 646, 7.923)]
    [InlineData("V3", 646, 2.072)]
    [InlineData("V4", 646, 7.923)]
    [InlineData("V5", 855, 8.621)]
    public void For_PublishedGeometry_HasThePublishedCounts(string variant, int tensors, double billions)
    {
        var layout = TensorLayout.For(PublishedGeometries.Find(variant).Config);

        Assert.Equal(tensors, layout.Tensors.Count);
        Assert.Equal(tensors, layout.Tensors.Select(t => t.Name).Distinct().Count());
        Assert.Equal(billions, Math.Round(layout.ParameterCount() / 1e9, 3));
        Assert.Equal(339, layout.Tensors.Count(t => t.Scope == CheckpointScope.Language));
        Assert.Equal(4, layout.Tensors.Count(t => t.Scope == CheckpointScope.Connector));
    }

    [Fact]
    public void ParameterCount_OfV3_MatchesTheStoredFileToTheByte()
    {
        var layout = TensorLayout.For(PublishedGeometries.Find("2b@448").Config);

        Assert.Equal(1_543_714_304, layout.ParameterCount(CheckpointScope.Language, withLmHead: false));
        Assert.Equal(233_373_696, layout.Find(TensorLayout.LmHead)!.ElementCount);
        Assert.Equal(290_479_104, layout.ParameterCount(CheckpointScope.Vision));
        Assert.Equal(3_935_232, layout.ParameterCount(CheckpointScope.Connector));
        Assert.Equal(1.838, Math.Round(layout.ParameterCount(withLmHead: false) / 1e9, 3));
        Assert.Equal(4_143_004_672, layout.ParameterCount() * SafetensorsDtype.BF16.Size());
    }

    [Theory]
    [InlineData(null, false)]
    [InlineData(true, false)]
    [InlineData(false, true)] // the model says it has its own head, so it must
    public void For_TieKey_DecidesWhetherTheHeadMayBeAbsent(bool? tie, bool required)
    {
        ModelConfig tiny = TinyModels.VideoChatFlash();

        var layout = TensorLayout.For(tiny with { Language = tiny.Language with { TieWordEmbeddings = tie } });

        Assert.Equal(required, layout.Find(TensorLayout.LmHead)!.Required);
    }

    [Theory]
    [InlineData(NewlinePosition.Nothing, null)]
    [InlineData(NewlinePosition.Frame, TensorLayout.FrameNewline)]
    [InlineData(NewlinePosition.Grid, TensorLayout.ImageNewline)]
    [InlineData(NewlinePosition.OneToken, TensorLayout.ImageNewline)]
    public void For_NewlinePosition_AsksForItsRow(NewlinePosition position, string? expected)
    {
        var layout = TensorLayout.For(TinyModels.VideoChatFlash() with { Connector = new ConnectorConfig { NewlinePosition = position } });

        Assert.Equal(
            expected is null ? [] : [expected],
            layout.Tensors.Where(t => t.Name.EndsWith("_newline", StringComparison.Ordinal)).Select(t => t.Name));
    }

    // Parts and total of video-xl.md 1.3.
    [Fact]
    public void For_VideoXl_HasThePublishedCounts()
    {
        var layout = TensorLayout.For(PublishedGeometries.Find("video-xl").Config);

        Assert.Equal(8_398_200_832, layout.ParameterCount());
        Assert.Equal(303_507_456, layout.ParameterCount(CheckpointScope.Vision));
        Assert.Equal(16_522_240, layout.ParameterCount(CheckpointScope.Connector));
        ExpectedTensor[] own = [.. layout.Tensors.Where(t => TensorLayout.VstOrigin(t.Name) is not null)];
        Assert.Equal(462_554_624, own.Sum(t => t.ElementCount));
        Assert.Equal(1 + (28 * 6), own.Length);
        Assert.All(own, t => Assert.True(!t.Required && t.Used && (t.Name == TensorLayout.VstEmbedding || layout.Find(TensorLayout.VstOrigin(t.Name)!)!.Shape.SequenceEqual(t.Shape)), t.Name));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(-2, 16)] // one block of 16 tensors
    public void For_ClipTower_LeavesWhatIsBehindTheSelectedLayerUnused(int select, int blockTensors)
    {
        ModelConfig config = PublishedGeometries.Find("video-xl").Config;

        var layout = TensorLayout.For(config with { Vision = config.Vision with { SelectLayer = select } });

        ExpectedTensor[] unused = [.. layout.Tensors.Where(t => !t.Used)];
        Assert.Equal(blockTensors + 2, unused.Length);
        Assert.All(unused, t => Assert.False(t.Required));
        Assert.Equal(blockTensors, unused.Count(t => t.Name.Contains(".encoder.layers.23.", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("vxl_clip_encoder", CheckpointScope.Vision)]
    [InlineData("vxl_projector_pool", CheckpointScope.Connector | CheckpointScope.Vision)]
    public void For_GoldenVideoXl_NamesExactlyTheStoredTensors(string caseName, CheckpointScope scope)
    {
        using var stored = SafetensorsFile.Open(TestFiles.Golden(caseName, "model.safetensors"));
        string[] expected = [.. stored.Tensors.Values.Where(t => t.Name != TensorLayout.ImageNewline).Select(t => $"{t.Name} {string.Join(",", t.Shape)}").Order(StringComparer.Ordinal)];

        var layout = TensorLayout.For(ModelConfig.Load(TestFiles.Golden(caseName)));

        Assert.Equal(expected, layout.Tensors.Where(t => scope.HasFlag(t.Scope)).Select(t => $"{t.Name} {string.Join(",", t.Shape)}").Order(StringComparer.Ordinal));
    }
}
