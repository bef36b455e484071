using Bunit;
using Studio.Components.Chat;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class SettingsPanelTests : IDisposable
{
    private readonly BunitContext _context = new();
    private readonly SettingsColumn _column = new();
    private int _changes;

    public void Dispose() => _context.Dispose();

    private IRenderedComponent<SettingsPanel> Render(params Studio.ModelHosting.ModelCard[] models) => _context.Render<SettingsPanel>(p => p
        .Add(c => c.Column, _column).Add(c => c.Models, models.Length == 0 ? [Samples.Model()] : models).Add(c => c.OnChanged, () => _changes++));

    private static AngleSharp.Dom.IElement Field(IRenderedComponent<SettingsPanel> panel, string label) =>
        panel.Find($"#{panel.FindAll("label").First(l => l.TextContent == label).GetAttribute("for")}");

    [Fact]
    public void Choose_Preset_IsTheSetting()
    {
        var panel = Render();
        panel.FindAll(".segmented button").First(b => b.TextContent == "strong").Click();
        Assert.Equal("strong", _column.Value!.Compress);
        Assert.Equal("true", panel.FindAll(".segmented button").First(b => b.TextContent == "strong").GetAttribute("aria-pressed"));
        Assert.Equal(1, _changes);
    }

    [Fact]
    public void Choose_ByHand_BeginsWithThePresetForTheModelsLayers()
    {
        var panel = Render(Samples.Model(layers: 28));
        panel.FindAll(".segmented button").First(b => b.TextContent == "balanced").Click();
        panel.FindAll(".segmented button").First(b => b.TextContent == "by hand").Click();
        Assert.Equal("4, 18", Field(panel, "Drop after layers").GetAttribute("value"));
        Assert.Equal("uniform0_attention:4,18:1,0.75,0.25", _column.Value!.Compress);
    }

    [Fact]
    public void Type_BadValue_IsSaidAtTheFieldAndSetsNothing()
    {
        var panel = Render();
        Field(panel, "Top-p").Input("2");
        var field = Field(panel, "Top-p");
        Assert.Equal("true", field.GetAttribute("aria-invalid"));
        Assert.Contains("at most 1", panel.Find($"#{field.GetAttribute("aria-describedby")}").TextContent, StringComparison.Ordinal);
        Assert.Contains("1 error", panel.Find(".settings-more summary").TextContent, StringComparison.Ordinal);
        Assert.Null(_column.Value);
        Field(panel, "Top-p").Input("0.9");
        Assert.Equal(0.9, _column.Value!.TopP);
        Assert.False(Field(panel, "Top-p").HasAttribute("aria-invalid"));
    }

    [Fact]
    public void Choose_Model_ChecksLayersAgain()
    {
        var panel = Render(Samples.Model(layers: 28), Samples.Model("small", isDefault: false, layers: 4, note: "Only four layers."), Samples.Model("broken", isDefault: false, problem: "Files are missing."));
        panel.FindAll(".segmented button").First(b => b.TextContent == "by hand").Click();
        Assert.NotNull(_column.Value);
        panel.Find("select").Change("small");
        Assert.Contains("4 layers", _column.Form.Errors[nameof(SettingsForm.Layers)], StringComparison.Ordinal);
        Assert.Contains("Only four layers.", panel.Markup, StringComparison.Ordinal);
        Assert.True(panel.FindAll("option").First(o => o.GetAttribute("value") == "broken").HasAttribute("disabled"));
    }

    [Fact]
    public void Choose_ModelWithWindows_OffersRatiosInsteadOfDrops()
    {
        var panel = Render(Samples.Model(), Samples.Model("xl", isDefault: false, compression: "vst:8"));
        panel.Find("select").Change("xl");
        panel.FindAll(".segmented button").First(b => b.TextContent == "by hand").Click();
        Assert.Equal("vst:8", _column.Value!.Compress);
        Assert.DoesNotContain("Drop after layers", panel.Markup, StringComparison.Ordinal);
        Assert.Equal(["2", "4", "8", "12", "16"], Field(panel, "Ratio").QuerySelectorAll("option").Select(o => o.TextContent));
        Field(panel, "Ratio").Change("16");
        Assert.Equal("vst:16", _column.Value!.Compress);
        Field(panel, "Windows").Change(nameof(RatioChoice.Content));
        Assert.Equal("vst:dynamic@16", _column.Value!.Compress);
        Field(panel, "Windows").Change(nameof(RatioChoice.Drawn));
        Field(panel, "Seed of the draw").Input("9");
        Assert.Equal("vst:random@9", _column.Value!.Compress);
        Field(panel, "Windows").Change(nameof(RatioChoice.InTurn));
        Field(panel, "Ratios in turn").Input("2, 1");
        Assert.Contains("ratio of 1", _column.Form.Errors[nameof(SettingsForm.RatioList)], StringComparison.Ordinal);
        Assert.Null(_column.Value);

        // The other system takes drops again.
        panel.Find("select").Change("");
        Assert.NotNull(_column.Value);
        Assert.DoesNotContain("vst:", _column.Value.Compress, StringComparison.Ordinal);
    }

    [Fact]
    public void Frames_Number_ShowsItsField()
    {
        var panel = Render();
        panel.FindAll(".segmented button").First(b => b.TextContent == "number").Click();
        Field(panel, "Number of frames").Input("12");
        Assert.Equal(12, _column.Value!.Frames);
        Field(panel, "Number of frames").Input("many");
        Assert.Contains("'many' is not a whole number", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Model_ThatIsGone_StaysVisible()
    {
        _column.Form = SettingsForm.From(new() { Model = "gone" }, null);
        Assert.Contains("gone (not installed)", Render().Markup, StringComparison.Ordinal);
    }
}
