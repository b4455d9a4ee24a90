namespace Preheat.Kubernetes;

/// <summary>The address of a Service (kubernetes.io, "Service", "type: LoadBalancer").</summary>
internal static class ServiceProgress
{
    public static ObjectProgress Of(KubernetesObject service) => service.Json.Text("spec", "type") switch
    {
        "LoadBalancer" when AddressOf(service) is { } address => ObjectProgress.Done($"load balancer at {address}"),
        "LoadBalancer" => ObjectProgress.Waiting("its load balancer has no address yet"),
        "ExternalName" => ObjectProgress.Done($"stands for {service.Json.Text("spec", "externalName")}"),
        var type => ObjectProgress.Done($"{type ?? "ClusterIP"} {service.Json.Text("spec", "clusterIP")}".TrimEnd()),
    };

    /// <summary>Address or name that the load balancer has; null before it has one.</summary>
    public static string? AddressOf(KubernetesObject service) =>
        service.Json.Items("status", "loadBalancer", "ingress").Select(ingress => ingress.Text("ip") ?? ingress.Text("hostname")).FirstOrDefault(address => !string.IsNullOrEmpty(address));
}
