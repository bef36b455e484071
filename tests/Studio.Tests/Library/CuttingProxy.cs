using System.Net;
using System.Net.Sockets;

namespace Studio.Tests.Library;

/// <summary>A link that breaks: passes bytes on to a server, and cuts each connection of its first ones after so many bytes to it.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly Queue<long> _cutAfter;
    private readonly CancellationTokenSource _end = new();
    private readonly Task _accepting;

    /// <param name="target">Where bytes go; may be changed while it runs.</param>
    /// <param name="cutAfter">Bytes towards the server after which a connection is cut; once for each, those that carry less use none up.</param>
    public CuttingProxy(Uri target, params long[] cutAfter)
    {
        Target = target;
        _cutAfter = new(cutAfter);
        _listener.Start();
        Address = new($"http://127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}");
        _accepting = AcceptAsync();
    }

    public Uri Target { get; set; }

    public Uri Address { get; }

    public int Cuts { get; private set; }

    /// <summary>Told how many bytes went to the server before the line is cut; what has not been read by then is lost.</summary>
    public Func<long, Task> BeforeCut { get; set; } = _ => Task.CompletedTask;

    /// <summary>Runs after a cut and before the next connection is taken.</summary>
    public Func<Task> AfterCut { get; set; } = () => Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        _listener.Stop();
        await _accepting.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_end.IsCancellationRequested)
        {
            var client = await _listener.AcceptTcpClientAsync(_end.Token);
            if (await PassAsync(client)) await AfterCut();
        }
    }

    /// <summary>One connection after the other, which is how the client of these tests works.</summary>
    private async Task<bool> PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(Target.Host, Target.Port, _end.Token);
            var back = server.GetStream().CopyToAsync(client.GetStream(), _end.Token);
            var forth = ForwardAsync(client.GetStream(), server.GetStream());
            _ = await Task.WhenAny(back, forth);
            var cut = forth.IsCompletedSuccessfully && await forth;
            if (cut)
            {
                _ = _cutAfter.Dequeue();
                Cuts++;
            }

            return cut;
        }
    }

    private async Task<bool> ForwardAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        long passed = 0;
        int read;
        while ((read = await from.ReadAsync(buffer, _end.Token)) > 0)
        {
            await to.WriteAsync(buffer.AsMemory(0, read), _end.Token);
            passed += read;
            if (!_cutAfter.TryPeek(out var limit) || passed < limit) continue;
            await BeforeCut(passed);
            return true;
        }

        to.Socket.Shutdown(SocketShutdown.Send);
        return false;
    }
}
