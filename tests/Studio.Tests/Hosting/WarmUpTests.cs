using Studio.Hosting;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Hosting;

public sealed class WarmUpTests
{
    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(AccountMode.Off)]
    [InlineData(AccountMode.On)] // by way of the sign-in page
    public async Task Pages_AreAskedFor(AccountMode accounts)
    {
        await using var studio = await TestStudio.StartAsync(options: o => o with { Accounts = accounts });
        Assert.Equal(2, await WarmUp.RunAsync([studio.Address.ToString().Replace("127.0.0.1", "0.0.0.0", StringComparison.Ordinal)], Ct));
    }

    [Fact]
    public async Task NoServer_IsNoFailure() => Assert.Equal(0, await WarmUp.RunAsync(["http://127.0.0.1:1"], Ct));
}
