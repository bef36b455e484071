using System.Buffers.Binary;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

public sealed class SurvivalMatrixTests
{
    [Fact]
    public void Of_Patches_CountsPatchesOfAliveTokens()
    {
        var matrix = SurvivalMatrix.Of(TraceShape.Of(Traces.Small()));
        Assert.Equal([4, 4, 4, 4], matrix.Totals);
        Assert.Equal([4, 4, 4, 4], matrix.Counts(0));
        Assert.Equal([4, 3, 4, 2], matrix.Counts(1)); // tokens 0 1 3 4 alive
        Assert.Equal([0, 1, 3, 1], matrix.Counts(2)); // tokens 1 4 alive
        Assert.Equal(0.75, matrix.Share(2, 1));
        Assert.Equal(0.75, matrix.Share(3, 2));
    }

    [Fact]
    public void Of_Tokens_CountsEachTokenOnce()
    {
        var matrix = SurvivalMatrix.Of(TraceShape.Of(Traces.Small()), SurvivalMeasure.Tokens);
        Assert.Equal([1, 3, 2, 3], matrix.Totals);
        Assert.Equal([1, 2, 2, 2], matrix.Counts(1));
        Assert.Equal([0, 1, 1, 1], matrix.Counts(2));
    }

    [Theory]
    [InlineData(SurvivalMeasure.Patches)]
    [InlineData(SurvivalMeasure.Tokens)]
    public void Of_PictureWithoutGroups_CountsAllItsTokens(SurvivalMeasure measure)
    {
        var matrix = SurvivalMatrix.Of(TraceShape.Of(Traces.VideoAndPicture()), measure);
        Assert.Equal(4, matrix.Totals[4]);
        Assert.Equal(4, matrix.Counts(0)[4]);
    }

    [Fact]
    public void Window_AsWideAsItsFrames_IsExact()
    {
        var matrix = SurvivalMatrix.Of(TraceShape.Of(Traces.Small()));
        var window = matrix.Window(1, 4, 10);
        Assert.Equal([1, 2, 3, 4], window.Edges);
        for (var x = 0; x < 3; x++)
        {
            var bin = window.Stages[2][x];
            Assert.Equal(matrix.Share(3, x + 1), bin.Mean);
            Assert.Equal((bin.Mean, bin.Mean), (bin.Min, bin.Max));
        }
    }

    [Fact]
    public void Window_Narrower_HoldsEveryFrameOnce()
    {
        var matrix = SurvivalMatrix.Of(TraceShape.Of(Traces.Small()), SurvivalMeasure.Tokens);
        var window = matrix.Window(0, 4, 3);
        Assert.Equal([0, 1, 2, 4], window.Edges);
        Assert.Equal(new SurvivalBin(2, 5, 1 / 3.0, 0.5), window.Stages[2][2]); // frames 2 and 3: 1 of 2 and 1 of 3
        Assert.Equal(0.4, window.Stages[2][2].Mean, 12);
        foreach (var width in new[] { 1, 2, 3, 4, 100 })
        {
            var bins = matrix.Window(0, 4, width).Stages[1];
            Assert.Equal(7, bins.Sum(b => b.Alive));
            Assert.Equal(9, bins.Sum(b => b.Total));
        }
    }

    [Theory]
    [InlineData(-1, 2, 1)]
    [InlineData(0, 5, 1)]
    [InlineData(2, 2, 1)]
    [InlineData(0, 2, 0)]
    public void Window_Outside_IsRefused(int from, int to, int width) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => SurvivalMatrix.Of(TraceShape.Of(Traces.Small())).Window(from, to, width));

    [Fact]
    public void Write_Small_HasTheDocumentedBytes()
    {
        var bytes = SurvivalBytes.Write(SurvivalMatrix.Of(TraceShape.Of(Traces.Small())));
        Assert.Equal("SRV1"u8.ToArray(), bytes[..4]);
        uint At(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(offset));
        Assert.Equal([4u, 3u, 4u, 2u, 0u, 1u, 3u], Enumerable.Range(0, 7).Select(i => At(4 + (4 * i))));
        var values = Enumerable.Range(0, 16).Select(i => (int)BinaryPrimitives.ReadUInt16LittleEndian(bytes.AsSpan(32 + (2 * i)))).ToArray();
        Assert.Equal([4, 4, 4, 4, 4, 4, 4, 4, 4, 3, 4, 2, 0, 1, 3, 1], values);
        Assert.Equal(64, bytes.Length);
    }

    [Fact]
    public void Write_TotalsBeyond16Bits_TakesFourBytesAValue()
    {
        var small = Traces.VideoAndPicture();
        var tokens = 70_000;
        var alive = new byte[(tokens + 7) / 8];
        Array.Fill(alive, (byte)255);
        var trace = small with
        {
            Media = [small.Media[1] with { Tokens = tokens, TokensPerClip = tokens }],
            Stages = [new(0, 1, "none", tokens, alive, [])],
            Layers = [new(0, tokens, tokens, null, []), new(1, tokens, tokens, null, [])],
        };
        var bytes = SurvivalBytes.Write(SurvivalMatrix.Of(TraceShape.Of(trace)));
        Assert.Equal(4u, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(16)));
        Assert.Equal((uint)tokens, BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(28)));
        Assert.Equal(32, bytes.Length);
    }
}
