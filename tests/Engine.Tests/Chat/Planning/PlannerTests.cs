using System.Text.Json;
using Studio.Engine.Chat.Planning;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Torch;
using Xunit;

namespace Studio.Engine.Tests.Chat.Planning;

public sealed class PlannerTests
{
    internal static MachineRates Rates { get; } = new(
        new("Test CPU", 2, "1.13.1", "OpenBLAS", "cpu"), new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero), 200e9, 1000e9, 20e9, 16e9);

    internal static CostRequest Request { get; } = new()
    {
        Model = PublishedModels.TwoB448,
        Visuals = [VisualInput.Video(64)],
        TextTokens = 64,
        NewTokens = 101,
        Compression = VisualDropout.Balanced,
    };

    [Fact]
    public void Make_RatesKnown_DividesWorkByNamedEfficiencies()
    {
        var plan = Planner.Make(Request, Rates);
        var (visual, decoder) = (plan.Cost.Visual, plan.Cost.Decoder);
        Assert.Equal(["encode", "connect", "prefill", "decode"], plan.Steps.Select(s => s.Name));
        Assert.All(plan.Steps, s => Assert.True(s.Seconds.IsExact));
        Assert.Equal(visual.Tower / 200e9 / Efficiency.Tower, plan.Steps[0].Seconds.Low, 1e-6);
        Assert.Equal((visual.Merge + visual.Connector) / 200e9 / Efficiency.Connector, plan.Steps[1].Seconds.Low, 1e-6);
        var products = ((decoder.Linear + decoder.Ranking - decoder.Skipped) / 200e9 / Efficiency.Linear) + (decoder.Attention / 200e9 / Efficiency.Attention);
        Assert.Equal(1536.0 * 151_936 * 2, plan.Steps[2].Bytes, 1); // the head is read as stored, and so are the layers within their products
        Assert.Equal(products + (plan.Steps[2].Bytes / 16e9), plan.Steps[2].Seconds.Low, 1e-6);
        Assert.Equal(decoder.DecodeBytes / 20e9 / Efficiency.Decode, plan.Steps[3].Seconds.Low, 1e-6);
        Assert.Equal(plan.FirstToken.Low + plan.Steps[3].Seconds.Low, plan.Total.Low, 1e-9);
        Assert.Empty(plan.Notes);
    }

    [Fact]
    public void Make_ProductsConvert_ReadsAndWritesEachLayerOnce()
    {
        var plan = Planner.Make(Request with { ConvertsWeights = true }, Rates);
        var layers = 28.0 * plan.Cost.Decoder.LayerMatrix;
        Assert.Equal((layers * 6) + (1536.0 * 151_936 * 10), plan.Steps[2].Bytes, 1); // bf16 read, fp32 written; the head's copy is read again
    }

    [Theory]
    [InlineData(ScalarType.Float32, 200e9)]
    [InlineData(ScalarType.BFloat16, 1000e9)]
    [InlineData(ScalarType.Float16, 1000e9)]
    public void Make_ComputeType_TakesItsOwnRate(ScalarType type, double rate)
    {
        var plan = Planner.Make(Request with { ComputeType = type }, Rates);
        Assert.Equal(plan.Cost.Visual.Tower / rate / Efficiency.Tower, plan.Steps[0].Seconds.Low, 1e-6);
    }

    [Fact]
    public void Gemm_NoFastHalf_FallsBackToAShareOfFp32() =>
        Assert.Equal(200e9 * MachineRates.SlowHalfShare, (Rates with { GemmBf16 = null }).Gemm(ScalarType.BFloat16));

    [Theory]
    [InlineData(DeviceType.CPU, ScalarType.Float32)]
    [InlineData(DeviceType.CPU, ScalarType.BFloat16)]
    [InlineData(DeviceType.CUDA, ScalarType.BFloat16)]
    public void Make_RatesUnknown_GivesARangeAndSaysSo(DeviceType device, ScalarType type)
    {
        var plan = Planner.Make(Request with { Device = new(device, 0), ComputeType = type }, threads: 2);
        Assert.All(plan.Steps, s => Assert.True(s.Seconds.Low > 0 && s.Seconds.Low < s.Seconds.High));
        Assert.Contains("not measured", Assert.Single(plan.Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Make_MeasuredRates_LieInsideTheAssumedRange()
    {
        var (measured, assumed) = (Planner.Make(Request, Rates), Planner.Make(Request, threads: 2));
        foreach (var (m, a) in measured.Steps.Zip(assumed.Steps)) Assert.InRange(m.Seconds.Low, a.Seconds.Low, a.Seconds.High);
    }

    [Fact]
    public void Make_TooLongForTheContext_NotesTheRopeFactor()
    {
        var request = Request with { Visuals = [VisualInput.Video(4096)] }; // 65 536 + 165 of 32 768
        Assert.Contains("65,701 tokens exceed the 32,768", Assert.Single(Planner.Make(request, Rates).Notes), StringComparison.Ordinal);
        Assert.Contains("factor 3 or more", Planner.Make(request, Rates).Notes[0], StringComparison.Ordinal);
        var language = request.Model.Language with { RopeScaling = new YarnScaling(4, 32_768) };
        Assert.Empty(Planner.Make(request with { Model = request.Model with { Language = language } }, Rates).Notes);
    }

    [Fact]
    public void Make_MoreThanTheMemory_NotesBoth()
    {
        var peak = Planner.Make(Request, Rates).Cost.Memory.Peak;
        Assert.Empty(Planner.Make(Request, Rates, availableBytes: peak).Notes);
        Assert.Contains("are free", Assert.Single(Planner.Make(Request, Rates, availableBytes: peak - 1).Notes), StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_RoundTrip_KeepsEverything()
    {
        var plan = Planner.Make(Request, Rates);
        var json = plan.ToJson();
        Assert.Equal(json, Plan.Parse(json).ToJson());
    }

    /// <summary>Programs read these names: changing one is a change of interface.</summary>
    [Fact]
    public void ToJson_Names_AreStable()
    {
        using var document = JsonDocument.Parse(Planner.Make(Request, Rates).ToJson());
        string[] Names(params string[] path) => [.. path.Aggregate(document.RootElement, (e, name) => e.GetProperty(name)).EnumerateObject().Select(p => p.Name)];
        Assert.Equal(["model", "device", "computeType", "storedType", "compression", "cost", "steps", "rates", "notes", "firstToken", "total"], Names());
        Assert.Equal(["tokens", "visual", "decoder", "weights", "memory", "totalFlops"], Names("cost"));
        Assert.Equal(["frames", "clips", "crops", "visual", "text", "new", "stages", "rowsPerLayer", "kvBytes", "windows", "prompt", "positions", "rowLayers", "squaredRows"], Names("cost", "tokens"));
        Assert.Equal(["key", "measuredAt", "gemmFp32", "gemmBf16", "readBytesPerSecond", "copyBytesPerSecond"], Names("rates"));
        Assert.Equal(["cpuModel", "threads", "libtorch", "blas", "device"], Names("rates", "key"));
        Assert.Equal(["low", "high", "isExact"], Names("total"));
    }

    [Fact]
    public void TryParse_RatesRoundTrip_AreEqual() => Assert.Equal(Rates, MachineRates.TryParse(Rates.ToJson()));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("null")]
    [InlineData("{\"key\":null}")]
    public void TryParse_DamagedRates_IsNull(string json) => Assert.Null(MachineRates.TryParse(json));

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void TryParse_ImpossibleRate_IsNull(double rate) => Assert.Null(MachineRates.TryParse((Rates with { GemmFp32 = rate }).ToJson()));

    [Fact]
    public void Render_Balanced_ShowsTheFiguresOfThePlan()
    {
        var text = PlanText.Render(Planner.Make(Request, Rates));
        Assert.Contains("64 frames in 16 clips, 64 text tokens, up to 101 new tokens", text, StringComparison.Ordinal);
        Assert.Contains("uniform0_attention:4,18:1,0.75,0.25", text, StringComparison.Ordinal);
        Assert.Contains("200 GFLOP/s fp32, 1.00 TFLOP/s bf16, reads 20.0 GB/s (measured 2026-01-02)", text, StringComparison.Ordinal);
        Assert.Contains("\n0                        1-4          1,024  1,088  8.50 MiB\n", text, StringComparison.Ordinal);
        Assert.Contains("\n2                      19-28            256    320  6.25 MiB\n", text, StringComparison.Ordinal);
        Assert.Matches(@"\nencode +43\.9 TFLOP +- +4 min 34 s|\nencode +43\.9 TFLOP +- +4 min 35 s", text);
        Assert.DoesNotContain(" \n", text, StringComparison.Ordinal);
        Assert.DoesNotContain("note", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_NotMeasured_SaysSo()
    {
        var text = PlanText.Render(Planner.Make(Request with { Visuals = [VisualInput.Image(7)] }));
        Assert.Contains("machine               not measured", text, StringComparison.Ordinal);
        Assert.Contains("7 image crops", text, StringComparison.Ordinal);
        Assert.Contains(" to ", text, StringComparison.Ordinal);
    }
}
