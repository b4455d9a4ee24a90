using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Access;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.PortForwarding;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>Takes each request: who asks, what for, and which part answers. Errors leave as <c>Status</c>.</summary>
internal sealed class ApiServer(
    string token, Action touch, KindCatalog kinds, SelfDescription description, ResourceEndpoint resources, WatchEndpoint watches, LogEndpoint logs,
    PortForwardEndpoint forwards, ServiceProxy proxy, MetricsAdapter adapter, MetricsServer usage, Evictions evictions, Reviews reviews)
{
    private readonly byte[] _token = Encoding.UTF8.GetBytes(token);

    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await RouteAsync(context);
        }
        catch (ApiException e) when (!context.Response.HasStarted)
        {
            await WriteStatusAsync(context, e);
        }
        catch (JsonException e) when (!context.Response.HasStarted)
        {
            await WriteStatusAsync(context, ApiException.BadRequest($"the body is no JSON object: {e.Message}"));
        }
        catch (BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await WriteStatusAsync(context, e.StatusCode == 413 ? ApiException.TooLarge(Bodies.Limit) : ApiException.BadRequest(e.Message));
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client went away; there is nobody to answer.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            await Console.Error.WriteLineAsync($"kubernetes: {context.Request.Method} {context.Request.Path}: {e}");
            await WriteStatusAsync(context, new ApiException(500, "InternalError", $"Internal error occurred: {e.Message}"));
        }
    }

    private Task RouteAsync(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "/";

        // Open to anybody, as with the role system:public-info-viewer.
        if (path is "/healthz" or "/livez" or "/readyz")
        {
            return context.Response.WriteAsync("ok", context.RequestAborted);
        }

        if (path == "/version")
        {
            return Bodies.WriteAsync(context, 200, SelfDescription.Version());
        }

        if (!IsAuthorized(context.Request))
        {
            throw ApiException.Unauthorized();
        }

        touch();
        if ((adapter.Answer(context.Request) ?? usage.Answer(context.Request)) is { } metrics)
        {
            return Bodies.WriteAsync(context, 200, metrics);
        }

        if (context.Request.Method == "GET" && description.Answer(context.Request) is { } answer)
        {
            return Bodies.WriteAsync(context, answer);
        }

        var target = ApiPath.Parse(path, kinds) ?? throw ApiException.NoResource();
        return (target.Kind.Kind, target.Subresource) switch
        {
            ("Pod" or "Service", "proxy") => proxy.HandleAsync(context, target),
            ("Pod", "portforward") => forwards.HandleAsync(context, target),
            ("Pod", "exec" or "attach") => throw new ApiException(501, "NotImplemented", $"pods/{target.Subresource} is not implemented: the pods of this cluster run no shell"),
            ("Pod", "eviction") => evictions.HandleAsync(context, target),
            (_, "") when !target.Kind.Verbs.Contains("get") => reviews.HandleAsync(context, target),
            ("Pod", "log") => logs.HandleAsync(context, target),
            _ when IsWatch(context.Request) => watches.HandleAsync(context, target),
            _ => resources.HandleAsync(context, target),
        };
    }

    private static bool IsWatch(HttpRequest request) => request.Method == "GET" && request.Query["watch"].ToString() is "true" or "1";

    private bool IsAuthorized(HttpRequest request)
    {
        var header = request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.Ordinal)
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(header["Bearer ".Length..].Trim()), _token);
    }

    private static Task WriteStatusAsync(HttpContext context, ApiException error)
    {
        if (error.Code == 401)
        {
            context.Response.Headers.WWWAuthenticate = "Bearer realm=\"kubernetes\"";
        }

        return Bodies.WriteAsync(context, error.Code, error.ToStatus());
    }
}
