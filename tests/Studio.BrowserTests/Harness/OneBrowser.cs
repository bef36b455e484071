using Microsoft.Playwright;
using Studio.BrowserTests.Harness;
using Xunit;

[assembly: AssemblyFixture(typeof(OneBrowser))]

namespace Studio.BrowserTests.Harness;

/// <summary>The browser of all tests: started when the first page is opened, closed after the last test. Contexts keep pages apart.</summary>
public sealed class OneBrowser : IAsyncDisposable
{
    /// <summary>Of a start, several of which can be slow on a machine that is busy with other tests.</summary>
    private const float StartLimitMs = 120_000;

    private static readonly SemaphoreSlim s_turn = new(1, 1);
    private static IPlaywright? s_playwright;
    private static IBrowser? s_browser;

    /// <summary>The browser; a new one where the last was lost.</summary>
    public static async Task<IBrowser> GetAsync()
    {
        await s_turn.WaitAsync();
        try
        {
            if (s_browser is { IsConnected: true }) return s_browser;
            s_playwright ??= await Playwright.CreateAsync();
            return s_browser = await s_playwright.Chromium.LaunchAsync(new()
            {
                ExecutablePath = Environment.GetEnvironmentVariable("STUDIO_CHROMIUM") ?? "/usr/bin/chromium",
                Headless = true,
                Timeout = StartLimitMs,
                Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
            });
        }
        finally
        {
            _ = s_turn.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (s_browser is not null) await s_browser.DisposeAsync();
        s_playwright?.Dispose();
        (s_browser, s_playwright) = (null, null);
    }
}
