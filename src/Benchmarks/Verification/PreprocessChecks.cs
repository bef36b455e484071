using System.Text.Json;
using Studio.Engine.Video;

namespace Studio.Benchmarks.Verification;

/// <summary>Resizing equal to Pillow's bytes, normalisation, and the cutting of images into tiles.</summary>
internal static class PreprocessChecks
{
    private const string Resized = ".resized_u8";

    // What the case describes in words: i x j patches for i and j of 1 to 6.
    private const string PublishedGrid = "(1x1),...,(6x6)";

    public static void Run(Check check)
    {
        var (golden, report) = (check.Golden, check.Report);
        foreach (var name in golden.TensorNames.Where(n => n.EndsWith(Resized, StringComparison.Ordinal)).Order(StringComparer.Ordinal))
        {
            // "f180x320_to64" is made from "frame180x320".
            var prefix = name[..^Resized.Length];
            using var target = golden.Tensor(name);
            var image = Image(golden, string.Concat("frame", prefix.AsSpan(1, prefix.IndexOf('_', StringComparison.Ordinal) - 1)));
            var resized = image.Resize((int)target.size(1), (int)target.size(0)).Rgb.ToArray();
            report.Equal($"{prefix} bytes", resized, target.ToArray<byte>());
            if (!golden.Has(prefix + ".pixel_values")) continue;
            var normalized = new float[resized.Length];
            PixelPreprocessor.ImageNet.Normalize(resized, normalized);
            using var expected = golden.Tensor(prefix + ".pixel_values");
            report.Close($"{prefix} normalised", normalized, expected.ToArray<float>());
        }

        BestResolutions(golden, report);
        foreach (var subcase in golden.Root.GetProperty("subcases").EnumerateArray()) Tiles(golden, report, subcase);
    }

    private static void BestResolutions(GoldenCase golden, VerificationReport report)
    {
        var (actual, expected) = (new List<PictureSize>(), new List<PictureSize>());
        foreach (var row in golden.Params.GetProperty("select_best_resolution").EnumerateArray())
        {
            var limit = row.GetProperty("max_resolutions");
            var candidates = AnyResTiling.ParsePinpoints(PublishedGrid, row.GetProperty("patch").GetInt32());
            long? maxPixels = limit.ValueKind == JsonValueKind.Null ? null : limit.GetInt64();
            actual.Add(AnyResTiling.SelectBestResolution(Size(row.GetProperty("image_wh")), candidates, maxPixels));
            expected.Add(Size(row.GetProperty("best_wh")));
        }

        report.Equal("best resolutions", actual, expected);
    }

    private static void Tiles(GoldenCase golden, VerificationReport report, JsonElement subcase)
    {
        var name = subcase.GetProperty("name").GetString()!;
        using var expected = golden.Tensor(name + ".tiles_u8");
        var side = (int)expected.size(1);
        var image = Image(golden, name);
        var candidates = AnyResTiling.ParsePinpoints(subcase.GetProperty("grid_pinpoints").GetString()!, side);
        var best = AnyResTiling.SelectBestResolution(new(image.Width, image.Height), candidates);
        report.Equal($"{name} resolution", [best], [Size(subcase.GetProperty("best_resolution_wh"))]);
        var tiles = AnyResTiling.Tile(image, candidates, side);
        report.Equal($"{name} tiles", [.. tiles.SelectMany(t => t.Rgb.ToArray())], expected.ToArray<byte>());
    }

    private static RgbImage Image(GoldenCase golden, string name)
    {
        using var tensor = golden.Tensor(name);
        return new((int)tensor.size(1), (int)tensor.size(0), tensor.ToArray<byte>());
    }

    private static PictureSize Size(JsonElement wh) => new(wh[0].GetInt32(), wh[1].GetInt32());
}
