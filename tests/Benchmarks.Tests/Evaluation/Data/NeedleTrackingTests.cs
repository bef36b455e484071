using Studio.Benchmarks.Evaluation.Data;
using Studio.Engine.Chat;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Tests.Compression.Views;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Benchmarks.Tests.Evaluation.Data;

public sealed class NeedleTrackingTests : IDisposable
{
    private readonly DataFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Theory]
    // Frame 1 went into the tokens 0, 1 and 2; alive are 0 1 3 4, then 1 4.
    [InlineData(1, 2, 3, new[] { 1, 2 / 3.0, 1 / 3.0 })]
    // Frame 3 into 3, 4 and 5.
    [InlineData(3, 9, 3, new[] { 1, 2 / 3.0, 1 / 3.0 })]
    // Frame 0 is token 0 alone.
    [InlineData(0, 1, 1, new[] { 1.0, 1.0, 0.0 })]
    // Frames 1 and 2 are all of clip 0 and the tokens 3 and 4.
    [InlineData(0.5, 2.5, 5, new[] { 1, 0.8, 0.4 })]
    // No frame was sampled within it.
    [InlineData(1.2, 1.8, 0, new[] { 0.0, 0.0, 0.0 })]
    public void Of_Drops_CountsTheNeedlesOwnTokens(double start, double end, int tokens, double[] alive)
    {
        var survival = NeedleTracking.Of(Traces.Small(), [(start, end)])!;
        Assert.Equal(tokens, survival.Tokens);
        Assert.Equal([0, 1, 3], survival.Stages.Select(s => s.Layer));
        Assert.Equal(alive, survival.Stages.Select(s => s.Alive));
        Assert.Equal([1, 4 / 6.0, 2 / 6.0], survival.Stages.Select(s => s.AliveOfAll));
        Assert.Null(survival.AttentionMass);
    }

    [Fact]
    public void Of_Chain_CountsEveryCard()
    {
        var survival = NeedleTracking.Of(Traces.Small(), [(0, 1), (3, 4)])!; // tokens 0 and 3, 4, 5
        Assert.Equal((4, 0.75, 0.25), (survival.Tokens, survival.Stages[1].Alive, survival.Stages[2].Alive));
        Assert.Null(NeedleTracking.Of(Traces.Small(), []));
    }

    [Fact]
    public void Of_NoGroups_AClipsTokensAreItsFrames()
    {
        var trace = Traces.Small();
        var survival = NeedleTracking.Of(trace with { Media = [trace.Media[0] with { Owners = null }] }, [(2, 3)])!;
        Assert.Equal((3, 2 / 3.0, 1 / 3.0), (survival.Tokens, survival.Stages[1].Alive, survival.Stages[2].Alive));
    }

    [Fact]
    public void Of_Windows_AddsTheMassOfTheNeedlesSummaries()
    {
        // Two windows of 5 and 7 tokens at a ratio of 3: the first leaves 1 summary behind tokens 0 to 2 and carries 2 over, the second 3 behind
        // 3 to 5, 6 to 8 and 9 to 11. A token a frame.
        var trace = Traces.Small() with
        {
            Media = [new("v.mp4", "video", 0, 12, [.. Enumerable.Range(0, 12).Select(i => (double)i)], [.. Enumerable.Range(0, 12).Select(i => (long)i)], 1, 1, 1, 1, null)],
            Stages = [new(0, 0, "summaries", 12, Traces.Bits(12, [.. Enumerable.Range(0, 12)]), [])],
            Layers = [new(0, 8, 4, null, [])],
            Windows = [new(0, 5, 3, 1, 0, 0, [0.1f], null, null, null), new(5, 7, 3, 3, 1, 5, [0.2f, 0.3f, 0.05f], null, null, null)],
        };
        double Mass(double start, double end) => Math.Round(NeedleTracking.Of(trace, [(start, end)])!.AttentionMass!.Value, 6);
        Assert.Equal([0.1, 0.2, 0.2, 0.3, 0.5, 0.05], [Mass(1, 2), Mass(4, 5), Mass(5, 6), Mass(6, 8), Mass(4, 7), Mass(11, 12)]);
        Assert.Equal(0, Mass(20, 30));

        // Another ratio begins the count anew: tokens 3 and 4 have no summary; 5 to 8 have the first.
        trace = trace with { Windows = [trace.Windows[0], new(5, 7, 4, 1, 1, 5, [0.2f], null, null, null)] };
        Assert.Equal([0, 0.2, 0], [Mass(3, 5), Mass(8, 9), Mass(9, 12)]);

        // A window that was kept whole: its visual tokens themselves.
        trace = trace with { Windows = [trace.Windows[0], new(5, 7, 0, 0, 1, 5, [0.01f, 0.02f, 0.03f, 0.04f, 0.05f, 0.06f, 0.07f], null, null, null)] };
        Assert.Equal([0.05, 0.07], [Mass(6, 8), Mass(11, 12)]);
    }

    [Fact]
    public async Task Of_ARunOfATinyModel_AgreesWithItsTrace()
    {
        var data = EvalDataSource.Open(new() { Task = "niah", Lengths = [16], Depths = [0.5], PerCell = 1 }, _data.Options);
        var media = await data.MediaAsync(data.Documents[0], TestContext.Current.CancellationToken);
        var folder = Path.Combine(_data.Root, "model");
        RandomCheckpoint.Create(folder, TinyModels.VideoChatFlash(259, 256, 258), 1, SafetensorsDtype.F32, cancellationToken: TestContext.Current.CancellationToken);
        ByteLevelTokenizerWriter.Write(Path.Combine(folder, "tokenizer.json"), []);
        using var model = VideoModel.Load(folder, new LoadSettings { Device = Device.CPU, Dtype = ScalarType.Float32 });
        using var conversation = new Conversation(model, new MediaEncoder(DataFolder.Tools, new VisualTokenCache(null)));
        conversation.Attach(media!.Path);
        var answer = conversation.Ask(data.Task.Prompt(data.Documents[0]).Text, new AskSettings
        {
            Sampling = SamplingSettings.Uniform(media.Frames!.Value),
            Compression = CompressionSettings.Parse("uniform0_attention:2,4:1,0.5,0.25", model.Config),
            Generation = model.DefaultGeneration with { MaxNewTokens = 1 },
            Trace = true,
        }, ct: TestContext.Current.CancellationToken);
        var trace = answer.Trace!;
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (double)i), trace.Media[0].FrameTimes);

        // The needle's frames are 6 to 9: parts of the second and the third of four clips.
        var survival = NeedleTracking.Of(trace, media.Needles)!;
        var clip = trace.Media[0].TokensPerClip;
        Assert.InRange(survival.Tokens, 2, 2 * clip);
        Assert.Equal(trace.Stages.Select(s => s.FirstLayer), survival.Stages.Select(s => s.Layer));
        Assert.Equal((1.0, 1.0), (survival.Stages[0].Alive, survival.Stages[0].AliveOfAll));
        Assert.All(survival.Stages.Zip(survival.Stages.Skip(1)), p => Assert.True(p.Second.Alive <= p.First.Alive));
        var patches = trace.Media[0].GridHeight * trace.Media[0].GridWidth;
        var own = Enumerable.Range(6, 4).SelectMany(f => trace.Media[0].Owners!.Skip(f * patches).Take(patches).Select(slot => ((f / 4) * clip) + slot)).Distinct().ToList();
        Assert.Equal(own.Count, survival.Tokens);
        Assert.Equal(own.Count(t => trace.IsAlive(trace.Layers.Count - 1, t)) / (double)own.Count, survival.Stages[^1].Alive);
        var all = NeedleTracking.Of(trace, [(0, 16)])!;
        Assert.All(all.Stages, s => Assert.Equal(s.AliveOfAll, s.Alive));
    }
}
