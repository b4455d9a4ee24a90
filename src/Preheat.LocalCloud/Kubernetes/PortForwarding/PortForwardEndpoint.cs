using System.Globalization;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.PortForwarding;

/// <summary>
/// <c>…/pods/NAME/portforward</c>: SPDY/3.1 by HTTP upgrade, or tunnelled through a WebSocket (subprotocol
/// <c>SPDY/3.1+portforward.k8s.io</c>, kubectl's first choice since 1.31; KEP-4006).
/// </summary>
internal sealed class PortForwardEndpoint(ObjectStore store, PodNetwork network, Action touch, CancellationToken stopping)
{
    private const string Protocol = "portforward.k8s.io";
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private const string Tunnelled = "SPDY/3.1+portforward.k8s.io";

    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        var pod = store.Get(path.Key) ?? throw ApiException.NotFound(path.Key);
        if (pod.Json.Text("status", "phase") is not "Running" and var phase)
        {
            throw ApiException.BadRequest($"unable to forward port because pod is not running. Current status={phase}");
        }

        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        var upgrade = context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true } feature ? feature : throw ApiException.BadRequest("Upgrade request required");
        var wanted = context.Request.Headers.Upgrade.ToString();
        if (wanted.Equals("websocket", StringComparison.OrdinalIgnoreCase))
        {
            await using var tunnel = await TunnelAsync(context, upgrade);
            await RunAsync(tunnel, pod, ending.Token);
            return;
        }

        if (!wanted.Equals("SPDY/3.1", StringComparison.OrdinalIgnoreCase))
        {
            throw ApiException.BadRequest($"unable to upgrade: server accepts SPDY/3.1 and websocket, not \"{wanted}\"");
        }

        if (!context.Request.Headers["X-Stream-Protocol-Version"].ToString().Contains(Protocol, StringComparison.Ordinal))
        {
            throw new ApiException(403, "Forbidden", $"unable to negotiate protocol: server accepts {Protocol}");
        }

        context.Response.Headers.Upgrade = "SPDY/3.1";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers["X-Stream-Protocol-Version"] = Protocol;
        await using var connection = await upgrade.UpgradeAsync();
        await RunAsync(connection, pod, ending.Token);
    }

    /// <summary>The handshake of RFC 6455, section 4.2.2, by hand: the framework's own refuses the slash in the subprotocol's name.</summary>
    private static async Task<WebSocketBytes> TunnelAsync(HttpContext context, IHttpUpgradeFeature upgrade)
    {
        var (request, response) = (context.Request.Headers, context.Response.Headers);
        if (!request.SecWebSocketProtocol.ToString().Split(',', StringSplitOptions.TrimEntries).Contains(Tunnelled))
        {
            throw ApiException.BadRequest($"unable to negotiate protocol: client supports [{request.SecWebSocketProtocol}], server accepts [{Tunnelled}]");
        }

        if (request.SecWebSocketVersion != "13" || string.IsNullOrEmpty(request.SecWebSocketKey))
        {
            throw ApiException.BadRequest("websocket: version 13 and a key are required");
        }

        response.Upgrade = "websocket";
        response.Connection = "Upgrade";
        response.SecWebSocketProtocol = Tunnelled;
        response.SecWebSocketAccept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(request.SecWebSocketKey + KeySuffix)));
        return new WebSocketBytes(WebSocket.CreateFromStream(await upgrade.UpgradeAsync(), new WebSocketCreationOptions { IsServer = true }));
    }

    private async Task RunAsync(Stream connection, StoredObject pod, CancellationToken cancellation)
    {
        using var session = new SpdySession(connection, (port, token) => ConnectAsync(pod, port, token));
        try
        {
            await session.RunAsync(cancellation);
        }
        catch (Exception e) when (e is IOException or InvalidDataException or OperationCanceledException)
        {
            // The client went away, broke the protocol, or the cluster stops: the connection ends either way.
        }
    }

    private async Task<Stream> ConnectAsync(StoredObject pod, int port, CancellationToken cancellation)
    {
        touch();
        var refused = string.Create(CultureInfo.InvariantCulture, $"failed to connect to localhost:{port} inside pod \"{pod.Name}\": connection refused");
        var address = network.Address(pod.Uid, port) ?? throw new IOException(refused);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(address.Host, address.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException(refused, e);
        }
    }
}
