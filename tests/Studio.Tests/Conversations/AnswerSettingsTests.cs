using System.Reflection;
using Studio.Conversations;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Video;
using Xunit;

namespace Studio.Tests.Conversations;

public sealed class AnswerSettingsTests
{
    private static readonly ModelConfig s_flash = TinyModels.VideoChatFlash(), s_xl = TinyModels.VideoXl();

    public static TheoryData<AnswerSettings, string> Bad => new()
    {
        { new() { Frames = 8, Fps = 1 }, "frames 8 and fps 1" },
        { new() { Frames = 0 }, "frames is 0" },
        { new() { Frames = 50_001 }, "50000" },
        { new() { MaxFrames = -1 }, "maxFrames is -1" },
        { new() { Fps = 0 }, "fps is 0" },
        { new() { Fps = double.NaN }, "fps is NaN" },
        { new() { Start = -1 }, "start -1" },
        { new() { Start = 5, End = 5 }, "end 5" },
        { new() { End = double.PositiveInfinity }, "end" },
        { new() { Compress = "loud" }, "loud" },
        { new() { Compress = "uniform:1:1" }, "2 ratios" },
        { new() { Compress = "vst:1" }, "ratio of 1" },
        { new() { Compress = "vst:8x" }, "'8x'" },
        { new() { Compress = new('x', 201) }, "201" },
        { new() { Temperature = -1 }, "temperature" },
        { new() { TopP = 0 }, "top-p" },
        { new() { TopK = -1 }, "top-k" },
        { new() { RepetitionPenalty = 0 }, "repetition penalty" },
        { new() { MaxNewTokens = 0 }, "0" },
        { new() { MaxNewTokens = GenerationSettings.MaxNewTokensLimit + 1 }, "65537" },
    };

    [Theory]
    [MemberData(nameof(Bad))]
    public void Validate_NamesTheValue(AnswerSettings settings, string named) =>
        Assert.Contains(named, Assert.Throws<ArgumentException>(settings.Validate).Message, StringComparison.Ordinal);

    [Fact]
    public void Defaults_AreThePublishedOnes()
    {
        var settings = new AnswerSettings();
        settings.Validate();
        Assert.Equal(SamplingSettings.Default, settings.Sampling(s_flash));
        Assert.Equal(SamplingSettings.Default with { Rule = SamplingRule.VideoXl, ClipLength = 1 }, settings.Sampling(s_xl));
        var generation = new GenerationSettings { RepetitionPenalty = 1.1, StopIds = [3] };
        Assert.Equal(generation, settings.Generation(generation));
        Assert.Equal(CompressionSettings.DefaultOf(s_flash), settings.Compression(s_flash));
        Assert.Equal(VstCompression.Given(8), settings.Compression(s_xl));
    }

    [Fact]
    public void EveryValue_ReachesTheEngine()
    {
        var settings = new AnswerSettings
        {
            Frames = 12, MaxFrames = 100, Start = 1, End = 9, Compress = "uniform:2:1,0.5", Temperature = 0.5, TopP = 0.9, TopK = 7, Seed = ulong.MaxValue, MaxNewTokens = 11, RepetitionPenalty = 1.2,
        };
        settings.Validate();
        Assert.Equal(SamplingSettings.Uniform(12) with { ClipLength = 4, StartSeconds = 1, EndSeconds = 9, MaxFrames = 100 }, settings.Sampling(s_flash));
        Assert.Equal(SamplingSettings.AtRate(0.5), new AnswerSettings { Fps = 0.5 }.Sampling(s_flash));
        Assert.Equal("uniform:2:1,0.5", settings.Compression(s_flash).ToString());
        Assert.Equal(VstCompression.Given(2, 16), new AnswerSettings { Compress = "vst:2,16" }.Compression(s_xl));
        Assert.Equal(
            new() { Temperature = 0.5, TopP = 0.9, TopK = 7, Seed = ulong.MaxValue, MaxNewTokens = 11, RepetitionPenalty = 1.2, StopIds = [3] },
            settings.Generation(new() { StopIds = [3] }) with { StopIds = [3] }, (a, b) => a with { StopIds = [] } == b with { StopIds = [] } && a.StopIds.SequenceEqual(b.StopIds));
    }

    [Fact]
    public void Json_RoundTripsEveryField()
    {
        var settings = new AnswerSettings
        {
            Model = "m", Frames = 1, Fps = 2, MaxFrames = 3, Start = 4, End = 5, Compress = "off", Temperature = 6, TopP = 0.7, TopK = 8, Seed = ulong.MaxValue, MaxNewTokens = 9, RepetitionPenalty = 1,
        };
        Assert.DoesNotContain(typeof(AnswerSettings).GetProperties(BindingFlags.Public | BindingFlags.Instance), p => p.GetValue(settings) is null);
        Assert.Equal(settings, AnswerSettings.FromJson(settings.ToJson()));
        Assert.Equal("{}", new AnswerSettings().ToJson());
        Assert.Contains("maxNewTokens", AnswerSettings.FieldNames);
    }
}
