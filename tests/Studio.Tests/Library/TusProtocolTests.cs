using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Library.Uploads;
using Xunit;

#pragma warning disable CA5350, CA5351 // the protocol's checksums find broken transfers, they keep no secret

namespace Studio.Tests.Library;

/// <summary>The tus 1.0 protocol, request by request, against a real server.</summary>
public sealed class TusProtocolTests : IClassFixture<TusProtocolTests.Server>, IDisposable
{
    // One server for all; each test is another person, who sees nothing of the others.
    private readonly string _name = $"ann-{Guid.NewGuid():N}";
    private readonly LibraryServer _server;
    private readonly HttpClient _ann;

    public TusProtocolTests(Server server)
    {
        _server = server.Started;
        _ann = _server.Client(_name);
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _ann.Dispose();

    [Fact]
    public async Task Options_TellsWhatTheServerCan()
    {
        var answer = await _ann.SendAsync(new(HttpMethod.Options, "/files"), Token);
        Assert.Equal(HttpStatusCode.NoContent, answer.StatusCode);
        Assert.Equal("1.0.0", Header(answer, "Tus-Version"));
        Assert.Equal("creation,creation-with-upload,termination,checksum,expiration", Header(answer, "Tus-Extension"));
        Assert.Equal($"{8 << 20}", Header(answer, "Tus-Max-Size"));
        Assert.Equal("sha1,sha256,md5", Header(answer, "Tus-Checksum-Algorithm"));
    }

    [Fact]
    public async Task Upload_InThreeChunks_BecomesAVideo()
    {
        var bytes = LibraryServer.Variant(1);
        var url = await CreateAsync(bytes.Length, "filename " + Base64("holiday.mov"));
        long offset = 0;
        HttpResponseMessage? last = null;
        foreach (var chunk in bytes.Chunk((bytes.Length / 3) + 1))
        {
            Assert.Equal($"{offset}", Header(await HeadAsync(url), "Upload-Offset"));
            last = await PatchAsync(url, offset, chunk);
            Assert.Equal(HttpStatusCode.NoContent, last.StatusCode);
            Assert.Equal($"{offset += chunk.Length}", Header(last, "Upload-Offset"));
            Assert.True(DateTimeOffset.Parse(Header(last, "Upload-Expires")) > DateTimeOffset.UtcNow.AddHours(40));
        }

        var video = await _server.WithDbAsync(db => db.Videos.SingleAsync(v => v.OwnerId == _name, Token));
        Assert.Equal(Header(last!, "Studio-Video"), video.Id);
        Assert.Equal((_name, "holiday", "holiday.mov", ".mp4"), (video.OwnerId, video.Name, video.OriginalName, video.Extension));
        Assert.Equal((24.0, 640, 360, 25.0, 600L, "h264"), (video.Duration, video.Width, video.Height, video.FramesPerSecond, video.FrameCount, video.Codec));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), video.ContentHash);
        Assert.Equal(bytes, await File.ReadAllBytesAsync(Path.Combine(_server.Folders.Videos, video.Id + ".mp4"), Token));
        Assert.False(File.Exists(Part(url)));

