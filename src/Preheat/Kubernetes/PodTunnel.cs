using System.Net;
using System.Text;

namespace Preheat.Kubernetes;

/// <summary>One connection to a port of a pod, through the API server: the data stream of a SPDY/3.1 connection.</summary>
/// <remarks>
/// <c>POST …/pods/NAME/portforward</c> upgraded to SPDY/3.1 with the stream protocol <c>portforward.k8s.io</c>. Every API server from 1.30 to 1.36 takes it; the same
/// bytes tunnelled through a WebSocket (KEP-4006) are behind a gate that is off in 1.30 and may be off later. It needs the right to <c>create</c>
/// <c>pods/portforward</c> in all of them. Two streams make a connection: errors, then data, with the headers <c>streamtype</c>, <c>port</c> and an equal
/// <c>requestid</c> (apimachinery, util/httpstream and kubelet's portforward). Neither side uses windows.
/// </remarks>
internal sealed class PodTunnel : Stream
{
    /// <summary>What the streams are for: <c>X-Stream-Protocol-Version</c>.</summary>
    public const string Protocol = "portforward.k8s.io";

    private const string Upgrade = "SPDY/3.1";
    private const string ProtocolHeader = "X-Stream-Protocol-Version";
    private const int LargestData = 32 * 1024;
    private const int LargestError = 4 * 1024;
    private const int Errors = 1;
    private const int Data = 3;

    private readonly Stream _connection;
    private readonly string _pod;
    private readonly SpdyFrames _frames;
    private readonly HashSet<int> _replied = [];
    private int _left;
    private bool _isLast;
    private bool _isEnded;

    private PodTunnel(Stream connection, string pod) => (_connection, _pod, _frames) = (connection, pod, new(connection));

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    /// <summary>Path of a pod's port-forward, relative to the API server.</summary>
    public static string PathOf(string inNamespace, string pod) => $"api/v1/namespaces/{Uri.EscapeDataString(inNamespace)}/pods/{Uri.EscapeDataString(pod)}/portforward";

    /// <summary>The request for the upgrade. API servers upgrade HTTP/1.1 only.</summary>
    public static HttpRequestMessage Request(string path)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.Connection.Add("Upgrade");
        request.Headers.Upgrade.ParseAdd(Upgrade);
        request.Headers.Add(ProtocolHeader, Protocol);
        return request;
    }

    /// <summary>Connects to a port over an answer that has switched protocols; the stream owns the answer's connection.</summary>
    /// <exception cref="PreheatException">The other side does not speak the protocol, or does not take the connection.</exception>
    public static async Task<PodTunnel> OpenAsync(HttpResponseMessage response, string pod, int port, CancellationToken cancellation)
    {
        var protocols = response.Headers.TryGetValues(ProtocolHeader, out var values) ? string.Join(", ", values) : Protocol;
        if (response.Headers.Upgrade.ToString() is var upgrade && !upgrade.Equals(Upgrade, StringComparison.OrdinalIgnoreCase) || protocols != Protocol)
            throw new PreheatException($"Pod/{pod} cannot be reached by port-forward: the API server, or a proxy before it, switched to {upgrade} with {protocols} in place of {Upgrade} with {Protocol}.");
        var tunnel = new PodTunnel(await response.Content.ReadAsStreamAsync(cancellation), pod);
        try
        {
            await tunnel.ConnectAsync(port, cancellation);
            return tunnel;
        }
        catch (Exception exception) when (exception is IOException)
        {
            await tunnel.DisposeAsync();
            throw new PreheatException($"Pod/{pod} cannot be reached by port-forward: {exception.Message}", exception);
        }
        catch
        {
            await tunnel.DisposeAsync();
            throw;
        }
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_left == 0)
        {
            if (_isEnded || _isLast || !await FrameAsync(cancellationToken))
                return 0;
        }
        // Who reads nothing waits for data to come (HttpClient does so on an idle connection), and leaves it there.
        if (buffer.IsEmpty)
            return 0;
        var count = await _connection.ReadAsync(buffer[..Math.Min(buffer.Length, _left)], cancellationToken);
        if (count == 0)
            throw Cut();
        _left -= count;
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var count = Math.Min(buffer.Length, LargestData);
            await _frames.DataAsync(Data, buffer[..count], isLast: false, cancellationToken);
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
        {
            _connection.Dispose();
            _frames.Dispose();
        }
        base.Dispose(disposing);
    }

    // What comes before a stream is answered is thrown away there (spdystream), so the answers are waited for.
    private async Task ConnectAsync(int port, CancellationToken cancellation)
    {
        await _frames.OpenAsync(Errors, [("port", $"{port}"), ("requestid", "0"), ("streamtype", "error")], cancellation);
        await _frames.OpenAsync(Data, [("port", $"{port}"), ("requestid", "0"), ("streamtype", "data")], cancellation);
        while (_replied.Count < 2)
        {
            if (_left > 0 || !await FrameAsync(cancellation))
                throw Cut();
        }
        await _frames.DataAsync(Errors, ReadOnlyMemory<byte>.Empty, isLast: true, cancellation);
    }

    /// <summary>Takes the next frame; of data for us only its head. False at the end of the connection.</summary>
    private async Task<bool> FrameAsync(CancellationToken cancellation)
    {
        if (await _frames.ReadAsync(cancellation) is not { } frame)
        {
            _isEnded = true;
            return false;
        }
        switch (frame.Type)
        {
            case SpdyFrameType.Data when frame.StreamId == Data:
                (_left, _isLast) = (frame.Length, frame.IsLast);
                break;
            case SpdyFrameType.Data when frame.Length > 0:
                var text = await _frames.BodyAsync(frame.Length, LargestError, cancellation);
                throw new IOException($"Pod/{_pod} does not take the connection: {Encoding.UTF8.GetString(text).Trim()}");
            case SpdyFrameType.Data:
                break;
            case SpdyFrameType.Reply:
                _replied.Add(await _frames.NumberAsync(frame, cancellation));
                break;
            case SpdyFrameType.Reset:
                throw new IOException($"The port-forward to Pod/{_pod} was refused: stream {await _frames.NumberAsync(frame, cancellation)} was reset.");
            case SpdyFrameType.Ping:
                await _frames.PongAsync(await _frames.BodyAsync(frame.Length, LargestError, cancellation), cancellation);
                break;
            default:
                // Settings, windows and headers say nothing that matters here; after a GOAWAY the open streams go on.
                await _frames.BodyAsync(frame.Length, LargestError, cancellation);
                break;
        }
        return true;
    }

    private IOException Cut() => new($"The port-forward to Pod/{_pod} was cut.");
}
