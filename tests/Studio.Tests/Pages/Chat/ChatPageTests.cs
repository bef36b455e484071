using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using Microsoft.AspNetCore.Components;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;
using Studio.Accounts;
using Studio.Components;
using Studio.Conversations;
using Studio.Data;
using Studio.Hosting;
using Studio.ModelHosting;
using Studio.Pages.Chat;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Pages.Chat;

/// <summary>The page on the real services and a real database; only the engine's words and the browser are played.</summary>
public sealed class ChatPageTests : IAsyncLifetime
{
    private readonly BunitContext _context = new();
    private readonly ScriptedEngine _engine = new();
    private TestStudio _studio = null!;
    private string _video = "";

    private static CancellationToken Ct => Xunit.TestContext.Current.CancellationToken;

    private string Address => _context.Services.GetRequiredService<NavigationManager>().Uri["http://localhost/".Length..];

    public async ValueTask InitializeAsync()
    {
        _studio = await TestStudio.StartAsync(_engine);
        _video = (await _studio.AddVideoAsync(TestStudio.Ann, "film.mp4")).Id;
        _ = _context.Services.AddSingleton(_studio.Conversations).AddSingleton(_studio.Get<ModelHost>()).AddSingleton(_studio.Get<PlanService>()).AddSingleton(_studio.Get<ShareService>())
            .AddSingleton(_studio.Get<IDbContextFactory<StudioDb>>()).AddSingleton(_studio.Get<StudioOptions>()).AddSingleton(TimeProvider.System).AddSingleton<Toasts>();
        SignIn(TestStudio.Ann);
        _context.Renderer.SetRendererInfo(new RendererInfo("Server", true));
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
        var script = _context.JSInterop.SetupModule("./js/chat.js");
        _ = script.SetupModule("start", _ => true);
        _ = _context.JSInterop.SetupModule("./js/dialog.js");
    }

    public async ValueTask DisposeAsync()
    {
        await _context.DisposeAsync();
        await _studio.DisposeAsync();
    }

    private BunitAuthorizationContext? _authorization;

    private void SignIn(CurrentUser user)
    {
        _authorization ??= _context.AddAuthorization();
        _ = _authorization.SetAuthorized(user.Name).SetRoles(user.Role).SetClaims(new Claim(ClaimTypes.NameIdentifier, user.Id), new Claim(ClaimTypes.Name, user.Name));
    }

    /// <summary>Opens an address, as the router would.</summary>
    private async Task<IRenderedComponent<ChatPage>> OpenAsync(string address)
    {
        _context.Services.GetRequiredService<NavigationManager>().NavigateTo(address);
        var page = _context.Render<ChatPage>(p => p.Add(c => c.ConversationId, IdIn(address)));
        await WaitForAsync(page, () => page.FindAll(".chat[data-open]").Count == 1, "the page");
        return page;
    }

    /// <summary>Lets the page follow its own navigation, as the router would.</summary>
    private void Follow(IRenderedComponent<ChatPage> page) => page.Render(p => p.Add(c => c.ConversationId, IdIn(Address)));

    private static string? IdIn(string address)
    {
        var path = address.Split('?')[0];
        return path.StartsWith("chat/", StringComparison.Ordinal) ? path[5..] : null;
    }

    private async Task<IRenderedComponent<ChatPage>> AskAsync(IRenderedComponent<ChatPage> page, string text)
    {
        Assert.True(await page.InvokeAsync(() => page.Instance.SendAsync(text)), page.Markup);
        Follow(page);
        return page;
    }

    /// <summary>A conversation with one finished answer.</summary>
    private async Task<AskResult> ConversationAsync(string question = "What happens?", string answer = "It ends at 0:05.", params AnswerSettings[] settings)
    {
        _engine.Always = answer;
        var asked = await _studio.Conversations.AskAsync(TestStudio.Ann, null, null, question, [_video], settings.Length == 0 ? [new()] : settings, ct: Ct);
        foreach (var id in asked.AnswerIds) _ = await _studio.FinishedAsync(id);
        return asked;
    }

