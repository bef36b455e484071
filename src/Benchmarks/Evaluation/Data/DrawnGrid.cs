namespace Studio.Benchmarks.Evaluation.Data;

/// <summary>The cells of a drawn needle task where a request names none.</summary>
public static class DrawnGrid
{
    /// <summary>Questions a cell.</summary>
    public const int PerCell = 10;

    /// <summary>Frames.</summary>
    public static IReadOnlyList<int> Lengths { get; } = [64, 128, 256, 512];

    /// <summary>From 0 to 1; of a single needle.</summary>
    public static IReadOnlyList<double> Depths { get; } = [0, 0.25, 0.5, 0.75, 1];

    /// <summary>Steps; of a chain.</summary>
    public static IReadOnlyList<int> Hops { get; } = [1, 2, 3];
}
