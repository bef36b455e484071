using System.Text.Json;
using Microsoft.Playwright;

namespace Studio.BrowserTests.Harness;

/// <summary>Videos in pages.</summary>
internal static class Clips
{
    /// <summary>Returns once the browser knows the length and size of a video; fails where it cannot play it.</summary>
    public static Task<JsonElement?> PlaysAsync(ILocator video) =>
        video.EvaluateAsync("v => new Promise((done, fail) => { if (v.readyState >= 1) return done(true); v.addEventListener('loadedmetadata', () => done(true), { once: true }); v.addEventListener('error', () => fail(new Error('the clip cannot be played')), { once: true }); v.load(); })");
}