    private static async Task WaitForAsync(IRenderedComponent<ChatPage> page, Func<bool> condition, string what) => await Wait.UntilAsync(() => page.InvokeAsync(condition), what);

    [Fact]
    public async Task PageLeft_WhileItPlans_EndsQuietly()
    {
        var page = await OpenAsync($"chat?video={_video}");
        var plan = page.InvokeAsync(() => page.Instance.DraftChangedAsync("What happens?"));
        await _context.DisposeComponentsAsync();
        _ = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => plan);
        Assert.False(_context.Renderer.UnhandledException.IsCompleted);
    }

    [Fact]
    public async Task Ask_NewConversation_StreamsTheAnswerAndGoesThere()
    {
        var page = await OpenAsync($"chat?video={_video}&s=compress:strong;frames:8");
        Assert.Equal(_video, page.Find("video").GetAttribute("data-player"));
        _ = await AskAsync(page, "What **happens**?");
        Assert.StartsWith("chat/", Address, StringComparison.Ordinal);
        Assert.EndsWith("?s=compress:strong;frames:8", Address, StringComparison.Ordinal); // attached no more, settings kept
        var run = await _engine.NextAsync();
        Assert.Equal(("strong", 8), (run.Question.Settings.Compress, run.Question.Settings.Frames));
        Assert.NotNull(page.Find("[data-running]"));
        run.Say("A ball until 0:05, ");
        await WaitForAsync(page, () => page.FindAll(".answer .time-link").Count == 1, "the first words");
        run.Say("no more.");
        run.End();
        await WaitForAsync(page, () => page.FindAll(".measures").Count == 1, "the end");
        Assert.Equal("A ball until 0:05, no more.", page.Find(".answer .md").TextContent);
        Assert.Equal("What **happens**?", page.Find(".question-text").TextContent);
        Assert.Equal("What **happens**?", page.Find("h1").TextContent);
        Assert.Contains(_video, page.Find(".time-link").GetAttribute("href"), StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-running]"));
        Assert.Contains("What **happens**?", page.Find(".history-link").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stop_Running_KeepsTheText()
    {
        var page = await AskAsync(await OpenAsync($"chat?video={_video}"), "What?");
        var run = await _engine.NextAsync();
        run.Say("As far as ");
        await WaitForAsync(page, () => page.FindAll(".answer .md").Count == 1, "the first words");
        await page.InvokeAsync(() => page.FindAll("button").First(b => b.TextContent.Trim() == "Stop").Click());
        await WaitForAsync(page, () => page.Markup.Contains("Stopped; the text so far is kept.", StringComparison.Ordinal), "the stop");
        Assert.Equal("As far as", page.Find(".answer .md").TextContent);
    }

    [Fact]
    public async Task Ask_TwoSettings_AnswerSideBySide()
    {
        _engine.Always = "Same.";
        var page = await AskAsync(await OpenAsync($"chat?video={_video}&compare=1&s=compress:off&s2=compress:strong"), "What?");
        await WaitForAsync(page, () => page.FindAll(".answer .measures").Count == 2, "both ends");
        Assert.Equal(["off", "strong"], _engine.Asked.Select(q => q.Settings.Compress));
        await WaitForAsync(page, () => page.FindAll(".compare .muted").Count > 1, "the expected values");
        Assert.Equal(["measured (expected)", "no compression", "strong"], page.FindAll(".compare thead th").Select(c => c.TextContent));
        // The next question follows the left answer, until the right one is chosen.
        Assert.Equal(["The next question follows this answer", "Go on from this answer"], page.FindAll(".follow").Select(f => f.TextContent));
        await OpenAsync(page.FindAll(".follow")[1].GetAttribute("href")!);
    }

    [Fact]
    public async Task Edit_Question_BeginsABranchAndBothCanBeSeen()
    {
        var asked = await ConversationAsync();
        var page = await OpenAsync($"chat/{asked.ConversationId}");
        page.Find("[aria-label='Edit the question']").Click();
        page.Find(".question-edit textarea").Input("What else?");
        await page.InvokeAsync(() => page.FindAll("button").First(b => b.TextContent == "Ask again").Click());
        await WaitForAsync(page, () => page.FindAll(".question .branches").Count == 1 && page.FindAll(".measures").Count == 1, "the other branch");
        Assert.Equal("What else?", page.Find(".question-text").TextContent);
        Assert.Contains("2 of 2", page.Find(".question .branches").TextContent, StringComparison.Ordinal);
        _context.Services.GetRequiredService<NavigationManager>().NavigateTo(page.Find("[aria-label='Earlier version']").GetAttribute("href")!);
        Follow(page);
        Assert.Equal("What happens?", page.Find(".question-text").TextContent);
        Assert.Equal([_video, _video], (await _studio.Conversations.GetAsync(TestStudio.Ann, asked.ConversationId, Ct)).Messages.SelectMany(m => m.Media).Select(m => m.VideoId));
    }

    [Fact]
    public async Task Regenerate_AnotherTry_IsAVersionOfTheAnswer()
    {
        var asked = await ConversationAsync();
        var page = await OpenAsync($"chat/{asked.ConversationId}");
        await page.InvokeAsync(() => page.FindAll("button").First(b => b.TextContent.StartsWith("Another try", StringComparison.Ordinal)).Click());
        await WaitForAsync(page, () => page.FindAll(".answer .branches").Count == 1 && page.FindAll(".measures").Count == 1, "the other version");
        Assert.Contains("2 of 2", page.Find(".answer .branches").TextContent, StringComparison.Ordinal);
        Assert.Equal((0.7, 1ul), (_engine.Asked.Last().Settings.Temperature, _engine.Asked.Last().Settings.Seed));
    }

    [Fact]
    public async Task Open_FailedAnswer_SaysWhyAndLetsNothingFollow()
    {
        var page = await AskAsync(await OpenAsync($"chat?video={_video}"), "What?");
        (await _engine.NextAsync()).Fail(new InvalidDataException("the file is damaged"));
        await WaitForAsync(page, () => page.FindAll(".answer-problem").Count == 1, "the failure");
        Assert.Contains("the file is damaged", page.Find(".answer-problem").TextContent, StringComparison.Ordinal);
        Assert.Contains("nothing can follow it", page.Find(".composer-problem").TextContent, StringComparison.Ordinal);
        Assert.False(await page.InvokeAsync(() => page.Instance.SendAsync("And then?")));
    }

    [Fact]
    public async Task Ask_InvalidSettings_AreNotAsked()
    {
        var page = await OpenAsync($"chat?video={_video}&s=top-p:2");
        Assert.False(await page.InvokeAsync(() => page.Instance.SendAsync("What?")));
        Assert.Contains("Correct the settings first.", page.Markup, StringComparison.Ordinal);
        Assert.Empty(_engine.Asked);
    }

    [Fact]
    public async Task Ask_Refused_SaysWhy()
    {
        var page = await OpenAsync($"chat?video={_video}");
        Assert.False(await page.InvokeAsync(() => page.Instance.SendAsync(new string('a', ConversationService.MaxQuestionLength + 1))));
        Assert.Contains("a question takes 20000", page.Find(".composer-problem").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Plan_AttachedVideo_IsShownAndFollowsTheSettings()
    {
        var page = await OpenAsync($"chat?video={_video}&s=frames:8;compress:off");
        await WaitForAsync(page, () => page.FindAll(".plan-facts").Count == 1, "the plan");
        Assert.Contains("8 frames", page.Find(".plan-facts").TextContent, StringComparison.Ordinal);
        page.Find(".composer-how").Click();
        var field = page.Find($"#{page.FindAll("label").First(l => l.TextContent == "Number of frames").GetAttribute("for")}");
        field.Input("16");
        await WaitForAsync(page, () => page.Find(".plan-facts").TextContent.Contains("16 frames", StringComparison.Ordinal), "the other plan");
        Assert.Contains("frames:16", Address, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_SharedWithTheTeam_ReadersReadAndDoNotAsk()
    {
        var asked = await ConversationAsync();
        SignIn(TestStudio.Reader);
        Assert.Contains("cannot be shown", (await OpenAsync($"chat/{asked.ConversationId}")).Markup, StringComparison.Ordinal); // private: as if it were not there
        await _studio.Conversations.SetVisibilityAsync(TestStudio.Ann, asked.ConversationId, Visibility.Team, Ct);
        var page = await OpenAsync($"chat/{asked.ConversationId}");
        Assert.Contains("It ends at", page.Find(".answer .md").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll("[data-composer]"));
        Assert.False(await page.InvokeAsync(() => page.Instance.SendAsync("And?")));
        Assert.Empty(page.FindAll("video")); // Ann's video itself is private
    }

    [Fact]
    public async Task Open_Prerendered_CarriesWhatItReadIntoTheInteractivePage()
    {
        var asked = await ConversationAsync(settings: [new() { Compress = "off" }, new() { Compress = "strong" }]);
        _context.Renderer.SetRendererInfo(new RendererInfo("Static", false));
        var snapshot = (await OpenAsync($"chat/{asked.ConversationId}")).Instance.Snapshot;
        Assert.NotNull(snapshot);
        var json = System.Text.Json.JsonSerializer.Serialize(snapshot, System.Text.Json.JsonSerializerOptions.Web);
        var read = System.Text.Json.JsonSerializer.Deserialize<ChatSnapshot>(json, System.Text.Json.JsonSerializerOptions.Web)!;
        Assert.Equal(2, read.Expected.Count);
        Assert.Equal(snapshot.Conversation!.Messages.Select(m => (m.Id, m.Text, m.Settings, m.Measures?.KvBytes)), read.Conversation!.Messages.Select(m => (m.Id, m.Text, m.Settings, m.Measures?.KvBytes)));
        Assert.False((snapshot with { Conversation = snapshot.Conversation with { Messages = [snapshot.Conversation.Messages[0] with { Text = new string('a', ChatSnapshot.MaxLength) }] } }).IsSmall);
    }

    [Fact]
    public async Task Delete_Conversation_AsksFirst()
    {
        var asked = await ConversationAsync(question: "<b>Gone</b>");
        var page = await OpenAsync($"chat/{asked.ConversationId}");
        await page.InvokeAsync(() => page.Find(".history-menu .is-danger").Click());
        Assert.Contains("“<b>Gone</b>” with its question", page.Find("dialog p").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() => page.FindAll("dialog button").First(b => b.TextContent == "Delete").Click());
        await WaitForAsync(page, () => Address == "chat", "the new page");
        Assert.Equal(0, (await _studio.Conversations.ListAsync(TestStudio.Ann, ct: Ct)).Total);
    }

    [Fact]
    public async Task Open_DeletedVideo_SaysSoAndStillShowsTheAnswer()
    {
        var asked = await ConversationAsync();
        _ = await _studio.ReadAsync(db => db.Videos.Where(v => v.Id == _video).ExecuteDeleteAsync(Ct));
        var page = await OpenAsync($"chat/{asked.ConversationId}");
        Assert.Contains("film.mp4 (deleted)", page.Find(".media-chip").TextContent, StringComparison.Ordinal);
        Assert.Empty(page.FindAll(".time-link")); // nothing to seek in
        Assert.Contains("0:05", page.Find(".answer .md").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_EmptyLibrary_SaysWhatToDoFirst()
    {
        SignIn(TestStudio.Bob);
        var start = (await OpenAsync("chat")).Find(".start");
        Assert.Contains("The library is empty", start.TextContent, StringComparison.Ordinal);
        Assert.Equal("library", start.QuerySelector("a")!.GetAttribute("href"));
    }

    [Fact]
    public async Task Open_OtherPeoplesVideo_IsNotAttached()
    {
        SignIn(TestStudio.Bob);
        Assert.Empty((await OpenAsync($"chat?video={_video}")).FindAll("video"));
    }
}
