using Studio.Engine.Torch;
using Studio.Engine.Vision;
using Xunit;
using static Studio.Engine.Torch.torch;

namespace Studio.Engine.Tests.Vision;

public sealed class ClipEncoderTests : IDisposable
{
    private const int Clips = 5;

    private readonly SmallEncoder _small = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public void Encode_AnyMicroBatch_GivesTheSameTokens()
    {
        using var scope = NewDisposeScope();
        var clips = SmallEncoder.Clips(Clips);
        var whole = _small.Create(long.MaxValue).Encode(clips, recordGroups: true, cancellation: Stop);
        Assert.Equal([Clips, 64, SmallEncoder.Width], whole.Tokens.shape);

        var perClip = _small.Tower.ActivationBytes(4);
        foreach (var (budget, batch) in new[] { (0, 1), (perClip, 1), (2 * perClip, 2), ((4 * perClip) - 1, 3) })
        {
            var encoder = _small.Create(budget);
            Assert.Equal(batch, encoder.MicroBatch(4));
            var parts = encoder.Encode(clips, recordGroups: true, cancellation: Stop);
            Assert.Equal(whole.Tokens.ToArray<float>(), parts.Tokens.ToArray<float>());
            Assert.Equal(whole.Sizes.ToArray<int>(), parts.Sizes.ToArray<int>());
            Assert.Equal(Clips, parts.Groups!.Clips);
            for (var clip = 0; clip < Clips; clip++) Assert.Equal(whole.Groups!.Members(clip, 7), parts.Groups.Members(clip, 7));
        }
    }

    [Fact]
    public void MicroBatch_ByDefault_FollowsTheDevicesBudget() =>
        Assert.Equal(ClipEncoder.CpuActivationBytes / _small.Tower.ActivationBytes(4), _small.Create(null).MicroBatch(4));

    [Fact]
    public void Encode_ReportsTimesOfEachMicroBatch()
    {
        using var scope = NewDisposeScope();
        var clock = new CountingClock();
        var times = new List<EncodeTimes>();
        _small.Create(2 * _small.Tower.ActivationBytes(4), clock).Encode(SmallEncoder.Clips(Clips), onBatch: times.Add, cancellation: Stop);
        Assert.Equal([2, 2, 1], times.Select(t => t.Clips));
        Assert.All(times, t => Assert.Equal((TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1)), (t.Tower, t.Connector)));
        Assert.Equal(9, clock.Asked);

        _small.Create(0, clock).Encode(SmallEncoder.Clips(1), cancellation: Stop);
        Assert.Equal(9, clock.Asked); // nobody listens, nobody waits for the device
    }

    [Fact]
    public void EncodeStream_TakesBatchesOneByOneAndFreesThem()
    {
        using var scope = NewDisposeScope();
        var clips = SmallEncoder.Clips(Clips);
        var whole = _small.Create(0).Encode(clips, cancellation: Stop);
        var given = new List<Tensor>();
        var taken = new List<float>();
        foreach (var tokens in _small.Create(0).EncodeStream(Batches(), cancellation: Stop))
        {
            Assert.All(given, batch => Assert.True(batch.IsDisposed));
            using (tokens) taken.AddRange(tokens.Tokens.ToArray<float>());
        }

        Assert.Equal(3, given.Count);
        Assert.Equal(whole.Tokens.ToArray<float>(), taken);

        IEnumerable<Tensor> Batches()
        {
            for (var start = 0; start < Clips; start += 2)
            {
                given.Add(clips.narrow(0, start, Math.Min(2, Clips - start)).DetachFromDisposeScope());
                yield return given[^1];
            }
        }
    }

    [Fact]
    public void EncodeImages_EqualsClipsOfOneFrame()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var images = SmallEncoder.Clips(1).squeeze(0);
        var tokens = _small.Create(0).EncodeImages(images, cancellation: Stop);
        Assert.Equal([4, 64, SmallEncoder.Width], tokens.Tokens.shape);
        var expected = _small.Connector.Forward(_small.Tower.Forward(images.narrow(0, 2, 1).unsqueeze(1), TestContext.Current.CancellationToken), 64);
        Assert.Equal(expected.Tokens.ToArray<float>(), tokens.Tokens.narrow(0, 2, 1).ToArray<float>());
    }

    [Fact]
    public void ToClips_CutsInOrder()
    {
        using var scope = NewDisposeScope();
        var clips = SmallEncoder.Clips(2);
        var again = _small.Create(0).ToClips(clips.reshape(8, 3, SmallEncoder.Side, SmallEncoder.Side));
        Assert.Equal(clips.ToArray<float>(), again.ToArray<float>());
    }

    [Theory]
    [InlineData(6)]
    [InlineData(3)]
    [InlineData(0)]
    public void ToClips_NoMultipleOfTheClipLength_IsRefused(int frames)
    {
        using var scope = NewDisposeScope();
        var error = Assert.Throws<ArgumentException>(() => _small.Create(0).ToClips(zeros([frames, 3, SmallEncoder.Side, SmallEncoder.Side])));
        Assert.Contains("multiple of 4 frames", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Encode_FramesInsteadOfClips_IsRefused()
    {
        using var scope = NewDisposeScope();
        Assert.Throws<ArgumentException>(() => _small.Create(0).Encode(zeros([4, 3, SmallEncoder.Side, SmallEncoder.Side]), cancellation: Stop));
    }

    [Fact]
    public void Encode_Cancelled_StopsBetweenMicroBatches()
    {
        using var scope = NewDisposeScope();
        using var cancel = new CancellationTokenSource();
        var done = 0;
        Assert.Throws<OperationCanceledException>(() => _small.Create(0).Encode(SmallEncoder.Clips(Clips), onBatch: _ =>
        {
            if (++done == 2) cancel.Cancel();
        }, cancellation: cancel.Token));
        Assert.Equal(2, done);
    }

    public void Dispose() => _small.Dispose();

    /// <summary>One second passes between two questions.</summary>
    private sealed class CountingClock : TimeProvider
    {
        internal int Asked { get; private set; }

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => ++Asked;
    }
}
