using System.Text;
using System.Text.Json.Nodes;
using Preheat.Manifests;

namespace Preheat.Kubernetes;

/// <summary>The objects of one deploy as they are sent: the rendered manifests, secrets from memory, and what depends on the cluster.</summary>
internal sealed record DeploySet(IReadOnlyList<JsonObject> Wanted, ServingEndpoint Endpoint)
{
    // What a server calls its model: TGI has no name for it but what it loads.
    private static readonly string[] ServedModelNames = ["--served-model-name=", "--model-id="];

    /// <summary>What was rendered.</summary>
    public IReadOnlyList<ManifestObject> Manifests { get; init; } = [];

    /// <summary>File and line of a field of one of the objects; null for one that is in no file (a Secret).</summary>
    public string? PlaceOf(JsonObject item, string field) =>
        Manifests.FirstOrDefault(value => value.Kind == item.Text("kind") && value.Name == item.Text("metadata", "name") && value.Namespace == item.Text("metadata", "namespace")) is { } manifest
            ? FieldPlaces.Of(manifest, field).ToString()
            : null;

    /// <exception cref="UserException">The manifests lack what every deployment has.</exception>
    public static DeploySet Of(DeployRequest request, Runs.DryRun? dryRun)
    {
        var manifests = ManifestFolder.Load(request.Manifests, request.ManifestsDirectory, dryRun);
        if (manifests.Where(value => value.Kind == "Deployment").ToList() is not [var workload])
            throw new UserException($"The manifests in {request.ManifestsDirectory} must hold exactly one Deployment.");
        var endpoint = EndpointOf(manifests, workload);
        var objects = SecretsOf(request, workload).Concat(manifests.Select(value => value.ToJson())).ToList();
        foreach (var item in objects.Where(item => item.Text("kind") == "Deployment"))
        {
            if (request.Strategy is RolloutStrategy.Recreate)
                item["spec"]!["strategy"] = new JsonObject { ["type"] = "Recreate" };
            request.Timeouts.Extend(item);
        }
        return new(objects, endpoint) { Manifests = manifests };
    }

    /// <summary>Leaves the count of replicas to the autoscaler that decides it.</summary>
    public async Task<DeploySet> LeavingReplicasAsync(KubernetesClient client, string deployment, string inNamespace, CancellationToken cancellation) =>
        this with { Wanted = await AutoscaledReplicas.LeaveAsync(client, Wanted, deployment, inNamespace, cancellation) };

    private static ServingEndpoint EndpointOf(IReadOnlyList<ManifestObject> manifests, ManifestObject workload)
    {
        var service = ServiceOf(manifests, workload);
        var port = service.Root.Items("spec", "ports").OfType<YamlMap>().FirstOrDefault() ?? throw new UserException($"{service.Root.At}: {service.Title} has no ports.");
        var name = workload.Root.Items("spec", "template", "spec", "containers").OfType<YamlMap>()
            .SelectMany(container => container.Items("args").OfType<YamlScalar>())
            .SelectMany(argument => ServedModelNames.Where(flag => argument.Text.StartsWith(flag, StringComparison.Ordinal)).Select(flag => argument.Text[flag.Length..]))
            .FirstOrDefault()
            ?? throw new UserException($"{workload.Root.At}: {workload.Title} gives its server neither {string.Join("NAME nor ", ServedModelNames)}NAME.");
        var kind = service.Root.Text("spec", "type") is "LoadBalancer" ? EndpointKind.LoadBalancer : EndpointKind.ServiceProxy;
        return new(kind, service.Namespace ?? "default", service.Name, port.Text("name") ?? port.Text("port") ?? "", name);
    }

    // A deployment may bring Services for other pods, such as a cache of its own.
    private static ManifestObject ServiceOf(IReadOnlyList<ManifestObject> manifests, ManifestObject workload)
    {
        var labels = workload.Root.Find("spec", "template", "metadata", "labels") as YamlMap;
        var services = manifests.Where(value => value.Kind == "Service" && value.Namespace == workload.Namespace && value.Root.Find("spec", "selector") is YamlMap { Entries.Count: > 0 } selector && ReferenceChecks.IsPartOf(selector, labels)).ToList();
        return services switch
        {
            [] => throw new UserException($"The manifests hold no Service whose selector matches the pods of {workload.Title}, so nothing could reach the server."),
            [var only] => only,
            _ => services.Find(service => service.Name == workload.Name)
                ?? throw new UserException($"{workload.Root.At}: several Services select the pods of {workload.Title}: {string.Join(", ", services.Select(service => service.Name).Order(StringComparer.Ordinal))}. Name the one that clients use {workload.Name}."),
        };
    }

    private static IEnumerable<JsonObject> SecretsOf(DeployRequest request, ManifestObject workload)
    {
        var name = $"{request.Deployment.Name}-hub";
        var isAsked = workload.Root.Items("spec", "template", "spec", "containers").OfType<YamlMap>()
            .SelectMany(container => container.Items("env").OfType<YamlMap>())
            .Any(variable => variable.Text("valueFrom", "secretKeyRef", "name") == name);
        if (request.HubToken is not { } token || !isAsked)
            yield break;
        yield return new()
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Secret",
            ["metadata"] = new JsonObject
            {
                ["name"] = name,
                ["namespace"] = request.Deployment.Namespace,
                ["labels"] = new JsonObject { [ManifestChecks.DeploymentLabel] = request.Deployment.Name, [ManifestChecks.ManagedByLabel] = ManifestChecks.Manager },
            },
            ["type"] = "Opaque",
            ["data"] = new JsonObject { ["token"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(token.Reveal())) },
        };
    }
}
