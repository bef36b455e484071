using Microsoft.Playwright;

namespace Studio.BrowserTests.Harness;

/// <summary>Signing in and setting up by the forms.</summary>
internal static class People
{
    public const string Password = "correct horse battery";

    public static async Task SetUpAsync(this StudioPage page, string code, string name)
    {
        _ = await page.Page.GotoAsync("/");
        await page.ExpectAsync("h1", "Set up this studio"); // where everybody is led while there is no account
        await page.Page.GetByLabel("Set-up code").FillAsync(code);
        await page.Page.GetByLabel("Name to sign in with").FillAsync(name);
        await page.ChoosePasswordAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
    }

    /// <summary>An invitation by the administrator's page.</summary>
    /// <returns>The link that the invited person gets.</returns>
    public static async Task<string> InviteAsync(this StudioPage admin, string name, string role)
    {
        await admin.GoAsync("/accounts");
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Invite somebody" }).ClickAsync();
        await admin.Page.Locator("#new-name").FillAsync(name);
        _ = await admin.Page.Locator("#new-role").SelectOptionAsync(role);
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Make the link" }).ClickAsync();
        var link = await admin.Page.GetByLabel("One-time link").InputValueAsync();
        await admin.Page.GetByRole(AriaRole.Button, new() { Name = "Done" }).ClickAsync();
        return link;
    }

    public static async Task JoinAsync(this StudioPage page, string link)
    {
        _ = await page.Page.GotoAsync(link);
        await page.ExpectAsync("h1", "Welcome");
        await page.ChoosePasswordAsync();
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Save and sign in" }).ClickAsync();
        await page.Page.Locator(".nav").WaitForAsync();
        await page.InteractiveAsync();
    }

    public static async Task SignInAsync(this StudioPage page, string name)
    {
        _ = await page.Page.GotoAsync("/sign-in");
        await page.Page.Locator("#name").FillAsync(name);
        await page.Page.Locator("#password").FillAsync(Password);
        await page.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await page.InteractiveAsync();
    }

    private static async Task ChoosePasswordAsync(this StudioPage page)
    {
        foreach (var field in await page.Page.Locator("input[type=password]").AllAsync()) await field.FillAsync(Password);
    }
}
