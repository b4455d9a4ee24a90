using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>A revision that the cluster keeps.</summary>
/// <param name="Number">As Kubernetes counts.</param>
/// <param name="Image">Image of its first container.</param>
/// <param name="MadeAt">When its pods were first asked for.</param>
/// <param name="IsCurrent">It is what the Deployment asks for now.</param>
/// <param name="IsGood">It served as a whole, most recently of all.</param>
/// <param name="ColdStart">How long its first pod took to its first token, in words; null when that was not seen.</param>
/// <param name="State">What became of it; null where only its pods are kept.</param>
public sealed record KeptRevision(long Number, string Image, DateTimeOffset? MadeAt, bool IsCurrent, bool IsGood, RevisionState? State = null, string? ColdStart = null)
{
    /// <summary>In a line: <c>local-docker.pkg.dev/…@sha256:…, made 2026-11-22 10:00 UTC, runs now, good</c>.</summary>
    public string Text()
    {
        var word = State switch
        {
            RevisionState.Good => ", good",
            RevisionState.Failed => ", failed",
            RevisionState.Applying => ", was interrupted",
            _ => IsGood ? ", the last good one" : "",
        };
        // As much of the digest as tells one image from another.
        var image = Image.IndexOf("@sha256:", StringComparison.Ordinal) is >= 0 and var at && Image.Length > at + 20 ? Image[..(at + 20)] : Image;
        return $"{image}{(MadeAt is { } made ? $", made {made:yyyy-MM-dd HH:mm} UTC" : "")}{(IsCurrent ? ", runs now" : "")}{word}{(ColdStart is null ? "" : $", cold start {ColdStart}")}";
    }
}

/// <summary>The revisions of a Deployment's pods, kept by Kubernetes as ReplicaSets (kubernetes.io, "Deployments", "Rolling Back a Deployment"): where there are no <see cref="RevisionRecords"/>.</summary>
internal static class Revisions
{
    /// <summary>Annotation with the revision that served last as a whole.</summary>
    private const string Good = "preheat.dev/good-revision";

    // A field manager of its own: the next apply must not take the mark away.
    private const string GoodManager = "preheat-revisions";

    /// <summary>The ReplicaSets of a Deployment, the newest first.</summary>
    public static async Task<IReadOnlyList<KubernetesObject>> ListAsync(KubernetesClient client, KubernetesObject deployment, CancellationToken cancellation)
    {
        var sets = await client.ListAsync(KubernetesKind.ReplicaSet, new(deployment.Namespace, Labels: SelectorOf(deployment)), cancellation);
        return [.. sets.Items.Where(set => set.IsOwnedBy(deployment) && NumberOf(set) > 0).OrderByDescending(NumberOf)];
    }

    /// <summary>The ReplicaSet of the last good revision: the marked one, else the present one if it serves as a whole; null when there is none.</summary>
    public static async Task<KubernetesObject?> GoodOf(KubernetesClient client, KubernetesObject deployment, CancellationToken cancellation)
    {
        var number = deployment.Annotation(Good) ?? (DeploymentProgress.Of(deployment).IsDone ? deployment.Annotation(RolloutWatch.Revision) : null);
        return (await ListAsync(client, deployment, cancellation)).FirstOrDefault(set => set.Annotation(RolloutWatch.Revision) == number);
    }

    /// <summary>Marks the present revision as good.</summary>
    public static Task MarkGoodAsync(KubernetesClient client, KubernetesObject deployment, CancellationToken cancellation) =>
        client.ApplyAsync(
            new JsonObject
            {
                ["apiVersion"] = deployment.Kind.ApiVersion,
                ["kind"] = deployment.Kind.Kind,
                ["metadata"] = new JsonObject
                {
                    ["name"] = deployment.Name,
                    ["namespace"] = deployment.Namespace,
                    ["annotations"] = new JsonObject { [Good] = deployment.Annotation(RolloutWatch.Revision) },
                },
            },
            new ApplyOptions(Force: true, Manager: GoodManager),
            cancellation);

    public static IReadOnlyList<KeptRevision> Describe(KubernetesObject deployment, IEnumerable<KubernetesObject> sets) =>
        [.. sets.Select(set => new KeptRevision(
            NumberOf(set),
            set.Json.Items("spec", "template", "spec", "containers").Select(container => container.Text("image")).FirstOrDefault() ?? "",
            set.CreatedAt,
            set.Annotation(RolloutWatch.Revision) == deployment.Annotation(RolloutWatch.Revision),
            set.Annotation(RolloutWatch.Revision) == deployment.Annotation(Good)))];

    /// <summary>Puts the pods of a kept revision back and waits until they serve. Everything else of the deployment stays as it is.</summary>
    /// <exception cref="PreheatException">They do not serve either; or a field belongs to somebody else.</exception>
    public static async Task<RolloutView> RestoreAsync(
        KubernetesClient client,
        KubernetesObject deployment,
        KubernetesObject set,
        string name,
        bool force,
        RolloutTimeouts timeouts,
        RolloutLive live,
        IEventSink events,
        TimeProvider time,
        CancellationToken cancellation)
    {
        var now = await client.FindAsync(deployment.Kind, deployment.Namespace, deployment.Name, cancellation)
            ?? throw new PreheatException($"{deployment.Title} is not there any more.");
        var manifest = Manifest(now, set);
        timeouts.Extend(manifest);
        await client.ApplyAsync(manifest, new(force, OnlyCheck: true), cancellation);
        var applied = await client.ApplyAsync(manifest, new(force), cancellation);
        if (client.DryRun is not null)
            return new(applied, set, []);
        return await new RolloutWatch(client, new(now, applied), OwnedObjects.Selector(name), live, events, time).WaitAsync(PhaseLimits.Of(applied, timeouts), cancellation);
    }

    internal static long NumberOf(KubernetesObject set) =>
        long.TryParse(set.Annotation(RolloutWatch.Revision), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // The present spec with the kept template. Counts that an autoscaler decides are left to it, as in every apply.
    private static JsonObject Manifest(KubernetesObject deployment, KubernetesObject set)
    {
        var spec = (JsonObject)deployment.Json["spec"]!.DeepClone();
        var template = (JsonObject)set.Json["spec"]!["template"]!.DeepClone();
        (template.At("metadata", "labels") as JsonObject)?.Remove("pod-template-hash");
        (template["metadata"] as JsonObject)?.Remove("creationTimestamp");
        spec["template"] = template;
        if (!ObjectApply.Owns(deployment, "f:spec", "f:replicas"))
            spec.Remove("replicas");
        var metadata = new JsonObject { ["name"] = deployment.Name, ["namespace"] = deployment.Namespace };
        foreach (var part in new[] { "labels", "annotations" })
        {
            var ours = (deployment.Json.At("metadata", part) as JsonObject ?? []).Where(entry => ObjectApply.Owns(deployment, "f:metadata", "f:" + part, "f:" + entry.Key)).ToList();
            if (ours.Count > 0)
                metadata[part] = new JsonObject(ours.Select(entry => KeyValuePair.Create(entry.Key, entry.Value?.DeepClone())));
        }
        return new() { ["apiVersion"] = deployment.Kind.ApiVersion, ["kind"] = deployment.Kind.Kind, ["metadata"] = metadata, ["spec"] = spec };
    }

    private static string SelectorOf(KubernetesObject deployment) =>
        string.Join(',', (deployment.Json.At("spec", "selector", "matchLabels") as JsonObject ?? []).Select(entry => $"{entry.Key}={entry.Value}"));
}
