using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>Video-XL from picture bytes to visual tokens: cropping, tiling, CLIP, projection, pooling, the order of tiles.</summary>
internal static class VideoXlVisionChecks
{
    public static void RunTower(Check check)
    {
        var (golden, report, device, dtype, _) = check;
        using var constant = torch.no_grad();
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var tower = VisionTower.Load(ModelConfig.Load(golden.Folder).Vision, weights, device, dtype);
        using var scope = torch.NewDisposeScope();
        report.Close("features", tower.Forward(golden.Pixels("pixels_u8", device, dtype).unsqueeze(1)), golden.Tensor("features"));
    }

    public static void RunProjector(Check check)
    {
        var (golden, report, device, dtype, ct) = check;
        var config = ModelConfig.Load(golden.Folder);
        using var constant = torch.no_grad();
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var tower = VisionTower.Load(config.Vision, weights, device, dtype);
        using var average = PoolConnector.Load(config.Connector, config.Vision, weights, device, dtype);
        using var max = PoolConnector.Load(config.Connector with { PoolMode = PoolMode.Max }, config.Vision, weights, device, dtype);
        using var scope = torch.NewDisposeScope();
        var newline = weights.Get(TensorLayout.ImageNewline).to(device, dtype);

        var features = tower.Forward(golden.Pixels("frames_u8", device, dtype).unsqueeze(1));
        var pooled = average.Forward(features, average.ImageTokens).Tokens;
        var rows = pooled.reshape(-1, average.Width);
        report.Close("projected", average.Forward(features, average.Patches).Tokens, golden.Tensor("video.projected"));
        report.Close("pooled", pooled, golden.Tensor("video.pooled"));
        report.Close("pooled by the largest", max.Forward(features, max.ImageTokens).Tokens, golden.Tensor("video.pooled_max"));
        report.Close("video rows", TileOrder.Ended(rows, TileMerge.Unires, null), golden.Tensor("video.features"));
        report.Close("video rows, spatial_unpad", TileOrder.Ended(rows, TileMerge.SpatialUnpad, newline), golden.Tensor("video.features_spatial_unpad"));

        foreach (var subcase in golden.Root.GetProperty("subcases").EnumerateArray())
        {
            ct.ThrowIfCancellationRequested();
            Tiles(check, subcase, tower, average, newline);
        }
    }

    private static void Tiles(Check check, JsonElement subcase, VisionTower tower, PoolConnector connector, Tensor newline)
    {
        var (golden, report, device, dtype, _) = check;
        using var scope = torch.NewDisposeScope();
        var name = subcase.GetProperty("name").GetString()!;
        var (size, grid) = (subcase.GetProperty("image_size_wh"), subcase.GetProperty("grid_wh"));
        var image = new PictureSize(size[0].GetInt32(), size[1].GetInt32());
        var best = AnyResTiling.SelectBestResolution(image, AnyResTiling.ParsePinpoints(golden.Params.GetProperty("image_grid_pinpoints").GetRawText(), tower.Config.ImageSize));
        var (columns, rows) = (best.Width / tower.Config.ImageSize, best.Height / tower.Config.ImageSize);
        report.Equal($"{name} grid", [columns, rows], [grid[0].GetInt32(), grid[1].GetInt32()]);

        var features = tower.Forward(golden.Pixels(name + ".tiles_u8", device, dtype).unsqueeze(1));
        var unpooled = connector.Forward(features, connector.Patches).Tokens;
        var tiles = features.narrow(0, 1, features.size(0) - 1);
        foreach (var (merge, text, most) in ((TileMerge, string, int?)[])
            [
                (TileMerge.Unires, "unires", null), (TileMerge.Flat, "flat.anyres", null), (TileMerge.Spatial, "spatial.anyres", null), (TileMerge.SpatialNoBase, "spatial_nobase.anyres", null),
                (TileMerge.SpatialUnpad, "spatial_unpad.anyres", null), (TileMerge.SpatialUnpad, "spatial_unpad.anyres_max_2", 2), (TileMerge.SpatialMaxPool2x2, "spatial_maxpool2x2.anyres", null),
            ])
        {
            if (!golden.Has($"{name}.{text}")) continue;
            var tokens = TileOrder.PoolsTiles(merge) ? connector.Forward(tiles, connector.ImageTokens).Tokens
                : TileOrder.TakesWholePicture(merge) ? unpooled : unpooled.narrow(0, 1, unpooled.size(0) - 1);
            report.Close($"{name} {text}", TileOrder.Rows(tokens, merge, columns, rows, image, newline, most), golden.Tensor($"{name}.{text}"));
        }

        // One picture that is not tiled: the whole view of the last image.
        if (name != golden.Root.GetProperty("subcases").EnumerateArray().Last().GetProperty("name").GetString()) return;
        report.Close("one tile, unires", TileOrder.Ended(unpooled.select(0, 0), TileMerge.Unires, null), golden.Tensor("single_image.unires"));
        report.Close("one tile, spatial_unpad", TileOrder.Ended(unpooled.select(0, 0), TileMerge.SpatialUnpad, newline), golden.Tensor("single_image.spatial_unpad"));
    }

