using Bunit;
using Microsoft.AspNetCore.Components.Web;
using Studio.Components.Chat;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class ComposerTests : IDisposable
{
    private readonly BunitContext _context = new();

    public ComposerTests() => _context.JSInterop.Mode = JSRuntimeMode.Loose;

    public void Dispose() => _context.Dispose();

    private IRenderedComponent<Composer> Open()
    {
        var composer = _context.Render<Composer>(p => p.Add(c => c.Models, [Samples.Model()]));
        composer.Find(".composer-how").Click();
        Assert.Equal("true", composer.Find(".composer-how").GetAttribute("aria-expanded"));
        return composer;
    }

    [Fact]
    public void Settings_WhenAnAnswerBegins_Close()
    {
        var composer = Open();
        composer.Render(p => p.Add(c => c.IsRunning, true));
        Assert.Empty(composer.FindAll(".composer-settings"));
        composer.Find(".composer-how").Click(); // whoever wants them during the answer may have them
        composer.Render(p => p.Add(c => c.IsRunning, true));
        _ = Assert.Single(composer.FindAll(".composer-settings"));
    }

    [Fact]
    public void Settings_OnEscape_Close()
    {
        var composer = Open();
        composer.Find(".composer-settings").KeyDown(new KeyboardEventArgs { Key = "a" });
        _ = Assert.Single(composer.FindAll(".composer-settings"));
        composer.Find(".composer-settings").KeyDown(new KeyboardEventArgs { Key = "Escape" });
        Assert.Empty(composer.FindAll(".composer-settings"));
        Assert.Equal("false", composer.Find(".composer-how").GetAttribute("aria-expanded"));
    }
}
