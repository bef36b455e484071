using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class PositionTablesTests
{
    [Theory]
    [InlineData("vcf_umt_native224")]
    [InlineData("vcf_umt_interp96")]
    [InlineData("vcf_umt_interp64_f8")]
    public void Umt_Golden_TablesAgree(string name)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase(name);
        var config = golden.Config;
        golden.AssertClose("video.pos_embed", PositionTables.UmtClip(config.FramesPerClip, config.GridSide, config.HiddenSize));
        golden.AssertClose("image.pos_embed", PositionTables.UmtImage(config.GridSide, config.HiddenSize));
    }

    [Theory]
    [InlineData("t8", 8, 6)]
    [InlineData("hw9", 4, 9)]
    [InlineData("t6hw4", 6, 4)]
    public void ResizeLearned_Golden_TablesAgree(string name, int frames, int grid)
    {
        using var scope = NewDisposeScope();
        using var golden = new GoldenCase("vcf_internvideo2");
        golden.AssertClose($"posinterp.{name}.pos_embed", PositionTables.ResizeLearned(golden["posinterp.pos_embed"], 4, 6, frames, grid));
        golden.AssertClose($"posinterp.{name}.img_pos_embed", PositionTables.ResizeLearned(golden["posinterp.img_pos_embed"], 1, 6, 1, grid));
    }

    [Fact]
    public void ResizeLearned_OtherRowCount_IsRefused()
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => PositionTables.ResizeLearned(ones([1, 37, 8]), 4, 6, 4, 9));
        Assert.Contains("145 rows", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sinusoid_HandCheckedEntries()
    {
        using var scope = NewDisposeScope();
        var table = PositionTables.Sinusoid(3, 4).ToArray<float>();
        Assert.Equal([0, 1, 0, 1], table[..4]);
        Assert.Equal((float)Math.Sin(2), table[8]);
        Assert.Equal((float)Math.Cos(2), table[9]);
        Assert.Equal((float)Math.Sin(2 / 100.0), table[10]);
        Assert.Equal((float)Math.Cos(2 / 100.0), table[11]);
    }
}
