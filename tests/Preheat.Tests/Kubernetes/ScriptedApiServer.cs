using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Preheat.Tests.Kubernetes;

/// <summary>An HTTPS server that answers as a test says: for the faults that a working API server does not show.</summary>
internal sealed class ScriptedApiServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder = Directory.CreateTempSubdirectory("preheat-api-").FullName;
    private readonly TestAuthority _authority;

    private ScriptedApiServer(WebApplication app, TestAuthority authority) => (_app, _authority) = (app, authority);

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Method, path and query of each request, in order.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    public ConcurrentQueue<string> Protocols { get; } = new();

    public ConcurrentQueue<string> Tokens { get; } = new();

    /// <summary>Answers everything but discovery.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context =>
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    };

    /// <summary>Answers <c>/api</c> and <c>/apis</c>; null is a server without aggregated discovery.</summary>
    public Func<HttpContext, Task>? Discovery { get; set; }

    public static async Task<ScriptedApiServer> StartAsync(TestAuthority authority, string host = "127.0.0.1", bool askForClientCertificate = false)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(options => options.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(new HttpsConnectionAdapterOptions
            {
                ServerCertificate = authority.Issue(host),
                ClientCertificateMode = askForClientCertificate ? ClientCertificateMode.RequireCertificate : ClientCertificateMode.NoCertificate,
                ClientCertificateValidation = (_, _, _) => true,
            });
        }));
        var server = new ScriptedApiServer(builder.Build(), authority);
        server._app.UseWebSockets();
        server._app.Run(server.HandleAsync);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>A kubeconfig for this server.</summary>
    /// <param name="user">YAML of the user, indented by six blanks.</param>
    public CloudEndpoints Endpoints(string user = "token: secret", TestAuthority? trusted = null, string cluster = "")
    {
        var path = Path.Combine(_folder, $"config-{Guid.NewGuid():N}");
        File.WriteAllText(path, $"""
            apiVersion: v1
            kind: Config
            current-context: test
            contexts:
              - name: test
                context:
                  cluster: here
                  user: me
            clusters:
              - name: here
                cluster:
                  server: {Address}
                  certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes((trusted ?? _authority).Pem))}
                  {cluster}
            users:
              - name: me
                user:
                  {user}
            """);
        return new CloudEndpoints { Hub = new Uri("http://127.0.0.1:1/"), Kubeconfig = path };
    }

    public static async Task JsonAsync(HttpContext context, string json, int status = 200)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(json);
    }

    /// <summary>One line of a watch, sent at once.</summary>
    public static async Task LineAsync(HttpContext context, string json)
    {
        await context.Response.WriteAsync(json + "\n");
        await context.Response.Body.FlushAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Task HandleAsync(HttpContext context)
    {
        Requests.Enqueue($"{context.Request.Method} {context.Request.Path}{context.Request.QueryString}");
        Protocols.Enqueue(context.Request.Protocol);
        Tokens.Enqueue(context.Request.Headers.Authorization.ToString());
        return context.Request.Path.Value switch
        {
            // A server that has aggregated discovery turned off.
            "/api" => Discovery is { } core ? core(context) : JsonAsync(context, """{"kind":"APIVersions","versions":["v1"]}"""),
            "/apis" => Discovery is { } groups ? groups(context) : JsonAsync(context, """{"kind":"APIGroupList","groups":[{"name":"apps"}]}"""),
            "/api/v1" => JsonAsync(context, """{"kind":"APIResourceList","groupVersion":"v1","resources":[{"name":"pods","kind":"Pod","namespaced":true},{"name":"pods/log","kind":"Pod","namespaced":true},{"name":"events","kind":"Event","namespaced":true},{"name":"services","kind":"Service","namespaced":true},{"name":"namespaces","kind":"Namespace","namespaced":false}]}"""),
            "/apis/apps/v1" => JsonAsync(context, """{"kind":"APIResourceList","groupVersion":"apps/v1","resources":[{"name":"deployments","kind":"Deployment","namespaced":true},{"name":"replicasets","kind":"ReplicaSet","namespaced":true}]}"""),
            _ => Answer(context),
        };
    }
}

/// <summary>A certificate authority of a test's own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private readonly X509Certificate2 _certificate;

    public TestAuthority()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=test authority " + Guid.NewGuid().ToString("N"), key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: false, 0, critical: true));
        _certificate = request.CreateSelfSigned(TimeProvider.System.GetUtcNow().AddDays(-1), TimeProvider.System.GetUtcNow().AddDays(1));
    }

    public string Pem => _certificate.ExportCertificatePem();

    /// <summary>A certificate for a host name or address, with its key.</summary>
    public X509Certificate2 Issue(string host)
    {
        var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + host, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        if (IPAddress.TryParse(host, out var address))
            names.AddIpAddress(address);
        else
            names.AddDnsName(host);
        request.CertificateExtensions.Add(names.Build());
        using var issued = request.Create(_certificate, new DateTimeOffset(_certificate.NotBefore), new DateTimeOffset(_certificate.NotAfter), RandomNumberGenerator.GetBytes(8));
        return issued.CopyWithPrivateKey(key);
    }

    public void Dispose() => _certificate.Dispose();
}
