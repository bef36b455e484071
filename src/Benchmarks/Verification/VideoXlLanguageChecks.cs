using System.Text.Json;
using Studio.Engine.Checkpoints;
using Studio.Engine.Compression;
using Studio.Engine.Language;
using Studio.Engine.Layers;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>
/// The decoder with visual summary tokens: windows, what stands at which position, the keys and values that stay, logits,
/// greedy decoding; at every ratio, with short windows, long texts, drawn ratios, and without any video.
/// </summary>
internal static class VideoXlLanguageChecks
{
    public static void Run(Check check)
    {
        var config = ModelConfig.Load(check.Golden.Folder);
        using var weights = ModelLoading.Load(check.Golden.Folder, check.Device);
        foreach (var subcase in check.Golden.Root.GetProperty("subcases").EnumerateArray())
        {
            check.Cancellation.ThrowIfCancellationRequested();
            Subcase(check, config, weights, subcase);
        }

        if (check.Golden.Has("textonly.logits")) TextOnly(check, config, weights);
    }

    /// <summary>A single ratio is always used as it is; several are drawn with the original's generator.</summary>
    internal static (VstConfig Vst, VstCompression Compression) Settings(JsonElement subcase, int window)
    {
        int[] ratios = [.. subcase.GetProperty("beacon_ratio").EnumerateArray().Select(r => r.GetInt32())];
        return (new() { Window = window, Ratios = ratios }, ratios.Length == 1 ? VstCompression.Given(ratios[0]) : VstCompression.Drawn());
    }

    /// <summary>A window's rows as the original's ids: the last of the vocabulary for visual tokens, the one behind it for summary tokens.</summary>
    internal static int[] IdsOf(VstWindow window, int vocabulary)
    {
        int[] ids = [.. Enumerable.Repeat(vocabulary - 1, window.Rows)];
        for (var m = 0; m < window.Vsts; m++) ids[window.RowOfVst(m)] = vocabulary;
        return ids;
    }

    private static void Subcase(Check check, ModelConfig config, Weights weights, JsonElement subcase)
    {
        var (golden, report, device, dtype, ct) = check;
        var name = subcase.GetProperty("name").GetString()! + ".";
        var (vst, compression) = Settings(subcase, subcase.GetProperty("beacon_window").GetInt32());
        using var decoder = new VstDecoder(config.Language, vst, weights, device, dtype);
        using var state = decoder.NewSequence(compression);
        using var scope = torch.NewDisposeScope();
        var (before, after) = (golden.Ints(name + "text_ids_before"), golden.Ints(name + "text_ids_after"));
        var features = golden.Tensor(name + "visual_features").to(device, dtype);
        var prompt = new Prompt([new PromptPart.Text(before), new PromptPart.Visual(name, features), new PromptPart.Text(after)]);
        using var last = new LastText(decoder);
        var logits = decoder.Prefill(state, prompt, last, ct);
        Calls(golden, report, name, state, config.Language.VocabularySize, vst.Window, before, after);
        Summaries(check, decoder, state, name);
        report.Close($"{name}logits behind the prompt", logits, golden.Tensor(name + "logits_last"));
        var lastCall = golden.Tensor(name + "logits_last_call");
        report.Close($"{name}logits of the last piece of text", last.Logits!.narrow(0, last.Logits.size(0) - lastCall.size(0), lastCall.size(0)), lastCall);
        Decode(check, decoder, state, logits, name);
    }

    /// <summary>
    /// The original's calls, from what our sequence says it did: the text before, each window, the text behind in pieces of a
    /// window.
    /// </summary>
    private static void Calls(GoldenCase golden, VerificationReport report, string name, VstSequence state, int vocabulary, int window, int[] before, int[] after)
    {
        var calls = new List<(int Start, int Raw, int Ratio, int Vsts, int Memory, int[] Ids)> { (0, before.Length, 0, 0, 0, before) };
        var memory = before.Length;
        foreach (var w in state.Parts[1].Windows)
        {
            calls.Add((before.Length + w.Start, w.Length, w.Ratio, w.Vsts, memory, IdsOf(w, vocabulary)));
            memory += w.Kept;
        }

        for (var at = 0; at < after.Length; at += window)
        {
            var piece = after[at..Math.Min(after.Length, at + window)];
            calls.Add((before.Length + state.Parts[1].Length + at, piece.Length, 0, 0, memory, piece));
            memory += piece.Length;
        }

        report.Equal($"{name}windows", [.. calls.SelectMany(c => (int[])[c.Start, c.Raw, c.Ratio, c.Vsts])], golden.Ints(name + "window_sizes"));
        for (var i = 0; i < calls.Count; i++)
        {
            report.Equal($"{name}call {i} rows", calls[i].Ids, golden.Ints($"{name}call{i}.input_ids"));
            report.Equal($"{name}call {i} positions", [.. Enumerable.Range(0, calls[i].Memory + calls[i].Ids.Length)], golden.Ints($"{name}call{i}.position_ids"));
        }

        report.Equal($"{name}cache length per layer", state.Cache.Lengths, [.. Enumerable.Repeat(memory, state.Cache.Layers)]);
    }

