using Studio.Engine.Compression;
using Studio.Engine.Compression.Views;
using Studio.Engine.Tests.Chat;
using Xunit;

namespace Studio.Engine.Tests.Compression.Views;

/// <summary>The views against what a model really did.</summary>
public sealed class RealTraceTests(TinyModel tiny) : IClassFixture<TinyModel>
{
    private const string Mixed = "uniform0_attention:2,4:1,0.5,0.25";

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public void Survival_OfARun_AgreesWithEveryPatch()
    {
        var shape = TraceShape.Of(Run(Mixed));
        var matrix = SurvivalMatrix.Of(shape);
        for (var layer = 0; layer < shape.Layers; layer++)
        {
            for (var column = 0; column < shape.Columns.Count; column++)
            {
                var view = PatchView.Of(shape, column, layer);
                var alive = view.Tokens.ToDictionary(t => t.Slot, t => t.Alive);
                Assert.Equal(view.Owners!.Count(o => alive[o]) / (double)view.Owners!.Length, matrix.Share(layer, column));
                Assert.All(view.Tokens, t => Assert.Equal(shape.Trace.IsAlive(layer, t.Token), t.Alive));
            }
        }

        Assert.All(Enumerable.Range(0, shape.Columns.Count), c => Assert.Equal(1, matrix.Share(0, c)));
    }

    [Fact]
    public void Rankings_OfARun_AreTheDecision()
    {
        var shape = TraceShape.Of(Run(Mixed));
        var tokens = Enumerable.Range(0, shape.Columns.Count).SelectMany(c => PatchView.Of(shape, c, shape.Layers - 1).Tokens).DistinctBy(t => t.Token).ToList();
        Assert.All(tokens.Where(t => t.Rankings.Count > 0), t => Assert.Equal(t.Rankings[0].Rank <= t.Rankings[0].Kept, t.Alive));
        Assert.Contains(tokens, t => t.Alive);
    }

    [Fact]
    public void StageMass_OfARun_FallsFromTheVisualMassToWhatStays()
    {
        var shape = TraceShape.Of(Run(Mixed));
        foreach (var row in SparsityTable.Of(shape))
        {
            var mass = shape.Trace.Layers[row.Layer].StageMass!;
            Assert.Equal(shape.Stages - row.Stage, mass.Length);
            Assert.InRange(mass[0], row.VisualMass!.Value - 1e-5, row.VisualMass.Value + 1e-5);
            Assert.True(mass.Zip(mass.Skip(1)).All(p => p.Second <= p.First));
            Assert.InRange(row.KeptMass!.Value, row.FinalMass!.Value, 1);
        }
    }

    [Fact]
    public void Scores_OfADrop_AreTheAttentionOfTheLayerThatRanked_AndTheDropKeepsTheMostOfIt()
    {
        // A drop right after the first layer ranks by the second one's attention over the same rows that an uncompressed run
        // has there.
        var dense = Run("off");
        var shape = TraceShape.Of(Run("attention:1:1,0.25"));
        var stage = Counterfactual.Of(shape, CounterfactualBasis.Drop, 1)[0];
        Assert.Equal(dense.Layers[1].Attention!.VisualMass, shape.Trace.Stages[1].Scores.Sum(s => (double)s), 4);
        Assert.True(stage.Actual.ScoreShare > stage.Uniform.ScoreShare, $"{stage.Actual.ScoreShare} of the score kept, uniform {stage.Uniform.ScoreShare}");
        Assert.True(stage.Actual.ScoreShare > stage.Random.ScoreShare);
    }

    [Fact]
    public void Counterfactual_Uniform_IsWhatAUniformRunKeeps()
    {
        var attention = TraceShape.Of(Run(Mixed));
        var uniform = TraceShape.Of(Run("uniform:2,4:1,0.5,0.25"));
        var stages = Counterfactual.Of(attention, CounterfactualBasis.Run, 5);
        for (var s = 1; s < attention.Stages; s++)
        {
            Assert.Equal(attention.Alive(s).Intersect(uniform.Alive(s)).Count(), stages[s - 1].Uniform.Shared);
        }

        Assert.All(Counterfactual.Of(uniform, CounterfactualBasis.Run, 5), s => Assert.Equal(1, s.Uniform.Jaccard));
    }

    [Fact]
    public void Heatmap_OfARun_SumsToTheVisualMass()
    {
        var shape = TraceShape.Of(Run(Mixed));
        foreach (var bins in new[] { 1, 2, 50 })
        {
            var map = AttentionHeatmap.Of(shape, bins);
            for (var l = 0; l < shape.Layers; l++) Assert.Equal(shape.Trace.Layers[l].Attention!.VisualMass, map.Layers[l]!.Sum(c => c.Mass), 4);
        }
    }

    [Fact]
    public void Compare_TwoRuns_CountsWhatTheCachesHeld()
    {
        var (dense, compressed) = (Run("off"), Run(Mixed));
        var compared = TraceComparison.Of(dense, compressed);
        Assert.Equal(dense.Costs.First(c => c.Stage == "prefill").Bytes, compared.First.KvBytes);
        Assert.Equal(compressed.Costs.First(c => c.Stage == "prefill").Bytes, compared.Second.KvBytes);
        Assert.Equal([1, 1, 0.5, 0.5, 0.25, 0.25], compared.Layers.Select(l => l.Second!.VisualTokens / (double)l.First!.VisualTokens));
        Assert.True(compared.Second.KvBytes < compared.First.KvBytes);
    }

    [Fact]
    public void Trace_OfASecondQuestion_StillFitsTogether()
    {
        using var conversation = tiny.NewConversation();
        conversation.Attach(TinyModel.Sample);
        _ = conversation.Ask("What happens?", tiny.Settings(Mixed, trace: true), null, Ct);
        var trace = conversation.Ask("And then?", tiny.Settings(Mixed, trace: true), null, Ct).Trace!;
        Assert.True(trace.ReusedRows > 0);
        var shape = TraceShape.Of(trace);
        Assert.All(SparsityTable.Of(shape), r => Assert.NotNull(r.KeptMass));
        Assert.Equal(8, shape.Columns.Count);
    }

    private CompressionTrace Run(string compress)
    {
        using var conversation = tiny.NewConversation();
        conversation.Attach(TinyModel.Sample);
        return CompressionTrace.FromJson(conversation.Ask("What happens?", tiny.Settings(compress, trace: true), null, Ct).Trace!.ToJson());
    }
}
