using System.Globalization;
using System.Text.Json;
using Studio.Benchmarks.Records;

namespace Studio.Pages.Results.Parts;

/// <summary>Fields of a sample for people. Damaged JSON of an imported run shows as nothing.</summary>
internal static class SampleText
{
    private static readonly string[] s_steps = ["frames", "tower", "connector", "probe", "prefill", "decode"];

    public static bool IsWrong(Sample sample) => SampleDocuments.IsScored(sample) && sample.Corrected < 1;

    public static string Score(double? score) => score is { } s && double.IsFinite(s) ? s.ToString("0.##", CultureInfo.InvariantCulture) : "–";

    public static IReadOnlyList<string> Options(Sample sample) => Read<List<string>>(sample.Options) ?? [];

    /// <summary>The letter with its option, or the text.</summary>
    public static string Truth(Sample sample) => Lettered(sample, sample.Expected);

    /// <summary>A letter with the option it stands for.</summary>
    public static string Lettered(Sample sample, string? letter)
    {
        if (letter is not [var c] || c < 'A' || c - 'A' >= Options(sample).Count) return letter ?? "";
        var option = Options(sample)[c - 'A'];
        return option.StartsWith(letter, StringComparison.Ordinal) && option.Length > 1 && !char.IsLetter(option[1]) ? option : $"{letter}. {option}";
    }

    public static NeedleSurvival? Survival(Sample sample) => sample.Survival is { } text ? Read<NeedleSurvival>(text) : null;

    public static SampleCosts Costs(Sample sample) => Read<SampleCosts>(sample.Costs) ?? new();

    /// <summary>Timed steps in the order in which they happen; unknown ones last.</summary>
    public static IEnumerable<(string Step, double Milliseconds)> Steps(SampleCosts costs) =>
        costs.Milliseconds.Select(m => (m.Key, m.Value)).OrderBy(m => Array.IndexOf(s_steps, m.Key) is var at and >= 0 ? at : s_steps.Length).ThenBy(m => m.Key, StringComparer.Ordinal);

    public static IReadOnlyList<double> Stages(Sample sample) => Read<List<double>>(sample.StageTokens) ?? [];

    public static IReadOnlyDictionary<string, string> Labels(Sample sample) => Read<SortedDictionary<string, string>>(sample.Labels) ?? [];

    public static IReadOnlyDictionary<string, double> Measures(Sample sample) => Read<SortedDictionary<string, double>>(sample.Measures) ?? [];

    public static string Cut(string text, int length) => text.Length > length ? string.Concat(text.AsSpan(0, length - 1), "…") : text;

    private static T? Read<T>(string json)
        where T : class
    {
        try
        {
            return RecordJson.Read<T>(json);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
