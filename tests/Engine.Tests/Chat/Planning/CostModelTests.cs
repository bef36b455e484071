using System.Globalization;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat.Planning;

public sealed class CostModelTests
{
    private const double Tera = 1e12, Giga = 1e9, Mebi = 1 << 20, Gibi = 1 << 30;

    /// <summary>Spec section 9 prints each figure to a few digits; ours must round to exactly those. One does not follow from its own
    /// formula: the connector at 10 000 frames is 5.285, printed as 5.29.</summary>
    private static void Printed(string expected, double value)
    {
        var dot = expected.IndexOf('.', StringComparison.Ordinal);
        var decimals = dot < 0 ? 0 : expected.Length - dot - 1;
        Assert.Equal(expected.Replace(" ", "", StringComparison.Ordinal), value.ToString($"F{decimals}", CultureInfo.InvariantCulture));
    }

    private static CostRequest Request(string model, int frames, bool recipe = false) => new()
    {
        Model = PublishedModels.Named(model),
        Visuals = frames == 0 ? [] : [VisualInput.Video(frames)],
        TextTokens = 64,
        Compression = recipe ? VisualDropout.Balanced : CompressionSettings.Off,
        ComputeType = ScalarType.BFloat16,
    };

    [Theory]
    [InlineData("7B@224", "0.513", 64)]
    [InlineData("7B@448", "2.747", 64)]
    [InlineData("7B+IV2", "2.250", 64)]
    public void TowerPerClip_PublishedTowers_MatchesSpecification(string model, string tera, int frames) =>
        Printed(tera, CostModel.Of(Request(model, frames)).Visual.TowerPerClip / Tera);

    [Theory]
    [InlineData("7B@224", "0.03")]
    [InlineData("7B@448", "0.42")]
    public void MergePerClip_PublishedTowers_MatchesSpecification(string model, string giga) =>
        Printed(giga, CostModel.Of(Request(model, 4)).Visual.MergePerClip / Giga);

    [Theory]
    [InlineData("2B@448", 64, 1024, "43.9", "0.01", "2.85", "0.10", "1.80", "0.05", "29.8", "18.8", "3.27", "3.21", "0.62")]
    [InlineData("2B@448", 256, 4096, "175.8", "0.03", "10.9", "1.49", "6.68", "0.67", "113.8", "69.8", "3.80", "3.53", "2.35")]
    [InlineData("2B@448", 1000, 16_000, "686.6", "0.13", "42.1", "22.2", "25.6", "9.94", "439", "267", "5.85", "4.77", "9.09")]
    [InlineData("2B@448", 10_000, 160_000, "6866", "1.26", "419", "2204", "255", "984", "4377", "2658", "30.6", "19.8", "90.6")]
    [InlineData("7B@448", 64, 1024, "43.9", "0.03", "14.2", "0.24", "8.95", "0.11", "59.5", "37.5", "14.6", "14.4", null)]
    [InlineData("7B@448", 256, 4096, "175.8", "0.14", "54.3", "3.47", "33.3", "1.57", "227.5", "139.5", "15.8", "15.2", null)]
    [InlineData("7B@448", 1000, 16_000, "686.6", "0.53", "209.6", "51.8", "127.6", "23.2", "878.5", "534.8", "20.6", "18.1", null)]
    [InlineData("7B@448", 10_000, 160_000, "6866", "5.28", "2089", "5142", "1269", "2296", "8754", "5316", "78.4", "53.2", null)]
    [InlineData("7B@224", 64, 1024, "8.21", "0.03", "14.2", "0.24", "8.95", "0.11", "59.5", "37.5", "14.6", "14.4", null)]
    [InlineData("7B@224", 256, 4096, "32.8", "0.14", "54.3", "3.47", "33.3", "1.57", "227.5", "139.5", "15.8", "15.2", null)]
    [InlineData("7B@224", 1000, 16_000, "128.2", "0.53", "209.6", "51.8", "127.6", "23.2", "878.5", "534.8", "20.6", "18.1", null)]
    [InlineData("7B@224", 10_000, 160_000, "1282", "5.28", "2089", "5142", "1269", "2296", "8754", "5316", "78.4", "53.2", null)]
    public void Of_RowsOfTheSpecification_MatchToPrintedPrecision(
        string model, int frames, int visual, string tower, string connector, string linear, string attention,
        string recipeLinear, string recipeAttention, string kv, string recipeKv, string decode, string recipeDecode, string? allLogits)
    {
        var (dense, recipe) = (CostModel.Of(Request(model, frames)), CostModel.Of(Request(model, frames, recipe: true)));
        Assert.Equal(visual, dense.Tokens.Visual);
        Printed(tower, dense.Visual.Tower / Tera);
        Printed(connector, dense.Visual.Connector / Tera);
        Printed(linear, dense.Decoder.Linear / Tera);
        Printed(attention, dense.Decoder.Attention / Tera);
        Printed(recipeLinear, recipe.Decoder.Linear / Tera);
        Printed(recipeAttention, recipe.Decoder.Attention / Tera);
        Printed(kv, dense.Tokens.KvBytes / Mebi);
        Printed(recipeKv, recipe.Tokens.KvBytes / Mebi);
        Printed(decode, dense.Decoder.DecodePerToken / Giga);
        Printed(recipeDecode, recipe.Decoder.DecodePerToken / Giga);
        if (allLogits is not null) Printed(allLogits, dense.Decoder.AllLogitsBytes / Gibi);
    }

