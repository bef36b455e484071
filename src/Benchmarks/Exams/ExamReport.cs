using System.Globalization;
using System.Text;
using Studio.Benchmarks.Evaluation.Statistics;

namespace Studio.Benchmarks.Exams;

/// <summary>Right answers of some questions.</summary>
/// <param name="Name">What they have in common.</param>
/// <param name="Questions">Asked and answered.</param>
/// <param name="Unasked">Failed for a reason of their own; in no share.</param>
/// <param name="Chance">Mean probability of guessing right.</param>
public sealed record ExamRow(string Name, int Questions, int Right, int Unasked, double Chance)
{
    public double Share => Questions == 0 ? double.NaN : (double)Right / Questions;
}

/// <summary>Sums of an exam by kind, form and length.</summary>
public static class ExamReport
{
    /// <summary>One row a group, and one for all at the end.</summary>
    public static IReadOnlyList<ExamRow> Rows(IReadOnlyList<ExamAnswer> answers, Func<ExamAnswer, string> by)
    {
        ArgumentNullException.ThrowIfNull(answers);
        return [.. answers.GroupBy(by, StringComparer.Ordinal).Select(g => Row(g.Key, [.. g])), Row("all", answers)];
    }

    /// <summary>A table in Markdown: share with its 95 % Wilson interval, n, chance.</summary>
    public static string Table(IReadOnlyList<ExamRow> rows, string heading)
    {
        ArgumentNullException.ThrowIfNull(rows);
        var text = new StringBuilder();
        _ = text.AppendLine(CultureInfo.InvariantCulture, $"| {heading} | right | 95 % interval | n | by guessing |").AppendLine("|---|--:|--:|--:|--:|");
        foreach (ExamRow row in rows)
        {
            string interval = "";
            if (row.Questions > 0)
            {
                Interval wilson = Wilson.Interval(row.Right, row.Questions);
                interval = string.Create(CultureInfo.InvariantCulture, $"{100 * wilson.Low:0} to {100 * wilson.High:0} %");
            }

            string unasked = row.Unasked == 0 ? "" : $" (+ {row.Unasked} failed)";
            _ = text.AppendLine(CultureInfo.InvariantCulture, $"| {row.Name} | {100 * row.Share:0.0} % | {interval} | {row.Questions}{unasked} | {100 * row.Chance:0} % |");
        }

        return text.ToString();
    }

    private static ExamRow Row(string name, IReadOnlyList<ExamAnswer> answers)
    {
        ExamAnswer[] counted = [.. answers.Where(a => a.Counts)];
        return new ExamRow(name, counted.Length, counted.Count(a => a.IsRight == true), answers.Count - counted.Length, counted.Length == 0 ? double.NaN : counted.Average(a => a.Chance));
    }
}
