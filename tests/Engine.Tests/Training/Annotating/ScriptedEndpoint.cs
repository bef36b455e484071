using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;

namespace Studio.Engine.Tests.Training.Annotating;

/// <summary>A request as it arrived.</summary>
internal sealed record EndpointRequest(string Line, IReadOnlyDictionary<string, string> Headers, JsonElement Body)
{
    /// <summary>The text of the last message.</summary>
    public string Prompt => Parts.Last(p => p.GetProperty("type").GetString() == "text").GetProperty("text").GetString()!;

    public IEnumerable<string> Pictures => Parts.Where(p => p.GetProperty("type").GetString() == "image_url").Select(p => p.GetProperty("image_url").GetProperty("url").GetString()!);

    private IEnumerable<JsonElement> Parts
    {
        get
        {
            JsonElement content = Body.GetProperty("messages")[0].GetProperty("content");
            return content.ValueKind == JsonValueKind.Array ? content.EnumerateArray()
                : [JsonSerializer.SerializeToElement(new { type = "text", text = content.GetString() })];
        }
    }
}

/// <summary>What to answer: a status and a body, perhaps cut or never ending.</summary>
internal sealed record EndpointReply(int Status, string Body, string? Header = null, bool Cut = false, bool Hang = false)
{
    /// <summary>A chat completion.</summary>
    public static EndpointReply Say(string text, string finish = "stop") =>
        new(200, JsonSerializer.Serialize(new { choices = new[] { new { finish_reason = finish, message = new { role = "assistant", content = text } } } }));
}

/// <summary>An OpenAI-compatible server on the loopback address, one request a connection, with faults on demand.</summary>
internal sealed class ScriptedEndpoint : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly Func<EndpointRequest, EndpointReply> _answer;
    private readonly List<EndpointRequest> _requests = [];
    private readonly Task _loop;

    public ScriptedEndpoint(Func<EndpointRequest, EndpointReply> answer)
    {
        _answer = answer;
        _listener.Start();
        _loop = AcceptAsync();
    }

    public Uri Address => new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}/v1/");

    public IReadOnlyList<EndpointRequest> Requests
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
        await _loop; // before the listener stops: a loop that comes to its next accept after that would find nothing listening
        _listener.Stop();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        var open = new List<Task>();
        try
        {
            while (true)
            {
                open.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_stop.Token)));
            }
        }
        catch (OperationCanceledException)
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
                EndpointRequest request = await ReadAsync(stream);
                EndpointReply reply;
                lock (_requests)
                {
                    _requests.Add(request);
                    reply = _answer(request);
                }

                byte[] body = Encoding.UTF8.GetBytes(reply.Body);
                string header = reply.Header is null ? "" : reply.Header + "\r\n";
                await stream.WriteAsync(Encoding.ASCII.GetBytes($"HTTP/1.1 {reply.Status} Answer\r\nContent-Length: {body.Length}\r\n{header}Connection: close\r\n\r\n"), _stop.Token);
                await stream.WriteAsync(reply.Cut || reply.Hang ? body.AsMemory(0, body.Length / 2) : body, _stop.Token);
                if (reply.Hang)
                {
                    await Task.Delay(Timeout.Infinite, _stop.Token);
                }

                client.Client.Shutdown(SocketShutdown.Send);
            }
            catch (Exception e) when (e is IOException or OperationCanceledException or SocketException)
            {
                // The client went away or the server is stopping: both belong to the tests.
            }
        }
    }

    private async Task<EndpointRequest> ReadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        var one = new byte[1];
        while (head.Length < 4 || head.ToString(head.Length - 4, 4) != "\r\n\r\n")
        {
            await stream.ReadExactlyAsync(one, _stop.Token);
            head.Append((char)one[0]);
        }

        string[] lines = head.ToString().Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        var headers = lines.Skip(1).Select(l => l.Split(": ", 2)).ToDictionary(p => p[0].ToLowerInvariant(), p => p[1]);
        byte[] body = new byte[int.Parse(headers["content-length"], CultureInfo.InvariantCulture)];
        await stream.ReadExactlyAsync(body, _stop.Token);
        return new EndpointRequest(lines[0], headers, JsonDocument.Parse(body).RootElement);
    }
}

/// <summary>A clock whose waits of up to a minute are over at once, and remembered; longer ones, which are time limits, never end.</summary>
internal sealed class HastyTime : TimeProvider
{
    private readonly List<TimeSpan> _waits = [];

    public IReadOnlyList<TimeSpan> Waits
    {
        get
        {
            lock (_waits)
            {
                return [.. _waits];
            }
        }
    }

    public override DateTimeOffset GetUtcNow() => new(2030, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        if (dueTime > TimeSpan.FromMinutes(1))
        {
            return base.CreateTimer(callback, state, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }

        if (dueTime >= TimeSpan.Zero)
        {
            lock (_waits)
            {
                _waits.Add(dueTime);
            }
        }

        return base.CreateTimer(callback, state, dueTime < TimeSpan.Zero ? dueTime : TimeSpan.Zero, period);
    }
}
