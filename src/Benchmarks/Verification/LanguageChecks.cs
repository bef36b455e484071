using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>The decoder with visual dropout: prefill from embeddings, kept rows, cache lengths, greedy decoding.</summary>
internal static class LanguageChecks
{
    public static void Run(Check check)
    {
        var (golden, report, device, dtype, ct) = check;
        using var weights = ModelLoading.Load(golden.Folder, device);
        using var decoder = new Qwen2Decoder(ModelConfig.Load(golden.Folder).Language, weights, device, dtype);
        using var state = decoder.NewSequence(Settings(golden));
        using var scope = torch.NewDisposeScope();
        var prompt = new Prompt([
            new PromptPart.Text(golden.Ints("text_ids_before")),
            new PromptPart.Visual(golden.Name, golden.Tensor("visual_features").to(device, dtype)),
            new PromptPart.Text(golden.Ints("text_ids_after")),
        ]);
        var logits = decoder.Prefill(state, prompt, new Comparison(golden, report, "prefill."), ct);
        report.Equal("cache length per layer", state.Cache.Lengths, golden.Ints("prefill.kv_lengths"));
        report.Close("logits behind the prompt", logits, golden.Tensor("prefill.logits_last"));
        Decode(check, decoder, state, logits);
    }

    /// <summary>Feeds the reference's tokens, so that one early difference does not hide the rest.</summary>
    internal static void Decode(Check check, Qwen2Decoder decoder, SequenceState state, Tensor logits)
    {
        var (golden, report) = (check.Golden, check.Report);
        var expectedIds = golden.Ints("decode.token_ids");
        var ids = new List<int> { Sampler.ArgMax(logits.ToArray<float>()) };
        var rows = new List<Tensor>();
        var positions = new List<int>();
        foreach (var id in expectedIds[..^1])
        {
            check.Cancellation.ThrowIfCancellationRequested();
            positions.AddRange(state.Cache.Lengths); // a new row's position in a layer is the number of rows before it
            var next = decoder.Decode(state, id);
            ids.Add(Sampler.ArgMax(next.ToArray<float>()));
            rows.Add(next);
        }

        report.Close("logits while decoding", torch.stack([.. rows]), golden.Tensor("decode.logits"));
        if (golden.Has("decode.position_ids")) report.Equal("positions while decoding, per layer", positions, golden.Ints("decode.position_ids"));
        report.Decision("greedy tokens", ids, expectedIds);
    }

    internal static VisualDropout Settings(GoldenCase golden)
    {
        var p = golden.Params;
        if (!p.TryGetProperty("llm_compress_type", out var type) || type.GetString() is null or "none") return VisualDropout.None;
        return new(
            VisualDropout.ParseType(type.GetString()!),
            [.. p.GetProperty("llm_compress_layer_list").EnumerateArray().Select(e => e.GetInt32())],
            [.. p.GetProperty("llm_image_token_ratio_list").EnumerateArray().Select(e => e.GetDouble())]);
    }

    /// <summary>Compares what the case has of a prefill from inside.</summary>
    internal sealed class Comparison(GoldenCase golden, VerificationReport report, string prefix) : IDecoderObserver
    {
        public bool WantsEveryOutput => true;

        public void OnLayer(int layer, Tensor hidden, IReadOnlyList<int> rows)
        {
            using var scope = torch.NewDisposeScope();
            if (golden.Has($"{prefix}layer{layer}.out")) report.Close($"layer {layer} output", hidden, golden.Tensor($"{prefix}layer{layer}.out"));
        }

        public void OnDrop(DropRecord drop, Tensor hidden)
        {
            ArgumentNullException.ThrowIfNull(drop);
            using var scope = torch.NewDisposeScope();
            var name = $"{prefix}stage{drop.Stage}.";
            if (golden.Has(name + "scores")) report.Close($"stage {drop.Stage} scores", drop.Scores, golden.Tensor(name + "scores").ToArray<float>());
            if (drop.ByAttention) report.Decision($"stage {drop.Stage} kept rows", drop.KeptLocal, golden.Ints(name + "kept_local"));
            else report.Equal($"stage {drop.Stage} kept rows", drop.KeptLocal, golden.Ints(name + "kept_local"));
            if (drop.ByAttention) report.BehindDecisions(golden.Margin("topk_boundary_relative_gap"));
            if (!golden.Has(name + "hidden_after")) return;
            report.Decision($"stage {drop.Stage} kept rows of the prompt", drop.KeptRows, golden.Ints(name + "kept_original"));
            report.Equal($"stage {drop.Stage} positions", [.. Enumerable.Range(0, drop.KeptRows.Count)], golden.Ints(name + "position_ids"));
            report.Close($"stage {drop.Stage} hidden states handed on", hidden, golden.Tensor(name + "hidden_after"));
        }
    }
}
