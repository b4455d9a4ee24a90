using System.Net;
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
    /// <summary>How clients reach the model, a line for each service.</summary>
    public IReadOnlyList<string> Endpoints { get; init; } = [];

    /// <summary>The revisions that the cluster keeps, the newest first.</summary>
    public IReadOnlyList<KeptRevision> Revisions { get; init; } = [];

    /// <summary>The last warning about any of its things, with its age; null when there is none, or it may not be read.</summary>
    public string? Trouble { get; init; }

    /// <summary>How the newest pod that is ready started; null when that is not known any more.</summary>
    public PodColdStart? NewestStart { get; init; }

    /// <summary>Asks the cluster by label; receipts play no part.</summary>
    /// <param name="inNamespace">Null looks in all namespaces.</param>
    public static async Task<ClusterStatus> GetAsync(string deployment, string? inNamespace, CloudEndpoints endpoints, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        using var client = KubernetesClient.Connect(endpoints, time);
        var objects = await OwnedObjects.ListAsync(client, deployment, inNamespace, events, cancellation);
        var pods = (await client.ListAsync(KubernetesKind.Pod, new(inNamespace, Labels: OwnedObjects.Selector(deployment)), cancellation)).Items
            .OrderBy(pod => pod.CreatedAt).ThenBy(pod => pod.Name, StringComparer.Ordinal).ToList();
        var now = time.GetUtcNow();
        var revisions = new List<KeptRevision>();
        // What may not be read is left out: this only looks.
        foreach (var place in objects.Where(item => item.Label(RevisionCodec.Label) is not null).Select(item => item.Namespace ?? "").Distinct(StringComparer.Ordinal))
            revisions.AddRange((await RevisionRecords.OpenAsync(client, deployment, place, new EventFan(), time, cancellation)).Describe());
        return new(
            client.Context,
            client.Server,
            [.. objects.Where(item => item.Label(RevisionCodec.Label) is null).Select(item => RowOf(item, now))],
            [.. pods.Select(pod => PodRowOf(pod, now))])
        {
            Endpoints = [.. objects.Where(item => item.Kind == KubernetesKind.Service).Select(EndpointOf)],
            Revisions = revisions,
            Trouble = await TroubleAsync(client, [.. objects, .. pods], now, cancellation),
            NewestStart = await StartAsync(client, pods.LastOrDefault(pod => PodReport.Of(pod).IsReady), cancellation),
        };
    }

    private static string EndpointOf(KubernetesObject service)
    {
        var port = service.Json.Items("spec", "ports").Select(item => item.Whole("port")).FirstOrDefault();
        return ServiceProgress.AddressOf(service) is { } address
            ? $"http://{address}:{port} (load balancer)"
            : $"http://{service.Name}.{service.Namespace}:{port} inside the cluster; from here: kubectl -n {service.Namespace} port-forward service/{service.Name} {port}";
    }

    private static async Task<string?> TroubleAsync(KubernetesClient client, IReadOnlyList<KubernetesObject> about, DateTimeOffset now, CancellationToken cancellation)
    {
        var ours = about.ToDictionary(item => item.Uid, StringComparer.Ordinal);
        var warnings = new List<KubernetesObject>();
        try
        {
            foreach (var place in about.Select(item => item.Namespace).OfType<string>().Distinct(StringComparer.Ordinal))
                warnings.AddRange((await client.ListAsync(KubernetesKind.Event, new(place, Fields: "type=Warning"), cancellation)).Items);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            return null;
        }
        if (warnings.Where(item => ours.ContainsKey(item.Json.Text("involvedObject", "uid") ?? "")).MaxBy(KubernetesClient.EventTime) is not { } last)
            return null;
        var age = KubernetesClient.EventTime(last) is { } at ? $", {Spans.Text(now > at ? now - at : TimeSpan.Zero)} ago" : "";
        return $"{ours[last.Json.Text("involvedObject", "uid")!].Title}: {last.Json.Text("reason")}: {last.Json.Text("message")}{age}";
    }

    private static async Task<PodColdStart?> StartAsync(KubernetesClient client, KubernetesObject? pod, CancellationToken cancellation)
    {
        if (pod is null)
            return null;
        var (phases, missing) = await ColdStartTimeline.ReadAsync(client, pod, owner: null, cancellation);
        // Events go after an hour, and the log turns over: half a time line would be a wrong one.
        return missing.Count == 0 && phases.Any(phase => phase.Phase == "image") ? new(pod.Name, phases) : null;
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
