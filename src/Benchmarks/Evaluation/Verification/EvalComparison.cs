using System.Globalization;
using System.Text.Json;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>Counts comparisons of one golden file and keeps the first differences.</summary>
public sealed class EvalComparison
{
    /// <summary>Differences that are kept in words; all are counted.</summary>
    public const int MaxKept = 20;

    private const double Tolerance = 1e-9;

    private readonly List<string> _differences = [];

    public int Compared { get; private set; }

    public int Different { get; private set; }

    public IReadOnlyList<string> Differences => _differences;

    /// <summary>Texts are equal character for character; null is only null.</summary>
    public void Equal(string what, string? actual, string? expected)
    {
        Compared++;
        if (string.Equals(actual, expected, StringComparison.Ordinal)) return;
        Add(what, Shown(actual, expected), Shown(expected, actual));
    }

    /// <summary>Numbers agree to 1e-9; null is only null.</summary>
    public void Equal(string what, double? actual, double? expected)
    {
        Compared++;
        if (actual is null ? expected is null : expected is { } e && Math.Abs(actual.Value - e) <= Tolerance) return;
        Add(what, Number(actual), Number(expected));
    }

    public void Equal<T>(string what, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(expected);
        Compared++;
        if (actual.SequenceEqual(expected)) return;
        var at = Enumerable.Range(0, Math.Min(actual.Count, expected.Count)).FirstOrDefault(i => !Equals(actual[i], expected[i]), Math.Min(actual.Count, expected.Count));
        string Entry(IReadOnlyList<T> list) => at < list.Count ? $"{list[at]}" : "nothing";
        Add($"{what}, entry {at} ({actual.Count} of {expected.Count})", Entry(actual), Entry(expected));
    }

    public void Fail(string what, string message)
    {
        Compared++;
        Different++;
        if (_differences.Count < MaxKept) _differences.Add($"{what}: {message}");
    }

    private void Add(string what, string actual, string expected) => Record($"{what}: {actual}, expected {expected}");

    private void Record(string text)
    {
        Different++;
        if (_differences.Count < MaxKept) _differences.Add(text);
    }

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "null";

    /// <summary>The part of a text around the first difference.</summary>
    private static string Shown(string? text, string? other)
    {
        if (text is null) return "null";
        var at = 0;
        while (other is not null && at < text.Length && at < other.Length && text[at] == other[at]) at++;
        var start = Math.Max(0, at - 20);
        var part = text.Substring(start, Math.Min(80, text.Length - start));
        return $"{(start > 0 ? "…" : "")}{JsonSerializer.Serialize(part, VerifyJson.Options)}";
    }
}
