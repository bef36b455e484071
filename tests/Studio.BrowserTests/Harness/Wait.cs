using Xunit;

namespace Studio.BrowserTests.Harness;

/// <summary>Waits for what the page does not show.</summary>
internal static class Wait
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);

    public static Task UntilAsync(Func<bool> condition, string what) => UntilAsync(() => Task.FromResult(condition()), what);

    public static async Task UntilAsync(Func<Task<bool>> condition, string what)
    {
        var began = TimeProvider.System.GetTimestamp();
        while (!await condition())
        {
            Assert.True(TimeProvider.System.GetElapsedTime(began) < s_limit, $"not within {s_limit.TotalSeconds:0} s: {what}");
            await Task.Delay(20);
        }
    }
}
