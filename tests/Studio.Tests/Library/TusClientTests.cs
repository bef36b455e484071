using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using Microsoft.EntityFrameworkCore;
using Studio.Accounts;
using Studio.Library.Uploads;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>tus-js-client, the protocol's reference client, run by Node against a real server through a link that breaks.</summary>
public sealed class TusClientTests : IAsyncLifetime
{
    /// <summary>More than the requests of one connection carry beside their bodies.</summary>
    private const int HeaderBytes = 4096;

    private readonly string _folder = Directory.CreateTempSubdirectory("studio-tus-").FullName;
    private LibraryServer _server = null!;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _server = await LibraryServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Upload_Whole_BecomesAVideo()
    {
        var (file, bytes) = Write("whole.mp4", 21);
        using var result = await RunAsync(new { file, endpoint = Endpoint(_server.Address) });
        await AssertStoredAsync(result, bytes, "whole.mp4");
    }

    [Fact]
    public async Task Upload_LinkCutTwice_ResumesWhereItBroke()
    {
        var (file, bytes) = Write("cut.mp4", 22, paddingBytes: 3 << 20);
        await using var proxy = new CuttingProxy(_server.Address, 600_000, 1_200_000);
        var arrived = 0L;
        proxy.BeforeCut = async sent => arrived = await ArrivedAsync(arrived + sent);
        using var result = await RunAsync(new { file, endpoint = Endpoint(proxy.Address) });
        Assert.Equal(2, proxy.Cuts);
        await AssertStoredAsync(result, bytes, "cut.mp4");

        // The bytes before the cuts were not sent again.
        long[] offsets = [.. Requests(result, "HEAD", HttpStatusCode.OK).Select(r => r.GetProperty("offset").GetInt64())];
        Assert.Equal(2, offsets.Length);
        Assert.InRange(Requests(result, "PATCH", HttpStatusCode.NoContent).Single().GetProperty("offset").GetInt64(), arrived, arrived + HeaderBytes);
    }

    [Fact]
    public async Task Upload_ServerRestartsInBetween_ResumesWhereItBroke()
    {
        var (file, bytes) = Write("restart.mp4", 23, paddingBytes: 3 << 20);
        await using var proxy = new CuttingProxy(_server.Address, 900_000);
        var arrived = 0L;
        proxy.BeforeCut = async sent => arrived = await ArrivedAsync(sent);
        proxy.AfterCut = async () =>
        {
            await _server.RestartAsync();
            proxy.Target = _server.Address;
        };
        using var result = await RunAsync(new { file, endpoint = Endpoint(proxy.Address) });
        Assert.Equal(1, proxy.Cuts);
        await AssertStoredAsync(result, bytes, "restart.mp4");
        Assert.InRange(Requests(result, "PATCH", HttpStatusCode.NoContent).Single().GetProperty("offset").GetInt64(), arrived, arrived + HeaderBytes);
    }

    [Fact]
    public async Task Upload_ClientStopsAndStartsAgain_ResumesFromItsOwnNotes()
    {
        var (file, bytes) = Write("again.mp4", 24, paddingBytes: 3 << 20);
        using (var first = await RunAsync(new { file, endpoint = Endpoint(_server.Address), chunkSize = 512 * 1024, stopAt = 1_600_000 }))
        {
            Assert.StartsWith("http", first.RootElement.GetProperty("stopped").GetString(), StringComparison.Ordinal);
        }

        using var second = await RunAsync(new { file, endpoint = Endpoint(_server.Address), chunkSize = 512 * 1024 });
        Assert.Empty(Requests(second, "POST", HttpStatusCode.Created));
        Assert.True(Requests(second, "PATCH", HttpStatusCode.NoContent).First().GetProperty("offset").GetInt64() >= 1_048_576);
        await AssertStoredAsync(second, bytes, "again.mp4");
    }

    [Theory]
    [InlineData("sha1")]
    [InlineData("sha256")]
    public async Task Upload_DamagedChunk_IsRefusedOnceAndSentAgain(string checksum)
    {
        var (file, bytes) = Write("sum.mp4", 25, paddingBytes: 1 << 20);
        using var result = await RunAsync(new { file, endpoint = Endpoint(_server.Address), chunkSize = 400_000, checksum, damageFirst = true });
        Assert.Equal(0, Assert.Single(Requests(result, "PATCH", (HttpStatusCode)460)).GetProperty("offset").GetInt64());
        await AssertStoredAsync(result, bytes, "sum.mp4");
    }

    [Fact]
    public async Task Upload_NotAVideo_IsAnErrorTheClientSees()
    {
        var file = Path.Combine(_folder, "notes.mp4");
        await File.WriteAllTextAsync(file, string.Concat(Enumerable.Repeat("not a video\n", 100)), Token);
        using var result = await RunAsync(new { file, endpoint = Endpoint(_server.Address) });
        Assert.Equal(422, result.RootElement.GetProperty("status").GetInt32());
        Assert.Contains("'notes.mp4' is not a video or image", result.RootElement.GetProperty("body").GetString(), StringComparison.Ordinal);
    }

    /// <summary>Waits until the server has stored what was sent to it, headers aside.</summary>
    private async Task<long> ArrivedAsync(long sent)
    {
        long length = 0;
        await Wait.UntilAsync(() => (length = Directory.EnumerateFiles(_server.Folders.Uploads, "*.part").Sum(PartFile.Length)) > sent - HeaderBytes, $"{sent} bytes arrive");
        return length;
    }

    private static string Endpoint(Uri address) => new Uri(address, "/files").ToString();

    private static IEnumerable<JsonElement> Requests(JsonDocument result, string method, HttpStatusCode status) =>
        result.RootElement.GetProperty("requests").EnumerateArray().Where(r => r.GetProperty("method").GetString() == method && r.GetProperty("status").GetInt32() == (int)status);

    private (string File, byte[] Bytes) Write(string name, int seed, int paddingBytes = 64)
    {
        var bytes = LibraryServer.Variant(seed, paddingBytes);
        var file = Path.Combine(_folder, name);
        File.WriteAllBytes(file, bytes);
        return (file, bytes);
    }

    private async Task AssertStoredAsync(JsonDocument result, byte[] bytes, string name)
    {
        Assert.True(result.RootElement.TryGetProperty("video", out var id), result.RootElement.ToString());
        var video = await _server.WithDbAsync(db => db.Videos.SingleAsync(v => v.Id == id.GetString(), Token));
        Assert.Equal((name, Convert.ToHexStringLower(SHA256.HashData(bytes))), (video.OriginalName, video.ContentHash));
        Assert.Equal(bytes.Length, new FileInfo(Path.Combine(_server.Folders.Videos, video.Id + video.Extension)).Length);
    }

    private async Task<JsonDocument> RunAsync(object options)
    {
        var settings = JsonSerializer.SerializeToNode(options)!.AsObject();
        settings["user"] = $"ann:{Roles.Editor}";
        settings["storage"] = Path.Combine(_folder, "resume.json");
        var start = new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "npm", "tus.js"), settings.ToJsonString()])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var node = Process.Start(start)!;
        var (output, error) = (node.StandardOutput.ReadToEndAsync(Token), node.StandardError.ReadToEndAsync(Token));
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(Token);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        try
        {
            await node.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException)
        {
            node.Kill();
            Assert.Fail($"the client did not end: {await error}");
        }

        Assert.True((await output).StartsWith('{'), $"{await output}{await error}");
        return JsonDocument.Parse(await output);
    }
}
