namespace Studio.Engine.Training;

/// <summary>
/// Linear warm-up, then half a cosine down to zero, as the originals' trainer has it: the first update is made with a learning rate
/// of 0, and the number of warm-up steps is rounded up.
/// </summary>
public sealed class CosineSchedule
{
    /// <param name="steps">Updates in all.</param>
    /// <param name="warmupRatio">Share of them that warms up, 0 to 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">No steps, or a share that is none.</exception>
    public CosineSchedule(long steps, double warmupRatio)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupRatio);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(warmupRatio, 1);
        (Steps, WarmupSteps) = (steps, (long)Math.Ceiling(steps * warmupRatio));
    }

    public long Steps { get; }

    public long WarmupSteps { get; }

    /// <summary>Share of the learning rate at an update, 0-based.</summary>
    public double Factor(long step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        if (step < WarmupSteps)
        {
            return (double)step / WarmupSteps;
        }

        double progress = (double)(step - WarmupSteps) / Math.Max(1, Steps - WarmupSteps);
        return progress >= 1 ? 0 : 0.5 * (1 + Math.Cos(Math.PI * progress));
    }
}
