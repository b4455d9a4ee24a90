using System.Net;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Decides how clients reach what was deployed: at the load balancer if there is one that can be reached, through the API server, or, where that may not be used, by port-forward.</summary>
internal static class EndpointFinder
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    // A cloud's load balancer takes a minute or three.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan ConnectLimit = TimeSpan.FromSeconds(5);

    /// <exception cref="PreheatException">The load balancer got no address in time.</exception>
    public static async Task<ServingEndpoint> FindAsync(KubernetesClient client, ServingEndpoint wanted, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        if (wanted.Kind is EndpointKind.LoadBalancer)
        {
            var address = await AddressAsync(client, wanted, events, time, cancellation);
            if (await AnswersAsync(address, time, cancellation))
                return wanted with { Address = address.AbsoluteUri };
            events.Emit(new Warning($"The load balancer at {address} is not reached from this machine (an internal one is only inside its network); requests go through the API server."));
        }
        if (await client.MayProxyAsync(wanted, cancellation))
            return wanted with { Kind = EndpointKind.ServiceProxy };
        events.Emit(new Warning($"This user may not use the API server's proxy (services/proxy in the namespace {wanted.Namespace}), so one pod is reached by port-forward."));
        return wanted with { Kind = EndpointKind.PortForward };
    }

    private static async Task<Uri> AddressAsync(KubernetesClient client, ServingEndpoint wanted, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var began = time.GetTimestamp();
        var told = "";
        while (true)
        {
            var service = await client.FindAsync(KubernetesKind.Service, wanted.Namespace, wanted.Service, cancellation)
                ?? throw new PreheatException($"Service/{wanted.Service} was removed while its load balancer was waited for.");
            var progress = ServiceProgress.Of(service);
            if (progress.State != told)
                events.Emit(new StateChanged(service.Title, told = progress.State));
            if (ServiceProgress.AddressOf(service) is { } host)
            {
                var port = service.Json.Items("spec", "ports").Where(item => item.Text("name") == wanted.Port || item.Whole("port")?.ToString(System.Globalization.CultureInfo.InvariantCulture) == wanted.Port).Select(item => item.Whole("port")).FirstOrDefault();
                return new UriBuilder("http", host, (int)(port ?? 80)).Uri;
            }
            if (time.GetElapsedTime(began) > Limit)
            {
                throw new PreheatException($"{service.Title} has no address after {Spans.Text(Limit)}; a quota for forwarding rules or a firewall may stand in the way.{await WarningsAsync(client, service, cancellation)}");
            }
            await Task.Delay(Interval, time, cancellation);
        }
    }

    private static async Task<string> WarningsAsync(KubernetesClient client, KubernetesObject service, CancellationToken cancellation)
    {
        try
        {
            var warnings = (await client.EventsAsync(service, cancellation)).Where(item => item.Json.Text("type") == "Warning");
            return string.Concat(warnings.Select(item => $"\n  {item.Json.Text("reason")}: {item.Json.Text("message")}").TakeLast(3));
        }
        catch (PreheatException exception)
        {
            return $"\n  (no warnings: {exception.Message})";
        }
    }

    private static async Task<bool> AnswersAsync(Uri address, TimeProvider time, CancellationToken cancellation)
    {
        using var http = new HttpClient(ClusterTransport.Handler()) { Timeout = ConnectLimit };
        for (var tries = 0; tries < 6; tries++)
        {
            try
            {
                using var answer = await http.GetAsync(new Uri(address, "health"), HttpCompletionOption.ResponseHeadersRead, cancellation);
                if (answer.StatusCode is not (HttpStatusCode.BadGateway or HttpStatusCode.ServiceUnavailable or HttpStatusCode.GatewayTimeout))
                    return true;
            }
            catch (Exception exception) when (!cancellation.IsCancellationRequested && KubernetesErrors.IsConnection(exception))
            {
                // Its rules may not have arrived everywhere yet.
            }
            await Task.Delay(Interval, time, cancellation);
        }
        return false;
    }
}
