using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Studio.Api;
using Studio.Components.Chat;
using Studio.Data;
using Studio.Tests.Conversations;
using Xunit;

namespace Studio.Tests.Components.Chat;

public sealed class PlayerAndPickerTests : IDisposable
{
    private readonly BunitContext _context = new();
    private readonly ManualTime _time = new();

    public PlayerAndPickerTests()
    {
        _ = _context.Services.AddSingleton<TimeProvider>(_time);
        _context.JSInterop.Mode = JSRuntimeMode.Loose;
    }

    public void Dispose() => _context.Dispose();

    private static ChatVideo Video(string id, int thumbnails = 0, double duration = 96, VideoKind kind = VideoKind.Video) => new(id, $"{id}.mp4", kind, duration, thumbnails, 25, 640, 360);

    [Fact]
    public void Player_ManyVideos_ShowsTheActiveOneAndTabs()
    {
        string? selected = null;
        var player = _context.Render<PlayerPane>(p => p.Add(c => c.Videos, [Video("a"), Video("b"), Video("c", kind: VideoKind.Image)]).Add(c => c.ActiveId, "b").Add(c => c.OnSelect, id => selected = id));
        Assert.Equal("api/v1/videos/b/content", player.Find("video").GetAttribute("src"));
        Assert.Equal(["false", "true", "false"], player.FindAll(".player-tab").Select(t => t.GetAttribute("aria-pressed")));
        player.FindAll(".player-tab")[2].Click();
        Assert.Equal("c", selected);
        player.Render(p => p.Add(c => c.ActiveId, "c"));
        Assert.Equal("api/v1/videos/c/content", player.Find("img[data-player]").GetAttribute("src"));
        Assert.Empty(player.FindAll("video"));
    }

    [Fact]
    public void Player_UnknownActive_ShowsTheFirstAndNoTabsForOne()
    {
        var player = _context.Render<PlayerPane>(p => p.Add(c => c.Videos, [Video("a")]).Add(c => c.ActiveId, "gone"));
        Assert.Equal("a", player.Find("video").GetAttribute("data-player"));
        Assert.Empty(player.FindAll(".player-tab"));
    }

    [Theory]
    [InlineData(24, "1 4 7 10 13 16 19 22", "6 18 30 42 54 66 78 90")]
    [InlineData(2, "0 1", "24 72")]
    [InlineData(1, "", "")]
    public void Player_Strip_SeeksToTheMiddlesOfItsPictures(int thumbnails, string numbers, string seconds)
    {
        var player = _context.Render<PlayerPane>(p => p.Add(c => c.Videos, [Video("a", thumbnails)]));
        Assert.Equal(numbers.Split(' ', StringSplitOptions.RemoveEmptyEntries), player.FindAll(".strip img").Select(i => i.GetAttribute("src")!.Split('/')[^1]));
        Assert.Equal(seconds.Split(' ', StringSplitOptions.RemoveEmptyEntries), player.FindAll(".strip button").Select(b => b.GetAttribute("data-seek")));
    }

    private static Task<Paged<ChatVideo>> List(string query, int page, int size)
    {
        ChatVideo[] all = [.. Enumerable.Range(1, 30).Select(i => Video($"v{i}")).Where(v => v.Name.Contains(query, StringComparison.Ordinal))];
        return Task.FromResult(new Paged<ChatVideo>([.. all.Skip((page - 1) * size).Take(size)], all.Length, page, size));
    }

    [Fact]
    public async Task Picker_SearchChooseAndTake_GivesThemInOrder()
    {
        IReadOnlyList<string>? taken = null;
        var picker = _context.Render<MediaPicker>(p => p.Add(c => c.List, List).Add(c => c.OnTaken, ids => taken = ids));
        await picker.InvokeAsync(() => picker.Instance.OpenAsync(["v30"]));
        Assert.Equal(12, picker.FindAll(".picker-item").Count);
        picker.FindAll(".picker-item")[3].Click();
        Assert.Contains("2 chosen", picker.Markup, StringComparison.Ordinal);
        picker.Find("[type=search]").Input("v7");
        Assert.Equal(12, picker.FindAll(".picker-item").Count); // not before the pause
        _time.Advance(TimeSpan.FromMilliseconds(250));
        picker.WaitForAssertion(() => Assert.Single(picker.FindAll(".picker-item")));
        picker.Find(".picker-item").Click();
        picker.FindAll("button").First(b => b.TextContent == "Attach").Click();
        picker.WaitForAssertion(() => Assert.Equal(["v30", "v4", "v7"], taken));
    }

    [Fact]
    public async Task Picker_Full_TakesNoMore()
    {
        var picker = _context.Render<MediaPicker>(p => p.Add(c => c.List, List));
        await picker.InvokeAsync(() => picker.Instance.OpenAsync(Enumerable.Range(1, ChatAddress.MaxAttached).Select(i => $"v{i}")));
        picker.FindAll("button").First(b => b.TextContent == "Later").Click();
        Assert.Equal(4, picker.FindAll(".picker-item:not([disabled])").Count); // v13 to v16 of v13 to v24 can be taken away
    }

    [Fact]
    public async Task Picker_NothingFound_SaysWhat()
    {
        var picker = _context.Render<MediaPicker>(p => p.Add(c => c.List, List));
        await picker.InvokeAsync(() => picker.Instance.OpenAsync([]));
        picker.Find("[type=search]").Input("<b>none</b>");
        _time.Advance(TimeSpan.FromMilliseconds(250));
        picker.WaitForAssertion(() => Assert.Contains("“<b>none</b>”", picker.Find("[role=status]").TextContent, StringComparison.Ordinal));
    }
}
