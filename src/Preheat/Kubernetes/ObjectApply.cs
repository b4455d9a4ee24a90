using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>An object before and after an apply.</summary>
/// <param name="Before">Null when there was none.</param>
/// <param name="After">As the API server keeps it, or would keep it.</param>
internal sealed record ObjectChange(KubernetesObject? Before, KubernetesObject After)
{
    /// <summary><c>created</c>, <c>unchanged</c> or <c>changed</c>.</summary>
    public string Word => Before is null ? "created" : IsChange ? "changed" : "unchanged";

    /// <summary>False when the object is as it was.</summary>
    /// <remarks>A controller writes status and bookkeeping at any moment, so the versions alone say nothing.</remarks>
    public bool IsChange => Before is null || !JsonNode.DeepEquals(ObjectDiff.Stripped(Before), ObjectDiff.Stripped(After));
}

/// <summary>Applies many objects: all are checked by the API server before the first is kept; those that others refer to come first, equals go at the same time.</summary>
/// <param name="placeOf">File and line of an object's field, for messages; null where there is none.</param>
internal sealed class ObjectApply(KubernetesClient client, bool force, IEventSink events, Func<JsonObject, string, string?>? placeOf = null)
{
    // One HTTP/2 connection takes 100 and more requests at once; an API server's fairness queues like fewer.
    private const int AtOnce = 16;

    // Takes the count of replicas over when an autoscaler decides it from now on: a field that its only manager lets go is reset to its default.
    private const string ReplicasManager = "preheat-replicas";

    // Time that an API server may take to serve the kinds of a new definition.
    private static readonly TimeSpan DefinitionLimit = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(500);

    // Goes into a sentence, at its beginning too.
    private string _kept = "nothing";

    /// <summary>Applies the custom resource definitions of a set whose objects wait for them, once everything else was checked: no server checks an object of a kind that it does not have.</summary>
    /// <exception cref="UserException">Some objects are refused; nothing was applied.</exception>
    /// <exception cref="PreheatException">The API server does not serve a kind a minute after its definition was applied.</exception>
    public async Task DefineAsync(IReadOnlyList<JsonObject> wanted, TimeProvider time, CancellationToken cancellation)
    {
        var later = await UndefinedAsync(wanted, cancellation);
        if (later.Count == 0)
            return;
        await CheckAsync([.. wanted.Where(item => !later.Contains(new KubernetesObject(item).Kind))], cancellation);
        var definitions = wanted.Where(item => KindsOf(item).Any(later.Contains)).ToList();
        await ApplyAsync(definitions, cancellation);
        _kept = $"nothing but {string.Join(", ", definitions.Select(item => new KubernetesObject(item).Title))}";
        var began = time.GetTimestamp();
        while ((await UndefinedAsync(wanted, cancellation)).FirstOrDefault() is { Kind: not null } kind)
        {
            if (time.GetElapsedTime(began) > DefinitionLimit)
                throw new PreheatException($"The API server does not serve {kind.Kind} in {kind.ApiVersion} {DefinitionLimit.TotalSeconds:0} seconds after its definition was applied. Look at the conditions of {string.Join(", ", definitions.Select(item => new KubernetesObject(item).Title))}, then run Deploy again.");
            await Task.Delay(Look, time, cancellation);
        }
    }

    /// <summary>The API server's own dry run of every object. Nothing is kept.</summary>
    /// <remarks>Of a kind that the cluster gets with this set an object is taken as it is, with a warning; <see cref="DefineAsync"/> comes before where that matters.</remarks>
    /// <exception cref="UserException">Some are refused; the message lists them all.</exception>
    public async Task<IReadOnlyList<ObjectChange>> CheckAsync(IReadOnlyList<JsonObject> wanted, CancellationToken cancellation)
    {
        var changes = new ObjectChange?[wanted.Count];
        var refused = new ConcurrentDictionary<int, PreheatException>();
        var later = await UndefinedAsync(wanted, cancellation);
        await EachAsync(Enumerable.Range(0, wanted.Count), async (index, token) =>
        {
            try
            {
                changes[index] = later.Contains(new KubernetesObject(wanted[index]).Kind) ? Unchecked(wanted[index]) : await CheckAsync(wanted[index], token);
            }
            catch (PreheatException exception) when (exception is KubernetesApiException or UserException && exception.ExitCode == 2)
            {
                refused[index] = WithPlaces(wanted[index], exception);
            }
        }, cancellation);
        if (refused.Count == 1)
            throw new UserException(refused.Values.Single().Message + $"\nN{_kept[1..]} was applied.", refused.Values.Single());
        if (!refused.IsEmpty)
            throw new UserException($"The API server refuses {refused.Count} of {wanted.Count} objects; {_kept} was applied:" + string.Concat(refused.OrderBy(entry => entry.Key).Select(entry => "\n" + entry.Value.Message)));
        return [.. changes.OfType<ObjectChange>()];
    }

