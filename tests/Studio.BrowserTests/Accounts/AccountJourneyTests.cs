using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Studio.Accounts;
using Studio.BrowserTests.Chat;
using Studio.BrowserTests.Harness;
using Studio.Hosting;
using Studio.Tests;
using Xunit;

namespace Studio.BrowserTests.Accounts;

/// <summary>Several people at one studio, from the set-up code on.</summary>
public sealed class AccountJourneyTests : IAsyncLifetime
{
    private readonly StudioFixture _studio = new() { Options = o => o with { Accounts = AccountMode.On } };

    public ValueTask InitializeAsync() => _studio.InitializeAsync();

    public ValueTask DisposeAsync() => _studio.DisposeAsync();

    [Fact]
    public async Task FirstAdministrator_InvitesOthers_WhoSeeWhatTheyMay_TakeTurns_AndShareByLinks()
    {
        var code = await _studio.Services.GetRequiredService<SetupCode>().IssueAsync(); // what `serve` prints
        await using var ada = await StudioPage.OpenAsync(_studio);
        await ada.SetUpAsync("WRONG-WRONG-WRONG-WRONG", "ada");
        await ada.Page.Locator("[role=alert]").WaitForAsync();
        await ada.SetUpAsync(code.ToLowerInvariant(), "ada");
        await ada.InteractiveAsync();
        await ada.ExpectAsync(".nav-foot", "ada");

        // Ada has a conversation, and invites an editor and a viewer.
        await ada.AddSampleAsync();
        await ada.BeginAsync(tokens: 20);
        await ada.AskAsync("What happens in the meadow?");
        await ada.AnsweredAsync();
        var conversation = new Uri(ada.Page.Url).AbsolutePath;
        var answer = await ada.AnswerTextAsync();
        await using var eva = await StudioPage.OpenAsync(_studio);
        await eva.JoinAsync(await ada.InviteAsync("eva", Roles.Editor));
        await using var vic = await StudioPage.OpenAsync(_studio);
        await vic.JoinAsync(await ada.InviteAsync("vic", Roles.Viewer));

        await ViewerAsync(vic, conversation);
        await QueueAsync(ada, eva, conversation);
        await ShareAsync(ada, conversation, answer);
    }

    /// <summary>Reads what the team shares and changes nothing.</summary>
    private static async Task ViewerAsync(StudioPage vic, string conversation)
    {
        await vic.GoAsync("/library");
        await vic.ExpectAsync(".empty-title", "Nobody has shared a video yet");
        Assert.Equal(0, await vic.Page.GetByText("Upload", new() { Exact = true }).CountAsync());
        Assert.Equal(0, await vic.Page.Locator("#library-files").CountAsync());
        await vic.GoAsync("/chat");
        await vic.ExpectAsync(".start", "Your account reads.");
        Assert.Equal(0, await vic.Page.Locator("[data-composer]").CountAsync());
        await vic.GoAsync(conversation);
        await vic.ExpectAsync(".empty-title", "This conversation cannot be shown");
        vic.Allow("403");
        Assert.Equal(403, await vic.Page.EvaluateAsync<int>("async () => (await fetch('files', { method: 'POST', headers: { 'Tus-Resumable': '1.0.0', 'Upload-Length': '5' } })).status"));
        Assert.Equal(403, (await vic.Page.GotoAsync("/accounts"))!.Status);
        await vic.ExpectAsync("h1", "This page is not open to your account");
    }

    /// <summary>While Ada's answer is written, Eva's question waits in sight of her, and is answered.</summary>
    private async Task QueueAsync(StudioPage ada, StudioPage eva, string conversation)
    {
        await eva.AddSampleAsync();
        await eva.BeginAsync(tokens: 8);
        await ada.GoAsync(conversation);
        _studio.Gate.Close(after: 2);
        await ada.AskAsync("And then?");
        await Wait.UntilAsync(() => _studio.Gate.Held == 1, "Ada's answer is being written");
        await eva.AskAsync("May I ask, too?");
        await eva.ExpectAsync(".answer-progress-text", "Next in line for the device");
        await ada.GoAsync("/system");
        await ada.ExpectAsync(".system-queue li.mine", "yours");
        await ada.ExpectAsync(".system-queue li:not(.mine)", "eva");
        _studio.Gate.Open();
        await eva.AnsweredAsync();
        await ada.ExpectAsync(".system", "Nothing runs and nothing waits.");
    }

    /// <summary>A link opens for anybody until it is revoked.</summary>
    private async Task ShareAsync(StudioPage ada, string conversation, string answer)
    {
        await ada.GoAsync(conversation);
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Share" }).ClickAsync();
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        var link = await ada.Page.GetByLabel("New link").InputValueAsync();
        await using var anyone = await StudioPage.OpenAsync(_studio);
        anyone.Allow("404");
        anyone.Allow("401");
        _ = await anyone.Page.GotoAsync(conversation);
        await anyone.ExpectAsync("h1", "Sign in"); // not without the link
        _ = await anyone.Page.GotoAsync(link);
        await anyone.ExpectAsync(".shared-question", "What happens in the meadow?");
        await anyone.ExpectAsync(".shared-answer", answer.Split('\n')[0].Trim());
        _ = await anyone.Page.WaitForFunctionAsync("() => document.querySelector('.shared-media video').readyState >= 1");
        await ada.Page.GetByRole(AriaRole.Button, new() { Name = "Revoke link 1" }).ClickAsync();
        await Assertions.Expect(ada.Page.Locator(".share-links")).ToHaveCountAsync(0);
        Assert.Equal(404, (await anyone.Page.ReloadAsync())!.Status);
        await anyone.ExpectAsync("h1", "There is nothing at this address");
    }
}
