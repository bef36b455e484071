using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

[Collection(Alone.Name)]
public sealed class VisionMemoryTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Encode_LeavesOnlyItsResult()
    {
        var atStart = Tensor.LiveCount;
        using (var small = new SmallEncoder())
        using (NewDisposeScope())
        {
            var (encoder, clips) = (small.Create(0), SmallEncoder.Clips(3));
            var before = Tensor.LiveCount;
            var tokens = encoder.Encode(clips, recordGroups: true, cancellation: Stop);
            Assert.Equal(before + 2, Tensor.LiveCount);
            tokens.Dispose();
            encoder.EncodeImages(clips.select(0, 0), cancellation: Stop).Dispose();
            foreach (var streamed in encoder.EncodeStream([SmallEncoder.Clips(1), SmallEncoder.Clips(2)], cancellation: Stop)) streamed.Dispose();
            Assert.InRange(Tensor.LiveCount, before, before + 1); // the view that select made
        }

        Assert.Equal(atStart, Tensor.LiveCount);
    }

    [Fact]
    public void Load_ThatFails_LeavesNothing()
    {
        using var golden = new GoldenCase("vcf_internvideo2");
        var before = Tensor.LiveCount;
        Assert.Throws<KeyNotFoundException>(() => VisionTower.Load(golden.Config with { SelectLayer = -1 }, golden.Weights, Device.CPU, ScalarType.BFloat16));
        Assert.Equal(before, Tensor.LiveCount);
    }

    [Fact]
    public void Encode_ManyClips_StaysWithinTheBudgetOfAFew()
    {
        using var small = new SmallEncoder();
        using var scope = NewDisposeScope();
        var (one, clips) = (small.Tower.ActivationBytes(4), SmallEncoder.Clips(12));
        var perMicroBatch = Enumerable.Range(1, 3).Select(n => Peak(n * one)).ToArray();
        Assert.All(perMicroBatch, (peak, n) => Assert.InRange(peak, 0, (n + 1) * one * 13 / 10));
        Assert.True(perMicroBatch[2] > perMicroBatch[0]);
        Assert.True(Peak(long.MaxValue) > 6 * one);

        long Peak(long budget)
        {
            using var inner = NewDisposeScope();
            ResetPeakMemory();
            var before = CpuMemory().Live;
            small.Create(budget).Encode(clips, cancellation: Stop);
            return CpuMemory().Peak - before;
        }
    }

    [Fact]
    public void Merge_ScoreBound_HoldsInMemory()
    {
        using var scope = NewDisposeScope();
        var features = TokenMergerTests.Random(5, 1, 6000, 8);
        ResetPeakMemory();
        var before = CpuMemory().Live;
        TokenMerger.Merge(features, 64, 2, recordGroups: false, scoreBytes: 1 << 20);

        // All scores of the first step would be 3000 * 3000 * 4 = 36 MB.
        Assert.InRange(CpuMemory().Peak - before, 1 << 20, 4 << 20);
    }
}
