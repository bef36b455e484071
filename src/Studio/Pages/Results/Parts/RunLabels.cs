using System.Globalization;
using Studio.Benchmarks.Records;
using Studio.Boards;

namespace Studio.Pages.Results.Parts;

/// <summary>Words of runs.</summary>
internal static class RunLabels
{
    public static string Word(RunState state) => state switch
    {
        RunState.Open => "waiting",
        RunState.Running => "running",
        RunState.Finished => "finished",
        _ => "failed",
    };

    public static string Value(RunState state) => state.ToString().ToLowerInvariant();

    public static string Badge(RunState state) => state switch
    {
        RunState.Finished => "badge-ok",
        RunState.Failed => "badge-danger",
        _ => "",
    };

    /// <summary>How a headline's interval was found, in brackets behind it; empty where that is not known.</summary>
    public static string Method(RunSummary summary) => summary.Interval switch
    {
        IntervalMethod.Wilson => " (Wilson)",
        IntervalMethod.GroupedWilson => " (Wilson, of the mean of the groups)",
        IntervalMethod.Clustered => " (normal, by the standard error below)",
        IntervalMethod.Reported => " (normal, by the reported standard error)",
        _ => "",
    };

    /// <summary>Scored samples, and how many are not.</summary>
    public static string Count(RunLine run) =>
        (run.Scored?.ToString(CultureInfo.InvariantCulture) ?? "–") + (run.Failed > 0 ? string.Create(CultureInfo.InvariantCulture, $" (+ {run.Failed} unscored)") : "");
}
