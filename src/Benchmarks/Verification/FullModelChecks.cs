using Studio.Engine.Checkpoints;
using Studio.Engine.Language;
using Studio.Engine.Tokenization;
using Studio.Engine.Torch;
using Studio.Engine.Video;
using Studio.Engine.Vision;

namespace Studio.Benchmarks.Verification;

/// <summary>The whole model: pixels and prompt ids in, tower, merging, projector, splice, decoder, greedy tokens out.</summary>
internal static class FullModelChecks
{
    public static void Run(Check check)
    {
        var (golden, report, device, dtype, ct) = check;
        var config = ModelConfig.Load(golden.Folder);
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var tower = VisionTower.Load(config.Vision, weights, device, dtype);
        using var connector = ToMeConnector.Load(config.Connector, config.Vision, weights, device, dtype);
        using var decoder = new Qwen2Decoder(config.Language, weights, device, dtype);
        using var state = decoder.NewSequence(LanguageChecks.Settings(golden));
        using var scope = torch.NewDisposeScope();
        using var constant = torch.no_grad();

        var rows = VisualRows(check, config, weights, tower, connector);
        var prompt = Splice(golden.Ints("input_ids"), new PromptPart.Visual(golden.Name, rows));
        var embedded = torch.cat([.. prompt.Parts.Select(part => part is PromptPart.Text text ? decoder.Embed(text.Ids) : rows)]);
        report.Close("spliced embeddings", embedded, golden.Tensor("inputs_embeds"));

        var logits = decoder.Prefill(state, prompt, new LanguageChecks.Comparison(golden, report, ""), ct);
        report.Close("logits behind the prompt", logits, golden.Tensor("logits_last"));
        LanguageChecks.Decode(check, decoder, state, logits);
    }

    /// <summary>Prompt ids with one place for visual tokens.</summary>
    internal static Prompt Splice(int[] ids, PromptPart.Visual visual)
    {
        var at = Array.IndexOf(ids, ChatMl.VisualPlaceholderId);
        return at >= 0
            ? new([new PromptPart.Text(ids[..at]), visual, new PromptPart.Text(ids[(at + 1)..])])
            : throw new InvalidDataException($"the prompt has no placeholder {ChatMl.VisualPlaceholderId} for visual tokens");
    }

    private static Tensor VisualRows(Check check, ModelConfig config, Weights weights, VisionTower tower, ToMeConnector connector)
    {
        var (golden, report, device, dtype, ct) = check;
        var pixels = golden.Pixels("pixels_u8", device, dtype);
        var encoder = new ClipEncoder(tower, connector);
        var isVideo = golden.Params.GetProperty("modality").GetString() == "video";
        report.Close("tower features", tower.Forward(isVideo ? encoder.ToClips(pixels) : pixels.unsqueeze(1)), golden.Tensor("tower_features"));
        var tokens = isVideo ? encoder.Encode(encoder.ToClips(pixels), cancellation: ct).Tokens : encoder.EncodeImages(pixels, cancellation: ct).Tokens;
        report.BehindDecisions(golden.Margin("tome_smallest_decision_gap"));
        report.Close("projected tokens", tokens, golden.Tensor("projected"));
        if (isVideo) return VisualOrder.VideoRows(tokens, config.Connector.NewlinePosition, weights.TryGet(TensorLayout.FrameNewline)?.to(device, dtype));

        var flat = tokens.reshape(-1, tokens.size(2));
        var sizes = golden.Params.GetProperty("image_sizes_wh");
        if (sizes.ValueKind == System.Text.Json.JsonValueKind.Null) return flat;
        var side = config.Vision.ImageSize;
        var candidates = AnyResTiling.ParsePinpoints(golden.Params.GetProperty("image_grid_pinpoints").GetRawText(), side);
        var best = AnyResTiling.SelectBestResolution(new(sizes[0][0].GetInt32(), sizes[0][1].GetInt32()), candidates);
        var order = VisualOrder.AnyResOrder(best.Height / side, best.Width / side);
        return flat.index_select(0, torch.tensor(Array.ConvertAll(order, i => (long)i)).to(device));
    }
}
