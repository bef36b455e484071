using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Xunit;

namespace Studio.Engine.Tests.Compression;

public sealed class VstCompressionTests
{
    private static readonly VstConfig s_vst = new();
    private static readonly ModelConfig s_xl = TinyModels.VideoXl(), s_flash = TinyModels.VideoChatFlash(layers: 8);

    [Theory]
    [InlineData("off", "off")]
    [InlineData("balanced", "vst:8")]
    [InlineData("strong", "vst:16")]
    [InlineData("vst:2", "vst:2")]
    [InlineData("vst:2,4,8", "vst:2,4,8")]
    [InlineData("vst:random", "vst:random@42")]
    [InlineData("vst:random@18446744073709551615", "vst:random@18446744073709551615")]
    [InlineData("vst:dynamic", "vst:dynamic@8")]
    [InlineData("vst:dynamic@16", "vst:dynamic@16")]
    public void Parse_EveryForm_ReadsBackEqual(string text, string canonical)
    {
        var settings = CompressionSettings.Parse(text, s_xl);
        Assert.Equal(canonical, settings.ToString());
        Assert.Equal(settings, CompressionSettings.Parse(canonical, s_xl));
        Assert.Equal(settings.GetHashCode(), CompressionSettings.Parse(canonical, s_xl).GetHashCode());
        Assert.Equal(text == "off", settings.IsOff);
        Assert.Equal(settings, CompressionSettings.Resolve(settings, s_xl));
    }

    [Theory]
    [InlineData("gentle", "unknown compression 'gentle'")]
    [InlineData("vst:", "'' is not a ratio")]
    [InlineData("vst:1", "a compression ratio of 1")]
    [InlineData("vst:0", "a compression ratio of 0")] // keeping everything is "off"
    [InlineData("vst:2,x", "'x' is not a ratio")]
    [InlineData("vst:-4", "'-4' is not a ratio")]
    [InlineData("vst:1441", "ratio 1441 is larger than a window of 1440")]
    [InlineData("vst:dynamic@1441", "ratio 1441 is larger than a window of 1440")]
    [InlineData("vst:random@-1", "'-1' is not a seed")]
    [InlineData("vst:8@3", "nothing takes '@3'")]
    [InlineData("vst:dynamic@1", "a compression ratio of 1")]
    [InlineData("uniform:2:1,0.5", "drops visual tokens between layers (VideoChat-Flash)")] // the other system's
    public void Parse_WrongText_SaysWhatIsWrong(string text, string reason)
    {
        var message = Assert.Throws<ArgumentException>(() => CompressionSettings.Parse(text, s_xl)).Message;
        Assert.Contains(reason, message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("vst:8")]
    [InlineData("vst:nonsense")]
    public void Parse_SummaryTokensForTheOtherSystem_AreRefused(string text) => Assert.Contains(
        "is for models with visual summary tokens (Video-XL)", Assert.Throws<ArgumentException>(() => CompressionSettings.Parse(text, s_flash)).Message, StringComparison.Ordinal);

    [Fact]
    public void Resolve_SettingsOfTheOtherSystem_AreRefusedUnlessOff()
    {
        Assert.Equal(VstCompression.Kept, CompressionSettings.Resolve(CompressionSettings.Off, s_xl));
        Assert.Equal(VisualDropout.None, CompressionSettings.Resolve(VstCompression.Kept, s_flash));
        Assert.Contains("vst:8", Assert.Throws<ArgumentException>(() => CompressionSettings.Resolve(VstCompression.Balanced, s_flash)).Message, StringComparison.Ordinal);
        Assert.Contains("summarises them in windows", Assert.Throws<ArgumentException>(() => CompressionSettings.Resolve(VisualDropout.Balanced, s_xl)).Message, StringComparison.Ordinal);
        Assert.Contains("window of 6", Assert.Throws<ArgumentException>(() => VstCompression.Of(VstCompression.Balanced, new() { Window = 6 })).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 2, 4, 8 }, "vst:8")] // the demonstration's
    [InlineData(new[] { 16 }, "vst:16")]
    [InlineData(new[] { 2, 4 }, "vst:4")]
    [InlineData(new[] { 1, 4000 }, "vst:2")] // nothing usable is stored
    public void DefaultOf_StoredRatios_IsOneOfThem(int[] ratios, string expected) =>
        Assert.Equal(expected, VstCompression.DefaultOf(new() { Ratios = ratios }).ToString());

    [Fact]
    public void Given_TooManyRatios_AreRefused()
    {
        Assert.Equal(VstCompression.MaxRatios, VstCompression.Given([.. Enumerable.Repeat(4, VstCompression.MaxRatios)]).Ratios.Count);
        Assert.Throws<ArgumentException>(() => VstCompression.Given([.. Enumerable.Repeat(4, VstCompression.MaxRatios + 1)]));
        Assert.Throws<ArgumentException>(() => VstCompression.Given());
    }

