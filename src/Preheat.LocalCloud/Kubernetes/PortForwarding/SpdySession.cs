using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;

namespace Preheat.LocalCloud.Kubernetes.PortForwarding;

/// <summary>
/// The server's side of one SPDY/3.1 connection that forwards ports (subprotocol <c>portforward.k8s.io</c>): for each connection the client
/// opens an error stream and a data stream with the headers <c>streamtype</c>, <c>port</c> and the same <c>requestid</c>. Flow control is
/// that of the connection below: clients of Kubernetes use no windows.
/// </summary>
/// <param name="connect">Connects to a port of the pod; throws <see cref="IOException"/> with the reason to tell.</param>
internal sealed class SpdySession(Stream connection, Func<int, CancellationToken, Task<Stream>> connect) : IDisposable
{
    private const int MaxFrame = 1024 * 1024;
    private const int MaxStreams = 1_000;
    private const byte Fin = 1;

    private readonly SpdyHeaders _headers = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Dictionary<string, int> _errorStreams = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<int, SpdyStream> _streams = [];

    /// <summary>Serves until the client goes away; <see cref="InvalidDataException"/> when it breaks the protocol.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var forwards = new List<Task>();
        var head = new byte[8];
        try
        {
            while (await connection.ReadAtLeastAsync(head, head.Length, throwOnEndOfStream: false, cancellation) == head.Length)
            {
                var length = (head[5] << 16) | (head[6] << 8) | head[7];
                if (length > MaxFrame)
                {
                    throw new InvalidDataException("A frame is too long.");
                }

                var body = new byte[length];
                await connection.ReadExactlyAsync(body, cancellation);
                if ((head[0] & 0x80) == 0)
                {
                    Data(BinaryPrimitives.ReadInt32BigEndian(head), body, (head[4] & Fin) != 0);
                }
                else if (await ControlAsync((head[2] << 8) | head[3], head[4], body, ending.Token) is { } forward)
                {
                    forwards.RemoveAll(task => task.IsCompleted);
                    forwards.Add(forward);
                }
            }
        }
        finally
        {
            await ending.CancelAsync();
            foreach (var stream in _streams.Values)
            {
                stream.End();
            }

            await Task.WhenAll(forwards);
        }
    }

    public void Dispose()
    {
        _headers.Dispose();
        _writing.Dispose();
    }

    private void Data(int id, byte[] body, bool last)
    {
        if (_streams.TryGetValue(id, out var stream))
        {
            if (body.Length > 0)
            {
                stream.Add(body);
            }

            if (last)
            {
                stream.End();
            }
        }
    }

    private async Task<Task?> ControlAsync(int type, byte flags, byte[] body, CancellationToken cancellation)
    {
        switch (type)
        {
            case 1 when body.Length >= 10:
                return await OpenAsync(BinaryPrimitives.ReadInt32BigEndian(body), (flags & Fin) != 0, _headers.Read(body.AsSpan(10)), cancellation);
            case 3 when body.Length >= 4:
                if (_streams.TryRemove(BinaryPrimitives.ReadInt32BigEndian(body), out var reset))
                {
                    reset.End();
                }

                return null;
            case 6:
                await WriteAsync([0x80, 3, 0, 6, 0], body, cancellation);
                return null;
            default:
                return null;
        }
    }

    private async Task<Task?> OpenAsync(int id, bool half, Dictionary<string, string> headers, CancellationToken cancellation)
    {
        if (_streams.Count >= MaxStreams)
        {
            throw new InvalidDataException("Too many streams.");
        }

        var stream = new SpdyStream();
        _streams[id] = stream;
        if (half)
        {
            stream.End();
        }

        var number = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, id);
        byte[] reply = [.. number, .. _headers.Write()];
        await WriteAsync([0x80, 3, 0, 2, 0], reply, cancellation);
        var request = headers.GetValueOrDefault("requestid", "");
        if (headers.GetValueOrDefault("streamtype") == "error")
        {
            _errorStreams[request] = id;
            return null;
        }

        if (!_errorStreams.Remove(request, out var errors) || !int.TryParse(headers.GetValueOrDefault("port"), out var port))
        {
            throw new InvalidDataException("A data stream came without its error stream or port.");
        }

        return ForwardAsync(id, errors, port, stream, cancellation);
    }

    private async Task ForwardAsync(int id, int errors, int port, SpdyStream stream, CancellationToken cancellation)
    {
        try
        {
            await using var target = await connect(port, cancellation);
            var sending = stream.CopyToAsync(target, cancellation);
            var buffer = new byte[16 * 1024];
            int read;
            while ((read = await target.ReadAsync(buffer, cancellation)) > 0)
            {
                await SendAsync(id, buffer.AsMemory(0, read), 0, cancellation);
            }

            stream.End();
            await sending;
        }
        catch (IOException e)
        {
            await TryAsync(() => SendAsync(errors, Encoding.UTF8.GetBytes(e.Message), 0, cancellation));
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException)
        {
            // The session ends, or the pod did: the ends below say so.
        }
        finally
        {
            await TryAsync(() => SendAsync(id, ReadOnlyMemory<byte>.Empty, Fin, cancellation));
            await TryAsync(() => SendAsync(errors, ReadOnlyMemory<byte>.Empty, Fin, cancellation));
            _streams.TryRemove(id, out _);
            _streams.TryRemove(errors, out _);
        }
    }

    private static async Task TryAsync(Func<Task> send)
    {
        try
        {
            await send();
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody is there to hear it.
        }
    }

    private Task SendAsync(int id, ReadOnlyMemory<byte> bytes, byte flags, CancellationToken cancellation)
    {
        var head = new byte[5];
        BinaryPrimitives.WriteInt32BigEndian(head, id);
        head[4] = flags;
        return WriteAsync(head, bytes, cancellation);
    }

    /// <summary>One frame: its first five bytes, the length, the body.</summary>
    private async Task WriteAsync(byte[] head, ReadOnlyMemory<byte> body, CancellationToken cancellation)
    {
        byte[] frame = [.. head, (byte)(body.Length >> 16), (byte)(body.Length >> 8), (byte)body.Length, .. body.Span];
        await _writing.WaitAsync(cancellation);
        try
        {
            await connection.WriteAsync(frame, cancellation);
            await connection.FlushAsync(cancellation);
        }
        finally
        {
            _writing.Release();
        }
    }
}
