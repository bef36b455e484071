namespace Studio.Benchmarks.Records;

/// <summary>Identifiers of runs and sweeps: 32 hexadecimal digits that sort by the time they were made.</summary>
public static class RunIds
{
    public static string New(TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(time);
        return Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
    }
}