    [Theory]
    [InlineData("7B@224", false, 8519)]
    [InlineData("7B@224", true, 4853)]
    [InlineData("7B@448", false, 14_103)]
    [InlineData("7B@448", true, 10_437)]
    public void Of_TenThousandFrames_TotalsMatchSpecification(string model, bool compressed, double tera)
    {
        var cost = CostModel.Of(Request(model, 10_000, compressed));
        var total = (cost.Visual.Tower + cost.Visual.Connector + cost.Decoder.Linear + cost.Decoder.Attention) / Tera;
        Assert.InRange(total, tera - 0.6, tera + 0.6); // the printed connector is 0.005 too large
    }

    [Fact]
    public void WeightCount_PublishedModels_MatchesFileSizes()
    {
        var two = WeightCount.Of(PublishedModels.TwoB448, separateHead: true);
        Assert.Equal(290_479_104, two.Tower);
        Assert.Equal(3_935_232, two.Connector);
        Assert.Equal(1_543_714_304, two.Decoder - two.Head);
        Assert.Equal(233_373_696, two.Head);
        Assert.Equal(4_143_004_672, CostModel.Of(Request("2B@448", 64)).Weights.Total);
        Assert.Equal("7.923", (WeightCount.Of(PublishedModels.SevenB448, true).Total / 1e9).ToString("F3", CultureInfo.InvariantCulture));
        Assert.Equal("8.621", (WeightCount.Of(PublishedModels.SevenBInternVideo, true).Total / 1e9).ToString("F3", CultureInfo.InvariantCulture));
    }

    [Theory]
    [InlineData(null, false, 1)]
    [InlineData(false, false, 1)]
    [InlineData(true, false, 0)]
    [InlineData(true, true, 1)]
    public void Of_TiedEmbedding_CountsTheHeadOnlyWhereStored(bool? tied, bool told, int heads)
    {
        var request = Request("2B@448", 64);
        request = request with
        {
            Model = request.Model with { Language = request.Model.Language with { TieWordEmbeddings = tied } },
            SeparateHead = told ? true : null,
        };
        Assert.Equal((1_543_714_304 + (heads * 233_373_696L)) * 2, CostModel.Of(request).Weights.Decoder);
    }

    [Fact]
    public void Of_SeveralVisuals_TruncatesEachSpanByItself()
    {
        // 3.84, 3.84 and 7.68 truncate to 13; all 256 tokens at once would keep 15.
        var request = Request("2B@448", 0) with
        {
            Visuals = [VisualInput.Video(4), VisualInput.Image(), VisualInput.Video(8)],
            Compression = new VisualDropout(CompressionType.Uniform, [2], [1, 0.06]),
        };
        var tokens = CostModel.Of(request).Tokens;
        Assert.Equal((12, 3, 1, 256), (tokens.Frames, tokens.Clips, tokens.Crops, tokens.Visual));
        Assert.Equal(3 + 3 + 7, tokens.Stages[1].VisualTokens);
        Assert.Equal([320, 320, 77], tokens.RowsPerLayer.Take(3));
        Assert.Equal(tokens.KvBytes, tokens.Stages.Sum(s => s.KvBytes));
        Assert.Equal(28, tokens.Stages.Sum(s => s.Layers));
    }

