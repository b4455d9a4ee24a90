using System.Threading.Channels;

namespace Preheat.LocalCloud.Kubernetes.PortForwarding;

/// <summary>What the client sent on one stream and has not been passed on yet.</summary>
internal sealed class SpdyStream
{
    private readonly Channel<byte[]> _received = Channel.CreateUnbounded<byte[]>(new UnboundedChannelOptions { SingleReader = true });

    public void Add(byte[] bytes) => _received.Writer.TryWrite(bytes);

    /// <summary>The client sends no more.</summary>
    public void End() => _received.Writer.TryComplete();

    /// <summary>Passes everything on until the client ends the stream.</summary>
    public async Task CopyToAsync(Stream target, CancellationToken cancellation)
    {
        try
        {
            await foreach (var bytes in _received.Reader.ReadAllAsync(cancellation))
            {
                await target.WriteAsync(bytes, cancellation);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // The other side is gone; its end is seen by who reads from it.
        }
    }
}
