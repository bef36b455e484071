using Xunit;

namespace Studio.Tests.Conversations;

/// <summary>Waiting with an end.</summary>
internal static class Wait
{
    /// <summary>Far beyond what anything takes here.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var start = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(start) < Limit, $"in vain: {what}");
            await Task.Delay(5);
        }
    }

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);
}