    [Fact]
    public void Of_TextOnly_HasNoVisualCost()
    {
        var cost = CostModel.Of(Request("2B@448", 0));
        Assert.Equal(0, cost.Visual.Flops);
        Assert.Equal(64, cost.Tokens.Prompt);
        Assert.Equal(0, cost.Memory.EncodePeak);
    }

    [Fact]
    public void Of_LastLayer_OnlyItsLastRowIsComputedInFull()
    {
        var cost = CostModel.Of(Request("2B@448", 64));
        double rows = cost.Tokens.Prompt, h = 1536, kv = 256;
        var full = (2 * rows * cost.Decoder.LayerMatrix) + (2 * h * rows * rows);
        var ours = (2 * rows * 2 * h * kv) + (2 * (cost.Decoder.LayerMatrix - (2 * h * kv))) + (4 * h * rows);
        Assert.Equal(full - ours, cost.Decoder.Skipped, full * 1e-12);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    [InlineData(101, 100)]
    public void Of_NewTokens_DecodesOneStepLess(int tokens, int steps)
    {
        var cost = CostModel.Of(Request("2B@448", 64) with { NewTokens = tokens }).Decoder;
        Assert.Equal(steps, cost.DecodeSteps);
        var grown = 28.0 * steps * (steps - 1) / 2; // rows added by earlier steps, over all layers
        Assert.Equal((steps * cost.DecodePerToken) + (4 * 1536 * grown), cost.DecodeFlops, 1);
        Assert.Equal((steps * cost.DecodeBytesPerToken) + (grown * 1024), cost.DecodeBytes, 1);
    }

    [Fact]
    public void Of_StoredTypeConverted_MovesTheConversionToo()
    {
        var request = Request("2B@448", 64) with { NewTokens = 2, ComputeType = ScalarType.Float32 };
        var composed = CostModel.Of(request with { ConvertsWeights = true });
        var kernels = CostModel.Of(request with { ConvertsWeights = false });
        var elements = (28.0 * composed.Decoder.LayerMatrix) + (1536.0 * 151_936);
        Assert.Equal(elements * 8, composed.Decoder.DecodeBytes - kernels.Decoder.DecodeBytes, 1);
        Assert.Equal(151_936L * 1536 * 4, composed.Memory.ConvertedHead);
        Assert.Equal(0, kernels.Memory.ConvertedHead);
    }

    public static TheoryData<CostRequest, string> BadRequests() => new()
    {
        { Request("2B@448", 64) with { TextTokens = 0 }, "0 text tokens" },
        { Request("2B@448", 64) with { NewTokens = -1 }, "-1 new tokens" },
        { Request("2B@448", 64) with { ReserveAhead = -1 }, "-1 reserved rows" },
        { Request("2B@448", 64) with { TowerActivationBytes = 0 }, "0 bytes of tower activations" },
        { Request("2B@448", 64) with { ComputeType = ScalarType.Int32 }, "cannot compute in int32" },
        { Request("2B@448", 64) with { Visuals = [VisualInput.Video(6)] }, "6 frames do not make clips of 4" },
        { Request("2B@448", 64) with { Visuals = [VisualInput.Video(0)] }, "a video of 0 frames" },
        { Request("2B@448", 64) with { Visuals = [VisualInput.Image(0)] }, "an image of 0 crops" },
        { Request("2B@448", 64) with { Compression = new VisualDropout(CompressionType.Uniform, [28], [1, 0.5]) }, "cannot drop after layer 28" },
        { Request("2B@448", 64) with { Model = PublishedModels.TwoB448 with { Vision = PublishedModels.TwoB448.Vision with { ImageSize = 32 } } }, "16 patches cannot merge to 64" },
    };

    [Theory]
    [MemberData(nameof(BadRequests))]
    public void Of_ImpossibleRequest_NamesTheValue(CostRequest request, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => CostModel.Of(request)).Message, StringComparison.Ordinal);
}
