namespace Studio.Jobs.Trainings;

/// <param name="Index">0-based.</param>
/// <param name="From">Updates of the training before it began.</param>
/// <param name="Done">Updates of it done.</param>
/// <param name="Steps">Updates of it in all.</param>
public sealed record CurveStage(string Name, int Index, long From, long Done, long Steps);

/// <summary>
/// A training's metrics as a bounded number of points. A point stands for one or more updates of one stage: means of loss and
/// gradient norm, their tokens over their seconds, the last learning rates.
/// </summary>
/// <param name="Updates">Updates of all stages that the points stand for.</param>
/// <param name="UpdatesPerPoint">The most that one point stands for.</param>
/// <param name="Update">Last update of each point, counted over all stages from 1.</param>
/// <param name="Loss">Mean loss.</param>
/// <param name="MedianLoss">Running median of the loss over <paramref name="MedianWindow"/> points.</param>
/// <param name="GradientNorm">Mean joint norm before clipping.</param>
/// <param name="TokensPerSecond">Rows of the decoder's input a second.</param>
/// <param name="Rates">Learning rate by group; null where a stage has no such group.</param>
/// <param name="Version">Changes when anything else does.</param>
public sealed record TrainingCurve(
    long Updates, int UpdatesPerPoint, int MedianWindow, IReadOnlyList<CurveStage> Stages, IReadOnlyList<long> Update, IReadOnlyList<double> Loss, IReadOnlyList<double> MedianLoss,
    IReadOnlyList<double> GradientNorm, IReadOnlyList<double> TokensPerSecond, IReadOnlyDictionary<string, IReadOnlyList<double?>> Rates, long Version)
{
    public static TrainingCurve Empty { get; } = new(0, 1, 1, [], [], [], [], [], [], new Dictionary<string, IReadOnlyList<double?>>(), 0);
}
