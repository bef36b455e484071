using Microsoft.AspNetCore.Components.Endpoints;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Xunit;
using Xunit.Sdk;

namespace Studio.BrowserTests.Pages;

/// <summary>Every page of the route table, in both themes and at all widths: nothing serious for axe, nothing too wide.</summary>
public sealed class EveryPageTests(ManyPages pages) : IClassFixture<ManyPages>
{
    [Fact]
    public void RouteTable_HasNoPageWithoutACheck()
    {
        var routes = pages.Alone.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(e => e.Metadata.GetMetadata<ComponentTypeMetadata>() is not null)
            .Select(e => "/" + (e.RoutePattern.RawText ?? "").TrimStart('/')).Distinct().Order(StringComparer.Ordinal).ToArray();
        Assert.Contains("/chat/{ConversationId}", routes);
        Assert.Equal(routes, pages.Views.Select(v => v.Route).Distinct().Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(ColorScheme.Light)]
    [InlineData(ColorScheme.Dark)]
    public async Task EveryPage_IsAccessibleAndFits(ColorScheme scheme)
    {
        var wrong = new List<string>();
        foreach (var group in pages.Views.Where(v => !v.IsOnlyLed).GroupBy(v => (v.Studio, v.State)))
        {
            await using var page = await StudioPage.OpenAsync(group.Key.Studio, 375, 812, scheme, state: group.Key.State);
            page.Allow("404"); // pages that say so
            foreach (var view in group)
            {
                await page.Page.SetViewportSizeAsync(Sizes.All[0].Width, Sizes.All[0].Height);
                _ = await page.Page.GotoAsync(view.Address);
                try
                {
                    await page.Page.Locator(view.Ready).First.WaitForAsync();
                    if (view.IsInteractive) await page.InteractiveAsync();
                }
                catch (TimeoutException)
                {
                    wrong.Add($"{view.Name}, {scheme}: not ready ({view.Ready})");
                    continue;
                }

                Assert.Equal(scheme == ColorScheme.Dark ? "dark" : "light", await page.Page.EvaluateAsync<string>("document.documentElement.dataset.theme"));
                foreach (var (width, height) in Sizes.All)
                {
                    await page.Page.SetViewportSizeAsync(width, height);
                    try
                    {
                        await page.CheckAccessibilityAsync($"{view.Name}, {scheme}, {width} px");
                        await page.CheckWidthAsync($"{view.Name}, {scheme}, {width} px");
                    }
                    catch (XunitException e)
                    {
                        wrong.Add(e.Message); // all of them at once, at most one a page and width
                    }
                }
            }
        }

        Assert.True(wrong.Count == 0, string.Join("\n\n", wrong));
    }

    [Fact]
    public async Task PagesThatOnlyLeadOn_DoSo()
    {
        await using var page = await StudioPage.OpenAsync(pages.Alone);
        foreach (var view in pages.Views.Where(v => v.IsOnlyLed))
        {
            await page.GoAsync(view.Address);
            await page.Page.Locator(view.Ready).First.WaitForAsync();
        }
    }
}
