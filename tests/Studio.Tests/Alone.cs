using Xunit;

namespace Studio.Tests;

/// <summary>Tests that look at counters of the whole process: they run after the others, one by one.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class Alone
{
    public const string Name = "alone";
}
