using System.Globalization;
using Studio.Engine.Torch;

namespace Studio.Benchmarks.Verification;

/// <summary>One compared quantity of a case.</summary>
/// <param name="Quantity">What was compared.</param>
/// <param name="LargestError">Largest absolute difference; the number of unequal entries where equality is asked.</param>
/// <param name="Tolerance">In words: what was allowed.</param>
/// <param name="Share">The largest error as a share of what was allowed at its place: above 1 fails.</param>
/// <param name="Passed">Whether it lies within the tolerance.</param>
/// <param name="Informational">Reported, but the case does not depend on it (see <see cref="Precision"/>).</param>
/// <param name="Message">Empty, or what went wrong.</param>
public sealed record VerificationRow(
    string Quantity, double LargestError, string Tolerance, double Share, bool Passed, bool Informational = false, string Message = "");

/// <summary>Collects the rows of one case. Comparing never throws: a shape that differs is a failed row.</summary>
/// <param name="absolute">The case's tolerance: |actual - expected| ≤ absolute + relative |expected|.</param>
public sealed class VerificationReport(double absolute, double relative, Precision precision)
{
    private readonly List<VerificationRow> _rows = []; // bounded by the case's quantities
    private bool _decisionsOpen;

    public IReadOnlyList<VerificationRow> Rows => _rows;

    /// <summary>Every entry within abs + rel |expected| of the expected one, the case's tolerance unless another is given.</summary>
    public void Close(string quantity, Tensor actual, Tensor expected, double? abs = null, double? rel = null)
    {
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(expected);
        if (actual.numel() != expected.numel())
        {
            var message = $"shape [{string.Join(", ", actual.shape)}], expected [{string.Join(", ", expected.shape)}]";
            Add(quantity, double.PositiveInfinity, "", double.PositiveInfinity, message);
            return;
        }

        Close(quantity, actual.ToArray<float>(), expected.ToArray<float>(), abs, rel);
    }

    public void Close(string quantity, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double? abs = null, double? rel = null)
    {
        if (actual.Length != expected.Length)
        {
            Add(quantity, double.PositiveInfinity, "", double.PositiveInfinity, $"{actual.Length} values, expected {expected.Length}");
            return;
        }

        if (precision.IsReference) CloseEach(quantity, actual, expected, abs ?? absolute, rel ?? relative);
        else CloseOverall(quantity, actual, expected);
    }

    private void CloseEach(string quantity, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected, double abs, double rel)
    {
        double largest = 0, share = 0;
        var outside = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Error(actual[i], expected[i]);
            var allowed = abs + (rel * Math.Abs(expected[i]));
            if (!(error <= allowed)) outside++; // NaN counts as outside
            largest = Larger(largest, error);
            share = Larger(share, error == 0 ? 0 : error / allowed);
        }

        Add(quantity, largest, $"{Number(abs)} + {Number(rel)} |x|", share, outside == 0 ? "" : $"{outside} of {expected.Length} values outside");
    }

    private void CloseOverall(string quantity, ReadOnlySpan<float> actual, ReadOnlySpan<float> expected)
    {
        double largest = 0, squares = 0, size = 0;
        for (var i = 0; i < expected.Length; i++)
        {
            var error = Error(actual[i], expected[i]);
            largest = Larger(largest, error);
            squares += error * error;
            size += (double)expected[i] * expected[i];
        }

        var (rms, scale) = (Math.Sqrt(squares / Math.Max(1, expected.Length)), Math.Sqrt(size / Math.Max(1, expected.Length)));
        var share = largest == 0 ? 0 : Larger(rms / (precision.Share * scale), largest / (precision.Outlier * scale));
        Add(quantity, largest, $"rms {Number(precision.Share * scale)}, each {Number(precision.Outlier * scale)}", share,
            share <= 1 ? "" : $"rms error {Number(rms)}, {Number(rms / scale)} of the values' own");
    }

    /// <summary>Every entry equal, in every type.</summary>
    public void Equal<T>(string quantity, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        var (unequal, message) = Compare(actual, expected);
        AddRow(quantity, unequal, "equal", unequal == 0 ? 0 : double.PositiveInfinity, message, informational: false);
    }

    /// <summary>Every entry equal, where a near tie decides in 16 bit.</summary>
    public void Decision<T>(string quantity, IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        var (unequal, message) = Compare(actual, expected);
        AddRow(quantity, unequal, "equal", unequal == 0 ? 0 : double.PositiveInfinity, message, informational: !precision.IsReference);
        _decisionsOpen |= unequal > 0 && !precision.IsReference;
    }

    /// <summary>From here on values depend on decisions; the closest competing one was this far away (null: none).</summary>
    public void BehindDecisions(double? gap) => _decisionsOpen |= gap is { } g && g < precision.Resolution;

    public void Fail(string quantity, string message) => AddRow(quantity, double.NaN, "", double.PositiveInfinity, message, informational: false);

    private static (int Unequal, string Message) Compare<T>(IReadOnlyList<T> actual, IReadOnlyList<T> expected)
    {
        ArgumentNullException.ThrowIfNull(actual);
        ArgumentNullException.ThrowIfNull(expected);
        var unequal = Math.Abs(actual.Count - expected.Count);
        var first = -1;
        for (var i = 0; i < Math.Min(actual.Count, expected.Count); i++)
        {
            if (EqualityComparer<T>.Default.Equals(actual[i], expected[i])) continue;
            unequal++;
            if (first < 0) first = i;
        }

        return (unequal, unequal == 0 ? ""
            : actual.Count != expected.Count ? $"{actual.Count} entries, expected {expected.Count}"
            : $"entry {first} is {actual[first]}, expected {expected[first]}");
    }

    private void Add(string quantity, double error, string tolerance, double share, string message) =>
        AddRow(quantity, error, tolerance, share, message, informational: _decisionsOpen);

    private void AddRow(string quantity, double error, string tolerance, double share, string message, bool informational) =>
        _rows.Add(new(quantity, error, tolerance, share, message.Length == 0, informational, message));

    private static double Larger(double a, double b) => double.IsNaN(a) || double.IsNaN(b) ? double.NaN : Math.Max(a, b);

    /// <summary>Equal infinities are equal; any other value that is not finite has no distance, and fails every bound.</summary>
    private static double Error(float actual, float expected) => actual == expected ? 0
        : float.IsFinite(actual) && float.IsFinite(expected) ? Math.Abs((double)actual - expected)
        : double.NaN;

    private static string Number(double x) => x.ToString("0.##e+0", CultureInfo.InvariantCulture);
}
