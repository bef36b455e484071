using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Studio.Accounts;
using Studio.Data;
using Studio.Library;
using Studio.Library.Importing;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>The library over HTTP.</summary>
public sealed class VideosApiTests : IClassFixture<SharedLibrary>, IDisposable
{
    private readonly SharedLibrary _shared;
    private readonly CurrentUser _ann = SharedLibrary.Person();
    private readonly HttpClient _client;

    public VideosApiTests(SharedLibrary shared)
    {
        _shared = shared;
        _client = shared.Client(_ann);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _client.Dispose();

    [Fact]
    public async Task List_Get_Change_Delete()
    {
        var video = await _shared.AddAsync(_ann, "first", tags: ["a"]);
        var listed = await _client.GetFromJsonAsync<JsonElement>("/api/v1/videos?query=FIRST&tag=a&kind=video&sort=longest&mine=true&size=5", Token);
        Assert.Equal((1, 1, 5), (listed.GetProperty("total").GetInt32(), listed.GetProperty("page").GetInt32(), listed.GetProperty("size").GetInt32()));
        var item = listed.GetProperty("items")[0];
        Assert.Equal((video.Id, "video", "private", "video/mp4"), (item.GetProperty("id").GetString(), item.GetProperty("kind").GetString(), item.GetProperty("visibility").GetString(), item.GetProperty("contentType").GetString()));

        var changed = await _client.PatchAsJsonAsync($"/api/v1/videos/{video.Id}", new { name = "second", tags = new[] { "b" }, visibility = "team" }, Token);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var view = await SharedLibrary.ReadAsync<VideoView>(changed);
        Assert.Equal(("second", Visibility.Team, "b"), (view.Name, view.Visibility, string.Join(' ', view.Tags)));
        Assert.Equal("second", (await _client.GetFromJsonAsync<VideoView>($"/api/v1/videos/{video.Id}", SharedLibrary.Json, Token))!.Name);

        Assert.Equal(HttpStatusCode.NoContent, (await _client.DeleteAsync($"/api/v1/videos/{video.Id}", Token)).StatusCode);
        await AssertProblemAsync(await _client.GetAsync($"/api/v1/videos/{video.Id}", Token), HttpStatusCode.NotFound, video.Id);
    }

    [Fact]
    public async Task Several_TagDependentsDelete()
    {
        var (one, two) = (await _shared.AddAsync(_ann, "one"), await _shared.AddAsync(_ann, "two"));
        _ = await _shared.AskAsync(_ann, "Title", one);
        var ids = new[] { one.Id, two.Id };
        Assert.Equal(HttpStatusCode.NoContent, (await _client.PostAsJsonAsync("/api/v1/videos/tag", new { ids, add = new[] { "x" } }, Token)).StatusCode);
        Assert.Contains("x", (await _client.GetFromJsonAsync<TagUse[]>("/api/v1/videos/tags", SharedLibrary.Json, Token))!.Select(t => t.Tag));
        var dependents = await SharedLibrary.ReadAsync<Dependents>(await _client.PostAsJsonAsync("/api/v1/videos/dependents", new { ids }, Token));
        Assert.Equal("Title", Assert.Single(dependents.Conversations).Title);
        Assert.Equal("Title", (await _client.GetFromJsonAsync<Dependents>($"/api/v1/videos/{one.Id}/dependents", SharedLibrary.Json, Token))!.Conversations[0].Title);
        Assert.Equal(HttpStatusCode.NoContent, (await _client.PostAsJsonAsync("/api/v1/videos/delete", new { ids }, Token)).StatusCode);
        Assert.Equal(0, (await _client.GetFromJsonAsync<Usage>("/api/v1/videos/usage", SharedLibrary.Json, Token))!.Videos);
    }

    [Theory]
    [InlineData("/api/v1/videos?size=201", "201")]
    [InlineData("/api/v1/videos?page=0", "0")]
    [InlineData("/api/v1/videos?sort=colour", "sort")]
    public async Task List_BadValue_IsNamed(string address, string named) =>
        await AssertProblemAsync(await _client.GetAsync(address, Token), HttpStatusCode.BadRequest, named);

    [Fact]
    public async Task Content_AnswersRanges_TypeAndNameAreSafe()
    {
        var video = await _shared.AddAsync(_ann, original: "a \"quoted\"\r\nX-Evil: 1 <b>ünï.mov");
        var whole = await _client.GetAsync($"/api/v1/videos/{video.Id}/content", Token);
        Assert.Equal((HttpStatusCode.OK, "video/mp4", 100L, "bytes"), (whole.StatusCode, whole.Content.Headers.ContentType!.ToString(), whole.Content.Headers.ContentLength, whole.Headers.AcceptRanges.Single()));
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        var disposition = whole.Content.Headers.ContentDisposition!;
        Assert.Equal("inline", disposition.DispositionType);
        Assert.EndsWith(".mp4", disposition.FileNameStar, StringComparison.Ordinal);
        Assert.False(whole.Headers.Contains("X-Evil"));
        Assert.Equal("attachment", (await _client.GetAsync($"/api/v1/videos/{video.Id}/content?download=true", Token)).Content.Headers.ContentDisposition!.DispositionType);

        using var ask = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/videos/{video.Id}/content");
        ask.Headers.Range = new RangeHeaderValue(10, 19);
        var part = await _client.SendAsync(ask, Token);
        Assert.Equal(HttpStatusCode.PartialContent, part.StatusCode);
        Assert.Equal([10, 11, 12, 13, 14, 15, 16, 17, 18, 19], await part.Content.ReadAsByteArrayAsync(Token));
        Assert.Equal("bytes 10-19/100", part.Content.Headers.ContentRange!.ToString());

        using var beyond = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/videos/{video.Id}/content");
        beyond.Headers.Range = new RangeHeaderValue(100, 200);
        Assert.Equal(HttpStatusCode.RequestedRangeNotSatisfiable, (await _client.SendAsync(beyond, Token)).StatusCode);

        using var again = new HttpRequestMessage(HttpMethod.Get, $"/api/v1/videos/{video.Id}/content");
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        Assert.Equal(HttpStatusCode.NotModified, (await _client.SendAsync(again, Token)).StatusCode);
    }

    [Fact]
    public async Task Content_UnknownKind_IsNeverAPage()
    {
        var video = await _shared.AddAsync(_ann, extension: ".html");
        Assert.Equal("application/octet-stream", (await _client.GetAsync($"/api/v1/videos/{video.Id}/content", Token)).Content.Headers.ContentType!.ToString());
    }

    [Fact]
    public async Task Files_OfSomebodyElse_AreNotThere()
    {
        var video = await _shared.AddAsync(SharedLibrary.Person());
        foreach (var part in new[] { "", "/content", "/poster", "/thumbnails/0", "/dependents" })
        {
            await AssertProblemAsync(await _client.GetAsync($"/api/v1/videos/{video.Id}{part}", Token), HttpStatusCode.NotFound, video.Id);
        }

        using var nobody = new HttpClient { BaseAddress = _shared.Server.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync($"/api/v1/videos/{video.Id}/content", Token)).StatusCode);
    }

