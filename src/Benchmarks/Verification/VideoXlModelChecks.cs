using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>Video-XL as a whole: pixels and prompt ids to greedy tokens, and one training step.</summary>
internal static class VideoXlModelChecks
{
    public static void Run(Check check)
    {
        var (golden, report, device, dtype, ct) = check;
        var config = ModelConfig.Load(golden.Folder);
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var tower = VisionTower.Load(config.Vision, weights, device, dtype);
        using var connector = Connectors.Load(config, weights, device, dtype);
        using var scope = torch.NewDisposeScope();
        using var constant = torch.no_grad();
        var rows = VisualRows(check, config, tower, connector);
        report.Close("visual tokens", rows, golden.Tensor("image_features"));
        foreach (var subcase in golden.Root.GetProperty("subcases").EnumerateArray())
        {
            var (vst, compression) = VideoXlLanguageChecks.Settings(subcase, golden.Params.GetProperty("beacon_window").GetInt32());
            using var decoder = new VstDecoder(config.Language, vst, weights, device, dtype);
            using var state = decoder.NewSequence(compression);
            var name = subcase.GetProperty("name").GetString()! + ".";
            var logits = decoder.Prefill(state, FullModelChecks.Splice(golden.Ints("input_ids"), new PromptPart.Visual(golden.Name, rows)), null, ct);
            Steps(report, name, subcase, state);
            report.Close($"{name}logits behind the prompt", logits, golden.Tensor(name + "logits_last"));
            VideoXlLanguageChecks.Decode(check, decoder, state, logits, name);
        }
    }

    /// <summary>An image's first view is the whole picture, which the published order leaves out: it is not encoded.</summary>
    private static Tensor VisualRows(Check check, ModelConfig config, VisionTower tower, IConnector connector)
    {
        var (golden, _, device, dtype, ct) = check;
        var encoder = new ClipEncoder(tower, connector);
        var pixels = golden.Pixels("pixels_u8", device, dtype);
        if (golden.Params.GetProperty("modality").GetString() == "video")
        {
            return TileOrder.Ended(encoder.Encode(encoder.ToClips(pixels), cancellation: ct).Tokens.reshape(-1, connector.Width), config.Connector.TileMerge, null);
        }

        var size = golden.Params.GetProperty("image_sizes_wh")[0];
        var image = new PictureSize(size[0].GetInt32(), size[1].GetInt32());
        var best = AnyResTiling.SelectBestResolution(image, AnyResTiling.ParsePinpoints(config.ImageGridPinpoints!, config.Vision.ImageSize));
        var tiles = encoder.EncodeImages(pixels.narrow(0, 1, pixels.size(0) - 1), cancellation: ct).Tokens;
        return TileOrder.Rows(tiles, config.Connector.TileMerge, best.Width / config.Vision.ImageSize, best.Height / config.Vision.ImageSize, image);
    }

    /// <summary>Rows, summary tokens and rows held before, of each of the reference's calls while it reads the prompt.</summary>
    private static void Steps(VerificationReport report, string name, JsonElement subcase, VstSequence state)
    {
        var (steps, held) = (new List<int>(), 0);
        foreach (var part in state.Parts)
        {
            foreach (var (rows, vsts, kept) in part.IsVisual ? part.Windows.Select(w => (w.Rows, w.Vsts, w.Kept)) : [(part.Length, 0, part.Length)])
            {
                steps.AddRange([rows, vsts, held]);
                held += kept;
            }
        }

        int[] expected = [.. subcase.GetProperty("calls").EnumerateArray()
            .Select(c => (int[])[c.GetProperty("raw_and_vst").GetInt32(), c.GetProperty("vst").GetInt32(), c.GetProperty("memory").GetInt32()])
            .TakeWhile(c => c[2] < held).SelectMany(c => c)];
        report.Equal($"{name}rows, summary tokens and memory of each call", steps, expected);
    }

    /// <summary>Always in fp32: the reference's gradients have no 16-bit counterpart worth a tolerance.</summary>
    public static void RunTraining(Check check)
    {
        var (golden, report, device, _, ct) = check;
        const ScalarType Dtype = ScalarType.Float32;
        var config = ModelConfig.Load(golden.Folder);
        using var weights = ModelLoading.Load(golden.Folder, device);
        foreach (var name in weights.Names) _ = weights.Get(name).requires_grad_();
        using var tower = VisionTower.Load(config.Vision, weights, device, Dtype);
        using var connector = Connectors.Load(config, weights, device, Dtype);
        using var training = new VstTrainingForward(config.Language, config.Vst!, weights, device, Dtype);
        using var scope = torch.NewDisposeScope();
        using var gradients = torch.enable_grad();

        var features = tower.Forward(golden.Pixels("pixels_u8", device, Dtype).unsqueeze(1));
        var visual = new PromptPart.Visual(golden.Name, connector.Forward(features, connector.ImageTokens).Tokens.reshape(-1, connector.Width));
        var prompt = FullModelChecks.Splice(golden.Ints("input_ids"), visual);
        var (at, labels) = (prompt.Spans[0].Start, golden.Ints("labels"));
        int[] expanded = [.. labels[..at], .. Enumerable.Repeat(TrainingForward.Ignored, visual.Length), .. labels[(at + 1)..]];
        var settings = Engine.Compression.VstCompression.Given([.. config.Vst!.Ratios]);
        Calls(golden, report, prompt, settings.RuleFor(config.Vst).Cut(new(visual.Length, 1, null), config.Vst.Window), config);
        var result = training.Forward([new(prompt, expanded)], settings, ct);
        report.Close("loss", result.Loss, golden.Tensor("loss"));
        var (hidden, last) = (result.Samples[0].Hidden, golden.Tensor("logits_last_call"));
        report.Close("logits of the last piece of text", training.Logits(hidden.narrow(0, hidden.size(0) - last.size(0), last.size(0))), last);
        result.Loss.backward();
        TrainChecks.Gradients(golden, report, weights);
        var without = weights.Names.Where(n => weights.Get(n).grad is not { } g || g.abs().max().item<float>() == 0).Order(StringComparer.Ordinal).ToList();
        var expected = golden.Params.GetProperty("parameters_without_or_zero_gradient").EnumerateArray().Select(e => e.GetString()!);
        report.Equal("parameters without gradient", without, [.. expected.Order(StringComparer.Ordinal)]);
    }

    private static void Calls(GoldenCase golden, VerificationReport report, Prompt prompt, IReadOnlyList<Engine.Compression.VstWindow> windows, ModelConfig config)
    {
        var index = 0;
        foreach (var part in prompt.Parts)
        {
            foreach (var ids in part is PromptPart.Text text ? text.Ids.Chunk(config.Vst!.Window) : windows.Select(w => VideoXlLanguageChecks.IdsOf(w, config.Language.VocabularySize)))
            {
                report.Equal($"call {index} rows", ids, golden.Ints($"call{index}.input_ids"));
                index++;
            }
        }
    }
}
