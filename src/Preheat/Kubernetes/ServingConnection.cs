namespace Preheat.Kubernetes;

/// <summary>An HTTP client that reaches a served model, and the address its paths are relative to.</summary>
public sealed class ServingConnection : IDisposable
{
    private readonly KubernetesClient? _cluster;

    private ServingConnection(HttpClient client, Uri baseAddress, KubernetesClient? cluster = null)
    {
        Client = client;
        BaseAddress = baseAddress;
        _cluster = cluster;
    }

    /// <summary>No redirects, no time-out of its own, as many connections as are asked for, credentials included. HTTP/2 where the server has it.</summary>
    public HttpClient Client { get; }

    /// <summary>Ends in <c>/</c>: <c>new Uri(BaseAddress, "v1/completions")</c> reaches the server.</summary>
    public Uri BaseAddress { get; }

    /// <summary>Connects to an endpoint. No request is sent yet.</summary>
    /// <param name="pod">The pod that a port-forward leads to; null for any that is ready.</param>
    /// <exception cref="UserException">There is no such kubeconfig or context, or the endpoint has no address.</exception>
    public static ServingConnection Open(ServingEndpoint endpoint, CloudEndpoints endpoints, TimeProvider time, string? pod = null)
    {
        if (endpoint.Kind is EndpointKind.LoadBalancer)
        {
            if (!Uri.TryCreate(endpoint.Address?.TrimEnd('/') + "/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new UserException($"The endpoint {endpoint.Namespace}/{endpoint.Service} has no address. Run ./build.sh Deploy again.");
            return new(new HttpClient(ClusterTransport.Handler()) { Timeout = Timeout.InfiniteTimeSpan }, address);
        }
        if (endpoint.Kind is EndpointKind.PortForward)
        {
            var cluster = KubernetesClient.Connect(endpoints, time);
            var handler = ClusterTransport.Handler();
            handler.UseProxy = false;
            handler.ConnectCallback = async (_, token) => await cluster.TunnelAsync(endpoint, pod, token);
            // The name is never looked up: every connection is a tunnel to a pod.
            return new(new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan }, new UriBuilder("http", endpoint.Service).Uri, cluster);
        }
        var context = Kubeconfig.Resolve(endpoints);
        return new(ClusterTransport.Create(context, time, Timeout.InfiniteTimeSpan), new Uri(context.Server, endpoint.ProxyPath));
    }

    public void Dispose()
    {
        Client.Dispose();
        _cluster?.Dispose();
    }
}
