using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class AttentionViewsTests
{
    [Fact]
    public void Sparsity_TellsWhatLaterDropsKeep()
    {
        var rows = SparsityTable.Of(TraceShape.Of(Traces.Small()));
        Assert.Equal([0, 1, 1, 2], rows.Select(r => r.Stage));
        Assert.Equal([4, 2, 2, 2], rows.Select(r => r.KeptTokens));
        Assert.Equal([0.75, 0.5, 0.75, 1], rows.Select(r => Math.Round(r.KeptMass!.Value, 6)));
        Assert.Equal([0.5, 0.5, 0.75, 1], rows.Select(r => Math.Round(r.FinalMass!.Value, 6)));
        Assert.Equal(5 / 6.0, rows[0].Tokens90Share!.Value, 12);
        Assert.Equal((0.6, 0.4, 0.9, 0.1), (rows[0].VisualMass, rows[0].TextMass, rows[0].NormalisedEntropy, rows[0].Gini));
    }

    [Fact]
    public void Sparsity_TraceOfVersion1_LacksOnlyWhatItDidNotRecord()
    {
        var old = CompressionTrace.FromJson((Traces.Small() with { Version = 1 }).ToJson()
            .Replace(",\"stageMass\":[0.6,0.45,0.3]", "", StringComparison.Ordinal));
        Assert.Null(old.Layers[0].StageMass);
        var rows = SparsityTable.Of(TraceShape.Of(old));
        Assert.Null(rows[0].KeptMass);
        Assert.Equal(0.6, rows[0].VisualMass);
        Assert.Equal(1, rows[3].KeptMass);
    }

    [Fact]
    public void FromJson_GroupsThatWereNotRecorded_AreNull()
    {
        var json = Traces.VideoAndPicture().ToJson();
        Assert.Null(CompressionTrace.FromJson(json).Media[1].Owners);
        var old = json.Replace("\"owners\":null", "\"owners\":\"\"", StringComparison.Ordinal); // as version 1 wrote it
        Assert.NotEqual(json, old);
        Assert.Null(CompressionTrace.FromJson(old).Media[1].Owners);
        Assert.Equal(16, CompressionTrace.FromJson(old).Media[0].Owners!.Length);
    }

    [Fact]
    public void FromJson_UnknownVersion_IsRefused() => Assert.Throws<System.Text.Json.JsonException>(
        () => CompressionTrace.FromJson((Traces.Small() with { Version = CompressionTrace.CurrentVersion + 1 }).ToJson()));

    [Fact]
    public void Sparsity_NothingRecorded_IsNull()
    {
        var row = SparsityTable.Of(TraceShape.Of(Traces.VideoAndPicture()))[0];
        Assert.Equal((10, (double?)null, (double?)null, (int?)null), (row.VisualTokens, row.VisualMass, row.KeptMass, row.Tokens90));
    }

    [Fact]
    public void Heatmap_EnoughBins_IsOneAClip()
    {
        var map = AttentionHeatmap.Of(TraceShape.Of(Traces.Small()), 100);
        Assert.Equal([new(0, 0, 1, 0, 2, 0, 1), new AttentionBin(0, 1, 2, 2, 4, 2, 3)], map.Bins);
        Assert.Equal([0.4, 0.2], map.Layers[0]!.Select(c => Math.Round(c.Mass, 6)));
        Assert.Equal([2, 2], map.Layers[1]!.Select(c => c.Alive));
        Assert.Equal([1.2, 0.8], map.Layers[1]!.Select(c => Math.Round(c.Lift!.Value, 6))); // 0.3 of 0.5 on half of the tokens
    }

    [Fact]
    public void Heatmap_FewBins_SumsAndNeverMixesMedia()
    {
        var map = AttentionHeatmap.Of(TraceShape.Of(Traces.VideoAndPicture()), 1);
        Assert.Equal([(0, 0, 2), (1, 2, 4)], map.Bins.Select(b => (b.Media, b.FirstClip, b.EndClip)));
        Assert.Null(map.Layers[0]);
        Assert.Equal([0.2, 0.3], map.Layers[1]!.Select(c => Math.Round(c.Mass, 6)));
        Assert.Equal([6, 4], map.Layers[1]!.Select(c => c.Alive));
    }

    [Fact]
    public void Heatmap_BinWithoutAliveTokens_HasNoLift()
    {
        var trace = Traces.Small();
        trace = trace with { Stages = [trace.Stages[0], trace.Stages[1], trace.Stages[2] with { Alive = Traces.Bits(6, 0, 1) }] };
        var cells = AttentionHeatmap.Of(TraceShape.Of(trace), 2).Layers[3]!;
        Assert.Equal((0, (double?)null), (cells[1].Alive, cells[1].Lift));
        Assert.Equal(1, cells[0].Lift!.Value, 6);
    }
}
