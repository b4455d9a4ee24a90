using System.Buffers;
using System.Globalization;
using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Primitives;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// <c>…/services/[SCHEME:]NAME[:PORT]/proxy/…</c> and <c>…/pods/NAME[:PORT]/proxy/…</c>: passes requests on to a ready pod, in turn, without
/// buffering in either direction (https://kubernetes.io/docs/tasks/access-application-cluster/access-cluster-services/).
/// </summary>
internal sealed class ServiceProxy : IDisposable
{
    private static readonly HashSet<string> HopByHop = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "Proxy-Connection",
        "Host", "Authorization", "Content-Length",
    };

    private readonly ObjectStore _store;
    private readonly ServiceRoutes _routes;
    private readonly PodNetwork _network;
    private readonly Action _touch;

    private readonly HttpMessageInvoker _client = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionIdleTimeout = TimeSpan.FromMinutes(1),
    });

    public ServiceProxy(ObjectStore store, ServiceRoutes routes, PodNetwork network, Action touch) =>
        (_store, _routes, _network, _touch) = (store, routes, network, touch);

    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        var parts = path.Name.Split(':');
        var (name, port) = parts switch
        {
            [var only] => (only, ""),
            ["http" or "https" or "", var service, var number] => (service, number),
            [var service, var number] => (service, number),
            _ => throw ApiException.BadRequest($"invalid service request \"{path.Name}\""),
        };
        if (parts is ["https", ..])
        {
            throw ApiException.Unavailable($"error trying to reach service: pods of this cluster speak http, not https (\"{path.Name}\")");
        }

        var key = path.Key with { Name = name };
        var address = path.Kind == ResourceKinds.Service ? Service(key, port) : Pod(key, port);
        await ForwardAsync(context, new Uri(address, Tail(context)));
        _touch();
    }

    public void Dispose() => _client.Dispose();

    private Uri Service(ObjectKey key, string port)
    {
        if (_routes.Next(key.Namespace, key.Name, port, _network) is { } address)
        {
            return address;
        }

        _ = _store.Get(key) ?? throw ApiException.NotFound(key);
        throw ApiException.Unavailable($"no endpoints available for service \"{key.Name}\"");
    }

    private Uri Pod(ObjectKey key, string port)
    {
        var pod = _store.Get(key) ?? throw ApiException.NotFound(key);
        var declared = pod.Json.Objects("spec", "containers").SelectMany(container => container.Objects("ports")).ToList();
        var number = int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var given) ? given
            : declared.Where(item => port.Length == 0 || item.Text("name") == port).Select(item => item.Number("containerPort")).FirstOrDefault() ?? 80;
        return _network.Address(pod.Uid, (int)number)
            ?? throw ApiException.Unavailable($"error trying to reach service: dial tcp {pod.Json.Text("status", "podIP")}:{number}: connect: connection refused");
    }

    /// <summary>What follows <c>/api/v1/namespaces/NS/services/NAME/proxy</c>, still encoded, with the query.</summary>
    private static string Tail(HttpContext context)
    {
        var raw = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var at = 0;
        for (var segment = 0; segment < 7 && at >= 0; segment++)
        {
            at = raw.IndexOfAny(['/', '?'], at + 1);
        }

        // A leading "//host" or "scheme:" must stay a path of the pod.
        return at < 0 ? "./" : $"./{raw[at..].TrimStart('/')}";
    }

    private async Task ForwardAsync(HttpContext context, Uri address)
    {
        using var request = new HttpRequestMessage(new HttpMethod(context.Request.Method), address);
        if (context.Request.ContentLength is > 0 || (context.Request.ContentLength is null && CanHaveBody(context)))
        {
            request.Content = new StreamContent(context.Request.Body);
            request.Content.Headers.ContentLength = context.Request.ContentLength;
        }

        foreach (var (name, values) in context.Request.Headers)
        {
            if (!HopByHop.Contains(name) && name[0] != ':' && !request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values))
            {
                request.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)values);
            }
        }

        HttpResponseMessage response;
        try
        {
            response = await _client.SendAsync(request, context.RequestAborted);
        }
        catch (HttpRequestException e)
        {
            throw ApiException.Unavailable($"error trying to reach service: {e.Message}");
        }

        using (response)
        {
            context.Response.StatusCode = (int)response.StatusCode;
            foreach (var (name, values) in response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated))
            {
                if (!HopByHop.Contains(name) || name.Equals("Content-Length", StringComparison.OrdinalIgnoreCase))
                {
                    context.Response.Headers[name] = values.Count == 1 ? new StringValues(values.ToString()) : new StringValues([.. values]);
                }
            }

            await CopyAsync(context, response);
        }
    }

    private static bool CanHaveBody(HttpContext context) => context.Features.Get<IHttpRequestBodyDetectionFeature>()?.CanHaveBody ?? false;

    private static async Task CopyAsync(HttpContext context, HttpResponseMessage response)
    {
        // A body of unknown length may be a stream of events: each piece goes on as it comes.
        var flush = response.Content.Headers.ContentLength is null;
        if (flush)
        {
            await context.Response.StartAsync(context.RequestAborted);
        }

        var buffer = ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            await using var source = await response.Content.ReadAsStreamAsync(context.RequestAborted);
            int read;
            while ((read = await source.ReadAsync(buffer, context.RequestAborted)) > 0)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, read), context.RequestAborted);
                if (flush)
                {
                    await context.Response.Body.FlushAsync(context.RequestAborted);
                }
            }
        }
        catch (Exception e) when (e is HttpRequestException or IOException && !context.RequestAborted.IsCancellationRequested)
        {
            // The pod broke off in the middle: the client must see a broken answer, not a short one.
            context.Abort();
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