    // video-xl.md 3.3: summary tokens and rows of a full window.
    [Theory]
    [InlineData(2, 720, 2160)]
    [InlineData(4, 360, 1800)]
    [InlineData(8, 180, 1620)]
    [InlineData(12, 120, 1560)]
    [InlineData(16, 90, 1530)]
    public void Window_PublishedRatios_HaveThePublishedCounts(int ratio, int vsts, int rows)
    {
        var window = Cut(VstCompression.Given(ratio), 1440)[0];
        Assert.Equal((vsts, rows, vsts), (window.Vsts, window.Rows, window.Kept));
    }

    [Theory]
    [InlineData(1440, 8)]
    [InlineData(100, 12)]
    [InlineData(7, 2)]
    [InlineData(7, 9)]
    [InlineData(4321, 16)]
    [InlineData(3000, 7)]
    public void Cut_AnySpan_PutsEverySummaryBehindItsTokens(int tokens, int ratio)
    {
        var windows = Cut(VstCompression.Given(ratio), tokens);
        Assert.Equal(tokens / ratio, windows.Sum(w => w.Vsts)); // the count goes on over window boundaries
        var (seen, behind) = (0, 0);
        foreach (var window in windows)
        {
            Assert.Equal(seen, window.Start);
            var rows = new int?[window.Rows];
            for (var t = 0; t < window.Length; t++) rows[window.RowOfToken(t)] = window.Start + t;
            for (var m = 0; m < window.Vsts; m++)
            {
                Assert.Null(rows[window.RowOfVst(m)]);
                behind += ratio;
                Assert.Equal(behind - 1, rows[window.RowOfVst(m) - 1] ?? window.Start - 1); // right behind its last token
                var (first, count) = window.TokensOf(m);
                Assert.Equal(behind - 1 - window.Start, first + count - 1);
                Assert.InRange(count, 1, ratio);
            }

            Assert.Equal(window.Vsts, rows.Count(r => r is null));
            seen += window.Length;
        }

        Assert.Equal(tokens, seen);
    }

    [Fact]
    public void Cut_RatiosInTurn_StartAgainBehindTheLast()
    {
        Assert.Equal([2, 4, 8, 2, 4], Cut(VstCompression.Given(2, 4, 8), (4 * 1440) + 144).Select(w => w.Ratio));
        Assert.Equal([0, 0], Cut(VstCompression.Kept, 1441).Select(w => w.Ratio));
        Assert.Equal([1440, 1], Cut(VstCompression.Kept, 1441).Select(w => w.Kept));
        Assert.Empty(Cut(VstCompression.Balanced, 0));
    }

    [Fact]
    public void Cut_NewRatio_StartsItsCountAgain()
    {
        var windows = VstCompression.Given(8, 4).RuleFor(s_vst).Cut(new(60, 1, null), 30);
        Assert.Equal([(8, 0, 3), (4, 0, 7)], windows.Select(w => (w.Ratio, w.Carry, w.Vsts)));
    }

    [Fact]
    public void Cut_Drawn_RepeatsWithItsSeedWhateverWasCutBefore()
    {
        int[] Ratios(ulong seed, int windows) => [.. Cut(VstCompression.Drawn(seed), windows * 1440).Select(w => w.Ratio)];
        var first = Ratios(42, 40);
        _ = Ratios(7, 3);
        Assert.Equal(first, Ratios(42, 40));
        Assert.Equal(first[..10], Ratios(42, 10));
        Assert.NotEqual(first, Ratios(43, 40));
        Assert.Equal([2, 4, 8], first.Distinct().Order());
    }

    [Fact]
    public void Cut_Drawn_TakesOnlyRatiosThatDivide()
    {
        var rule = VstCompression.Drawn().RuleFor(new() { Ratios = [4, 8, 12], Window = 36 });
        Assert.All(rule.Cut(new(360, 1, null), 36), w => Assert.Contains(w.Ratio, new[] { 4, 12 }));
        Assert.Equal(4, Assert.Single(rule.Cut(new(7, 1, null), 36)).Ratio); // none divides: the largest not longer than the window
        Assert.Equal(4, Assert.Single(rule.Cut(new(3, 1, null), 36)).Ratio); // none fits: the smallest
        Assert.Equal(12, Assert.Single(rule.Cut(new(35, 1, null), 36)).Ratio);
    }

    [Theory]
    [InlineData("rng42_choice_2_4_8", new[] { 2, 4, 8 })]
    [InlineData("rng42_choice_2_4_8_12_16", new[] { 2, 4, 8, 12, 16 })]
    public void NumpyChoice_Seed42_GivesTheOriginalsNumbers(string key, int[] ratios)
    {
        var expected = Golden.Json("vxl_beacon_edge", "case.json").GetProperty(key).EnumerateArray().Select(e => e.GetInt32()).ToArray();
        var random = new NumpyChoice(42);
        Assert.Equal(expected, expected.Select(_ => ratios[random.Next(ratios.Length)]));
        Assert.Equal(0, random.Next(1));
        Assert.Throws<ArgumentOutOfRangeException>(() => random.Next(0));
    }

    private static IReadOnlyList<VstWindow> Cut(VstCompression settings, int tokens) => settings.RuleFor(s_vst).Cut(new(tokens, 144, null), s_vst.Window);
}
