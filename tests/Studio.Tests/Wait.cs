using Xunit;

namespace Studio.Tests;

/// <summary>Waiting with an end, for what nobody tells.</summary>
internal static class Wait
{
    /// <summary>Far beyond what anything takes here.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    /// <summary>Asks again until it is so.</summary>
    /// <param name="limit">In place of <see cref="Limit"/>.</param>
    /// <param name="pause">Between two questions, where asking costs something; a few milliseconds else.</param>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan? limit = null, TimeSpan? pause = null)
    {
        var (start, most) = (TimeProvider.System.GetTimestamp(), limit ?? Limit);
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < most, $"in vain, for {most.TotalSeconds:0} s: {what}");
            await Task.Delay(pause ?? TimeSpan.FromMilliseconds(5), TestContext.Current.CancellationToken);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);
}
