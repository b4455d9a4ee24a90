using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary><c>/pods/NAME/log?container=&amp;follow=&amp;tailLines=&amp;timestamps=&amp;previous=</c>.</summary>
internal sealed class LogEndpoint(ObjectStore store, PodNetwork network, Action touch, CancellationToken stopping)
{
    public async Task HandleAsync(HttpContext context, ApiPath path)
    {
        var pod = store.Get(path.Key) ?? throw ApiException.NotFound(path.Key);
        var query = context.Request.Query;
        var names = pod.Json.Objects("spec", "initContainers").Concat(pod.Json.Objects("spec", "containers")).Select(item => item.Text("name") ?? "").ToList();
        var running = pod.Json.Objects("spec", "containers").Select(item => item.Text("name") ?? "").ToList();
        var container = query["container"].ToString();
        if (container.Length == 0)
        {
            container = running.Count == 1 ? running[0]
                : throw ApiException.BadRequest($"a container name must be specified for pod {pod.Name}, choose one of: [{string.Join(' ', running)}]");
        }
        else if (!names.Contains(container))
        {
            throw ApiException.BadRequest($"container {container} is not valid for pod {pod.Name}");
        }

        var previous = query["previous"] == "true";
        if (network.Log(pod.Uid, container, previous) is not { } log)
        {
            throw previous ? ApiException.BadRequest($"previous terminated container \"{container}\" in pod \"{pod.Name}\" not found")
                : ApiException.BadRequest($"container \"{container}\" in pod \"{pod.Name}\" is waiting to start: {Waiting(pod, container)}");
        }

        var tail = int.TryParse(query["tailLines"], NumberStyles.None, CultureInfo.InvariantCulture, out var lines) ? lines : int.MaxValue;
        var stamps = query["timestamps"] == "true";
        context.Response.ContentType = "text/plain";
        await context.Response.StartAsync(context.RequestAborted);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, stopping);
        await foreach (var line in log.ReadAsync(tail, query["follow"] == "true", end.Token))
        {
            var text = stamps ? $"{KubeJson.Micros(line.Time)} {line.Text}\n" : $"{line.Text}\n";
            await context.Response.Body.WriteAsync(Encoding.UTF8.GetBytes(text), end.Token);
            await context.Response.Body.FlushAsync(end.Token);
            touch();
        }
    }

    private static string Waiting(StoredObject pod, string container) =>
        pod.Json.Objects("status", "containerStatuses").FirstOrDefault(status => status.Text("name") == container).Text("state", "waiting", "reason") ?? "ContainerCreating";
}
