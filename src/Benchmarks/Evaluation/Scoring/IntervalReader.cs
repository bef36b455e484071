using System.Globalization;
using System.Text.RegularExpressions;

namespace Studio.Benchmarks.Evaluation.Scoring;

/// <summary>
/// The corrected extraction of an interval: the first range ("24.3 - 30.4", "24.3s to 30.4s", "0:24–0:30", "between 24 and 30 seconds",
/// any dash), else the only two times of the answer. Clock times and units are understood; nothing else is guessed.
/// </summary>
public static partial class IntervalReader
{
    /// <returns>Start and end in seconds, in order, or null.</returns>
    public static (double Start, double End)? Read(string answer)
    {
        ArgumentNullException.ThrowIfNull(answer);
        var text = answer.Length <= ChoiceReader.MaxLength ? answer : answer[..ChoiceReader.MaxLength];
        if (Range().Match(text) is { Success: true } range)
        {
            // "3 - 5 min": the unit behind the second number holds for both.
            var unit = range.Groups[4].Value;
            return Ordered(Seconds(range.Groups[1].Value, range.Groups[2].Length > 0 ? range.Groups[2].Value : unit), Seconds(range.Groups[3].Value, unit));
        }

        var times = Time().Matches(text);
        return times.Count == 2 ? Ordered(Seconds(times[0].Groups[1].Value, times[0].Groups[2].Value), Seconds(times[1].Groups[1].Value, times[1].Groups[2].Value)) : null;
    }

    private static (double, double) Ordered(double a, double b) => a <= b ? (a, b) : (b, a);

    private static double Seconds(string time, string unit)
    {
        var seconds = 0.0;
        foreach (var part in time.Split(':')) seconds = (seconds * 60) + double.Parse(part, CultureInfo.InvariantCulture);
        if (time.Contains(':', StringComparison.Ordinal)) return seconds;
        return unit.ToUpperInvariant() switch
        {
            "MS" or "MILLISECOND" or "MILLISECONDS" => seconds / 1000,
            "MIN" or "MINS" or "MINUTE" or "MINUTES" => seconds * 60,
            _ => seconds,
        };
    }

    private const string Moment = @"(?<![0-9.:])([0-9]{1,6}(?::[0-9]{2}){0,2}(?:\.[0-9]+)?)(?![0-9])";
    private const string Unit = @"\s*(ms|milliseconds?|seconds?|secs?|seonds|s|minutes?|mins?|秒)?(?![A-Za-z%])";

    [GeneratedRegex(Moment + Unit + @"[*_`]*\s*(?:-{1,2}|[–—−~〜]|to\b|until\b|till\b|and\b|到|至)\s*[*_`]*" + Moment + Unit, RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Range();

    [GeneratedRegex(Moment + Unit, RegexOptions.CultureInvariant | RegexOptions.IgnoreCase)]
    private static partial Regex Time();
}
