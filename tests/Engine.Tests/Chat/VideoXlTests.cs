using System.Diagnostics;
using Studio.Engine.Chat;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Xunit;

namespace Studio.Engine.Tests.Chat;

public sealed class VideoXlTests(TinyXl tiny) : IClassFixture<TinyXl>
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData("off", 24 * 144)]
    [InlineData("vst:2", 24 * 72)]
    [InlineData("vst:4", 24 * 36)]
    [InlineData("vst:8", 24 * 18)]
    [InlineData("vst:12", 24 * 12)]
    [InlineData("vst:16", 24 * 9)]
    [InlineData("vst:2,4,8", 720 + 360 + (4 * 18))] // 10, 10 and 4 frames
    public void Ratio_SaysWhatStays(string compress, int kept)
    {
        var answer = tiny.Ask(TinyXl.Encoder(), "What?", tiny.Settings(compress), Ct);
        Assert.Equal(compress == "off" ? [24 * 144] : [24 * 144, kept], answer.StageTokens);
        var rowBytes = 2L * 2 * 16 * 4 * tiny.Model.Config.Language.Layers;
        Assert.Equal((kept + answer.TextTokens) * rowBytes, answer.KvBytes);
    }

    [Fact]
    public void AnAnswer_NeverDependsOnWhatWasAskedBefore()
    {
        var settings = tiny.Settings("vst:random@7");
        var encoder = TinyXl.Encoder();
        var alone = tiny.Read(encoder, "What?", settings, Ct);
        _ = tiny.Ask(encoder, "Something else entirely?", tiny.Settings("vst:random@8"), Ct);
        _ = tiny.Ask(encoder, "What?", tiny.Settings("vst:16", frames: 7), Ct);
        Assert.Equal(alone.Logits, tiny.Read(encoder, "What?", settings, Ct).Logits);
        Assert.NotEqual(alone.Logits, tiny.Read(encoder, "What?", tiny.Settings("vst:random@9"), Ct).Logits);
    }

    [Fact]
    public void SecondQuestion_InOneConversation_ReadsItsTextOnly()
    {
        using var conversation = new Conversation(tiny.Model, TinyXl.Encoder());
        conversation.Attach(TinyModel.Sample);
        var first = conversation.Ask("What happens?", tiny.Settings(), null, Ct);
        var second = conversation.Ask("And then?", tiny.Settings(), null, Ct);
        Assert.True(second.ReusedRows > first.VisualTokens, $"{second.ReusedRows} rows re-used");
        Assert.DoesNotContain(second.Costs, c => c.Stage is "tower" or "frames");
    }

    [Fact]
    public void Images_SeveralAreFramesOfOneSpan_OneIsTiled()
    {
        var picture = Path.Combine(tiny.Folder, $"{Guid.NewGuid():N}.png");
        using (var ffmpeg = Process.Start(new ProcessStartInfo("ffmpeg", ["-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=size=320x200:rate=1:duration=1", "-frames:v", "1", picture]))!)
        {
            ffmpeg.WaitForExit();
            Assert.Equal(0, ffmpeg.ExitCode);
        }

        using var one = new Conversation(tiny.Model, TinyXl.Encoder());
        one.Attach(picture);
        var alone = one.Ask("What is it?", tiny.Settings(trace: true), null, Ct);
        Assert.True(alone.VisualTokens >= 2 * 144 && alone.VisualTokens % 144 == 0, $"{alone.VisualTokens} tokens of tiles");
        Assert.Single(alone.Trace!.Windows);

        using var three = new Conversation(tiny.Model, TinyXl.Encoder());
        for (var i = 0; i < 3; i++) three.Attach(picture);
        var together = three.Ask("What changes?", tiny.Settings(trace: true), null, Ct);
        var trace = together.Trace!;
        Assert.Equal(3 * 144, together.VisualTokens);
        var window = Assert.Single(trace.Windows); // one span
        Assert.Equal((3 * 144, 3 * 18, 3), (window.Tokens, window.Summaries, window.FrameMass!.Length));
        Assert.Equal([144, 144, 144], trace.Media.Select(m => m.Tokens));
        Assert.Equal(trace.Media[0].FirstRow + 144, trace.Media[1].FirstRow);
    }

    [Fact]
    public void Trace_AgreesWithTheCacheAndWithItself()
    {
        var answer = tiny.Ask(TinyXl.Encoder(), "What happens?", tiny.Settings("vst:4,16", trace: true), Ct);
        var trace = CompressionTrace.FromJson(answer.Trace!.ToJson());
        Assert.Equal(answer.Trace!.ToJson(), trace.ToJson());
        Assert.Equal([(1440, 4, 360), (1440, 16, 90), (576, 4, 144)], trace.Windows.Select(w => (w.Tokens, w.Ratio, w.Summaries)));
        Assert.Equal([0, 10, 20], trace.Windows.Select(w => w.FirstClip));
        Assert.Equal([10, 10, 4], trace.Windows.Select(w => w.FrameMass!.Length));
        Assert.All(trace.Windows, w =>
        {
            Assert.Equal(w.Summaries, w.AnswerMass.Length);
            Assert.Equal(w.Summaries * w.FrameMass!.Length, w.SummaryFrames!.Length);
            Assert.Equal(1, w.FrameMass.Sum() + w.Elsewhere!.Text + w.Elsewhere.Earlier + w.Elsewhere.Own, 1e-4);
        });
        Assert.All(SparsityTable.Of(TraceShape.Of(trace)), row => Assert.Equal((594, 594, answer.TextTokens + 594), (row.VisualTokens, row.KeptTokens, row.Rows)));
        var gap = trace with { Windows = [trace.Windows[0], trace.Windows[2]] };
        Assert.Contains("window 1", Assert.Throws<InvalidDataException>(() => TraceShape.Of(gap)).Message, StringComparison.Ordinal);
        Assert.Equal(0, trace.Windows[0].Elsewhere!.Earlier);
        Assert.True(trace.Windows[1].Elsewhere!.Earlier > 0);
        // A summary token sees no frame behind it.
        Assert.Equal(0, trace.Windows[0].SummaryFrames![9]);
        Assert.All(trace.Layers, layer =>
        {
            Assert.Equal(594, layer.VisualTokens);
            Assert.Equal(answer.TextTokens + 594, layer.Rows);
            Assert.InRange(layer.Attention!.VisualMass + layer.Attention.TextMass, 0.999, 1.001);
            Assert.InRange(layer.ClipMass.Sum(), layer.Attention.VisualMass - 1e-4, layer.Attention.VisualMass + 1e-4);
        });
        Assert.Equal(trace.Layers.Average(l => l.Attention!.VisualMass), trace.Windows.Sum(w => w.AnswerMass.Sum()), 1e-4);
    }

    [Theory]
    [InlineData("vst:8")]
    [InlineData("vst:2,4,8,12,16")]
    [InlineData("vst:random@3")]
    [InlineData("off")]
    public void Plan_SaysWhatARunDoes(string compress)
    {
        var settings = tiny.Settings(compress, trace: true);
        var answer = tiny.Ask(TinyXl.Encoder(), "What happens?", settings, Ct);
        var cost = CostModel.Of(new()
        {
            Model = tiny.Model.Config, Visuals = [VisualInput.Video(24)], TextTokens = answer.TextTokens, TextBefore = answer.Trace!.Media[0].FirstRow, NewTokens = 6, Compression = settings.Compression,
        });
        Assert.Equal(answer.VisualTokens, cost.Tokens.Visual);
        Assert.Equal(answer.StageTokens[^1], cost.Tokens.Stages[0].VisualTokens);
        Assert.Equal(answer.KvBytes, cost.Tokens.KvBytes);
        Assert.Equal(1, cost.Decoder.PrefillFlops / answer.Costs.Single(c => c.Stage == "prefill").Flops, 1e-9);
        Assert.Equal(answer.Trace.Windows.Count, cost.Tokens.Windows!.Windows);
        Assert.Equal(1, cost.Visual.Tower / answer.Costs.Single(c => c.Stage == "tower").Flops, 1e-9);
    }

    [Theory]
    [InlineData("vst:1", "use 2 or more")]
    [InlineData("vst:1441", "2 to 1440")]
    [InlineData("vst:", "''")]
    [InlineData("vst:8@3", "@3")]
    [InlineData("vst:random@x", "'x'")]
    [InlineData("uniform:2:1,0.5", "vst:8")]
    [InlineData("loud", "loud")]
    public void BadRatio_IsNamedWithTheRemedy(string compress, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(() => CompressionSettings.Parse(compress, tiny.Model.Config)).Message, StringComparison.Ordinal);

    [Fact]
    public void SettingsOfTheOtherSystem_LeaveTheConversationAsItWas()
    {
        using var conversation = new Conversation(tiny.Model, TinyXl.Encoder());
        conversation.Attach(TinyModel.Sample);
        var wrong = tiny.Settings() with { Compression = VisualDropout.Balanced };
        Assert.Contains("VideoChat-Flash", Assert.Throws<ArgumentException>(() => conversation.Ask("What?", wrong, null, Ct)).Message, StringComparison.Ordinal);
        Assert.Equal(24 * 144, conversation.Ask("What?", tiny.Settings(), null, Ct).VisualTokens);
    }

    [Fact]
    public void Cancelled_WhileAVideoIsRead_LeavesNothingBehind()
    {
        using var cache = new SummaryCache(null);
        var encoder = TinyXl.Encoder(cache);
        using var conversation = new Conversation(tiny.Model, encoder);
        conversation.Attach(TinyModel.Sample);
        using var stop = new CancellationTokenSource();
        void StopAtFrames(AnswerEvent e)
        {
            if (e is AnswerEvent.Progress { Stage: "frames" }) stop.Cancel();
        }

        Assert.ThrowsAny<OperationCanceledException>(() => conversation.Ask("What?", tiny.Settings(), StopAtFrames, stop.Token));
        Assert.Equal(0, cache.Statistics.MemoryEntries);
        var answer = conversation.Ask("What?", tiny.Settings(), null, Ct);
        Assert.Equal((0, tiny.Ask(TinyXl.Encoder(), "What?", tiny.Settings(), Ct).Text), (answer.ReusedRows, answer.Text));
    }
}
