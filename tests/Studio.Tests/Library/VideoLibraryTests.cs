using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Api;
using Studio.Data;
using Studio.Library;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>Finding, changing and deleting videos, and who may.</summary>
public sealed class VideoLibraryTests(SharedLibrary shared) : IClassFixture<SharedLibrary>
{
    private readonly CurrentUser _ann = SharedLibrary.Person();
    private readonly CurrentUser _bob = SharedLibrary.Person();
    private readonly CurrentUser _viewer = SharedLibrary.Person(Roles.Viewer);
    private readonly CurrentUser _admin = SharedLibrary.Person(Roles.Admin);

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private VideoLibrary Library => shared.Library;

    [Theory]
    [InlineData(VideoSort.Newest, "c b A")]
    [InlineData(VideoSort.Oldest, "A b c")]
    [InlineData(VideoSort.Name, "A b c")]
    [InlineData(VideoSort.Longest, "b c A")]
    [InlineData(VideoSort.Largest, "c A b")]
    public async Task List_Sorts(VideoSort sort, string expected)
    {
        var now = DateTimeOffset.UtcNow;
        _ = await shared.AddAsync(_ann, "A", duration: 1, bytes: 20, at: now.AddMinutes(-3));
        _ = await shared.AddAsync(_ann, "b", duration: 3, bytes: 10, at: now.AddMinutes(-2));
        _ = await shared.AddAsync(_ann, "c", duration: 2, bytes: 30, at: now.AddMinutes(-1));
        Assert.Equal(expected, string.Join(' ', (await MineAsync(new(Sort: sort))).Items.Select(v => v.Name)));
    }

    [Theory]
    [InlineData("beach", "Beach day|Sunset")] // a name, a tag
    [InlineData("BEACH day", "Beach day")] // each word must be there
    [InlineData("äpfel", "Äpfel im Garten")]
    [InlineData("100%", "100% done")] // wildcards are letters
    [InlineData("_", "a_b")]
    [InlineData("nothing", "")]
    [InlineData("  ", "100% done|a_b|Beach day|Sunset|Äpfel im Garten")]
    public async Task List_FindsWords(string text, string expected)
    {
        _ = await shared.AddAsync(_ann, "Beach day");
        _ = await shared.AddAsync(_ann, "Sunset", tags: ["beach", "evening"]);
        _ = await shared.AddAsync(_ann, "Äpfel im Garten");
        _ = await shared.AddAsync(_ann, "100% done");
        _ = await shared.AddAsync(_ann, "a_b");
        Assert.Equal(expected, string.Join('|', (await MineAsync(new(text, Sort: VideoSort.Name))).Items.Select(v => v.Name)));
    }

    [Fact]
    public async Task List_FiltersByTagAndKind()
    {
        _ = await shared.AddAsync(_ann, "film", tags: ["holiday"]);
        _ = await shared.AddAsync(_ann, "photo", kind: VideoKind.Image, tags: ["holiday", "best"]);
        _ = await shared.AddAsync(_ann, "other", tags: ["holidays"]);
        Assert.Equal(["film", "photo"], (await MineAsync(new(Tag: "Holiday", Sort: VideoSort.Name))).Items.Select(v => v.Name));
        Assert.Equal(["photo"], (await MineAsync(new(Kind: VideoKind.Image))).Items.Select(v => v.Name));
        Assert.Equal([("holiday", 2), ("best", 1), ("holidays", 1)], (await Library.TagsAsync(_ann, Token)).Where(t => t.Tag.StartsWith("holiday", StringComparison.Ordinal) || t.Tag == "best").Select(t => (t.Tag, t.Videos))); // other tests' owners share theirs
    }

    [Fact]
    public async Task List_PagesDoNotOverlap_AlsoWhereTheOrderIsTied()
    {
        var now = DateTimeOffset.UtcNow;
        for (var i = 0; i < 7; i++) _ = await shared.AddAsync(_ann, "same", at: now);
        var pages = new List<VideoView>();
        for (var page = 1; page <= 3; page++)
        {
            var found = await Library.ListAsync(_ann, new(Mine: true), page, 3, Token);
            Assert.Equal((7, 3, page), (found.Total, found.Pages, found.Page));
            pages.AddRange(found.Items);
        }

        Assert.Equal(7, pages.Select(v => v.Id).Distinct().Count());
        Assert.Equal(400, (await Assert.ThrowsAsync<RequestException>(() => Library.ListAsync(_ann, new(), 1, 201, Token))).Status);
    }

