using System.Globalization;
using Studio.Engine.Chat.Planning;
using Studio.Evaluations;

namespace Studio.Pages.Evaluate;

/// <summary>Estimates in words.</summary>
internal static class EvaluateText
{
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    public static string Bytes(long bytes) => bytes == 0 ? "hardly any" : $"about {Units.Bytes(bytes)}";

    public static string Time(EvaluationEstimate estimate)
    {
        if (estimate.SecondsBefore is { } before) return Minutes(before);
        var (low, high) = (Minutes(estimate.SecondsLow), Minutes(estimate.SecondsHigh));
        return low == high ? low : $"{low} to {high}";
    }

    /// <summary>Two leading digits are all that an estimate has.</summary>
    private static string Minutes(double seconds) => seconds switch
    {
        < 60 => "under a minute",
        < 5400 => string.Create(CultureInfo.InvariantCulture, $"about {seconds / 60:0} minutes"),
        < 172_800 => string.Create(CultureInfo.InvariantCulture, $"about {seconds / 3600:0.#} hours"),
        _ => string.Create(CultureInfo.InvariantCulture, $"about {seconds / 86_400:0} days"),
    };
}
