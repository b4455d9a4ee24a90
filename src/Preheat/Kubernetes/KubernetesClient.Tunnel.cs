using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

public sealed partial class KubernetesClient
{
    /// <summary>A connection to one ready pod behind a service, as <c>kubectl port-forward service/NAME</c> makes it.</summary>
    /// <param name="podName">This one; null takes the first by name.</param>
    /// <exception cref="PreheatException">There is no such service or no ready pod behind it, or the pod cannot be reached.</exception>
    internal async Task<Stream> TunnelAsync(ServingEndpoint endpoint, string? podName, CancellationToken cancellation)
    {
        var service = await FindAsync(KubernetesKind.Service, endpoint.Namespace, endpoint.Service, cancellation)
            ?? throw new PreheatException($"Service/{endpoint.Service} is not there any more. Run ./build.sh Deploy again.");
        var labels = string.Join(',', (service.Json.At("spec", "selector") as JsonObject ?? []).Select(entry => $"{entry.Key}={entry.Value}"));
        var pods = await ListAsync(KubernetesKind.Pod, new(endpoint.Namespace, Labels: labels), cancellation);
        var pod = pods.Items.Where(item => !item.IsDeleting && PodReport.Of(item).IsReady && (podName is null || item.Name == podName)).OrderBy(item => item.Name, StringComparer.Ordinal).FirstOrDefault()
            ?? throw new PreheatException($"No pod behind Service/{endpoint.Service} is ready. Look with ./build.sh Status.");
        return await TunnelAsync(pod, PortOf(service, pod, endpoint.Port), cancellation);
    }

    /// <summary>A connection to a port of a pod.</summary>
    /// <exception cref="PreheatException">The API server or the pod does not take the connection.</exception>
    private async Task<Stream> TunnelAsync(KubernetesObject pod, int port, CancellationToken cancellation)
    {
        var path = PodTunnel.PathOf(pod.Namespace ?? "", pod.Name);
        var response = await SendAsync(() => PodTunnel.Request(path), HttpCompletionOption.ResponseHeadersRead, cancellation);
        if (response.StatusCode is HttpStatusCode.SwitchingProtocols)
            return await PodTunnel.OpenAsync(response, pod.Name, port, cancellation);
        using (response)
            throw KubernetesErrors.From(response.StatusCode, await response.Content.ReadAsStringAsync(cancellation), _context, $"forward a port of {pod.Title}");
    }

    // The service's port leads to a port of the container, by number or by name; without a target both are the same.
    private static int PortOf(KubernetesObject service, KubernetesObject pod, string port)
    {
        var found = service.Json.Items("spec", "ports").FirstOrDefault(item => item.Text("name") == port || item.Whole("port")?.ToString(CultureInfo.InvariantCulture) == port);
        var number = found.Whole("targetPort")
            ?? pod.Json.Items("spec", "containers").SelectMany(container => container.Items("ports")).Where(item => found.Text("targetPort") is { } name && item.Text("name") == name).Select(item => item.Whole("containerPort")).FirstOrDefault()
            ?? found.Whole("port");
        return (int)(number ?? throw new PreheatException($"{service.Title} has no port {port}."));
    }
}
