using System.Net;
using System.Net.Sockets;

namespace Studio.BrowserTests.Harness;

/// <summary>
/// A link between a browser and the studio that a test can hold up and cut. Passes any number of connections on; what an
/// upload sends stops after so many bytes until it is let go or the link breaks.
/// </summary>
public sealed class WeakLink : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly Uri _target;
    private readonly Task _accepting;
    private readonly Lock _gate = new();
    private readonly List<TcpClient> _open = []; // as many as the browser opens
    private TaskCompletionSource _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _room = long.MaxValue;
    private int _held;

    public WeakLink(string target)
    {
        _target = new(target);
        _listener.Start();
        Url = $"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _accepting = AcceptAsync();
    }

    /// <summary>Without a closing slash.</summary>
    public string Url { get; }

    /// <summary>Connections whose bytes to the server wait now.</summary>
    public int Held => Volatile.Read(ref _held);

    /// <summary>After so many more bytes to the server, of all connections together, nothing more goes there. What is held up now goes on.</summary>
    public void HoldAfter(long bytes)
    {
        lock (_gate)
        {
            _room = bytes;
            _ = _go.TrySetResult();
            _go = new(TaskCreationOptions.RunContinuationsAsynchronously);
        }
    }

    /// <summary>Lets all bytes pass.</summary>
    public void Release()
    {
        lock (_gate)
        {
            _room = long.MaxValue;
            _ = _go.TrySetResult();
        }
    }

    /// <summary>Breaks every connection; what was held up is lost. New ones pass.</summary>
    public void Cut()
    {
        TcpClient[] all;
        lock (_gate)
        {
            all = [.. _open];
            _open.Clear();
        }

        foreach (var client in all)
        {
            try
            {
                if (client.Client is { } socket) socket.LingerState = new(true, 0); // a reset, as a broken link looks
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // It has ended by itself.
            }

            client.Dispose();
        }

        Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        Cut();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_end.Token);
            lock (_gate) _open.Add(client);
            _ = PassAsync(client);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(_target.Host, _target.Port, _end.Token);
            var back = server.GetStream().CopyToAsync(client.GetStream(), _end.Token);
            var forth = ForwardAsync(client.GetStream(), server.GetStream());
            await await Task.WhenAny(back, forth);
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            // Either side ended the connection, or the link was cut.
        }
        finally
        {
            lock (_gate) _ = _open.Remove(client);
            client.Dispose();
        }
    }

    private async Task ForwardAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[64 * 1024];
        int read;
        while ((read = await from.ReadAsync(buffer, _end.Token)) > 0)
        {
            // Only uploads send this much at once: pages and their sockets are not held up.
            Task go;
            lock (_gate)
            {
                var passes = read < 4096 || _room >= read;
                if (passes && read >= 4096 && _room != long.MaxValue) _room -= read;
                go = passes ? Task.CompletedTask : _go.Task;
            }

            if (!go.IsCompleted)
            {
                _ = Interlocked.Increment(ref _held);
                try
                {
                    await go.WaitAsync(_end.Token);
                }
                finally
                {
                    _ = Interlocked.Decrement(ref _held);
                }
            }

            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
        }
    }
}