    [Fact]
    public async Task Viewer_MayReadAndNothingElse()
    {
        var viewer = SharedLibrary.Person(Roles.Viewer);
        var video = await _shared.AddAsync(_ann, visibility: Visibility.Team);
        using var client = _shared.Client(viewer);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync($"/api/v1/videos/{video.Id}/content", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PatchAsJsonAsync($"/api/v1/videos/{video.Id}", new { name = "x" }, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.DeleteAsync($"/api/v1/videos/{video.Id}", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/v1/samples", null, Token)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/v1/imports", Token)).StatusCode);
    }

    [Fact]
    public async Task Samples_AreAddedOnce_AndGetTheirPictures()
    {
        Assert.Equal(["shapes.mp4"], (await _client.GetFromJsonAsync<string[]>("/api/v1/samples", Token))!);
        var added = await SharedLibrary.ReadAsync<Imported[]>(await _client.PostAsync("/api/v1/samples", null, Token));
        var video = Assert.Single(added).Video;
        Assert.True(added[0].IsNew);
        Assert.Equal(("shapes", 24.0, 600L), (video.Name, video.Duration, video.FrameCount));
        var again = Assert.Single(await SharedLibrary.ReadAsync<Imported[]>(await _client.PostAsync("/api/v1/samples", null, Token)));
        Assert.Equal((video.Id, false), (again.Video.Id, again.IsNew));
        Assert.Empty((await _client.GetFromJsonAsync<JsonElement>("/api/v1/uploads", Token)).EnumerateArray());

        await Wait.UntilAsync(async () => (await _client.GetFromJsonAsync<VideoView>($"/api/v1/videos/{video.Id}", SharedLibrary.Json, Token))!.Thumbnails == 24, "24 pictures", pause: TimeSpan.FromMilliseconds(100));
        foreach (var picture in new[] { "poster", "thumbnails/0", "thumbnails/23" })
        {
            var answer = await _client.GetAsync($"/api/v1/videos/{video.Id}/{picture}", Token);
            Assert.Equal("image/jpeg", answer.Content.Headers.ContentType!.ToString());
            Assert.Equal([0xFF, 0xD8], (await answer.Content.ReadAsByteArrayAsync(Token))[..2]);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"/api/v1/videos/{video.Id}/thumbnails/24", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"/api/v1/videos/{video.Id}/thumbnails/-1", Token)).StatusCode);
    }

    [Fact]
    public async Task Import_CopiesAFile_AndLeavesNoUploadBehind()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_shared.Imports, _ann.Id)).FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "movie.mkv"), LibraryServer.Variant(41), Token);
        var listing = (await _client.GetFromJsonAsync<ImportListing>($"/api/v1/imports/0?path={_ann.Id}", SharedLibrary.Json, Token))!;
        Assert.Equal(("movie.mkv", $"{_ann.Id}/movie.mkv", false), (listing.Entries[0].Name, listing.Entries[0].Path, listing.Entries[0].IsFolder));
        var answer = await _client.PostAsJsonAsync("/api/v1/imports", new { root = 0, path = listing.Entries[0].Path }, Token);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal("movie", (await SharedLibrary.ReadAsync<Imported>(answer)).Video.Name);
        Assert.True(File.Exists(Path.Combine(folder, "movie.mkv")), "the file of the folder stays");
        Assert.Empty((await _client.GetFromJsonAsync<JsonElement>("/api/v1/uploads", Token)).EnumerateArray());
    }

    [Fact]
    public async Task Import_NotMedia_IsRefusedByItsName()
    {
        await File.WriteAllTextAsync(Path.Combine(_shared.Imports, "notes.mp4"), string.Concat(Enumerable.Repeat("not a video\n", 50)), Token);
        var answer = await _client.PostAsJsonAsync("/api/v1/imports", new { root = 0, path = "notes.mp4" }, Token);
        await AssertProblemAsync(answer, HttpStatusCode.UnprocessableEntity, "'notes.mp4' is not a video or image");
        Assert.Empty((await _client.GetFromJsonAsync<JsonElement>("/api/v1/uploads", Token)).EnumerateArray());
    }

    [Fact]
    public async Task Import_OutsideItsFolders_IsNotThere()
    {
        await File.WriteAllTextAsync(Path.Combine(_shared.Secret, "secret.mp4"), "secret", Token);
        _ = File.CreateSymbolicLink(Path.Combine(_shared.Imports, "link.mp4"), Path.Combine(_shared.Secret, "secret.mp4"));
        _ = Directory.CreateSymbolicLink(Path.Combine(_shared.Imports, "way-out"), _shared.Secret);
        var name = Path.GetFileName(_shared.Secret);
        foreach (var path in new[] { $"../{name}/secret.mp4", $"{_shared.Secret}/secret.mp4", "link.mp4", "way-out/secret.mp4", $"./../{name}/secret.mp4", "a\0b", "", ".." })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await _client.PostAsJsonAsync("/api/v1/imports", new { root = 0, path }, Token)).StatusCode);
        }

        foreach (var path in new[] { "..", "way-out", "%2e%2e", $"/{_shared.Secret}", "....//" })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync($"/api/v1/imports/0?path={path}", Token)).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync("/api/v1/imports/1", Token)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await _client.GetAsync("/api/v1/imports/-1", Token)).StatusCode);
        Assert.DoesNotContain((await _client.GetFromJsonAsync<ImportListing>("/api/v1/imports/0", SharedLibrary.Json, Token))!.Entries, e => e.Name is "link.mp4" or "way-out");
    }

    [Fact]
    public async Task Import_MoreEntriesThanTheBound_SaysHowManyAreLeftOut()
    {
        var folder = Directory.CreateDirectory(Path.Combine(_shared.Imports, "many")).FullName;
        for (var i = 0; i <= ImportFolders.MaxEntries; i++) await File.WriteAllTextAsync(Path.Combine(folder, $"{i:0000}.mp4"), "x", Token);
        var listing = (await _client.GetFromJsonAsync<ImportListing>("/api/v1/imports/0?path=many", SharedLibrary.Json, Token))!;
        Assert.Equal((ImportFolders.MaxEntries, 1), (listing.Entries.Count, listing.Skipped));
    }

    [Fact]
    public async Task Uploads_ShowWhatIsUnderWay()
    {
        using var create = new HttpRequestMessage(HttpMethod.Post, "/files");
        create.Headers.Add("Tus-Resumable", "1.0.0");
        create.Headers.Add("Upload-Length", "500");
        var id = (await _client.SendAsync(create, Token)).Headers.Location!.ToString().Split('/')[^1];
        var upload = Assert.Single((await _client.GetFromJsonAsync<JsonElement>("/api/v1/uploads", Token)).EnumerateArray());
        Assert.Equal((id, 500, 0, "receiving"), (upload.GetProperty("id").GetString(), upload.GetProperty("length").GetInt32(), upload.GetProperty("offset").GetInt32(), upload.GetProperty("state").GetString()));
        Assert.Equal(HttpStatusCode.OK, (await _client.GetAsync($"/api/v1/uploads/{id}", Token)).StatusCode);
        using var other = _shared.Client(SharedLibrary.Person());
        Assert.Equal(HttpStatusCode.NotFound, (await other.GetAsync($"/api/v1/uploads/{id}", Token)).StatusCode);
    }

    private static async Task AssertProblemAsync(HttpResponseMessage answer, HttpStatusCode status, string named)
    {
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.Equal((status, "application/problem+json"), (answer.StatusCode, answer.Content.Headers.ContentType?.MediaType));
        Assert.Contains(named, JsonDocument.Parse(text).RootElement.GetProperty("detail").GetString(), StringComparison.Ordinal);
    }
}