    [Fact]
    public async Task Private_IsTheOwnersAndAdministrators_TeamIsEverybodysToRead()
    {
        var secret = await shared.AddAsync(_ann, "secret");
        var team = await shared.AddAsync(_ann, "team", visibility: Visibility.Team);
        foreach (var other in new[] { _bob, _viewer })
        {
            Assert.Equal(404, await StatusAsync(() => Library.GetAsync(other, secret.Id, Token)));
            Assert.Equal(404, await StatusAsync(() => Library.ChangeAsync(other, secret.Id, new("mine"), Token)));
            Assert.Equal(404, await StatusAsync(() => Library.DependentsAsync(other, [secret.Id], Token)));
            Assert.Equal(404, await StatusAsync(() => Library.DeleteAsync(other, [secret.Id], Token)));
            Assert.DoesNotContain((await Library.ListAsync(other, new(), 1, 200, Token)).Items, v => v.Id == secret.Id);

            Assert.False((await Library.GetAsync(other, team.Id, Token)).CanChange);
            Assert.Equal(403, await StatusAsync(() => Library.ChangeAsync(other, team.Id, new("mine"), Token)));
            Assert.Equal(403, await StatusAsync(() => Library.DeleteAsync(other, [team.Id], Token)));
            Assert.Contains((await Library.ListAsync(other, new(), 1, 200, Token)).Items, v => v.Id == team.Id);
        }

        Assert.True((await Library.GetAsync(_admin, secret.Id, Token)).CanChange);
        Assert.Equal("renamed", (await Library.ChangeAsync(_admin, secret.Id, new("renamed"), Token)).Name);
        Assert.Equal(403, await StatusAsync(() => Library.ChangeAsync(_ann with { Role = Roles.Viewer }, team.Id, new("x"), Token)));
    }

    [Fact]
    public async Task Change_KeepsWhatIsNotNamed()
    {
        var video = await shared.AddAsync(_ann, "old", tags: ["a", "b"]);
        Assert.Equal(("new name", Visibility.Private), Facts(await Library.ChangeAsync(_ann, video.Id, new(Name: "  new \n name "), Token)));
        Assert.Equal(("new name", Visibility.Team), Facts(await Library.ChangeAsync(_ann, video.Id, new(Visibility: Visibility.Team), Token)));
        var view = await Library.ChangeAsync(_ann, video.Id, new(Tags: ["B", "C ", "c"]), Token);
        Assert.Equal(("new name", Visibility.Team, "b c"), (view.Name, view.Visibility, string.Join(' ', view.Tags)));

        static (string, Visibility) Facts(VideoView v) => (v.Name, v.Visibility);
    }

    public static TheoryData<VideoChange, string> BadChanges => new()
    {
        { new(Name: ""), "empty" },
        { new(Name: " \u200B\u0007 "), "empty" }, // nothing that can be seen
        { new(Name: new string('a', 201)), "200" },
        { new(Tags: ["ok", ""]), "empty" },
        { new(Tags: [new string('a', 41)]), "40" },
        { new(Tags: ["a,b"]), "comma" },
        { new(Tags: [.. Enumerable.Range(0, 33).Select(i => $"t{i}")]), "33" },
        { new(Visibility: (Visibility)7), "7" },
    };

    [Theory]
    [MemberData(nameof(BadChanges))]
    public async Task Change_BadValue_IsNamedAndNothingChanges(VideoChange change, string named)
    {
        var video = await shared.AddAsync(_ann, "old", tags: ["a"]);
        var e = await Assert.ThrowsAsync<RequestException>(() => Library.ChangeAsync(_ann, video.Id, change, Token));
        Assert.Equal(400, e.Status);
        Assert.Contains(named, e.Message, StringComparison.Ordinal);
        var view = await Library.GetAsync(_ann, video.Id, Token);
        Assert.Equal(("old", "a", Visibility.Private), (view.Name, string.Join(' ', view.Tags), view.Visibility));
    }

    [Fact]
    public async Task Change_ScriptInAName_IsKeptAsText()
    {
        var video = await shared.AddAsync(_ann);
        Assert.Equal("<script>alert('x')</script>", (await Library.ChangeAsync(_ann, video.Id, new("<script>alert('x')</script>"), Token)).Name);
    }

    [Fact]
    public async Task Tag_SeveralVideos_AllOrNone()
    {
        var (one, two, foreign) = (await shared.AddAsync(_ann, tags: ["a"]), await shared.AddAsync(_ann, tags: ["b"]), await shared.AddAsync(_bob));
        await Library.TagAsync(_ann, [one.Id, two.Id], ["New"], ["a"], Token);
        Assert.Equal("new", string.Join(' ', (await Library.GetAsync(_ann, one.Id, Token)).Tags));
        Assert.Equal("b new", string.Join(' ', (await Library.GetAsync(_ann, two.Id, Token)).Tags));
        Assert.Equal(404, await StatusAsync(() => Library.TagAsync(_ann, [one.Id, foreign.Id], ["more"], [], Token)));
        Assert.Equal("new", string.Join(' ', (await Library.GetAsync(_ann, one.Id, Token)).Tags));
        Assert.Equal(400, await StatusAsync(() => Library.TagAsync(_ann, [], ["more"], [], Token)));
        Assert.Equal(400, await StatusAsync(() => Library.TagAsync(_ann, [.. Enumerable.Range(0, 201).Select(i => $"{i}")], ["more"], [], Token)));
    }

