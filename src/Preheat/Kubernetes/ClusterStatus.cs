using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>One object of a deployment as the cluster has it.</summary>
/// <param name="Title"><c>Deployment/gemma</c></param>
/// <param name="IsReady">False while it does not do its work yet.</param>
/// <param name="State">One line for people.</param>
/// <param name="ImageDigest">Digest of the image it runs; null where it runs none.</param>
/// <param name="Age">Time since it was made; null when the cluster does not say.</param>
public sealed record StatusRow(string Title, string Namespace, bool IsReady, string State, string? ImageDigest, TimeSpan? Age);

/// <summary>What a cluster has of a deployment.</summary>
/// <param name="Objects">What was applied.</param>
/// <param name="Pods">Pods of all revisions.</param>
public sealed record ClusterStatus(string Context, Uri Server, IReadOnlyList<StatusRow> Objects, IReadOnlyList<StatusRow> Pods)
{
    /// <summary>Asks the cluster by label; receipts play no part.</summary>
    /// <param name="inNamespace">Null looks in all namespaces.</param>
    public static async Task<ClusterStatus> GetAsync(string deployment, string? inNamespace, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var objects = await OwnedObjects.ListAsync(client, deployment, inNamespace, events, cancellation);
        var pods = await client.ListAsync(KubernetesKind.Pod, new(inNamespace, Labels: OwnedObjects.Selector(deployment)), cancellation);
        var now = time.GetUtcNow();
        return new(
            client.Context,
            client.Server,
            [.. objects.Where(item => item.Label(RevisionCodec.Label) is null).Select(item => RowOf(item, now))],
            [.. pods.Items.OrderBy(pod => pod.CreatedAt).ThenBy(pod => pod.Name, StringComparer.Ordinal).Select(pod => PodRowOf(pod, now))]);
    }

    private static StatusRow RowOf(KubernetesObject item, DateTimeOffset now)
    {
        var progress = ObjectProgress.Of(item);
        var image = item.Json.Items("spec", "template", "spec", "containers").Select(container => container.Text("image")).FirstOrDefault();
        return Row(item, progress.IsDone, progress.Failure ?? progress.State, DigestOf(image), now);
    }

    private static StatusRow PodRowOf(KubernetesObject pod, DateTimeOffset now)
    {
        var report = PodReport.Of(pod);
        var image = pod.Json.Items("spec", "containers").Select(container => container.Text("image")).FirstOrDefault();
        return Row(pod, report.IsReady, report.State, DigestOf(image), now);
    }

    private static StatusRow Row(KubernetesObject item, bool isReady, string state, string? digest, DateTimeOffset now) =>
        new(item.Title, item.Namespace ?? "", isReady, state, digest, now - item.CreatedAt);

    private static string? DigestOf(string? image) => image?.Split('@') is [_, var digest] ? digest : null;
}
