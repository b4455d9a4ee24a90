using System.Buffers.Binary;
using System.Net.WebSockets;
using System.Text;

namespace Preheat.Kubernetes;

/// <summary>One connection to a port of a pod, through the API server: a byte stream over a WebSocket.</summary>
/// <remarks>
/// Subprotocol <c>v4.channel.k8s.io</c> of <c>pods/NAME/portforward?ports=N</c>: each message begins with the number of its channel, 0 for data and 1 for errors,
/// and the first message of each channel is the port, two bytes in little-endian order (kubelet, cri/streaming/portforward/websocket.go). The API server asks for
/// the right <c>get</c> on <c>pods/portforward</c>, from 1.35 on for <c>create</c>.
/// </remarks>
internal sealed class PodTunnel : Stream
{
    /// <summary>Subprotocol of the WebSocket.</summary>
    public const string Protocol = "v4.channel.k8s.io";

    private const int LargestMessage = 32 * 1024;

    private readonly ClientWebSocket _socket;
    private readonly string _pod;
    private readonly byte[] _buffer = new byte[LargestMessage];
    private readonly bool[] _isOpened = new bool[2];
    private int _from;
    private int _until;
    private bool _isEnded;

    private PodTunnel(ClientWebSocket socket, string pod) => (_socket, _pod) = (socket, pod);

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <exception cref="PreheatException">The API server or the pod does not take the connection.</exception>
    public static async Task<PodTunnel> OpenAsync(HttpMessageInvoker invoker, Uri server, string inNamespace, string pod, int port, CancellationToken cancellation)
    {
        var path = $"api/v1/namespaces/{Uri.EscapeDataString(inNamespace)}/pods/{Uri.EscapeDataString(pod)}/portforward?ports={port}";
        var address = new UriBuilder(new Uri(server, path)) { Scheme = server.Scheme == "http" ? "ws" : "wss" }.Uri;
        var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(Protocol);
        try
        {
            await socket.ConnectAsync(address, invoker, cancellation);
        }
        catch (WebSocketException exception)
        {
            socket.Dispose();
            throw new PreheatException($"Pod/{pod} cannot be reached by port-forward: {exception.Message} This user needs get and create on pods/portforward in the namespace {inNamespace}.", exception);
        }
        return new PodTunnel(socket, pod);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_from == _until)
        {
            if (_isEnded || !await MessageAsync(cancellationToken))
                return 0;
        }
        var count = Math.Min(buffer.Length, _until - _from);
        _buffer.AsMemory(_from, count).CopyTo(buffer);
        _from += count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var message = new byte[Math.Min(buffer.Length, LargestMessage - 1) + 1];
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, LargestMessage - 1);
            buffer[..count].CopyTo(message.AsMemory(1));
            await _socket.SendAsync(message.AsMemory(0, count + 1), WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            buffer = buffer[count..];
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
            _socket.Dispose();
        base.Dispose(disposing);
    }

    // A message may come in parts: the first byte of the first one is the channel.
    private async Task<bool> MessageAsync(CancellationToken cancellation)
    {
        ValueWebSocketReceiveResult part;
        (_from, _until) = (0, 0);
        try
        {
            do
            {
                if (_until == _buffer.Length)
                    throw new IOException($"Pod/{_pod} sent a message longer than {LargestMessage} bytes over the port-forward.");
                part = await _socket.ReceiveAsync(_buffer.AsMemory(_until), cancellation);
                if (part.MessageType is WebSocketMessageType.Close)
                    return End();
                _until += part.Count;
            }
            while (!part.EndOfMessage);
        }
        catch (WebSocketException exception)
        {
            throw new IOException($"The port-forward to Pod/{_pod} was cut: {exception.Message}", exception);
        }
        if (_until == 0)
            return true;
        var channel = _buffer[0];
        _from = 1;
        if (channel > 1)
            throw new IOException($"The port-forward to Pod/{_pod} uses the channel {channel}; only one port was asked for.");
        if (!_isOpened[channel])
        {
            if (_until - _from < sizeof(ushort))
                throw new IOException($"The port-forward to Pod/{_pod} does not begin with a port.");
            _ = BinaryPrimitives.ReadUInt16LittleEndian(_buffer.AsSpan(_from));
            _from += sizeof(ushort);
            _isOpened[channel] = true;
        }
        if (channel == 1 && _until > _from)
            throw new IOException($"Pod/{_pod} refuses the connection: {Encoding.UTF8.GetString(_buffer, _from, _until - _from)}");
        return true;
    }

    private bool End()
    {
        _isEnded = true;
        return false;
    }
}