    /// <summary>Kinds that definitions of the set bring, that objects of it have, and that the cluster does not serve.</summary>
    private async Task<IReadOnlyList<KubernetesKind>> UndefinedAsync(IReadOnlyList<JsonObject> wanted, CancellationToken cancellation)
    {
        var undefined = new List<KubernetesKind>();
        foreach (var kind in wanted.SelectMany(KindsOf).Intersect(wanted.Select(item => new KubernetesObject(item).Kind)))
        {
            if (!await client.HasKindAsync(kind, cancellation))
                undefined.Add(kind);
        }
        return undefined;
    }

    private static IEnumerable<KubernetesKind> KindsOf(JsonObject item) => new KubernetesObject(item).Kind.Kind == "CustomResourceDefinition"
        ? item.Items("spec", "versions").Select(version => new KubernetesKind($"{item.Text("spec", "group")}/{version.Text("name")}", item.Text("spec", "names", "kind") ?? ""))
        : [];

    private ObjectChange Unchecked(JsonObject manifest)
    {
        var wanted = new KubernetesObject(manifest);
        events.Emit(new Warning($"{wanted.Title} is not checked beforehand: its kind comes with a definition of the same manifests, and the cluster does not have that yet."));
        return new(null, wanted);
    }

    private PreheatException WithPlaces(JsonObject wanted, PreheatException refusal)
    {
        var places = (refusal as KubernetesApiException)?.Causes
            .Where(cause => cause.Field.Length > 0)
            .Select(cause => (cause.Field, Place: placeOf?.Invoke(wanted, cause.Field)))
            .Where(found => found.Place is not null)
            .Select(found => $"\n  {found.Field.TrimStart('.')} is at {found.Place}")
            .Distinct()
            .ToList();
        return places is { Count: > 0 } ? new UserException(refusal.Message + string.Concat(places), refusal) : refusal;
    }

    /// <summary>Applies every object, in order of <see cref="RankOf"/>.</summary>
    public async Task<IReadOnlyList<ObjectChange>> ApplyAsync(IReadOnlyList<JsonObject> wanted, CancellationToken cancellation)
    {
        var changes = new ObjectChange[wanted.Count];
        // A dry run brings no definitions.
        var later = client.DryRun is null ? [] : await UndefinedAsync(wanted, cancellation);
        foreach (var rank in Enumerable.Range(0, wanted.Count).GroupBy(index => RankOf(new(wanted[index]))).OrderBy(rank => rank.Key))
        {
            await EachAsync(rank, async (index, token) => changes[index] = later.Contains(new KubernetesObject(wanted[index]).Kind) ? Unchecked(wanted[index]) : await ApplyAsync(wanted[index], token), cancellation);
            foreach (var index in rank.Where(_ => client.DryRun is null))
                events.Emit(new StateChanged(changes[index].After.Title, changes[index].Word));
        }
        return changes;
    }

