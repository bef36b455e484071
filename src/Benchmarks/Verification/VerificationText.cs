using System.Globalization;
using System.Text;

namespace Studio.Benchmarks.Verification;

/// <summary>The table that people read. Its last line is "N passed, N failed", counting cases.</summary>
public static class VerificationText
{
    private const int NameWidth = 30, QuantityWidth = 44;

    public static string Header { get; } =
        $"{"case",-NameWidth} {"rows",5}  {"closest to its tolerance",-QuantityWidth} {"error",9}  {"allowed",-26} {"s",6}  result";

    /// <summary>One case: a line, then a line for each failed row, or for each row if all are asked for. No newline at the end.</summary>
    public static string Case(CaseResult result, bool verbose = false)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringBuilder();
        var worst = result.Worst;
        var informational = result.Rows.Count(r => r.Informational);
        text.Append(CultureInfo.InvariantCulture, $"{result.Name,-NameWidth} {result.Rows.Count,5}  ");
        text.Append(CultureInfo.InvariantCulture, $"{Cut(worst.Quantity, QuantityWidth),-QuantityWidth} {Error(worst),9}  {worst.Tolerance,-26} ");
        text.Append(CultureInfo.InvariantCulture, $"{result.Elapsed.TotalSeconds,6:0.0}  {(result.Passed ? "pass" : "FAIL")}");
        if (informational > 0) text.Append(CultureInfo.InvariantCulture, $" ({informational} rows informational)");
        foreach (var row in result.Rows)
        {
            if (!verbose && (row.Passed || row.Informational)) continue;
            text.Append(CultureInfo.InvariantCulture, $"\n  {(row.Passed ? "pass" : row.Informational ? "info" : "FAIL")}  {row.Quantity}: ");
            text.Append(row.Tolerance.Length > 0 ? $"error {Error(row)}, allowed {row.Tolerance}" : "not compared");
            if (row.Message.Length > 0) text.Append(CultureInfo.InvariantCulture, $"; {row.Message}");
        }

        return text.ToString();
    }

    public static string Summary(VerificationResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return $"{result.Passed} passed, {result.Failed} failed";
    }

    /// <summary>Everything at once, for callers that do not print as they go.</summary>
    public static string Render(VerificationResult result, bool verbose = false)
    {
        ArgumentNullException.ThrowIfNull(result);
        return $"{Header}\n{string.Concat(result.Cases.Select(c => Case(c, verbose) + '\n'))}{Summary(result)}\n";
    }

    private static string Error(VerificationRow row) => double.IsNaN(row.LargestError)
        ? "-"
        : row.LargestError.ToString(row.Tolerance == "equal" ? "0" : "0.0e+0", CultureInfo.InvariantCulture);

    private static string Cut(string text, int width) => text.Length <= width ? text : string.Concat(text.AsSpan(0, width - 1), "…");
}
