using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Xunit;

namespace Studio.Engine.Tests.Compression;

public sealed class VisualDropoutTests
{
    [Theory]
    [InlineData("off")]
    [InlineData("uniform:2:1,0.5")]
    [InlineData("attention:8,16,24:1,0.5,0.25,0.125")]
    [InlineData("uniform0_attention:4,18:1,0.75,0.25")]
    [InlineData("uniform1_attention:1,3,6:1,0.7,0.45,0.2")]
    public void Parse_WhatToStringWrites_IsTheSame(string text)
    {
        var settings = VisualDropout.Parse(text, 28);
        Assert.Equal(text, settings.ToString());
        Assert.Equal(settings, VisualDropout.Parse(settings.ToString(), 28));
    }

    [Theory]
    [InlineData("balanced", 28, "uniform0_attention:4,18:1,0.75,0.25")]
    [InlineData("strong", 28, "uniform0_attention:2,14:1,0.5,0.125")]
    [InlineData("balanced", 6, "uniform0_attention:1,4:1,0.75,0.25")]
    [InlineData("strong", 4, "uniform0_attention:1,2:1,0.5,0.125")]
    [InlineData("balanced", 1, "off")] // no layer lies between
    public void Parse_Presets_ScaleWithTheDepth(string preset, int layers, string expected) =>
        Assert.Equal(expected, VisualDropout.Parse(preset, layers).ToString());

    [Theory]
    [InlineData("strongest", "unknown compression 'strongest'")]
    [InlineData("uniform:4", "TYPE:LAYERS:RATIOS")] // parts missing
    [InlineData("random:4:1,0.5", "unknown drop type 'random'")]
    [InlineData("uniform:x:1,0.5", "'x' is not a layer number")]
    [InlineData("uniform:4:1,y", "'y' is not a ratio")]
    [InlineData("uniform:4:1", "need 2 ratios")] // one ratio short
    [InlineData("uniform:4:0.9,0.5", "must be 1, not 0.9")] // nothing is dropped before the first drop
    [InlineData("uniform:4,4:1,0.5,0.5", "must ascend")] // repeated layer
    [InlineData("uniform:0:1,0.5", "must ascend from 1")] // before any layer has run
    [InlineData("uniform:4,8:1,0.5,0.6", "never rise")] // tokens cannot come back
    [InlineData("uniform:4:1,0", "above 0")] // no visual token left
    [InlineData("uniform:4:1,NaN", "above 0")]
    [InlineData("uniform:28:1,0.5", "cannot drop after layer 28")] // the ranking needs a layer behind it
    public void Parse_BadText_SaysWhatAndWhy(string text, string reason)
    {
        var e = Assert.Throws<ArgumentException>(() => VisualDropout.Parse(text, 28));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_BeyondTheMostStages_IsRefused()
    {
        static VisualDropout Make(int stages) => new(CompressionType.Uniform, [.. Enumerable.Range(1, stages)], [.. Enumerable.Repeat(1.0, stages + 1)]);
        Assert.Equal(VisualDropout.MaxStages, Make(VisualDropout.MaxStages).DropAfterLayers.Count);
        Assert.Throws<ArgumentException>(() => Make(VisualDropout.MaxStages + 1));
    }

    [Theory]
    [InlineData(101, 1, 70)] // 101 * 0.7 = 70.7
    [InlineData(101, 2, 45)]
    [InlineData(101, 3, 20)]
    [InlineData(10, 1, 7)]
    public void Alive_IsTheTruncatedProductOfTheOriginalCount(int n, int stage, int expected) =>
        Assert.Equal(expected, VisualDropout.Parse("uniform1_attention:1,3,6:1,0.7,0.45,0.2", 8).Alive(n, stage));

    [Fact]
    public void StageOfLayer_And_FirstAttentionStage_FollowTheSchedule()
    {
        var settings = VisualDropout.Parse("uniform0_attention:2,4:1,0.5,0.25", 6);
        Assert.Equal([0, 0, 1, 1, 2, 2], Enumerable.Range(0, 6).Select(settings.StageOfLayer));
        Assert.Equal(1, settings.FirstAttentionStage);
        Assert.Equal(2, VisualDropout.Parse("uniform:2,4:1,0.5,0.25", 6).FirstAttentionStage); // none: the number of drops
        Assert.Equal(0, VisualDropout.None.FirstAttentionStage);
    }

    [Fact]
    public void From_AStoredSwitch_DecidesWhetherThePlaceholdersCount()
    {
        var stored = new CompressionDefaults { Enabled = false, Type = CompressionType.Attention, DropAfterLayers = [24], StageRatios = [1, 0.5] };
        Assert.True(VisualDropout.From(stored, 8).IsOff);
        Assert.Equal("attention:24:1,0.5", VisualDropout.From(stored with { Enabled = true }, 28).ToString());
        Assert.Throws<ArgumentException>(() => VisualDropout.From(stored with { Enabled = true }, 8));
    }
}
