using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Studio.Engine.Tests.Checkpoints.Hub;

/// <summary>A request as it arrived: path with query, and headers by lower-case name.</summary>
internal sealed record TinyRequest(string Path, IReadOnlyDictionary<string, string> Headers)
{
    /// <summary>First byte of a "bytes=N-" range; 0 without one.</summary>
    public long From => Headers.TryGetValue("range", out string? range) ? long.Parse(range["bytes=".Length..^1]) : 0;
}

/// <summary>What to answer.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">Bytes announced.</param>
/// <param name="Headers">Extra header lines.</param>
/// <param name="CutAfter">Sends only this many bytes of the body, then drops the connection.</param>
/// <param name="HangAfter">Sends only this many bytes, then stays silent until the server stops.</param>
internal sealed record TinyResponse(int Status, byte[] Body, string[]? Headers = null, int? CutAfter = null, int? HangAfter = null);

/// <summary>HTTP/1.1 on the loopback address, one request per connection, with the faults of a real network on demand.</summary>
internal sealed class TinyHttpServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<TinyRequest, TinyResponse> _answer;
    private readonly List<TinyRequest> _requests = [];
    private readonly Task _loop;

    public TinyHttpServer(Func<TinyRequest, TinyResponse> answer)
    {
        _answer = answer;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");

    public IReadOnlyList<TinyRequest> Requests
    {
        get
        {
            lock (_requests)
            {
                return [.. _requests];
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await _loop;
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                open.Add(ServeAsync(client));
            }
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException
            || (exception is InvalidOperationException && _stop.IsCancellationRequested)) // stopped between two clients: "not listening"
        {
            await Task.WhenAll(open);
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using (client)
        {
            try
            {
                NetworkStream stream = client.GetStream();
                TinyRequest request = await ReadAsync(stream);
                lock (_requests)
                {
                    _requests.Add(request);
                }

                await WriteAsync(client, stream, _answer(request));
            }
            catch (Exception exception) when (exception is IOException or OperationCanceledException)
            {
                // The client went away or the server is stopping: both belong to the tests.
            }
        }
    }

    private async Task<TinyRequest> ReadAsync(NetworkStream stream)
    {
        var text = new StringBuilder();
        var one = new byte[1];
        while (!text.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, _stop.Token);
            text.Append((char)one[0]);
        }

        string[] lines = text.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        return new TinyRequest(
            lines[0].Split(' ')[1],
            lines.Skip(1).Select(line => line.Split(": ", 2)).ToDictionary(pair => pair[0].ToLowerInvariant(), pair => pair[1]));
    }

    private async Task WriteAsync(TcpClient client, NetworkStream stream, TinyResponse response)
    {
        string extra = string.Concat((response.Headers ?? []).Select(header => header + "\r\n"));
        string length = extra.Contains("Content-Length", StringComparison.Ordinal) ? "" : $"Content-Length: {response.Body.Length}\r\n";
        await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {response.Status} Answer\r\n{length}{extra}Connection: close\r\n\r\n"), _stop.Token);
        int send = response.CutAfter ?? response.HangAfter ?? response.Body.Length;
        await stream.WriteAsync(response.Body.AsMemory(0, send), _stop.Token);
        if (response.HangAfter is not null)
        {
            await Task.Delay(Timeout.Infinite, _stop.Token);
        }

        client.Client.Shutdown(SocketShutdown.Send);
    }
}
