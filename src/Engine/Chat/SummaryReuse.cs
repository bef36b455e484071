using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Studio.Engine.Language;
using Studio.Engine.Torch;

namespace Studio.Engine.Chat;

/// <summary>Takes what a prompt's beginning leaves in Video-XL's cache out of a <see cref="SummaryCache"/>, and puts it there.</summary>
/// <remarks>
/// Exact: kept are only rows that were computed as they would be from an empty sequence, in the same steps; whatever starts
/// behind them goes on in the steps that would have followed.
/// </remarks>
internal static class SummaryReuse
{
    /// <summary>Raised when the decoder computes rows differently from before, so that old entries are not found.</summary>
    private const int FormatVersion = 1;

    /// <summary>The longest beginning that is known and longer than what the sequence holds itself.</summary>
    public static void Restore(VideoXl model, VstSequence state, Prompt prompt, SummaryCache cache, CostLedger costs, Action<string> warn)
    {
        var own = state.Read.CommonPrefix(prompt);
        for (var span = prompt.Spans.Count - 1; span >= 0; span--)
        {
            var end = prompt.Spans[span].Start + prompt.Spans[span].Length;
            if (end <= own || end == prompt.Length) continue;
            var start = costs.Now();
            using var found = cache.TryGet(Key(model, state, prompt, end), problem => warn($"kept summary tokens of a video were damaged and are computed anew: {problem}"));
            if (found is null) continue;
            state.Import(found.Rows, found.Parts, prompt.Take(end), prompt.Length - prompt.VisualTokens);
            costs.Add("restore", costs.Since(start), found.Count, found.Rows.nbytes);
            return;
        }
    }

    /// <summary>Keeps every beginning that ends with a video which was read now.</summary>
    public static void Keep(VideoXl model, VstSequence state, SummaryCache cache, CostLedger costs)
    {
        var prompt = state.Read;
        // A text that was re-used in part left rows of other products, whose last bits may differ.
        if (state.ReusedRows != 0 && !prompt.Spans.Any(s => s.Start + s.Length == state.ReusedRows)) return;
        foreach (var span in prompt.Spans.Where(s => s.Start >= state.ReusedRows))
        {
            var key = Key(model, state, prompt, span.Start + span.Length);
            if (cache.Contains(key)) continue;
            var start = costs.Now();
            var (rows, parts) = state.Export(span.Start + span.Length);
            using var kept = new SummaryRows(key, rows, parts);
            cache.Put(kept);
            costs.Add("keep", costs.Since(start), kept.Count, rows.nbytes);
        }
    }

    /// <summary>SHA-256 over all that decides the rows: weights, numbers, settings, and every id and video up to the end.</summary>
    private static string Key(VideoXl model, VstSequence state, Prompt prompt, int end)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Text(string text) => hash.AppendData(Encoding.UTF8.GetBytes($"{text.Length}:{text}\n"));
        Text($"studio summary rows {FormatVersion}");
        Text(model.Fingerprint);
        Text($"{model.Dtype.ShortName()} {model.Device.Type}");
        Text(model.Decoder.Config.RopeScaling is { } rope ? string.Create(CultureInfo.InvariantCulture, $"{rope.Factor:R} {rope.OriginalMaxPositionEmbeddings}") : "");
        Text(state.Compression.ToString());
        foreach (var part in prompt.Take(end).Parts)
        {
            if (part is PromptPart.Visual visual) Text($"visual {visual.Key} {visual.Length}");
            else Text("text " + string.Join(' ', ((PromptPart.Text)part).Ids));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
