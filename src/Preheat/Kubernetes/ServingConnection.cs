namespace Preheat.Kubernetes;

/// <summary>An HTTP client that reaches a served model, and the address its paths are relative to.</summary>
public sealed class ServingConnection : IDisposable
{
    private ServingConnection(HttpClient client, Uri baseAddress)
    {
        Client = client;
        BaseAddress = baseAddress;
    }

    /// <summary>No redirects, no time-out of its own, as many connections as are asked for, credentials included. HTTP/2 where the server has it.</summary>
    public HttpClient Client { get; }

    /// <summary>Ends in <c>/</c>: <c>new Uri(BaseAddress, "v1/completions")</c> reaches the server.</summary>
    public Uri BaseAddress { get; }

    /// <summary>Connects to an endpoint. No request is sent yet.</summary>
    /// <exception cref="UserException">There is no such kubeconfig or context, or the endpoint has no address.</exception>
    public static ServingConnection Open(ServingEndpoint endpoint, CloudEndpoints endpoints, TimeProvider time)
    {
        if (endpoint.Kind is EndpointKind.LoadBalancer)
        {
            if (!Uri.TryCreate(endpoint.Address?.TrimEnd('/') + "/", UriKind.Absolute, out var address) || address.Scheme is not ("http" or "https"))
                throw new UserException($"The endpoint {endpoint.Namespace}/{endpoint.Service} has no address. Run ./build.sh Deploy again.");
            return new(new HttpClient(ClusterTransport.Handler()) { Timeout = Timeout.InfiniteTimeSpan }, address);
        }
        var context = Kubeconfig.Resolve(endpoints);
        return new(ClusterTransport.Create(context, time, Timeout.InfiniteTimeSpan), new Uri(context.Server, endpoint.ProxyPath));
    }

    public void Dispose() => Client.Dispose();
}
