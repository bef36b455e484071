using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Xunit;
using static Studio.Engine.Tests.Language.VstModel;

namespace Studio.Engine.Tests.Language;

/// <summary>What the reference numbers do not say: the baseline, re-use, several videos, bad input. Numbers themselves are in the golden cases.</summary>
public sealed class VstDecoderTests : IDisposable
{
    private readonly VstModel _model = new();
    private readonly DisposeScope _scope = torch.NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _model.Dispose();
    }

    [Fact]
    public void Prefill_EverythingKept_EqualsTheOrdinaryDecoder()
    {
        PromptPart[] parts = [Text(3, 14), Visual(130), Text(60, 9)];
        using var state = _model.Decoder.NewSequence(CompressionSettings.Off);
        var logits = _model.Read(state, parts);
        using var ordinary = _model.Ordinary.NewSequence(CompressionSettings.Off);
        using var expected = _model.Ordinary.Prefill(ordinary, new(parts), ct: TestContext.Current.CancellationToken);
        AssertClose(expected.ToArray<float>(), logits);
        Assert.Equal(ordinary.Cache.Lengths, state.Cache.Lengths);
        for (var layer = 0; layer < Config.Layers; layer++)
        {
            AssertClose(ordinary.Cache.Keys(layer).narrow(1, 0, 153).ToArray<float>(), state.Cache.Keys(layer).narrow(1, 0, 153).ToArray<float>());
        }

        AssertClose(_model.Ordinary.Decode(ordinary, 5).ToArray<float>(), _model.Decoder.Decode(state, 5).ToArray<float>());
        Assert.Equal(153 - 1, state.HighestPosition);
    }

    [Theory]
    [InlineData("vst:2")]
    [InlineData("vst:8")]
    [InlineData("vst:2,4,8")]
    [InlineData("vst:random@7")]
    [InlineData("off")]
    public void Prefill_SecondQuestion_EqualsAFreshReadingOfAll(string compress)
    {
        var settings = Parse(compress);
        var (video, system) = (Visual(130), Text(3, 14));
        using var state = _model.Decoder.NewSequence(settings);
        _ = _model.Read(state, system, video, Text(60, 9));
        var held = state.Parts[1];
        for (var token = 0; token < 3; token++) _ = _model.Decoder.Decode(state, token);

        var second = _model.Read(state, system, video, Text(60, 9), Text(100, 20));
        Assert.Equal(14 + 130 + 9, state.ReusedRows);
        Assert.Same(held, state.Parts[1]);
        AssertClose(_model.Fresh(settings, system, video, Text(60, 9), Text(100, 20)), second);

        var changed = _model.Read(state, system, video, Text(61, 30));
        Assert.Equal(14 + 130, state.ReusedRows);
        AssertClose(_model.Fresh(settings, system, video, Text(61, 30)), changed);
    }

    [Fact]
    public void Prefill_OtherPromptBefore_ChangesNothing()
    {
        PromptPart[] asked = [Text(3, 14), Visual(130), Text(60, 9)];
        var alone = _model.Fresh(Parse("vst:random@42"), asked);
        using var state = _model.Decoder.NewSequence(Parse("vst:random@42"));
        _ = _model.Read(state, Text(90, 40), Visual(77, "other"), Text(20, 9));
        Assert.Equal(alone, _model.Read(state, asked)); // nothing is shared, so nothing is re-used: the very same steps
        Assert.Equal(0, state.ReusedRows);
    }

    [Fact]
    public void Prefill_SeveralVideos_KeepTheirSummariesInThePromptsOrder()
    {
        using var state = _model.Decoder.NewSequence(Parse("vst:8"));
        var system = Text(3, 14);
        _ = _model.Read(state, system, Visual(96), Text(60, 9));
        var later = _model.Read(state, system, Visual(96), Text(60, 9), Visual(50, "later"), Text(80, 5));
        Assert.Equal([14, 12, 9, 6, 5], state.Parts.Select(p => p.CacheLength));
        Assert.Equal([0, 14, 26, 35, 41], state.Parts.Select(p => p.CacheStart));
        Assert.Equal(14 + 96 + 9, state.ReusedRows);
        Assert.All(state.Cache.Lengths, length => Assert.Equal(46, length));
        AssertClose(_model.Fresh(Parse("vst:8"), system, Visual(96), Text(60, 9), Visual(50, "later"), Text(80, 5)), later);
    }

    [Fact]
    public void Prefill_RoomIsMadeOnceForTheFullestMoment()
    {
        using var state = _model.Decoder.NewSequence(Parse("vst:8"));
        state.ReserveAhead = 5;
        _ = _model.Read(state, Text(3, 14), Visual(144), Text(60, 9));
        // The last window stands behind the text and two windows' summaries: 14 + 12 + 54 rows, more than text and answer need.
        Assert.All(Enumerable.Range(0, Config.Layers), layer => Assert.Equal(14 + 12 + 54, state.Cache.Capacity(layer)));
        Assert.Equal(14 + 12 + 54 - 1, state.HighestPosition);

        using var longer = _model.Decoder.NewSequence(Parse("vst:8"));
        longer.ReserveAhead = 500;
        _ = _model.Read(longer, Text(3, 14), Visual(144), Text(60, 9));
        Assert.All(Enumerable.Range(0, Config.Layers), layer => Assert.Equal(14 + 18 + 9 + 500, longer.Cache.Capacity(layer)));
    }

    [Fact]
    public void Prefill_VideoShorterThanTheRatio_LeavesNothing()
    {
        using var state = _model.Decoder.NewSequence(Parse("vst:8"));
        var with = _model.Read(state, Text(3, 14), Visual(5), Text(60, 9));
        Assert.Equal(0, state.Parts[1].CacheLength);
        AssertClose(_model.Fresh(Parse("vst:8"), Text(3, 14), Text(60, 9)), with);
    }

    [Fact]
    public void Prefill_Cancelled_LeavesAnEmptySequenceThatGoesOn()
    {
        PromptPart[] parts = [Text(3, 14), Visual(130), Text(60, 9)];
        using var source = new CancellationTokenSource();
        var visual = new PromptPart.Visual("cancelled", new Cancelling(Features(130), source));
        using var state = _model.Decoder.NewSequence(Parse("vst:4"));
        Assert.Throws<OperationCanceledException>(() => _model.Decoder.Prefill(state, new([parts[0], visual, parts[2]]), ct: source.Token));
        Assert.Empty(state.Parts);
        Assert.All(state.Cache.Lengths, length => Assert.Equal(0, length));
        Assert.Equal(_model.Fresh(Parse("vst:4"), parts), _model.Read(state, parts));
        Assert.Equal(0, state.ReusedRows);
    }

    [Fact]
    public void Prefill_WithoutTextAtTheEnd_IsRefused()
    {
        using var state = _model.Decoder.NewSequence(Parse("vst:4"));
        Assert.Contains("ends with text", Assert.Throws<ArgumentException>(() => _model.Read(state, Text(3, 4), Visual(8))).Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => _model.Read(state));
        Assert.Contains("VideoChat-Flash", Assert.Throws<ArgumentException>(() => _model.Decoder.NewSequence(VisualDropout.Balanced)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Prefill_PiecesOfAVideo_AreAskedForInOrderAndOnce()
    {
        var tokens = new Counting(Features(130));
        _ = _model.Fresh(Parse("vst:4"), Text(3, 14), new PromptPart.Visual("counted", tokens), Text(60, 9));
        Assert.Equal([(0, 48), (48, 48), (96, 34)], tokens.Asked);
    }

    [Theory]
    [InlineData("vst:4")]
    [InlineData("vst:8")]
    public void RecordAttention_SharesAreThoseOfTheWholeRow(string compress)
    {
        using var state = _model.Decoder.NewSequence(Parse(compress));
        state.RecordAttention = true;
        var recorded = _model.Read(state, Text(3, 14), Visual(100), Text(60, 9));
        Assert.Equal(_model.Fresh(Parse(compress), Text(3, 14), Visual(100), Text(60, 9)), recorded); // looking changes nothing
        var part = state.Parts[1];
        Assert.Equal(3, part.Attention.Count);
        foreach (var (window, attention) in part.Windows.Zip(part.Attention))
        {
            Assert.Equal((window.Vsts, window.Length / PerFrame), (attention.Vsts, attention.Frames));
            for (var m = 0; m < window.Vsts; m++)
            {
                var frames = attention.OnFrames.AsSpan(m * attention.Frames, attention.Frames).ToArray();
                Assert.InRange(frames.Sum() + attention.Earlier[m] + attention.Text[m] + attention.Own[m], 0.9999f, 1.0001f);
                var seen = (window.TokensOf(m).First + window.TokensOf(m).Count - 1) / PerFrame;
                Assert.All(frames[(seen + 1)..], share => Assert.Equal(0, share)); // frames behind it are not seen
                Assert.All(frames[..(seen + 1)], share => Assert.True(share > 0));
            }

            Assert.InRange(attention.FrameMass().Sum(), window.Vsts == 0 ? 0 : 0.01f, 0.999f);
        }

        Assert.All(part.Attention[0].Earlier, share => Assert.Equal(0, share, 1e-6f));
        Assert.All(part.Attention[2].Earlier, share => Assert.True(share > 0));
        Assert.All(part.Attention[0].Text, share => Assert.True(share > 0));
    }

    [Fact]
    public void RecordAttention_OfAnEarlierVideo_CountsAsEarlierAndTextAsText()
    {
        using var state = _model.Decoder.NewSequence(Parse("vst:8"));
        state.RecordAttention = true;
        _ = _model.Read(state, Text(3, 14), Visual(48), Text(60, 9), Visual(48, "later"), Text(80, 5));
        var (first, second) = (state.Parts[1].Attention[0], state.Parts[3].Attention[0]);
        Assert.True(second.Earlier.Average() > 0 && first.Earlier.Average() < 1e-6);
        Assert.Empty(state.Parts[0].Attention);
    }

    private static VstCompression Parse(string text) => VstCompression.Parse(text, new() { Window = Window, Ratios = [2, 4, 8] });

    private sealed class Cancelling(Tensor tokens, CancellationTokenSource source) : IVisualTokens
    {
        public int Count => 130;

        public int TokensPerFrame => PerFrame;

        public Tensor Read(int from, int count, CancellationToken ct)
        {
            if (from > 0) source.Cancel();
            return tokens.narrow(0, from, count);
        }
    }

    private sealed class Counting(Tensor tokens) : IVisualTokens
    {
        public List<(int, int)> Asked { get; } = [];

        public int Count => 130;

        public int TokensPerFrame => PerFrame;

        public Tensor Read(int from, int count, CancellationToken ct)
        {
            Asked.Add((from, count));
            return tokens.narrow(0, from, count);
        }
    }
}