    /// <summary>What others refer to comes first: namespaces, definitions and classes, then configuration, services, workloads, what looks at workloads, and what scales them by that.</summary>
    internal static int RankOf(KubernetesObject item) => item.Kind.Kind switch
    {
        "Namespace" or "CustomResourceDefinition" or "PriorityClass" or "StorageClass" or "RuntimeClass" or "ComputeClass" => 0,
        "ServiceAccount" or "Secret" or "ConfigMap" or "ResourceQuota" or "LimitRange" or "Role" or "ClusterRole" => 1,
        "RoleBinding" or "ClusterRoleBinding" or "PersistentVolume" or "PersistentVolumeClaim" or "NetworkPolicy" => 2,
        "Service" => 3,
        "Deployment" or "StatefulSet" or "DaemonSet" or "Job" or "CronJob" or "Pod" or "ReplicaSet" => 4,
        "HorizontalPodAutoscaler" or "ScaledObject" => 6,
        _ => 5,
    };

    private static Task EachAsync(IEnumerable<int> indexes, Func<int, CancellationToken, Task> work, CancellationToken cancellation) =>
        Parallel.ForEachAsync(indexes, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = cancellation }, async (index, token) => await work(index, token));

    private async Task<ObjectChange> CheckAsync(JsonObject manifest, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(manifest);
        var before = await client.FindAsync(wanted.Kind, wanted.Namespace, wanted.Name, cancellation);
        if (before is { IsDeleting: true })
            throw new UserException($"{before.Title} is being removed{(before.Json.At("metadata", "finalizers") is JsonArray { Count: > 0 } holds ? $", held by {string.Join(", ", holds)}" : "")}. Wait until it is gone, then run Deploy again.");
        try
        {
            return new(before, await client.ApplyAsync(LettingGo(manifest, before) is { } replicas ? WithReplicas(manifest, replicas) : manifest, new(force, OnlyCheck: true, ManagerOf(manifest)), cancellation));
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.BadRequest && exception.Message.Contains("does not support dry run", StringComparison.Ordinal))
        {
            events.Emit(new Warning($"{wanted.Title} is not checked beforehand: {exception.Message}"));
            return new(before, wanted);
        }
    }

    private async Task<ObjectChange> ApplyAsync(JsonObject manifest, CancellationToken cancellation)
    {
        var wanted = new KubernetesObject(manifest);
        var before = await client.FindAsync(wanted.Kind, wanted.Namespace, wanted.Name, cancellation);
        if (LettingGo(manifest, before) is { } replicas)
        {
            var only = new JsonObject
            {
                ["apiVersion"] = wanted.Kind.ApiVersion,
                ["kind"] = wanted.Kind.Kind,
                ["metadata"] = new JsonObject { ["name"] = wanted.Name, ["namespace"] = wanted.Namespace },
                ["spec"] = new JsonObject { ["replicas"] = replicas },
            };
            await client.ApplyAsync(only, new(Force: true, Manager: ReplicasManager), cancellation);
        }
        return new(before, await client.ApplyAsync(manifest, new(force, Manager: ManagerOf(manifest)), cancellation));
    }

    // What many deployments share is owned apart, so that none of them takes it along when it goes.
    private static string ManagerOf(JsonObject manifest) =>
        manifest.At("metadata", "labels", ManifestChecks.SharedLabel)?.ToString() == "true" ? OwnedObjects.SharedManager : KubernetesClient.FieldManager;

    /// <summary>The count of replicas that we set earlier and leave to others now; null when there is none.</summary>
    private static long? LettingGo(JsonObject manifest, KubernetesObject? before) =>
        before is not null && manifest.At("spec") is JsonObject spec && !spec.ContainsKey("replicas") && Owns(before, "f:spec", "f:replicas") ? before.Json.Whole("spec", "replicas") : null;

    /// <summary>True when our last apply set this field (<c>metadata.managedFields[].fieldsV1</c>).</summary>
    internal static bool Owns(KubernetesObject item, params ReadOnlySpan<string> path)
    {
        foreach (var entry in item.Json.Items("metadata", "managedFields"))
        {
            if (entry.Text("manager") == KubernetesClient.FieldManager && entry.Text("operation") == "Apply" && entry.At("fieldsV1").At(path) is not null)
                return true;
        }
        return false;
    }

    private static JsonObject WithReplicas(JsonObject manifest, long replicas)
    {
        var copy = (JsonObject)manifest.DeepClone();
        copy["spec"]!["replicas"] = replicas;
        return copy;
    }
}
