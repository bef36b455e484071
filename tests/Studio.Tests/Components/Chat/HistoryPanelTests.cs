using Bunit;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using Studio.Api;
using Studio.Components.Chat;
using Studio.Conversations;
using Studio.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class HistoryPanelTests : IDisposable
{
    private readonly BunitContext _context = new();
    private readonly ManualTime _time = new();
    private readonly List<ConversationSummary> _all = [];
    private readonly List<(string? Query, int Page)> _asked = [];

    public HistoryPanelTests()
    {
        _ = _context.Services.AddSingleton<TimeProvider>(_time);
        _context.Renderer.SetRendererInfo(new RendererInfo("Server", true));
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
    }

    public void Dispose() => _context.Dispose();

    private void Add(string id, double daysAgo, string? title = null, Visibility visibility = Visibility.Private, bool canWrite = true, string? match = null) =>
        _all.Add(new(id, title ?? id, "me", "Me", visibility, _time.GetUtcNow(), _time.GetUtcNow() - TimeSpan.FromDays(daysAgo), 2, canWrite, match));

    private Task<Paged<ConversationSummary>> List(string? query, int page, int size)
    {
        _asked.Add((query, page));
        ConversationSummary[] found = [.. _all.Where(c => query is null || c.Title.Contains(query, StringComparison.Ordinal))];
        return Task.FromResult(new Paged<ConversationSummary>([.. found.Skip((page - 1) * size).Take(size)], found.Length, page, size));
    }

    private IRenderedComponent<HistoryPanel> Render(ChatAddress? address = null, Func<string, string, Task<string?>>? rename = null, Action<ConversationSummary>? delete = null, int offset = 0) =>
        _context.Render<HistoryPanel>(p => p.Add(c => c.Address, address ?? new()).Add(c => c.List, List).Add(c => c.CanWrite, true).Add(c => c.OnRename, rename)
            .Add(c => c.OnDelete, c => delete?.Invoke(c)).Add(c => c.OffsetMinutes, offset));

    [Fact]
    public void Render_Conversations_AreGroupedByDay()
    {
        Add("a", 0);
        Add("b", 0.1);
        Add("c", 1);
        Add("d", 3);
        Add("e", 20);
        // The clock says 3:04 on Friday, 2 January 2026.
        Assert.Equal(["Today", "Yesterday", "Tuesday", "13 December 2025"], Render().FindAll(".history-day").Select(d => d.TextContent));
    }

    [Fact]
    public void Render_OtherTimeZone_HasItsOwnDays()
    {
        Add("a", 0.2); // 22:16 the day before in UTC
        Assert.Equal("Yesterday", Render().Find(".history-day").TextContent);
        Assert.Equal("Today", Render(offset: 120).Find(".history-day").TextContent);
    }

    [Fact]
    public void Render_Item_LinksWithTheListAsItIs()
    {
        Add("a", 0, "<script>alert(1)</script> x", Visibility.Team, match: "…<b>x</b>…");
        var panel = Render(new() { Query = "x", ConversationId = "a" });
        var link = panel.Find(".history-link");
        Assert.Equal("chat/a?q=x", link.GetAttribute("href"));
        Assert.Equal("page", link.GetAttribute("aria-current"));
        Assert.Contains("<script>alert(1)</script> x", link.TextContent, StringComparison.Ordinal);
        Assert.Equal("…<b>x</b>…", panel.Find(".history-match").TextContent);
        Assert.Contains("Shared with the team by Me", link.TextContent, StringComparison.Ordinal);
        Assert.Empty(panel.FindAll("script,b"));
    }

    [Fact]
    public void Search_Typed_GoesToTheAddressAfterAPause()
    {
        Add("cats", 0);
        var panel = Render();
        var navigation = _context.Services.GetRequiredService<NavigationManager>();
        panel.Find("input[type=search]").Input("do");
        panel.Find("input[type=search]").Input("dogs ");
        Assert.Equal("http://localhost/", navigation.Uri);
        _time.Advance(TimeSpan.FromMilliseconds(250));
        panel.WaitForAssertion(() => Assert.Equal("http://localhost/chat?q=dogs", navigation.Uri));
        panel.Render(p => p.Add(c => c.Address, new ChatAddress { Query = "dogs" }));
        Assert.Equal("dogs ", panel.Find("input[type=search]").GetAttribute("value")); // as typed, not as searched
        Assert.Contains("No title or message has “dogs”", panel.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public void Pages_Many_AreLinked()
    {
        for (var i = 0; i < 100; i++) Add($"c{i}", i);
        var panel = Render(new() { Page = 2 });
        Assert.Equal(HistoryPanel.PageSize, panel.FindAll(".history-item").Count);
        Assert.Equal(["chat", "chat?p=3"], panel.FindAll(".history-pager a").Select(a => a.GetAttribute("href")));
        Assert.Contains("2 of 3", panel.Find(".history-pager").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_SameListAgain_IsNotReadAgain()
    {
        Add("a", 0);
        var panel = Render();
        panel.Render(p => p.Add(c => c.Address, new ChatAddress { ConversationId = "a" }));
        Assert.Single(_asked);
        panel.Render(p => p.Add(c => c.Version, 1));
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public void Rename_Saved_IsTrimmed()
    {
        Add("a", 0, "Old");
        (string, string)? renamed = null;
        var panel = Render(rename: (id, title) =>
        {
            renamed = (id, title);
            return Task.FromResult<string?>(null);
        });
        panel.FindAll("button").First(b => b.TextContent == "Rename").Click();
        panel.Find(".history-rename input").Input("  New ");
        panel.Find(".history-rename").Submit();
        Assert.Equal(("a", "New"), renamed);
        Assert.Empty(panel.FindAll(".history-rename"));
    }

    [Fact]
    public void Rename_Escape_ChangesNothing()
    {
        Add("a", 0, "Old");
        var panel = Render(rename: (_, _) => throw new InvalidOperationException("nothing was changed"));
        panel.FindAll("button").First(b => b.TextContent == "Rename").Click();
        panel.Find(".history-rename input").KeyDown("Escape");
        Assert.Equal("Old", panel.Find(".history-title .truncate").TextContent);
    }

    [Fact]
    public void Delete_OfWhatMayBeChanged_AsksThePage()
    {
        Add("mine", 0);
        Add("theirs", 0, visibility: Visibility.Team, canWrite: false);
        ConversationSummary? deleting = null;
        var panel = Render(delete: c => deleting = c);
        Assert.Single(panel.FindAll(".history-menu"));
        panel.FindAll("button").First(b => b.TextContent == "Delete…").Click();
        Assert.Equal("mine", deleting!.Id);
    }

    [Fact]
    public void Render_NoConversations_SaysWhatWillBeHere() => Assert.Contains("will be listed here", Render().Markup, StringComparison.Ordinal);
}
