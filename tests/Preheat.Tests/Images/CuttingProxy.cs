using System.Net;
using System.Net.Sockets;

namespace Preheat.Tests.Images;

/// <summary>Passes connections on to a server and cuts one of them after a number of bytes sent towards it.</summary>
internal sealed class CuttingProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly IPEndPoint _target;
    private readonly Task _accepting;
    private readonly long _cutAfter;
    private long _left;
    private int _cuts;

    /// <param name="target">HOST:PORT</param>
    /// <param name="cutAfter">Bytes from clients to the server, over all connections, before the cut.</param>
    public CuttingProxy(string target, long cutAfter)
    {
        _target = IPEndPoint.Parse(target);
        _cutAfter = cutAfter;
        _left = cutAfter;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public Uri Address => new($"http://{_listener.LocalEndpoint}/");

    /// <summary>Connections cut so far: 0 or 1.</summary>
    public int Cuts => _cuts;

    /// <summary>Bytes from clients so far.</summary>
    public long Passed => _cutAfter - Interlocked.Read(ref _left);

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _accepting;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                var client = await _listener.AcceptTcpClientAsync();
                _ = PassAsync(client);
            }
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // The listener was stopped.
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient();
        using (client)
        {
            await server.ConnectAsync(_target);
            var up = CopyAsync(client.GetStream(), server.GetStream(), counted: true);
            var down = CopyAsync(server.GetStream(), client.GetStream(), counted: false);
            await Task.WhenAny(up, down);
        }
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to, bool counted)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            int read;
            while ((read = await from.ReadAsync(buffer)) > 0)
            {
                if (counted && Interlocked.Add(ref _left, -read) < 0 && Interlocked.Exchange(ref _cuts, 1) == 0)
                    return;
                await to.WriteAsync(buffer.AsMemory(0, read));
            }
        }
        catch (Exception exception) when (exception is IOException or ObjectDisposedException)
        {
            // The other side is gone.
        }
    }
}
