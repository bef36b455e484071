using System.Text.Json;
using Studio.Benchmarks.Evaluation;

namespace Studio.Benchmarks.Records.Exchange;

/// <summary>A row of lmms-eval's per-sample files.</summary>
internal static class LmmsEvalSample
{
    /// <summary>Error class of a sample whose score could not be read.</summary>
    private const string Unread = "import";

    /// <summary>Fields that are no metric.</summary>
    private static readonly HashSet<string> s_fixed = new(StringComparer.Ordinal)
    {
        "doc_id", "doc", "target", "arguments", "input", "resps", "filtered_resps", "doc_hash", "prompt_hash", "target_hash", "filter", "token_counts", "metrics", "input_media", "generation_info",
    };

    private static readonly string[] s_labels = ["duration", "duration_group", "domain", "sub_category", "task_type", "question_type", "question_category", "category", "area", "reasoning", "type"];

    /// <param name="metrics">Of the task, in the order it reports them.</param>
    /// <exception cref="InvalidDataException">It is no sample.</exception>
    public static Sample Read(JsonElement row, string runId, int ordinal, string part, IReadOnlyList<string> metrics, string place)
    {
        if (row.ValueKind != JsonValueKind.Object || !row.TryGetProperty("doc_id", out var id) || !row.TryGetProperty("filtered_resps", out var answers))
        {
            throw new InvalidDataException($"{place}: sample {ordinal} has no 'doc_id' and 'filtered_resps'; is it a sample file of lmms-eval?");
        }

        var document = row.TryGetProperty("doc", out var doc) && doc.ValueKind == JsonValueKind.Object ? doc : default;
        var (score, parsed, of) = Score(row, metrics);
        var named = Texts(document, of, "question_id", "qid", "id", "uid") ?? Plain(id);
        var media = Texts(document, of, "video_path", "video", "videoID", "video_id", "video_name", "media") ?? (row.TryGetProperty("input_media", out var inputs) ? First(inputs) : ""); // newer versions leave the document out
        var options = Options(document);
        return new Sample
        {
            RunId = runId,
            Ordinal = ordinal,
            DocumentId = named,
            Cluster = media.Length > 0 ? media : Plain(id),
            Part = part,
            Labels = RecordJson.Text(new SortedDictionary<string, string>(s_labels.Select(l => (Name: l, Value: Label(document, l) ?? Label(of, l))).Where(l => l.Value is { Length: > 0 }).ToDictionary(l => l.Name, l => l.Value!), StringComparer.Ordinal)),
            Media = media,
            Question = Texts(document, default, "question") ?? "",
            Prompt = row.TryGetProperty("input", out var input) ? Plain(input) : row.TryGetProperty("arguments", out var arguments) ? First(arguments) : "",
            Answer = First(answers),
            Expected = row.TryGetProperty("target", out var target) ? Plain(target) : "",
            Options = RecordJson.Text(options),
            Parsed = parsed,
            CorrectedParsed = parsed,
            Official = score,
            Corrected = score,
            ErrorClass = score is null ? Unread : null,
            Error = score is null ? $"no score from 0 to 1 is among its fields ({string.Join(", ", row.EnumerateObject().Select(f => f.Name).Where(n => !s_fixed.Contains(n)))})" : null,
        };
    }

    /// <summary>Documents of one run have names of their own: where a name repeats, all are numbered by part and place instead.</summary>
    public static void NameDocuments(List<Sample> samples)
    {
        if (samples.Select(s => s.DocumentId).Distinct(StringComparer.Ordinal).Count() == samples.Count) return;
        foreach (var sample in samples) sample.DocumentId = sample.Part.Length > 0 ? $"{sample.Part}/{sample.Ordinal}" : $"{sample.Ordinal}";
    }

    /// <summary>From the task's first metric that the sample has: a number, or an object that says right or wrong, or what was read and what was expected.</summary>
    private static (double? Score, string? Parsed, JsonElement Of) Score(JsonElement row, IReadOnlyList<string> metrics)
    {
        var names = metrics.Where(m => row.TryGetProperty(m, out _)).Concat(row.EnumerateObject().Select(f => f.Name).Where(n => !s_fixed.Contains(n) && !metrics.Contains(n)));
        var seen = default(JsonElement);
        foreach (var name in names)
        {
            var value = row.GetProperty(name);
            if (value is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1) value = list[0];
            if (Share(value) is { } share) return (share, null, default);
            if (value.ValueKind != JsonValueKind.Object) continue;
            if (seen.ValueKind != JsonValueKind.Object) seen = value;
            var parsed = Texts(value, default, "pred_answer", "parsed_pred", "pred", "prediction");
            var expected = Texts(value, default, "answer", "gt_answer", "target", "gt");
            foreach (var field in new[] { "score", "correct", "is_correct", "exact_match", "acc", "accuracy" })
            {
                if (value.TryGetProperty(field, out var inner) && Share(inner) is { } found) return (found, parsed, value);
            }

            if (parsed is not null && expected is not null) return (string.Equals(parsed.Trim(), expected.Trim(), StringComparison.OrdinalIgnoreCase) ? 1 : 0, parsed, value);
        }

        return (null, null, seen);
    }

    private static double? Share(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.True => 1,
        JsonValueKind.False => 0,
        JsonValueKind.Number when value.GetDouble() is >= 0 and <= 1 and var number => number,
        _ => null,
    };

    private static string? Texts(JsonElement first, JsonElement second, params string[] names)
    {
        foreach (var place in new[] { first, second })
        {
            if (place.ValueKind != JsonValueKind.Object) continue;
            foreach (var name in names)
            {
                if (place.TryGetProperty(name, out var value) && value.ValueKind is JsonValueKind.String or JsonValueKind.Number) return Plain(value);
            }
        }

        return null;
    }

    /// <summary>A text, a number, or what a list of texts says together, as LVBench's types of questions are given.</summary>
    private static string? Label(JsonElement place, string name) => place.ValueKind == JsonValueKind.Object && place.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Array
        ? string.Join(", ", value.EnumerateArray().Where(v => v.ValueKind == JsonValueKind.String).Select(v => v.GetString()))
        : Texts(place, default, name);

    private static List<string> Options(JsonElement document)
    {
        foreach (var name in new[] { "options", "candidates", "choices" })
        {
            if (document.ValueKind == JsonValueKind.Object && document.TryGetProperty(name, out var list) && list.ValueKind == JsonValueKind.Array && list.GetArrayLength() is > 0 and <= Letters.Max
                && list.EnumerateArray().All(o => o.ValueKind == JsonValueKind.String))
            {
                return [.. list.EnumerateArray().Select(o => o.GetString()!)];
            }
        }

        // LongVideoBench: a field an option, "N/A" behind the last.
        return [.. Enumerable.Range(0, Letters.Max).Select(i => Texts(document, default, $"option{i}")).TakeWhile(o => o is not null and not "N/A").Select(o => o!)];
    }

    /// <summary>The first text inside lists within lists.</summary>
    private static string First(JsonElement value)
    {
        while (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() > 0) value = value[0];
        return value.ValueKind == JsonValueKind.Array ? "" : Plain(value);
    }

    private static string Plain(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Null or JsonValueKind.Undefined => "",
        _ => value.GetRawText(),
    };
}
