using Studio.Engine.Checkpoints;
using Studio.Engine.Torch;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>The vision towers on clips and single images, their position tables and the resizing of learned ones.</summary>
internal static class TowerChecks
{
    // The cases' own note: tables are sums of two or four products, so they agree more closely than features.
    private const double TableTolerance = 1e-5;

    public static void Run(Check check)
    {
        var (golden, report, device, dtype, _) = check;
        var config = ModelConfig.Load(golden.Folder).Vision;
        using var constant = torch.no_grad();
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var tower = VisionTower.Load(config, weights, device, dtype);
        using var scope = torch.NewDisposeScope();
        var pixels = golden.Pixels("video.pixels_u8", device, dtype);
        if (golden.Has("video.pos_embed"))
        {
            var clip = PositionTables.UmtClip(config.FramesPerClip, config.GridSide, config.HiddenSize);
            var image = PositionTables.UmtImage(config.GridSide, config.HiddenSize);
            report.Close("clip position table", clip, golden.Tensor("video.pos_embed"), TableTolerance);
            report.Close("image position table", image, golden.Tensor("image.pos_embed"), TableTolerance);
        }

        if (golden.Has("video.patch_embed")) PatchEmbeddings(check, config, weights, pixels);
        report.Close("clip features", tower.Forward(pixels), golden.Tensor("video.features"));
        report.Close("image features", tower.Forward(pixels.narrow(1, 0, 1)), golden.Tensor("image.features"));
        if (golden.Has("posinterp.pos_embed")) ResizedTables(golden, report);
    }

    private static void PatchEmbeddings(Check check, VisionConfig config, Weights weights, Tensor pixels)
    {
        using var stored = new TowerWeights(weights, TensorLayout.TowerPrefix + "encoder.", check.Device, check.Dtype);
        var embedded = new PatchEmbedding(stored, config.HiddenSize, config.PatchSize).Forward(pixels);
        var expected = check.Golden.Tensor("video.patch_embed");
        check.Report.Close("patch embeddings", embedded.narrow(1, 0, expected.size(1)).narrow(0, 0, expected.size(0)), expected);
    }

    /// <summary>Names such as posinterp.t6hw4: to 6 frames of a 4 × 4 grid; what a name leaves out stays as it is stored.</summary>
    private static void ResizedTables(GoldenCase golden, VerificationReport report)
    {
        const string Suffix = ".img_pos_embed";
        var (table, image) = (golden.Tensor("posinterp.pos_embed"), golden.Tensor("posinterp.img_pos_embed"));
        var side = (int)Math.Sqrt(image.size(1) - 1);
        var frames = (int)((table.size(1) - 1) / (image.size(1) - 1));
        var names = golden.TensorNames.Where(n => n.EndsWith(Suffix, StringComparison.Ordinal) && n.Count(c => c == '.') == 2);
        foreach (var name in names.Order(StringComparer.Ordinal))
        {
            var prefix = name[..^Suffix.Length];
            var toImage = golden.Tensor(name);
            var toClip = golden.Tensor(prefix + ".pos_embed");
            var toSide = (int)Math.Sqrt(toImage.size(1) - 1);
            var toFrames = (int)((toClip.size(1) - 1) / (toImage.size(1) - 1));
            report.Close($"{prefix} clip table", PositionTables.ResizeLearned(table, frames, side, toFrames, toSide), toClip, TableTolerance);
            report.Close($"{prefix} image table", PositionTables.ResizeLearned(image, 1, side, 1, toSide), toImage, TableTolerance);
        }
    }
}