    public static void RunPreprocess(Check check)
    {
        var (golden, report) = (check.Golden, check.Report);
        foreach (var subcase in golden.Root.GetProperty("subcases").EnumerateArray())
        {
            var name = subcase.GetProperty("name").GetString()!;
            if (subcase.TryGetProperty("grid_pinpoints", out var pinpoints)) Image(golden, report, name, pinpoints.GetString()!, subcase);
            else Frame(golden, report, name);
        }
    }

    /// <summary>"f180x320_to56" is made from "frame180x320".</summary>
    private static void Frame(GoldenCase golden, VerificationReport report, string name)
    {
        using var expected = golden.Tensor(name + ".cropped_u8");
        var square = CentreCrop.Resize(Picture(golden, string.Concat("frame", name.AsSpan(1, name.IndexOf('_', StringComparison.Ordinal) - 1))), (int)expected.size(0));
        report.Equal($"{name} bytes", square.Rgb.ToArray(), expected.ToArray<byte>());
        if (!golden.Has(name + ".pixel_values")) return;
        using var values = golden.Tensor(name + ".pixel_values");
        report.Close($"{name} normalised", Normalised([square]), values.ToArray<float>());
    }

    private static void Image(GoldenCase golden, VerificationReport report, string name, string pinpoints, JsonElement subcase)
    {
        using var padded = golden.Tensor(name + ".padded_u8");
        using var tiles = golden.Tensor(name + ".tiles");
        var side = (int)tiles.size(2);
        var image = Picture(golden, name);
        var candidates = AnyResTiling.ParsePinpoints(pinpoints, side);
        var canvas = AnyResTiling.Pad(image, candidates);
        var best = subcase.GetProperty("best_resolution_wh");
        report.Equal($"{name} resolution", [canvas.Width, canvas.Height], [best[0].GetInt32(), best[1].GetInt32()]);
        report.Equal($"{name} canvas", canvas.Rgb.ToArray(), padded.ToArray<byte>());
        report.Close($"{name} tiles", Normalised([image.Resize(side, side), .. AnyResTiling.Cut(canvas, side)]), tiles.ToArray<float>());
    }

    private static float[] Normalised(IReadOnlyList<RgbImage> squares)
    {
        var values = new float[squares.Sum(s => s.Rgb.Length)];
        var at = 0;
        foreach (var square in squares)
        {
            PixelPreprocessor.Clip.Normalize(square.Rgb.Span, values.AsSpan(at, square.Rgb.Length));
            at += square.Rgb.Length;
        }

        return values;
    }

    private static RgbImage Picture(GoldenCase golden, string name)
    {
        using var tensor = golden.Tensor(name);
        return new((int)tensor.size(1), (int)tensor.size(0), tensor.ToArray<byte>());
    }
}
