using System.Collections.Concurrent;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;
using Preheat.LocalCloud.Kubernetes.PortForwarding;

namespace Preheat.ClusterTests.Nodes;

/// <summary>What an API server asks of a node's kubelet: the logs of containers. And the server inside the pods, at an address that an API server proxies to.</summary>
internal sealed class KubeletEndpoint : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, string> _logs = new(StringComparer.Ordinal);
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;

    private KubeletEndpoint()
    {
        _certificate = SelfSigned();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options =>
        {
            options.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(_certificate));
            options.Listen(IPAddress.Parse(Address), 0);
        });
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Address of the nodes' pods. An Endpoints object takes no loopback address, so it is one of this machine's others.</summary>
    public static string Address { get; } = NetworkInterface.GetAllNetworkInterfaces()
        .SelectMany(network => network.GetIPProperties().UnicastAddresses)
        .Select(unicast => unicast.Address)
        .Where(address => address.AddressFamily is AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
        .Select(address => address.ToString())
        .Order(StringComparer.Ordinal)
        .FirstOrDefault() ?? throw new InvalidOperationException("This machine has no IPv4 address but loopback, and pods need one: ip address add 198.18.0.1/32 dev lo");

    public int Port => new Uri(_app.Urls.Single(url => url.StartsWith("https", StringComparison.Ordinal))).Port;

    /// <summary>Port of the server inside the pods.</summary>
    public int ServingPort => new Uri(_app.Urls.Single(url => url.StartsWith("http:", StringComparison.Ordinal))).Port;

    public static async Task<KubeletEndpoint> StartAsync()
    {
        var endpoint = new KubeletEndpoint();
        await endpoint._app.StartAsync();
        return endpoint;
    }

    /// <summary>Sets what a pod's container prints, in each of its runs.</summary>
    public void Log(string inNamespace, string pod, string text) => _logs[$"{inNamespace}/{pod}"] = text;

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!.Split('/', StringSplitOptions.RemoveEmptyEntries);
        switch (path)
        {
            case ["containerLogs", var inNamespace, var pod, _]:
                return context.Response.WriteAsync(_logs.GetValueOrDefault($"{inNamespace}/{pod}", ""));
            case ["portForward", ..]:
                return ForwardAsync(context);
            case ["v1", "completions"]:
                context.Response.ContentType = "text/event-stream";
                return context.Response.WriteAsync("data: {\"choices\":[{\"text\":\"Hi\",\"finish_reason\":\"length\"}]}\n\ndata: [DONE]\n\n");
            default:
                return context.Response.WriteAsync($"{context.Request.Path} answers");
        }
    }

    // The embedded cluster's own SPDY, over a real API server's upgrade.
    private async Task ForwardAsync(HttpContext context)
    {
        var upgrade = context.Features.GetRequiredFeature<IHttpUpgradeFeature>();
        context.Response.Headers.Upgrade = "SPDY/3.1";
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers["X-Stream-Protocol-Version"] = "portforward.k8s.io";
        await using var connection = await upgrade.UpgradeAsync();
        using var session = new SpdySession(connection, async (port, token) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(Address, port, token);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException exception)
            {
                socket.Dispose();
                throw new IOException($"failed to connect to localhost:{port} inside namespace: connection refused", exception);
            }
        });
        try
        {
            await session.RunAsync(context.RequestAborted);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client went away.
        }
    }

    private static X509Certificate2 SelfSigned()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=kubelet", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddHours(-1), DateTimeOffset.UtcNow.AddDays(2));
    }
}
