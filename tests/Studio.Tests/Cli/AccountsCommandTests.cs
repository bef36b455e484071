using System.Text.Json;
using Studio.Accounts;
using Studio.Cli;
using Studio.Tests.Accounts;
using Xunit;

namespace Studio.Tests.Cli;

/// <summary>Accounts from the command line, on a database that a server may use at the same time.</summary>
public sealed class AccountsCommandTests : IDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("studio-cli-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Add_Role_Reset_Token_Disable_Delete_WorkTogether()
    {
        var added = await RunAsync("", "accounts", "add", "cli-ada", "--role", "admin", "--url", "https://studio.example.org/");
        Assert.Equal(ExitCodes.Ok, added.Code);
        Assert.Matches(@"\Ahttps://studio\.example\.org/join/[A-Za-z0-9_-]{43}\n\z", added.Output);
        Assert.Equal(ExitCodes.Ok, (await RunAsync(AccountServer.Password + "\n", "accounts", "add", "cli-bob", "--password-stdin", "--display-name", "Bob")).Code);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("", "accounts", "role", "cli-bob", "editor")).Code);
        using (var json = JsonDocument.Parse((await RunAsync("", "accounts", "list", "cli-", "--json")).Output))
        {
            Assert.Equal(["cli-ada admin invited", "cli-bob editor active"], json.RootElement.EnumerateArray().Select(a => $"{a.GetProperty("name")} {a.GetProperty("role")} {a.GetProperty("status")}"));
        }

        var token = await RunAsync("", "accounts", "token", "CLI-BOB", "--name", "nightly");
        Assert.StartsWith(TokenService.Prefix, token.Output, StringComparison.Ordinal);
        Assert.DoesNotContain(TokenService.Prefix, token.Error, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("", "accounts", "disable", "cli-bob")).Code);
        Assert.Contains("disabled", (await RunAsync("", "accounts", "list", "cli-bob")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("", "accounts", "enable", "cli-bob")).Code);
        Assert.Contains("/join/", (await RunAsync("", "accounts", "reset", "cli-bob")).Output, StringComparison.Ordinal);
        Assert.Equal(ExitCodes.Ok, (await RunAsync("", "accounts", "delete", "cli-bob", "--heir", "cli-ada")).Code);
        Assert.Empty((await RunAsync("", "accounts", "list", "cli-bob")).Output);
    }

    [Theory]
    [InlineData(ExitCodes.BadInput, "no-such", "accounts", "role", "no-such", "editor")]
    [InlineData(ExitCodes.BadInput, "king", "accounts", "add", "cli-cleo", "--role", "king")]
    [InlineData(ExitCodes.BadInput, "at least 10", "accounts", "add", "cli-cleo", "--password-stdin")]
    [InlineData(ExitCodes.Usage, "--heir", "accounts", "delete", "cli-cleo")]
    [InlineData(ExitCodes.Usage, "--name", "accounts", "token", "cli-cleo")]
    public async Task Mistakes_NameTheValue(int code, string named, params string[] arguments)
    {
        var result = await RunAsync("short\n", arguments);
        Assert.Equal((code, ""), (result.Code, result.Output));
        Assert.Contains(named, result.Error, StringComparison.Ordinal);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(string input, params string[] arguments)
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter();
        var code = await CommandLine.RunAsync(arguments, output, error, new StringReader(input), _data).WaitAsync(Ct);
        return (code, output.ToString(), error.ToString());
    }
}
