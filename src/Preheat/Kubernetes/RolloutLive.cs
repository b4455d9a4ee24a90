using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Shows a roll-out to those who look on, from the apply to the first token.</summary>
internal sealed class RolloutLive(IEventSink events, TimeProvider time) : IDisposable
{
    private readonly HashSet<string> _served = new(StringComparer.Ordinal);
    private IReadOnlyList<string> _objects = [];
    private RolloutPicture? _picture;
    private DateTimeOffset _began = time.GetUtcNow();

    /// <summary>What was applied beside the workload.</summary>
    public void Applied(IEnumerable<ObjectChange> changes) =>
        _objects = [.. changes.Where(change => change.After.Kind != KubernetesKind.Deployment).Select(change => $"{change.After.Title} {change.Word}")];

    /// <summary>A roll-out begins; its time counts from here.</summary>
    public void Begin() => _began = time.GetUtcNow();

    public void Show(RolloutView view, string state, IReadOnlyList<PodPicture> pods, string? trouble)
    {
        var wanted = view.Deployment.Json.Whole("spec", "replicas") ?? 1;
        var ready = view.Pods.Count(pod => PodReport.Of(pod).IsReady);
        Emit(new(view.Deployment.Title, state, ready, wanted, _began, _objects, pods, trouble));
    }

    /// <summary>A pod has answered its first request.</summary>
    public void Served(string pod)
    {
        if (_picture is not { } picture)
            return;
        _served.Add(pod);
        var now = time.GetUtcNow();
        Emit(picture with { Pods = [.. picture.Pods.Select(item => _served.Contains(item.Name) && item.Phase is not PodPhase.Served ? item with { Phase = PodPhase.Served, Since = now } : item)] });
    }

    /// <summary>It has ended, and what is told of it stays.</summary>
    public void Dispose() => events.Emit(new RolloutSeen(null));

    private void Emit(RolloutPicture picture) => events.Emit(new RolloutSeen(_picture = picture));
}
