using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;

namespace Preheat.Kubernetes;

/// <summary>Makes the HTTP client of one kubeconfig context: HTTP/2 where the server has it, its trust, its credentials on each request.</summary>
internal static class ClusterTransport
{
    private static readonly TimeSpan ConnectTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan PingDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan PingTimeout = TimeSpan.FromSeconds(20);

    /// <param name="timeout">Time until the head of an answer (and its body, where that is buffered).</param>
    public static HttpClient Create(KubeContext context, TimeProvider time, TimeSpan timeout)
    {
        var credentials = new KubeCredentials(context.User, time);
        return new HttpClient(new ApplyRefusals.Handler(new Authentication(credentials, context.TlsServerName, context.User.Impersonation, new CertificateHandler(context, credentials)))) { BaseAddress = context.Server, Timeout = timeout };
    }

    /// <summary>No redirects (credentials would go along), no cookies, as many connections as are needed, dead ones noticed.</summary>
    public static SocketsHttpHandler Handler() => new()
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        ConnectTimeout = ConnectTimeout,
        EnableMultipleHttp2Connections = true,
        MaxConnectionsPerServer = int.MaxValue,
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
        KeepAlivePingDelay = PingDelay,
        KeepAlivePingTimeout = PingTimeout,
        KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
    };

    private static SocketsHttpHandler HandlerOf(KubeContext context, X509Certificate2? certificate)
    {
        var handler = Handler();
        handler.SslOptions = TlsOf(context, certificate);
        handler.Proxy = context.Proxy is { } proxy ? ProxyOf(proxy) : null;
        // An environment's proxy cannot reach this machine's own loopback.
        handler.UseProxy = handler.Proxy is not null || !context.Server.IsLoopback;
        return handler;
    }

    // A WebProxy takes no user from its address, as client-go's does.
    private static WebProxy ProxyOf(Uri address)
    {
        var proxy = new WebProxy(new UriBuilder(address) { UserName = "", Password = "" }.Uri);
        if (address.UserInfo.Split(':', 2) is [{ Length: > 0 } user, .. var password])
            proxy.Credentials = new NetworkCredential(Uri.UnescapeDataString(user), Uri.UnescapeDataString(string.Concat(password)));
        return proxy;
    }

    private static SslClientAuthenticationOptions TlsOf(KubeContext context, X509Certificate2? certificate)
    {
        var options = new SslClientAuthenticationOptions { LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate! };
        if (context.SkipTlsVerify)
        {
            // The kubeconfig itself says insecure-skip-tls-verify.
#pragma warning disable CA5359, MA0039
            options.RemoteCertificateValidationCallback = (_, _, _, _) => true;
#pragma warning restore CA5359, MA0039
        }
        else if (context.Authority is { } authority)
        {
            // Only the cluster's own authority counts; host name and dates are checked as ever.
            options.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            options.CertificateChainPolicy.CustomTrustStore.AddRange(authority);
        }
        return options;
    }

    private sealed class Authentication(KubeCredentials credentials, string? tlsServerName, IReadOnlyList<KeyValuePair<string, string>> impersonation, HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            // API servers upgrade HTTP/1.1 only.
            if (request.Headers.Upgrade.Count == 0)
            {
                request.Version = HttpVersion.Version20;
                request.VersionPolicy = HttpVersionPolicy.RequestVersionOrLower;
            }
            // The handler takes the name for SNI and for the certificate's check from here.
            request.Headers.Host = tlsServerName;
            foreach (var (name, value) in impersonation)
                request.Headers.TryAddWithoutValidation(name, value);
            await AddTokenAsync(request, refresh: false, cancellationToken);
            var response = await base.SendAsync(request, cancellationToken);
            // A token may have been revoked or replaced early: ask once more, if the request can be sent again.
            if (response.StatusCode is not HttpStatusCode.Unauthorized || !credentials.CanRefresh || request.Content is not (null or ByteArrayContent))
                return response;
            response.Dispose();
            await AddTokenAsync(request, refresh: true, cancellationToken);
            return await base.SendAsync(request, cancellationToken);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                credentials.Dispose();
            base.Dispose(disposing);
        }

        private async Task AddTokenAsync(HttpRequestMessage request, bool refresh, CancellationToken cancellation)
        {
            if (await credentials.TokenAsync(refresh, cancellation) is { } token)
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token.Reveal());
        }
    }

    /// <summary>Connections of the client certificate that is good now.</summary>
    /// <remarks>
    /// A connection keeps the certificate of its handshake, and an HTTP/2 one lives as long as it is used: a plugin's next certificate needs new connections, or the server
    /// goes on to see one that has expired (client-go closes them). Watches that run end as they would; connections that nobody uses are closed after a minute.
    /// </remarks>
    private sealed class CertificateHandler(KubeContext context, KubeCredentials credentials) : HttpMessageHandler
    {
        private readonly Lock _gate = new();
        private readonly List<HttpMessageInvoker> _made = [];
        private string? _thumbprint;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Present().SendAsync(request, cancellationToken);

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                foreach (var invoker in _made)
                    invoker.Dispose();
            }
            base.Dispose(disposing);
        }

        // The credentials of the request were fetched before it came here.
        private HttpMessageInvoker Present()
        {
            var certificate = credentials.Certificate;
            lock (_gate)
            {
                if (_made.Count == 0 || certificate?.Thumbprint != _thumbprint)
                {
                    _thumbprint = certificate?.Thumbprint;
                    _made.Add(new(HandlerOf(context, certificate)));
                }
                return _made[^1];
            }
        }
    }
}