    [Fact]
    public async Task Dependents_NameOwnConversations_AndCountThoseOfOthers()
    {
        var video = await shared.AddAsync(_ann, visibility: Visibility.Team);
        var mine = await shared.AskAsync(_ann, "About the clip", video);
        _ = await shared.AskAsync(_bob, "Bob's secret", video);
        _ = await shared.AskAsync(_ann, "Something else");
        _ = await shared.Server.WithDbAsync(async db =>
        {
            _ = db.Add(new ShareLink { Id = Ids.New(TimeProvider.System), OwnerId = _ann.Id, Target = ShareTarget.Video, TargetId = video.Id, SecretHash = Guid.NewGuid().ToString("N") });
            return await db.SaveChangesAsync(Token);
        });
        var found = await Library.DependentsAsync(_ann, [video.Id], Token);
        Assert.Equal([(mine, "About the clip")], found.Conversations.Select(c => (c.Id, c.Title)));
        Assert.Equal((2, 1), (found.ConversationsInAll, found.ShareLinks));
    }

    [Fact]
    public async Task Dependents_BeyondTheBound_AreCounted()
    {
        var video = await shared.AddAsync(_ann);
        for (var i = 0; i <= Dependents.Shown; i++) _ = await shared.AskAsync(_ann, $"{i}", video);
        var found = await Library.DependentsAsync(_ann, [video.Id], Token);
        Assert.Equal((Dependents.Shown, Dependents.Shown + 1), (found.Conversations.Count, found.ConversationsInAll));
    }

    [Fact]
    public async Task Delete_TakesFilesPicturesAndLinks_AndLeavesConversations()
    {
        var (video, other) = (await shared.AddAsync(_ann), await shared.AddAsync(_ann));
        var conversation = await shared.AskAsync(_ann, "Both", video, other);
        var pictures = Directory.CreateDirectory(Path.Combine(shared.Server.Folders.Thumbnails, video.Id)).FullName;
        await File.WriteAllTextAsync(Path.Combine(pictures, "poster.jpg"), "x", Token);
        _ = await shared.Server.WithDbAsync(async db =>
        {
            _ = db.Add(new ShareLink { Id = Ids.New(TimeProvider.System), OwnerId = _ann.Id, Target = ShareTarget.Video, TargetId = video.Id, SecretHash = Guid.NewGuid().ToString("N") });
            return await db.SaveChangesAsync(Token);
        });
        await Library.DeleteAsync(_ann, [video.Id], Token);
        Assert.False(File.Exists(Library.File(video)));
        Assert.False(Directory.Exists(pictures));
        Assert.Equal(404, await StatusAsync(() => Library.GetAsync(_ann, video.Id, Token)));
        Assert.Equal([null, other.Id], await shared.AttachedAsync(conversation));
        Assert.Equal(0, await shared.Server.WithDbAsync(db => db.ShareLinks.CountAsync(l => l.TargetId == video.Id, Token)));
        Assert.True(File.Exists(Library.File(other)));
    }

    [Fact]
    public async Task Delete_OneOfSeveralIsForeign_DeletesNone()
    {
        var (mine, foreign) = (await shared.AddAsync(_ann), await shared.AddAsync(_bob));
        Assert.Equal(404, await StatusAsync(() => Library.DeleteAsync(_ann, [mine.Id, foreign.Id], Token)));
        Assert.True(File.Exists(Library.File(mine)));
    }

    [Fact]
    public async Task Usage_CountsVideosAndUploadsUnderWay()
    {
        _ = await shared.AddAsync(_ann, bytes: 30);
        _ = await shared.AddAsync(_bob, bytes: 99);
        _ = await shared.Server.WithDbAsync(async db =>
        {
            _ = db.Add(new Upload { Id = Ids.New(TimeProvider.System), OwnerId = _ann.Id, Name = "x", Length = 500, ExpiresAt = DateTimeOffset.UtcNow.AddHours(1) });
            _ = db.Add(new Upload { Id = Ids.New(TimeProvider.System), OwnerId = _ann.Id, Name = "x", Length = 70, ExpiresAt = DateTimeOffset.UtcNow.AddHours(1), Error = "refused" });
            return await db.SaveChangesAsync(Token);
        });
        var usage = await Library.UsageAsync(_ann, Token);
        Assert.Equal((1, 30, 500, 200L << 30), (usage.Videos, usage.VideoBytes, usage.UploadBytes, usage.QuotaBytes));
    }

    private static async Task<int> StatusAsync(Func<Task> work) => (await Assert.ThrowsAsync<RequestException>(work)).Status;

    private Task<Paged<VideoView>> MineAsync(VideoQuery query) => Library.ListAsync(_ann, query with { Mine = true }, 1, 50, Token);
}
