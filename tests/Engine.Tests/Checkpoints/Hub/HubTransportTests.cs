using Studio.Engine.Checkpoints.Hub;
using Xunit;

namespace Studio.Engine.Tests.Checkpoints.Hub;

/// <summary>Where the token may go, and which redirects are followed.</summary>
public sealed class HubTransportTests : IAsyncDisposable
{
    private const string Secret = "hf_secret";

    private readonly TempFolder _folder = new();
    private readonly FakeHub _hub = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _hub.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task PullAsync_RedirectToAnotherOrigin_FollowsWithoutTheToken()
    {
        await using var storage = new TinyHttpServer(request => FakeHub.Serve(_hub.Weights, request));
        _hub.Fault = request => request.Path.EndsWith("/model.safetensors", StringComparison.Ordinal)
            ? FakeHub.Text(302, "", $"Location: {storage.Address}bucket/weights?signature=1")
            : null;

        await PullAsync();

        TinyRequest stored = Assert.Single(storage.Requests);
        Assert.Equal("/bucket/weights?signature=1", stored.Path);
        Assert.False(stored.Headers.ContainsKey("authorization"));
        Assert.All(_hub.Server.Requests, request => Assert.Equal($"Bearer {Secret}", request.Headers["authorization"]));
        Assert.Equal(_hub.Weights, File.ReadAllBytes(_folder.File("model.safetensors")));
    }

    [Fact]
    public async Task PullAsync_RelativeRedirect_KeepsTheToken()
    {
        bool first = true;
        _hub.Fault = request =>
        {
            bool redirect = first;
            first = false;
            return redirect ? FakeHub.Text(307, "", $"Location: {request.Path}") : null;
        };

        await PullAsync();

        Assert.All(_hub.Server.Requests, request => Assert.Equal($"Bearer {Secret}", request.Headers["authorization"]));
    }

    [Fact]
    public async Task PullAsync_RedirectAfterAnInterruption_KeepsTheRange()
    {
        bool first = true;
        await using var storage = new TinyHttpServer(request =>
        {
            TinyResponse response = FakeHub.Serve(_hub.Weights, request) with { CutAfter = first ? 1000 : null };
            first = false;
            return response;
        });
        _hub.Fault = request => request.Path.EndsWith("/model.safetensors", StringComparison.Ordinal)
            ? FakeHub.Text(302, "", $"Location: {storage.Address}weights")
            : null;

        await PullAsync();

        Assert.Equal([0L, 1000], storage.Requests.Select(request => request.From));
    }

    [Theory]
    [InlineData("Location: ftp://127.0.0.1/x", "not encrypted")] // another protocol
    [InlineData("Location: file:///etc/passwd", "not encrypted")] // the local disk
    [InlineData("X-Location: none", "without saying where")]
    public async Task PullAsync_UnusableRedirect_IsRefused(string header, string reason)
    {
        _hub.Fault = _ => FakeHub.Text(302, "", header);

        Assert.Contains(reason, (await Assert.ThrowsAsync<HubException>(PullAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task PullAsync_RedirectLoop_Ends()
    {
        _hub.Fault = request => FakeHub.Text(302, "", $"Location: {request.Path}");

        Assert.Contains("more than 5 redirects", (await Assert.ThrowsAsync<HubException>(PullAsync)).Message, StringComparison.Ordinal);
        Assert.Equal(6, _hub.Server.Requests.Count);
    }

    [Fact]
    public async Task PullAsync_NobodyListens_NamesHostAndPort()
    {
        Uri gone;
        await using (var server = new TinyHttpServer(_ => FakeHub.Text(200, "")))
        {
            gone = server.Address;
        }

        using var client = new HubClient(new HubOptions { Endpoint = gone, Delay = (_, _) => Task.CompletedTask });
        var error = await Assert.ThrowsAsync<HubException>(() => client.PullAsync(FakeHub.Id, _folder.Path, cancellationToken: Token));

        Assert.Contains($"127.0.0.1:{gone.Port}", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Constructor_TokenWithoutEncryption_IsRefused()
    {
        var error = Assert.Throws<HubException>(() => new HubClient(new HubOptions { Endpoint = new Uri("http://mirror.example"), Token = Secret }));

        Assert.Contains("https", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Secret, error.ToString(), StringComparison.Ordinal);
        new HubClient(new HubOptions { Endpoint = new Uri("http://mirror.example") }).Dispose();
    }

    [Fact]
    public void Constructor_HandlerThatFollowsRedirects_IsRefused()
    {
        using var sockets = new SocketsHttpHandler();
        using var client = new HttpClientHandler();

        Assert.Throws<ArgumentException>(() => new HubClient(new HubOptions(), sockets));
        Assert.Throws<ArgumentException>(() => new HubClient(new HubOptions(), client));
    }

    [Theory]
    [InlineData(null, "https://huggingface.co/")]
    [InlineData("", "https://huggingface.co/")]
    [InlineData("https://mirror.example/hf", "https://mirror.example/hf")]
    public void FromEnvironment_Endpoint_IsReadOrDefault(string? value, string expected)
    {
        var options = HubOptions.FromEnvironment(name => name == "HF_ENDPOINT" ? value : $" {Secret}\n");

        Assert.Equal(expected, options.Endpoint.AbsoluteUri);
        Assert.Equal(Secret, options.Token);
        Assert.DoesNotContain(Secret, options.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mirror.example")] // no scheme
    [InlineData("file:///tmp")]
    public void FromEnvironment_UnusableEndpoint_IsRefused(string value) =>
        Assert.Contains(value, Assert.Throws<HubException>(() => HubOptions.FromEnvironment(name => name == "HF_ENDPOINT" ? value : null)).Message, StringComparison.Ordinal);

    [Fact]
    public async Task PullAsync_EndpointWithPath_IsExtended()
    {
        await using var mirror = new TinyHttpServer(_ => FakeHub.Text(404, ""));
        using var client = new HubClient(new HubOptions { Endpoint = new Uri(mirror.Address, "hf") });

        await Assert.ThrowsAsync<HubException>(() => client.PullAsync(FakeHub.Id, _folder.Path, cancellationToken: Token));

        Assert.Equal($"/hf/api/models/{FakeHub.Id}/revision/main?blobs=true", Assert.Single(mirror.Requests).Path);
    }

    private async Task PullAsync()
    {
        using var client = new HubClient(_hub.Options(Secret));
        await client.PullAsync(FakeHub.Id, _folder.Path, cancellationToken: Token);
    }
}
