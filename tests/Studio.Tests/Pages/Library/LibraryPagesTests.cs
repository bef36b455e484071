using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Components;
using Studio.Data;
using Studio.Hosting;
using Studio.Library;
using Studio.Library.Importing;
using Studio.Pages.Library;
using Studio.Tests.Library;
using Xunit;

namespace Studio.Tests.Pages.Library;

/// <summary>The library's pages on the real services and a real database; only the browser is played.</summary>
public sealed class LibraryPagesTests : IClassFixture<SharedLibrary>, IAsyncLifetime
{
    private readonly SharedLibrary _shared;
    private readonly BunitContext _context = new();
    private readonly CurrentUser _ann = SharedLibrary.Person();
    private BunitAuthorizationContext? _authorization;

    public LibraryPagesTests(SharedLibrary shared)
    {
        _shared = shared;
        var services = shared.Server.Services;
        _ = _context.Services.AddSingleton(shared.Library).AddSingleton(services.GetRequiredService<ImportFolders>()).AddSingleton(services.GetRequiredService<VideoImporter>())
            .AddSingleton(services.GetRequiredService<LibraryEvents>()).AddSingleton(services.GetRequiredService<StudioOptions>()).AddSingleton(services.GetRequiredService<ShareService>())
            .AddSingleton(TimeProvider.System).AddSingleton<Toasts>();
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
        var script = _context.JSInterop.SetupModule("./js/library.js");
        _ = script.SetupModule("start", _ => true);
        _ = script.SetupModule("player", _ => true);
        _ = _context.JSInterop.SetupModule("./js/dialog.js");
        SignIn(_ann);
    }

    private NavigationManager Navigation => _context.Services.GetRequiredService<NavigationManager>();

    private Toasts Toasts => _context.Services.GetRequiredService<Toasts>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();

    private void SignIn(CurrentUser user)
    {
        _authorization ??= _context.AddAuthorization();
        _ = _authorization.SetAuthorized(user.Name).SetRoles(user.Role).SetClaims(new Claim(ClaimTypes.NameIdentifier, user.Id), new Claim(ClaimTypes.Name, user.Name));
    }

    private async Task<IRenderedComponent<LibraryPage>> OpenAsync(string address = "library")
    {
        Navigation.NavigateTo(address);
        var page = _context.Render<LibraryPage>();
        await UntilAsync(page, () => page.FindAll(".library-grid, .empty").Count == 1, "the page");
        return page;
    }

    private async Task<IRenderedComponent<VideoPage>> OpenVideoAsync(string id)
    {
        Navigation.NavigateTo($"library/{id}");
        var page = _context.Render<VideoPage>(p => p.Add(c => c.Id, id));
        await UntilAsync(page, () => page.FindAll("h1").Count == 1, "the page");
        return page;
    }

    private static Task UntilAsync<T>(IRenderedComponent<T> page, Func<bool> condition, string what)
        where T : IComponent => Wait.UntilAsync(() => page.InvokeAsync(condition), what);

    private static string[] Names(IRenderedComponent<LibraryPage> page) => [.. page.FindAll(".video-card-name").Select(e => e.TextContent)];

    private Task<Video?> FindAsync(string id) => _shared.Server.WithDbAsync(db => db.Videos.Include(v => v.Tags).SingleOrDefaultAsync(v => v.Id == id));

    [Fact]
    public async Task Open_NothingThere_SaysWhatToDo()
    {
        var page = await OpenAsync();
        Assert.Equal("No videos yet", page.Find(".empty-title").TextContent);
        Assert.NotNull(page.Find("#library-files"));
    }

