using Studio.Api;
using Studio.Benchmarks.Records;
using Studio.Engine.Checkpoints;
using Studio.Pages.Evaluate;
using Xunit;

namespace Studio.Tests.Pages;

/// <summary>The form of an evaluation and its address.</summary>
public sealed class EvaluateFormTests
{
    private static EvaluateForm Of(string query) => EvaluateForm.Of(new($"http://studio/evaluate{query}"));

    [Fact]
    public void Address_HoldsEverything_AndGivesTheSameFormAgain()
    {
        var form = Of("?task=niah&lengths=64,128&depths=0,0.5&compress=off;strong&again=true&seed=7&unknown=1");
        Assert.Equal(form.Address(), Of(form.Address()["evaluate".Length..]).Address());
        Assert.DoesNotContain("unknown", form.Address(), StringComparison.Ordinal);
        form["seed"] = " ";
        Assert.DoesNotContain("seed", form.Address(), StringComparison.Ordinal);
        Assert.Equal("evaluate", new EvaluateForm().Address());
    }

    [Fact]
    public void SeveralValues_AreASweep_AndOneIsASetting()
    {
        var one = Of("?task=niah&models=a&frames=16&compress=off&fps=&limit=3&variant=blind").Request();
        Assert.Null(one.Grid);
        Assert.Equal(("niah", "a", 16, "off", 3, EvalVariant.Blind), (one.Run.Task, one.Run.Setting.Model, one.Run.Setting.Frames, one.Run.Setting.Compress, one.Run.Limit, one.Run.Variant));
        var sweep = Of("?frames=8,16&compress=off,strong&models=a,b&max-frames=64").Request();
        Assert.Equal(8, sweep.Requests(_ => PublishedGeometries.Find("2b@448").Config).Count);
        Assert.Equal(("world", (int?)64, (int?)null), (sweep.Run.Task, sweep.Run.Setting.MaxFrames, sweep.Run.Setting.Frames));
        Assert.Equal(["off", "strong"], sweep.Grid!.Compress);
    }

    [Fact]
    public void Judge_OfATaskChosenBefore_IsNotAskedFor()
    {
        Assert.Equal("m", Of("?task=vdc_short&judge-model=m").Request().Run.JudgeModel);
        var other = Of("?task=world&judge-model=m&judge=http%3A%2F%2Fa").Request().Run;
        Assert.Equal((null, null), (other.JudgeModel, other.JudgeEndpoint));
    }

    [Fact]
    public void Presets_AreTaken_BesideSchedulesOfOnesOwn()
    {
        var form = Of("?compress=strong;uniform:1:1,0.5");
        Assert.Equal("uniform:1:1,0.5", form.OwnSchedules);
        form["compress"] = form.WithPreset("off", isChosen: true);
        Assert.Equal("off;strong;uniform:1:1,0.5", form["compress"]);
        form["compress"] = form.WithPreset("strong", isChosen: false);
        form["compress"] = form.WithSchedules("vst:8;balanced");
        Assert.Equal(["off", "balanced", "vst:8"], form.Compressions);
        form["compress"] = form.WithSchedules("");
        Assert.Equal("off;balanced", form["compress"]);
        form["compress"] = form.WithPreset("balanced", isChosen: false);
        Assert.Equal("", form.WithPreset("off", isChosen: false));
    }

    [Theory]
    [InlineData("?frames=8,many", "'many'")]
    [InlineData("?depths=0,deep", "'deep'")]
    [InlineData("?limit=x", "limit: 'x'")]
    [InlineData("?variant=upside", "'upside'")]
    [InlineData("?seed=-1", "'-1'")]
    public void Value_ThatCannotBeRead_IsNamed(string query, string named) =>
        Assert.Contains(named, Assert.Throws<RequestException>(Of(query).Request).Message, StringComparison.Ordinal);
}
