using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.Images;
using Preheat.Manifests;
using Preheat.Runs;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>What to roll out.</summary>
public sealed record DeployRequest
{
    public required ManifestSet Manifests { get; init; }

    /// <summary>Folder that holds the files of <see cref="Manifests"/>.</summary>
    public required string ManifestsDirectory { get; init; }

    public required Deployment Deployment { get; init; }

    public required ServingImage Image { get; init; }

    /// <summary>Token for the model hub. It is applied from memory, as a Secret, only where the manifests ask for it; it never touches a file.</summary>
    public Secret? HubToken { get; init; }
}

/// <summary>Applies manifests and follows the roll-out.</summary>
public static class Rollouts
{
    /// <summary>Beyond Kubernetes' own progress deadline this long without any change ends the waiting.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private const string ServedModelName = "--served-model-name=";

    /// <summary>Makes the namespace if need be, applies everything in order, waits until the new revision serves, and removes what an earlier one left behind.</summary>
    /// <exception cref="UserException">The manifests, the kubeconfig or the rights are not what they must be.</exception>
    /// <exception cref="PreheatException">The roll-out failed; the message says why, with the evidence.</exception>
    public static async Task<Rollout> DeployAsync(DeployRequest request, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var manifests = ManifestFolder.Load(request.Manifests, request.ManifestsDirectory, endpoints.DryRun);
        if (manifests.Where(value => value.Kind == "Deployment").ToList() is not [var workload])
            throw new UserException($"The manifests in {request.ManifestsDirectory} must hold exactly one Deployment.");
        var endpoint = EndpointOf(manifests, workload);
        using var client = KubernetesClient.Connect(endpoints, time);
        await EnsureNamespaceAsync(client, request.Deployment.Namespace, events, cancellation);

        var wanted = SecretsOf(request, workload).Concat(manifests.Select(value => value.ToJson())).ToList();
        KubernetesObject? deployment = null;
        foreach (var json in wanted)
        {
            var applied = await ApplyAsync(client, json, events, cancellation);
            if (applied.Kind == KubernetesKind.Deployment)
                deployment = applied;
        }

        if (endpoints.DryRun is { } dryRun)
        {
            await PruneAsync(client, request.Deployment, wanted, events, cancellation);
            throw dryRun.Undecided();
        }
        var quiet = TimeSpan.FromSeconds(deployment!.Json.Whole("spec", "progressDeadlineSeconds") ?? 600) + Patience;
        var view = await new RolloutWatch(client, deployment, OwnedObjects.Selector(request.Deployment.Name), events, time).WaitAsync(quiet, cancellation);
        await PruneAsync(client, request.Deployment, wanted, events, cancellation);
        var coldStart = view.Pods.Count == 0 ? [] : await ColdStartTimeline.ReadAsync(client, view.Pods[0], view.ReplicaSet, cancellation);
        foreach (var phase in coldStart)
            events.Emit(new StateChanged($"cold start, {phase.Phase}", phase.Text()));
        return new()
        {
            Revision = view.Deployment.Annotation(RolloutWatch.Revision) ?? "",
            ImageDigest = request.Image.Digest,
            Endpoint = endpoint,
            ColdStart = coldStart,
        };
    }

    /// <summary>True while the revision of <paramref name="rollout"/> is what is deployed, and serves. One request.</summary>
    public static async Task<bool> ProbeAsync(Rollout rollout, Deployment deployment, CloudEndpoints endpoints, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var found = await client.ListAsync(KubernetesKind.Deployment, new(deployment.Namespace, Labels: OwnedObjects.Selector(deployment.Name)), cancellation);
        return found.Items is [{ IsDeleting: false } only]
            && only.Annotation(RolloutWatch.Revision) == rollout.Revision
            && DeploymentProgress.Of(only).IsDone
            && only.Json.Items("spec", "template", "spec", "containers").Any(container => container.Text("image")?.EndsWith("@" + rollout.ImageDigest, StringComparison.Ordinal) == true);
    }

    private static ServingEndpoint EndpointOf(IReadOnlyList<ManifestObject> manifests, ManifestObject workload)
    {
        var service = manifests.FirstOrDefault(value => value.Kind == "Service") ?? throw new UserException("The manifests hold no Service, so nothing could reach the server.");
        var port = service.Root.Items("spec", "ports").OfType<YamlMap>().FirstOrDefault() ?? throw new UserException($"{service.Root.At}: {service.Title} has no ports.");
        var name = workload.Root.Items("spec", "template", "spec", "containers").OfType<YamlMap>()
            .SelectMany(container => container.Items("args").OfType<YamlScalar>())
            .FirstOrDefault(argument => argument.Text.StartsWith(ServedModelName, StringComparison.Ordinal))
            ?? throw new UserException($"{workload.Root.At}: {workload.Title} gives its server no {ServedModelName}NAME.");
        return new(EndpointKind.ServiceProxy, service.Namespace ?? "default", service.Name, port.Text("name") ?? port.Text("port") ?? "", name.Text[ServedModelName.Length..]);
    }

    private static async Task EnsureNamespaceAsync(KubernetesClient client, string name, IEventSink events, CancellationToken cancellation)
    {
        KubernetesObject? there;
        try
        {
            there = await client.FindAsync(KubernetesKind.Namespace, inNamespace: null, name, cancellation);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            // Rights inside a namespace are enough to deploy; whether it is there the next request tells.
            return;
        }
        if (there is { IsDeleting: true })
            throw new UserException($"The namespace {name} is being removed. Wait until it is gone, or choose another --namespace.");
        if (there is not null)
            return;
        await ApplyAsync(client, new() { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, events, cancellation);
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

    private static async Task<KubernetesObject> ApplyAsync(KubernetesClient client, JsonObject manifest, IEventSink events, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(manifest);
        var before = await client.FindAsync(wanted.Kind, wanted.Namespace, wanted.Name, cancellation);
        var after = await client.ApplyAsync(manifest, cancellation);
        if (client.DryRun is not null)
            return after;
        events.Emit(new StateChanged(after.Title, before is null ? "created" : before.ResourceVersion == after.ResourceVersion ? "unchanged" : "changed"));
        return after;
    }

    // What carries our label and was not applied now was left by an earlier revision with other features.
    private static async Task PruneAsync(KubernetesClient client, Deployment deployment, IReadOnlyList<JsonObject> wanted, IEventSink events, CancellationToken cancellation)
    {
        var kept = wanted.Select(json => new KubernetesObject(json).Title).ToHashSet(StringComparer.Ordinal);
        foreach (var item in await OwnedObjects.ListAsync(client, deployment.Name, deployment.Namespace, cancellation))
        {
            // Receipts that other machines continue from live in ConfigMaps; volumes outlive the revision that filled them.
            if (kept.Contains(item.Title) || item.IsDeleting || item.Kind.Kind is "ConfigMap" or "PersistentVolumeClaim" or "Job")
                continue;
            if (await client.DeleteAsync(item, waitForDependents: false, cancellation) && client.DryRun is null)
                events.Emit(new StateChanged(item.Title, "removed: an earlier revision left it"));
        }
    }
}
