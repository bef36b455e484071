namespace Studio.Benchmarks.Tests.Records;

/// <summary>It is always the same time; waiting takes as long as it takes.</summary>
internal sealed class FixedTime(DateTimeOffset now) : TimeProvider
{
    public override DateTimeOffset GetUtcNow() => now;
}