    [Fact]
    public async Task Open_Address_SaysWhatIsListed()
    {
        _ = await _shared.AddAsync(_ann, "Harbour", tags: ["boats"], duration: 3725);
        _ = await _shared.AddAsync(_ann, "Garden", tags: ["summer"]);
        var page = await OpenAsync("library?tag=boats");
        Assert.Equal(["Harbour"], Names(page));
        Assert.Equal("1:02:05", page.Find(".video-length").TextContent);
        Assert.Equal("true", page.Find(".library-tags a[aria-current]").GetAttribute("aria-current"));
        Assert.Contains("1 file found", page.Find(".library-count").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain("tag=", page.Find(".library-tags a[aria-current]").GetAttribute("href"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Search_Typed_GoesIntoTheAddress()
    {
        _ = await _shared.AddAsync(_ann, "Harbour");
        var page = await OpenAsync();
        await page.InvokeAsync(() => page.Find("[name=q]").Input("harb"));
        await Wait.UntilAsync(() => Navigation.Uri.EndsWith("library?q=harb", StringComparison.Ordinal), "the address follows the search");
    }

    [Fact]
    public async Task Select_All_TagsTheFilesTogether()
    {
        var (first, second) = (await _shared.AddAsync(_ann, "one"), await _shared.AddAsync(_ann, "two"));
        var page = await OpenAsync();
        await page.InvokeAsync(() => page.FindAll(".library-selection button").Single().Click());
        await UntilAsync(page, () => page.Find(".library-selection b").TextContent == "2 files selected", "both are selected");
        await page.InvokeAsync(() => page.Find("[aria-label='Tag for the selected files']").Input("holiday"));
        await page.InvokeAsync(() => page.Find(".library-selection form").Submit());
        await UntilAsync(page, () => page.FindAll(".video-foot .chip").Count == 2, "both cards show the tag");
        foreach (var id in new[] { first.Id, second.Id }) Assert.Equal("holiday", Assert.Single((await FindAsync(id))!.Tags).Tag);
    }

    [Fact]
    public async Task Delete_Selected_ShowsFirstWhatUsesThem()
    {
        var video = await _shared.AddAsync(_ann, "one");
        _ = await _shared.AskAsync(_ann, "About the first", video);
        var page = await OpenAsync();
        await page.InvokeAsync(() => page.Find(".video-pick input").Change(true));
        await page.InvokeAsync(() => page.Find(".library-selection .btn-danger").Click());
        await UntilAsync(page, () => page.FindAll(".dependents a").Count == 1, "the dialog names what uses it");
        Assert.Equal("About the first", page.Find(".dependents a").TextContent);
        Assert.NotNull(await FindAsync(video.Id));
        await page.InvokeAsync(() => page.FindAll("dialog button").First(b => b.TextContent == "Delete").Click());
        await UntilAsync(page, () => Names(page).Length == 0, "the card is gone");
        Assert.Null(await FindAsync(video.Id));
        await Wait.UntilAsync(() => Toasts.Shown.Any(t => t.Text == "1 file deleted."), "it is said");
    }

    [Fact]
    public async Task Open_Viewer_SeesWhatIsSharedAndChangesNothing()
    {
        var name = $"shared {Guid.NewGuid():N}";
        var video = await _shared.AddAsync(_ann, name, visibility: Visibility.Team);
        SignIn(SharedLibrary.Person(Roles.Viewer));
        var page = await OpenAsync("library?q=" + name[7..]);
        Assert.Equal([name], Names(page));
        Assert.Empty(page.FindAll("#library-files, [data-pick], .video-pick, .library-selection"));
        await _shared.Library.DeleteAsync(_ann, [video.Id], Xunit.TestContext.Current.CancellationToken); // the other tests' people would see it too
    }

    [Fact]
    public async Task Video_ChangedAndSaved_IsKept()
    {
        var video = await _shared.AddAsync(_ann, "film", tags: ["old"]);
        var page = await OpenVideoAsync(video.Id);
        Assert.True(page.Find("form button[type=submit]").HasAttribute("disabled"));
        await page.InvokeAsync(() => page.Find("#video-name").Input("Harbour at noon"));
        await page.InvokeAsync(() => page.Find("#video-tags").Input("boats, summer"));
        Assert.False(page.Find("form button[type=submit]").HasAttribute("disabled"));
        await page.InvokeAsync(() => page.Find("form").Submit());
        await UntilAsync(page, () => page.Find("h1").TextContent == "Harbour at noon", "the new name");
        Assert.Equal(["boats", "summer"], (await FindAsync(video.Id))!.Tags.Select(t => t.Tag).Order());
        Assert.True(page.Find("form button[type=submit]").HasAttribute("disabled"));
    }

    [Fact]
    public async Task Video_OfSomebodyElse_IsNotThere()
    {
        var video = await _shared.AddAsync(SharedLibrary.Person(), "private");
        var page = await OpenVideoAsync(video.Id);
        Assert.Contains("not in your library", page.Find("h1").TextContent, StringComparison.Ordinal);
    }
}
