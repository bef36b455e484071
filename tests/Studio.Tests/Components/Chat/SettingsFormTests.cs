using Studio.Components.Chat;
using Studio.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class SettingsFormTests
{
    private static SettingsForm Read(Action<SettingsForm> type, int? layers = 28)
    {
        var form = new SettingsForm();
        type(form);
        form.Read(layers);
        return form;
    }

    public static TheoryData<string> Settings =>
    [
        "{}",
        """{"model":"7b","frames":32,"compress":"off"}""",
        """{"fps":0.5,"maxFrames":100,"compress":"strong"}""",
        """{"compress":"uniform:4,18:1,0.75,0.25","temperature":0.7,"topP":0.9,"topK":40,"seed":18446744073709551615}""",
        """{"model":"xl","compress":"vst:12"}""",
        """{"compress":"vst:2,4,8"}""",
        """{"compress":"vst:random@7"}""",
        """{"compress":"vst:dynamic@4"}""",
        """{"start":1.5,"end":9.25,"maxNewTokens":12,"repetitionPenalty":1.05}""",
    ];

    [Theory]
    [MemberData(nameof(Settings))]
    public void From_Settings_AreReadBack(string json)
    {
        var settings = AnswerSettings.FromJson(json);
        Assert.Equal(settings, SettingsForm.From(settings, 28).Value);
    }

    [Theory]
    [InlineData(nameof(SettingsForm.Temperature), "hot", "'hot' is not a number")]
    [InlineData(nameof(SettingsForm.Temperature), "0,7", "write it with a point")]
    [InlineData(nameof(SettingsForm.Temperature), "-1", "not -1")]
    [InlineData(nameof(SettingsForm.Temperature), "NaN", "is not a number")]
    [InlineData(nameof(SettingsForm.TopP), "0", "above 0 and at most 1")]
    [InlineData(nameof(SettingsForm.TopP), "2", "above 0 and at most 1")]
    [InlineData(nameof(SettingsForm.TopK), "1.5", "not a whole number")]
    [InlineData(nameof(SettingsForm.TopK), "-2", "not -2")]
    [InlineData(nameof(SettingsForm.Seed), "-1", "not a seed")]
    [InlineData(nameof(SettingsForm.MaxNewTokens), "0", "1 to 65536")]
    [InlineData(nameof(SettingsForm.RepetitionPenalty), "0", "above 0")]
    [InlineData(nameof(SettingsForm.Start), "-3", "before the beginning")]
    [InlineData(nameof(SettingsForm.End), "0", "not after start")]
    [InlineData(nameof(SettingsForm.MaxFrames), "0", "1 or more")]
    [InlineData(nameof(SettingsForm.MaxFrames), "60000", "50000")]
    public void Read_BadValue_IsTheFieldsError(string field, string text, string says)
    {
        var form = Read(f => typeof(SettingsForm).GetProperty(field)!.SetValue(f, text));
        Assert.Null(form.Value);
        var error = Assert.Single(form.Errors);
        Assert.Equal(field, error.Key);
        Assert.Contains(says, error.Value, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("SamplingSettings", error.Value, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(FrameChoice.Count, "0", "", nameof(SettingsForm.FrameCount))]
    [InlineData(FrameChoice.Count, "", "", nameof(SettingsForm.FrameCount))]
    [InlineData(FrameChoice.Count, "50001", "", nameof(SettingsForm.FrameCount))]
    [InlineData(FrameChoice.Rate, "", "0", nameof(SettingsForm.Fps))]
    [InlineData(FrameChoice.Rate, "", "fast", nameof(SettingsForm.Fps))]
    public void Read_BadFrames_AreTheFieldsError(FrameChoice choice, string count, string fps, string field)
    {
        var form = Read(f => (f.Frames, f.FrameCount, f.Fps) = (choice, count, fps));
        Assert.Equal([field], form.Errors.Keys);
    }

    [Fact]
    public void Read_FieldsOfAnotherChoice_DoNotCount()
    {
        var form = Read(f => (f.FrameCount, f.Fps, f.Layers, f.Ratios) = ("x", "y", "z", "w"));
        Assert.Equal(new AnswerSettings(), form.Value);
    }

    [Theory]
    [InlineData("4, 18", "0.75 0.25", null, "uniform0_attention:4,18:1,0.75,0.25")]
    [InlineData("4", "1", null, "uniform0_attention:4:1,1")]
    [InlineData("", "0.5", nameof(SettingsForm.Layers), "at least one layer")]
    [InlineData("4, x", "0.5, 0.25", nameof(SettingsForm.Layers), "'x' is not a layer")]
    [InlineData("18, 4", "0.5, 0.25", nameof(SettingsForm.Layers), "ascend")]
    [InlineData("0", "0.5", nameof(SettingsForm.Layers), "ascend")]
    [InlineData("28", "0.5", nameof(SettingsForm.Layers), "28 layers")]
    [InlineData("4, 18", "0.5", nameof(SettingsForm.Ratios), "2 drop layers need 2 shares")]
    [InlineData("4", "", nameof(SettingsForm.Ratios), "1 drop layer needs 1 share")]
    [InlineData("4", "half", nameof(SettingsForm.Ratios), "'half' is not a share")]
    [InlineData("4", "1.2", nameof(SettingsForm.Ratios), "1.2 does not fit after 1")]
    [InlineData("4, 18", "0.25, 0.5", nameof(SettingsForm.Ratios), "0.5 does not fit after 0.25")]
    [InlineData("4", "0", nameof(SettingsForm.Ratios), "0 does not fit")]
    public void Read_CompressionByHand_IsAScheduleOrTheFieldsError(string layers, string ratios, string? field, string says)
    {
        var form = Read(f => (f.Preset, f.Layers, f.Ratios) = (SettingsForm.ByHand, layers, ratios));
        if (field is null) Assert.Equal(says, form.Value!.Compress);
        else Assert.Contains(says, form.Errors[field], StringComparison.Ordinal);
    }

    [Fact]
    public void Spell_Preset_FillsTheFieldsForTheDecoder()
    {
        var form = new SettingsForm { Preset = SettingsForm.ByHand };
        form.Spell("balanced", 28);
        Assert.Equal(("4, 18", "0.75, 0.25"), (form.Layers, form.Ratios));
        form.Spell("off", 14); // nothing to spell: a beginning that can be changed
        Assert.Equal("2, 9", form.Layers);
        form.Read(14);
        Assert.Empty(form.Errors);
    }
}
