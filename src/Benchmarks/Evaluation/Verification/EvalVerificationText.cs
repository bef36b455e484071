using System.Globalization;
using System.Text;

namespace Studio.Benchmarks.Evaluation.Verification;

/// <summary>The table that people read: a row a task, at last "N passed, N failed", counting tasks.</summary>
public static class EvalVerificationText
{
    private const int NameWidth = 26;

    public static string Header { get; } = $"{"task",-NameWidth} {"compared",8} {"different",9} {"s",6}  result";

    /// <summary>A row, and below it what differs and what could not be compared. No newline at the end.</summary>
    public static string Task(EvalTaskResult result)
    {
        ArgumentNullException.ThrowIfNull(result);
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{result.Name,-NameWidth} {result.Compared,8} {result.Different,9} {result.Elapsed.TotalSeconds,6:0.0}  {(result.Passed ? "pass" : "FAIL")}");
        foreach (var difference in result.Differences) text.Append("\n  ").Append(difference.ReplaceLineEndings("\\n"));
        if (result.Different > result.Differences.Count) text.Append(CultureInfo.InvariantCulture, $"\n  and {result.Different - result.Differences.Count} more");
        foreach (var note in result.Notes) text.Append("\n  note: ").Append(note);
        return text.ToString();
    }

    public static string Summary(EvalVerification result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return $"{result.Passed} passed, {result.Failed} failed";
    }

    /// <summary>
    /// For programs: { folder, passed, failed, tasks: [{ name, passed, compared, different, seconds, differences, notes }] }.
    /// </summary>
    public static string Json(EvalVerification result)
    {
        ArgumentNullException.ThrowIfNull(result);
        return System.Text.Json.JsonSerializer.Serialize(new
        {
            folder = result.Folder,
            passed = result.Passed,
            failed = result.Failed,
            tasks = result.Tasks.Select(t => new
            {
                name = t.Name,
                passed = t.Passed,
                compared = t.Compared,
                different = t.Different,
                seconds = Math.Round(t.Elapsed.TotalSeconds, 3),
                differences = t.Differences,
                notes = t.Notes,
            }),
        }, VerifyJson.Indented);
    }
}
