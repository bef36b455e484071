namespace Studio.Benchmarks.EngineBench;

/// <summary>Seconds of repeated runs.</summary>
internal static class Runs
{
    /// <summary>Ascending.</summary>
    public static double[] Of(BenchContext context, int repeats, Action run)
    {
        var seconds = new double[repeats];
        for (var i = 0; i < repeats; i++) seconds[i] = context.Timed(run);
        Array.Sort(seconds);
        return seconds;
    }

    /// <param name="ascending">At least one.</param>
    public static double Median(IReadOnlyList<double> ascending) => (ascending[(ascending.Count - 1) / 2] + ascending[ascending.Count / 2]) / 2;
}
