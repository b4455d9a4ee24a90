using System.Net;
using System.Text.Json.Nodes;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Removes what an earlier revision made and this one does not have: by the records' own list, each object only as the very one that was made.</summary>
/// <remarks>Where there is no record of an earlier revision, an object counts as ours that carries our label and that we applied.</remarks>
internal static class Pruning
{
    private static readonly TimeSpan GoneInterval = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan GoneLimit = TimeSpan.FromSeconds(30);

    // Volumes outlive the revision that filled them.
    private const string Volumes = "PersistentVolumeClaim";

    /// <summary>What would be removed, in order.</summary>
    /// <param name="wanted">What this revision has.</param>
    public static async Task<IReadOnlyList<KubernetesObject>> ListAsync(
        KubernetesClient client, string deployment, string inNamespace, RevisionRecords records, IReadOnlyList<JsonObject> wanted, IEventSink? events, CancellationToken cancellation)
    {
        var kept = wanted.Select(json => RecordedObject.KeyOf(new(json))).ToHashSet();
        // A Secret whose value this run does not have is not applied, and the pods read it all the same.
        var read = wanted.SelectMany(SecretsOf).ToHashSet(StringComparer.Ordinal);
        var found = records is { IsKept: true, HasHistory: true }
            ? await RecordedAsync(client, deployment, records, kept, events, cancellation)
            // Receipts that other machines continue from live in ConfigMaps; the lease says that we are at it.
            : await OwnedObjects.ListAsync(client, deployment, inNamespace, events, cancellation, Volumes, "ConfigMap", "Job", "Lease");
        return [.. found.Where(item => !kept.Contains(RecordedObject.KeyOf(item)) && !item.IsDeleting && !(item.Kind == KubernetesKind.Secret && read.Contains(item.Name)))];
    }

    public static async Task RemoveAsync(
        KubernetesClient client, string deployment, string inNamespace, RevisionRecords records, IReadOnlyList<JsonObject> wanted, IEventSink events, CancellationToken cancellation)
    {
        foreach (var item in await ListAsync(client, deployment, inNamespace, records, wanted, events, cancellation))
        {
            if (await client.DeleteAsync(item, waitForDependents: false, cancellation) && client.DryRun is null)
                events.Emit(new StateChanged(item.Title, "removed: an earlier revision left it"));
        }
    }

    /// <summary>Removes autoscalers that are not wanted any more, before anything is applied, and waits until they are gone: beside them another number of replicas, or another autoscaler, would not last.</summary>
    /// <exception cref="PreheatException">One is still there after half a minute.</exception>
    public static async Task RemoveAutoscalersAsync(
        KubernetesClient client, string deployment, string inNamespace, RevisionRecords records, IReadOnlyList<JsonObject> wanted, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        // What may not be seen is told when the rest is removed.
        var left = await ListAsync(client, deployment, inNamespace, records, wanted, events: null, cancellation);
        var began = time.GetTimestamp();
        foreach (var item in left.Where(item => item.Kind == KubernetesKind.Autoscaler || item.Kind == KubernetesKind.ScaledObject))
        {
            // KEDA's own autoscaler goes with the ScaledObject that owns it.
            if (!await client.DeleteAsync(item, waitForDependents: true, cancellation))
                continue;
            while ((await client.FindAsync(item.Kind, item.Namespace, item.Name, cancellation))?.Uid == item.Uid)
            {
                if (time.GetElapsedTime(began) > GoneLimit)
                    throw new PreheatException($"{item.Title}, which is not wanted any more, is still there after {GoneLimit.TotalSeconds:0} s. What holds it: kubectl get -o yaml -n {inNamespace} {item.Kind.Kind.ToLowerInvariant()} {item.Name}.");
                await Task.Delay(GoneInterval, time, cancellation);
            }
            events.Emit(new StateChanged(item.Title, "removed: an earlier revision left it"));
        }
    }

    private static async Task<IEnumerable<KubernetesObject>> RecordedAsync(
        KubernetesClient client, string deployment, RevisionRecords records, HashSet<(string, string, string?, string)> kept, IEventSink? events, CancellationToken cancellation)
    {
        var found = new Dictionary<string, KubernetesObject>(StringComparer.Ordinal);
        var hidden = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var entry in records.All.SelectMany(record => record.Inventory).Where(entry => entry.IsMade && entry.Kind != Volumes && !kept.Contains(entry.Key)).Distinct())
        {
            var kind = new KubernetesKind(entry.ApiVersion, entry.Kind);
            try
            {
                if (await client.HasKindAsync(kind, cancellation) && await client.FindAsync(kind, entry.Namespace, entry.Name, cancellation) is { } there
                    && (entry.Uid == there.Uid || (entry.Uid is null && OwnedObjects.IsOurs(there, deployment))))
                    found[there.Uid] = there;
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
            {
                hidden.Add($"{entry.Kind}/{entry.Name}");
            }
        }
        if (hidden.Count > 0)
            events?.Emit(new Warning($"This user may not read {string.Join(", ", hidden)}, which an earlier revision made; what may be there is left alone."));
        return found.Values.OrderByDescending(ObjectApply.RankOf).ThenBy(item => item.Title, StringComparer.Ordinal);
    }

    // Names of Secrets wherever a pod can read one: env, envFrom, volumes, projected volumes, image pulls.
    private static IEnumerable<string> SecretsOf(JsonNode? node) => node switch
    {
        JsonArray list => list.SelectMany(SecretsOf),
        JsonObject map => map.SelectMany(entry => entry.Key switch
        {
            "secretKeyRef" or "secretRef" or "secret" => new[] { entry.Value.Text("name"), entry.Value.Text("secretName") }.OfType<string>(),
            "imagePullSecrets" => entry.Value.Items().Select(item => item.Text("name")).OfType<string>(),
            _ => SecretsOf(entry.Value),
        }),
        _ => [],
    };
}