    /// <summary>The reference caches keys before rotation: ours, which lie rotated in their final places, are turned back.</summary>
    private static void Summaries(Check check, VstDecoder decoder, VstSequence state, string name)
    {
        var (golden, report, _, _, _) = check;
        var part = state.Parts[1];
        for (var layer = 0; layer < decoder.Config.Layers; layer++)
        {
            if (!golden.Has($"{name}vst.layer{layer}.k")) continue;
            report.Close($"{name}layer {layer} summary keys", Unrotated(decoder, state, layer, part.CacheStart, part.CacheLength), golden.Tensor($"{name}vst.layer{layer}.k"));
            report.Close($"{name}layer {layer} summary values", state.Cache.Values(layer).narrow(1, part.CacheStart, part.CacheLength), golden.Tensor($"{name}vst.layer{layer}.v"));
        }

        var last = decoder.Config.Layers - 1;
        if (golden.Has($"{name}text_before.layer{last}.k"))
        {
            report.Close($"{name}layer {last} keys of the text before", Unrotated(decoder, state, last, 0, part.CacheStart), golden.Tensor($"{name}text_before.layer{last}.k"));
        }
    }

    private static Tensor Unrotated(VstDecoder decoder, VstSequence state, int layer, int start, int count)
    {
        var (cos, sin) = (decoder.Core.Rotary.Cos.narrow(0, start, count), decoder.Core.Rotary.Sin.narrow(0, start, count));
        return Activations.Rotate(state.Cache.Keys(layer).narrow(1, start, count).transpose(0, 1).contiguous(), cos, -sin).transpose(0, 1);
    }

    /// <summary>Feeds the reference's tokens, so that one early difference does not hide the rest.</summary>
    internal static void Decode(Check check, VstDecoder decoder, VstSequence state, Tensor logits, string name)
    {
        var (golden, report) = (check.Golden, check.Report);
        var expected = golden.Ints(name + "decode.token_ids");
        var ids = new List<int> { Sampler.ArgMax(logits.ToArray<float>()) };
        var (rows, positions) = (new List<Tensor>(), new List<int>());
        foreach (var id in expected[..^1])
        {
            check.Cancellation.ThrowIfCancellationRequested();
            positions.Add(state.Cache.Length(0));
            rows.Add(decoder.Decode(state, id));
            ids.Add(Sampler.ArgMax(rows[^1].ToArray<float>()));
        }

        report.Close($"{name}logits while decoding", torch.stack([.. rows]), golden.Tensor(name + "decode.logits"));
        if (golden.Has(name + "decode.position_ids")) report.Equal($"{name}positions while decoding", positions, golden.Ints(name + "decode.position_ids"));
        report.Decision($"{name}greedy tokens", ids, expected);
    }

    private static void TextOnly(Check check, ModelConfig config, Weights weights)
    {
        var (golden, report, device, dtype, ct) = check;
        using var decoder = new VstDecoder(config.Language, config.Vst!, weights, device, dtype);
        using var state = decoder.NewSequence(VstCompression.Balanced);
        using var scope = torch.NewDisposeScope();
        using var every = new LastText(decoder);
        decoder.Prefill(state, new([new PromptPart.Text(golden.Ints("textonly.input_ids"))]), every, ct).Dispose();
        report.Close("text alone: logits of every row", every.Logits!, golden.Tensor("textonly.logits"));
    }

    /// <summary>Logits of every row of the last text.</summary>
    private sealed class LastText(VstDecoder decoder) : IDecoderObserver, IDisposable
    {
        public bool WantsEveryOutput => true;

        public Tensor? Logits { get; private set; }

        public void OnLayer(int layer, Tensor hidden, IReadOnlyList<int> rows)
        {
            if (layer == decoder.Config.Layers - 1) Logits = decoder.Core.EveryLogits(hidden).DetachFromDisposeScope();
        }

        public void Dispose() => Logits?.Dispose();
    }
}
