namespace Studio.Benchmarks.Running;

/// <summary>Which of several settings no other one beats.</summary>
public static class ParetoFront
{
    /// <summary>
    /// Marks the points that no other point beats: one that gains at least as much for at most the cost, and one of both strictly. Equal
    /// points do not beat one another; what is not a number is never on the front and beats nobody.
    /// </summary>
    public static IReadOnlyList<bool> Of(IReadOnlyList<(double Gain, double Cost)> points)
    {
        ArgumentNullException.ThrowIfNull(points);
        var order = Enumerable.Range(0, points.Count).Where(i => !double.IsNaN(points[i].Gain) && !double.IsNaN(points[i].Cost))
            .OrderBy(i => points[i].Cost).ThenByDescending(i => points[i].Gain);
        var (marks, best, bestCost) = (new bool[points.Count], double.NegativeInfinity, double.NaN);
        foreach (var i in order)
        {
            var (gain, cost) = points[i];
            // Cheapest first: only more gain than every cheaper one counts, or the same point again.
            marks[i] = gain > best || (gain == best && cost == bestCost);
            if (gain > best) (best, bestCost) = (gain, cost);
        }

        return marks;
    }
}
