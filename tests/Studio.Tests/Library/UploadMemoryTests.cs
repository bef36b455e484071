using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.DependencyInjection;
using Studio.Library;
using Xunit;

namespace Studio.Tests.Library;

/// <summary>Memory of the server while a large body comes in.</summary>
[Collection(Alone.Name)]
public sealed class UploadMemoryTests
{
    private const int Megabyte = 1 << 20;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>256 MB in one request. Counted is what the whole process allocates, client included: pooled buffers are not
    /// allocated again, so a body that were held or copied would show in full.</summary>
    [Fact]
    public async Task Upload_256MB_AllocatesNextToNothing()
    {
        await using var server = await LibraryServer.StartAsync(configure: services => services.AddSingleton<MediaInspector>(new StubInspector()));
        using var client = server.Client();
        _ = await SendAsync(client, 8 * Megabyte); // pools and code are warm
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var most = 0L;
        var answer = await SendAsync(client, 256L * Megabyte, () => most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: false)));
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        Assert.Equal($"{256L * Megabyte}", answer.Headers.GetValues("Upload-Offset").Single());
        Assert.InRange(allocated, 0, 64 * Megabyte);
        TestContext.Current.TestOutputHelper?.WriteLine($"allocated {allocated / 1e6:0.0} MB, most on the heap {most / 1e6:0.0} MB");
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, long length, Action? sample = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/files") { Content = new PatternContent(length, sample) };
        request.Headers.Add("Tus-Resumable", "1.0.0");
        request.Headers.Add("Upload-Length", $"{length}");
        return await client.SendAsync(request, Token);
    }

    /// <summary>A body that is made as it is sent.</summary>
    private sealed class PatternContent : HttpContent
    {
        private readonly byte[] _block = new byte[64 * 1024];
        private readonly long _length;
        private readonly Action? _sample;

        public PatternContent(long length, Action? sample)
        {
            (_length, _sample) = (length, sample);
            new Random((int)length).NextBytes(_block);
            Headers.ContentType = new MediaTypeHeaderValue("application/offset+octet-stream");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (long sent = 0; sent < _length; sent += _block.Length)
            {
                await stream.WriteAsync(_block);
                _sample?.Invoke();
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = _length;
            return true;
        }
    }
}