        var head = await HeadAsync(url);
        Assert.Equal(($"{bytes.Length}", video.Id, "no-store"), (Header(head, "Upload-Offset"), Header(head, "Studio-Video"), head.Headers.CacheControl!.ToString()));
        Assert.Equal("filename " + Base64("holiday.mov"), Header(head, "Upload-Metadata"));
    }

    [Fact]
    public async Task CreationWithUpload_WholeFile_BecomesAVideoAtOnce()
    {
        var bytes = LibraryServer.Variant(2);
        var answer = await SendAsync(HttpMethod.Post, "/files", bytes, ("Upload-Length", $"{bytes.Length}"), ("Upload-Checksum", "md5 " + Convert.ToBase64String(MD5.HashData(bytes))));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal($"{bytes.Length}", Header(answer, "Upload-Offset"));
        Assert.NotNull(Header(answer, "Studio-Video"));
        Assert.Equal("video", (await _server.WithDbAsync(db => db.Videos.SingleAsync(v => v.OwnerId == _name, Token))).OriginalName);
    }

    [Fact]
    public async Task Upload_SameContentTwice_GivesTheVideoThatIsThere()
    {
        var bytes = LibraryServer.Variant(3);
        var first = Header(await WholeAsync(bytes), "Studio-Video");
        Assert.Equal(first, Header(await WholeAsync(bytes), "Studio-Video"));

        // To another person it is another video.
        using var bob = _server.Client(_name + "-bob");
        var other = Header(await WholeAsync(bytes, bob), "Studio-Video");
        Assert.NotEqual(first, other);
        Assert.Equal(1, await _server.WithDbAsync(db => db.Videos.CountAsync(v => v.OwnerId == _name, Token)));
        Assert.True(File.Exists(Path.Combine(_server.Folders.Videos, first + ".mp4")) && File.Exists(Path.Combine(_server.Folders.Videos, other + ".mp4")));
    }

    [Fact]
    public async Task Upload_SameContentAtTheSameTime_IsStoredOnce()
    {
        var bytes = LibraryServer.Variant(4);
        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => WholeAsync(bytes)));
        Assert.Single(answers.Select(a => Header(a, "Studio-Video")).Distinct());
        var ids = answers.Select(a => a.Headers.Location!.ToString().Split('/')[^1]);
        Assert.Single(ids, id => Directory.EnumerateFiles(_server.Folders.Videos, id + ".*").Any());
        Assert.DoesNotContain(ids, id => File.Exists(Part(id)));
    }

    public static TheoryData<string, byte[], string> NotVideos => new()
    {
        { "page.mp4", "<!DOCTYPE html><script>alert(1)</script>"u8.ToArray(), "not a video or image" },
        { "list.mp4", "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.2,\n/etc/passwd\n#EXT-X-ENDLIST\n"u8.ToArray(), "not a video or image" },
        { "half.mp4", LibraryServer.Variant(5)[..3000], "incomplete or damaged" },
        { "picture.svg", "<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"u8.ToArray(), "not a video or image" },
    };

    [Theory]
    [MemberData(nameof(NotVideos))]
    public async Task Upload_NotMediaByContent_IsRefusedAndItsBytesAreGone(string name, byte[] bytes, string why)
    {
        var url = await CreateAsync(bytes.Length, "filename " + Base64(name));
        var answer = await PatchAsync(url, 0, bytes);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, answer.StatusCode);
        var text = await answer.Content.ReadAsStringAsync(Token);
        Assert.Contains(why, text, StringComparison.Ordinal);
        Assert.Contains(name, text, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Folder, text, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Gone, (await HeadAsync(url)).StatusCode);
        Assert.Equal(0, await _server.WithDbAsync(db => db.Videos.CountAsync(v => v.OwnerId == _name, Token)));
        Assert.False(File.Exists(Part(url)));
    }

    [Theory]
    [InlineData("../../../etc/passwd", "passwd")]
    [InlineData("..\\..\\windows\\system32\\a.mp4", "a.mp4")]
    [InlineData("<script>alert(1)</script>.mp4", "script>.mp4")] // what stands behind the last slash, as text
    [InlineData("\u202Egpj.exe\u0000\u0007.mp4", "gpj.exe.mp4")] // turned direction, control characters
    [InlineData("   ", "video")]
    [InlineData("a\nb\t\tc.mp4", "a b c.mp4")]
    public async Task Upload_AwkwardName_IsTextAndNeverAPath(string name, string stored)
    {
        _ = await CreateAsync(10, "filename " + Base64(name));
        Assert.Equal(stored, (await _server.WithDbAsync(db => db.Uploads.SingleAsync(u => u.OwnerId == _name, Token))).Name);
    }

    [Fact]
    public async Task Upload_LongName_IsCutWithoutBreakingACharacter()
    {
        _ = await CreateAsync(10, "filename " + Base64(new string('a', 199) + "😀.mp4"));
        Assert.Equal(new string('a', 199), (await _server.WithDbAsync(db => db.Uploads.SingleAsync(u => u.OwnerId == _name, Token))).Name);
    }

    [Theory]
    [InlineData("Upload-Length", "-1", 400)]
    [InlineData("Upload-Length", "1e3", 400)]
    [InlineData("Upload-Length", "", 400)]
    [InlineData("Upload-Length", "0", 400)] // an empty file
    [InlineData("Upload-Length", "8388609", 413)] // one byte above the limit of a file
    [InlineData("Upload-Metadata", "filename %%%", 400)]
    [InlineData("Upload-Metadata", "filename YQ==,filename YQ==", 400)]
    [InlineData("Upload-Metadata", ",", 400)]
    [InlineData("Upload-Defer-Length", "1", 400)]
    [InlineData("Upload-Concat", "partial", 400)]
    public async Task Create_BadRequest_IsRefused(string header, string value, int status)
    {
        (string, string)[] headers = header == "Upload-Length" ? [(header, value)] : [("Upload-Length", "10"), (header, value)];
        Assert.Equal(status, (int)(await SendAsync(HttpMethod.Post, "/files", null, headers)).StatusCode);
        Assert.Equal(0, await _server.WithDbAsync(db => db.Uploads.CountAsync(u => u.OwnerId == _name, Token)));
    }

    [Fact]
    public async Task Create_MetadataAboveTheLimit_IsRefused()
    {
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Post, "/files", null, ("Upload-Length", "10"), ("Upload-Metadata", "filename " + Base64(new string('a', 4096))))).StatusCode);
    }

    [Fact]
    public async Task Create_AboveTheQuota_IsRefusedBeforeAnyByte()
    {
        _ = await CreateAsync(8 << 20);
        var refused = await SendAsync(HttpMethod.Post, "/files", null, ("Upload-Length", $"{(4 << 20) + 1}"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, refused.StatusCode);
        Assert.Contains($"{12 << 20}", await refused.Content.ReadAsStringAsync(Token), StringComparison.Ordinal);
        _ = await CreateAsync(4 << 20);

        // Room of others, and room that was given back.
        using var bob = _server.Client(_name + "-bob");
        Assert.Equal(HttpStatusCode.Created, (await SendAsync(bob, HttpMethod.Post, "/files", null, ("Upload-Length", $"{8 << 20}"))).StatusCode);
    }

    [Fact]
    public async Task Create_ManyAtOnce_NeverExceedsTheQuota()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => SendAsync(HttpMethod.Post, "/files", null, ("Upload-Length", $"{5 << 20}"))));
        Assert.Equal(2, answers.Count(a => a.StatusCode == HttpStatusCode.Created));
    }

    [Fact]
    public async Task Create_TooManyUnfinished_IsRefused()
    {
        for (var i = 0; i < 5; i++) _ = await CreateAsync(10);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await SendAsync(HttpMethod.Post, "/files", null, ("Upload-Length", "10"))).StatusCode);
    }

    [Fact]
    public async Task Delete_EndsTheUploadAndGivesTheRoomBack()
    {
        var url = await CreateAsync(8 << 20);
        _ = await PatchAsync(url, 0, new byte[1000]);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Delete, url)).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await HeadAsync(url)).StatusCode);
        Assert.False(File.Exists(Part(url)));
        _ = await CreateAsync(8 << 20);
    }

    [Theory]
    [InlineData("sha1")]
    [InlineData("sha256")]
    [InlineData("md5")]
    public async Task Checksum_Wrong_ThrowsTheChunkAway_AndRightKeepsIt(string algorithm)
    {
        var bytes = LibraryServer.Variant(6);
        var url = await CreateAsync(bytes.Length);
        _ = await PatchAsync(url, 0, bytes[..1000]);
        var chunk = bytes[1000..];
        byte[] damaged = [.. chunk];
        damaged[500] ^= 1;
        var sum = $"{algorithm} {Convert.ToBase64String(algorithm switch { "sha1" => SHA1.HashData(chunk), "sha256" => SHA256.HashData(chunk), _ => MD5.HashData(chunk) })}";
        Assert.Equal(460, (int)(await PatchAsync(url, 1000, damaged, ("Upload-Checksum", sum))).StatusCode);
        Assert.Equal("1000", Header(await HeadAsync(url), "Upload-Offset"));
        Assert.Equal(HttpStatusCode.NoContent, (await PatchAsync(url, 1000, chunk, ("Upload-Checksum", sum))).StatusCode);

        // The hash of the whole must not remember the damaged bytes.
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), (await _server.WithDbAsync(db => db.Videos.SingleAsync(v => v.OwnerId == _name, Token))).ContentHash);
    }

    [Theory]
    [InlineData("crc32 AAAAAA==")]
    [InlineData("sha1")]
    [InlineData("sha1 AAAA")]
    [InlineData("sha1 ***")]
    public async Task Checksum_ThatIsNone_IsABadRequest(string header)
    {
        var url = await CreateAsync(1000);
        Assert.Equal(HttpStatusCode.BadRequest, (await PatchAsync(url, 0, new byte[10], ("Upload-Checksum", header))).StatusCode);
        Assert.Equal("0", Header(await HeadAsync(url), "Upload-Offset"));
    }

    [Fact]
    public async Task Patch_WrongOffsetTypeOrSize_IsRefused()
    {
        var url = await CreateAsync(1000);
        Assert.Equal(HttpStatusCode.Conflict, (await PatchAsync(url, 5, new byte[10])).StatusCode);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await PatchAsync(url, 0, new byte[1001])).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await SendAsync(HttpMethod.Patch, url, new byte[10])).StatusCode);
        using var text = new HttpRequestMessage(HttpMethod.Patch, url) { Content = new StringContent("hello") };
        text.Headers.Add("Tus-Resumable", "1.0.0");
        text.Headers.Add("Upload-Offset", "0");
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, (await _ann.SendAsync(text, Token)).StatusCode);
        Assert.Equal("0", Header(await HeadAsync(url), "Upload-Offset"));
    }

    [Fact]
    public async Task Patch_MoreThanAnnouncedRoomWithoutLength_KeepsNone()
    {
        var url = await CreateAsync(1000);
        using var endless = new HttpRequestMessage(HttpMethod.Patch, url) { Content = new StreamContent(new MemoryStream(new byte[5000])) };
        endless.Content.Headers.ContentType = new("application/offset+octet-stream");
        endless.Headers.Add("Tus-Resumable", "1.0.0");
        endless.Headers.Add("Upload-Offset", "0");
        endless.Headers.TransferEncodingChunked = true;
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, (await _ann.SendAsync(endless, Token)).StatusCode);
        Assert.Equal("0", Header(await HeadAsync(url), "Upload-Offset"));
    }

    [Fact]
    public async Task AnyRequest_OtherVersion_Is412AndNamesOurs()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files");
        request.Headers.Add("Tus-Resumable", "0.2.2");
        request.Headers.Add("Upload-Length", "10");
        var answer = await _ann.SendAsync(request, Token);
        Assert.Equal((HttpStatusCode.PreconditionFailed, "1.0.0"), (answer.StatusCode, Header(answer, "Tus-Version")));
    }

    [Fact]
    public async Task Post_WithMethodOverride_IsThatMethod()
    {
        var url = await CreateAsync(1000);
        var answer = await SendAsync(HttpMethod.Post, url, new byte[10], ("Upload-Offset", "0"), ("X-HTTP-Method-Override", "PATCH"));
        Assert.Equal((HttpStatusCode.NoContent, "10"), (answer.StatusCode, Header(answer, "Upload-Offset")));
        Assert.Equal("10", Header(await SendAsync(HttpMethod.Post, url, null, ("X-HTTP-Method-Override", "HEAD")), "Upload-Offset"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await SendAsync(HttpMethod.Post, url)).StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await SendAsync(HttpMethod.Post, url, null, ("X-HTTP-Method-Override", "DELETE"))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await HeadAsync(url)).StatusCode);
    }

    [Fact]
    public async Task ForeignUpload_DoesNotExist()
    {
        var url = await CreateAsync(1000);
        using var bob = _server.Client(_name + "-bob");
        using var admin = _server.Client("root", Roles.Admin);
        foreach (var other in new[] { bob, admin })
        {
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(other, HttpMethod.Head, url)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(other, HttpMethod.Delete, url)).StatusCode);
            Assert.Equal(HttpStatusCode.NotFound, (await SendAsync(other, HttpMethod.Patch, url, new byte[10], ("Upload-Offset", "0"))).StatusCode);
        }

        Assert.Equal("0", Header(await HeadAsync(url), "Upload-Offset"));
    }

    [Theory]
    [InlineData("/files/..%2f..%2fstudio.db")]
    [InlineData("/files/0123")]
    [InlineData("/files/0123456789ABCDEF0123456789ABCDEF")]
    [InlineData("/files/0123456789abcdef0123456789abcdef")]
    public async Task UnknownUpload_DoesNotExist(string url) => Assert.Equal(HttpStatusCode.NotFound, (await HeadAsync(url)).StatusCode);

    [Fact]
    public async Task Viewer_AndNobody_MayNotUpload()
    {
        using var viewer = _server.Client("vic", Roles.Viewer);
        Assert.Equal(HttpStatusCode.Forbidden, (await SendAsync(viewer, HttpMethod.Post, "/files", null, ("Upload-Length", "10"))).StatusCode);
        using var nobody = new HttpClient { BaseAddress = _server.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await SendAsync(nobody, HttpMethod.Post, "/files", null, ("Upload-Length", "10"))).StatusCode);
    }

    [Fact]
    public async Task CutConnection_KeepsWhatArrived()
    {
        var bytes = LibraryServer.Variant(7);
        var url = await CreateAsync(bytes.Length);
        using (await StartPatchAsync(url, bytes, sent: 50_000)) await ArrivedAsync(url, 50_000);
        var offset = long.Parse(Header(await HeadAsync(url), "Upload-Offset"));
        Assert.Equal(50_000, offset);
        Assert.Equal(HttpStatusCode.NoContent, (await PatchAsync(url, offset, bytes[(int)offset..])).StatusCode);
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), (await _server.WithDbAsync(db => db.Videos.SingleAsync(v => v.OwnerId == _name, Token))).ContentHash);
    }

    [Fact]
    public async Task HangingConnection_LetsGoWhenTheClientComesBack()
    {
        var bytes = LibraryServer.Variant(8);
        var url = await CreateAsync(bytes.Length);
        using var hanging = await StartPatchAsync(url, bytes, sent: 30_000);
        await ArrivedAsync(url, 30_000);

        // The old connection is still open; its request must end before a number is told.
        Assert.Equal("30000", Header(await HeadAsync(url), "Upload-Offset"));
        Assert.Equal(HttpStatusCode.NoContent, (await PatchAsync(url, 30_000, bytes[30_000..])).StatusCode);
    }

    private static string Base64(string text) => Convert.ToBase64String(Encoding.UTF8.GetBytes(text));

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? string.Join(",", values) : $"(no {name}; {(int)answer.StatusCode})";

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, HttpMethod method, string url, byte[]? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, url);
        request.Headers.Add("Tus-Resumable", "1.0.0");
        foreach (var (name, value) in headers) _ = request.Headers.TryAddWithoutValidation(name, value);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new("application/offset+octet-stream");
        }

        var answer = await client.SendAsync(request, Token);
        if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden)) Assert.Equal("1.0.0", Header(answer, "Tus-Resumable"));
        return answer;
    }

    private Task<HttpResponseMessage> SendAsync(HttpMethod method, string url, byte[]? body = null, params (string Name, string Value)[] headers) => SendAsync(_ann, method, url, body, headers);

    private Task<HttpResponseMessage> HeadAsync(string url) => SendAsync(HttpMethod.Head, url);

    private Task<HttpResponseMessage> PatchAsync(string url, long offset, byte[] body, params (string Name, string Value)[] headers) =>
        SendAsync(HttpMethod.Patch, url, body, [("Upload-Offset", $"{offset}"), .. headers]);

    private async Task<string> CreateAsync(long length, string? metadata = null)
    {
        var answer = await SendAsync(HttpMethod.Post, "/files", null, metadata is null ? [("Upload-Length", $"{length}")] : [("Upload-Length", $"{length}"), ("Upload-Metadata", metadata)]);
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer.Headers.Location!.ToString();
    }

    private Task<HttpResponseMessage> WholeAsync(byte[] bytes, HttpClient? client = null) => SendAsync(client ?? _ann, HttpMethod.Post, "/files", bytes, ("Upload-Length", $"{bytes.Length}"));

    /// <summary>A request that announces the whole file and brings a part of it.</summary>
    private async Task<TcpClient> StartPatchAsync(string url, byte[] bytes, int sent)
    {
        var socket = new TcpClient();
        await socket.ConnectAsync(_server.Address.Host, _server.Address.Port, Token);
        var head = $"PATCH {url} HTTP/1.1\r\nHost: {_server.Address.Authority}\r\nTest-User: {_name}:{Roles.Editor}\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
            + $"Content-Type: application/offset+octet-stream\r\nContent-Length: {bytes.Length}\r\n\r\n";
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(head), Token);
        await socket.GetStream().WriteAsync(bytes.AsMemory(0, sent), Token);
        return socket;
    }

    private async Task ArrivedAsync(string url, long expected) =>
        await Wait.UntilAsync(() => PartFile.Length(Part(url)) >= expected, $"{expected} bytes in the part file");

    private string Part(string url) => Path.Combine(_server.Folders.Uploads, url.Split('/')[^1] + ".part");

    public sealed class Server : IAsyncLifetime
    {
        internal LibraryServer Started { get; private set; } = null!;

        public async ValueTask InitializeAsync() =>
            Started = await LibraryServer.StartAsync(l => l with { MaxUploadBytes = 8 << 20, UserQuotaBytes = 12 << 20, MaxOpenUploads = 5 });

        public ValueTask DisposeAsync() => Started.DisposeAsync();
    }
}
