using System.Net;

namespace Preheat.Kubernetes;

/// <summary>In which phase each pod of a roll-out is, and since when. A phase is never gone back to: a server that is started anew has no more time.</summary>
/// <remarks>The status tells of node, containers and readiness; only events tell that the image is there, and only the log that the weights are loaded.</remarks>
internal sealed class PodPhases(KubernetesClient client, TimeProvider time)
{
    private const int LogLines = 1000;
    private const int MostPods = 8;

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private readonly Dictionary<string, (PodPhase Phase, DateTimeOffset Since, DateTimeOffset Seen)> _pods = new(StringComparer.Ordinal);
    private readonly HashSet<string> _hidden = new(StringComparer.Ordinal);
    private long _looked;

    /// <summary>True once the pod was taken.</summary>
    public bool Knows(KubernetesObject pod) => _pods.ContainsKey(pod.Uid);

    /// <summary>Takes what a pod's status says.</summary>
    public void Take(KubernetesObject pod) => Reach(pod, PodReport.PhaseOf(pod));

    /// <summary>Gives every pod so much more time: nobody could go on without the API server.</summary>
    public void Prolong(TimeSpan time)
    {
        foreach (var (uid, (phase, since, seen)) in _pods.ToList())
            _pods[uid] = (phase, since + time, seen);
    }

    /// <summary>Reads what the status of these pods does not tell: at most every two seconds, of the first eight that it matters for.</summary>
    public async Task LookAsync(IReadOnlyList<KubernetesObject> pods, CancellationToken cancellation)
    {
        if (_looked != 0 && time.GetElapsedTime(_looked) < Interval)
            return;
        _looked = time.GetTimestamp();
        foreach (var pod in pods.Where(pod => Of(pod).Phase is PodPhase.Image or PodPhase.Weights).Take(MostPods))
        {
            var isImage = Of(pod).Phase is PodPhase.Image;
            var what = isImage ? "events" : "log";
            if (_hidden.Contains(what))
                continue;
            try
            {
                if (isImage ? await IsPulledAsync(pod, cancellation) : await IsLoadedAsync(pod, cancellation))
                    Reach(pod, isImage ? PodPhase.Container : PodPhase.Ready);
            }
            catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
            {
                _hidden.Add(what);
            }
            catch (PreheatException exception) when (KubernetesErrors.IsOutage(exception, isAway: false))
            {
                // The watches wait for the server; asking it for pod after pod would only take their time.
                return;
            }
            catch (PreheatException)
            {
                // The next look tells.
            }
        }
    }

    /// <summary>The phase of a pod that was taken before, with its limit. Where nothing tells two phases apart, they have their time together.</summary>
    public PodPicture Picture(KubernetesObject pod, PhaseLimits limits)
    {
        var (phase, since, seen) = Of(pod);
        var limit = phase switch
        {
            PodPhase.Image when _hidden.Contains("events") => limits.Image + limits.Container,
            PodPhase.Weights when _hidden.Contains("log") => limits.Weights + limits.Ready,
            _ => limits.Of(phase),
        };
        return new(pod.Name, phase, since, limit, seen);
    }

    private (PodPhase Phase, DateTimeOffset Since, DateTimeOffset Seen) Of(KubernetesObject pod) => _pods[pod.Uid];

    private void Reach(KubernetesObject pod, PodPhase phase)
    {
        var now = time.GetUtcNow();
        if (!_pods.TryGetValue(pod.Uid, out var before))
            _pods[pod.Uid] = (phase, now, now);
        else if (phase > before.Phase)
            _pods[pod.Uid] = (phase, now, before.Seen);
    }

    // The image of every container is there: with init containers, the last one to be pulled is the server's.
    private async Task<bool> IsPulledAsync(KubernetesObject pod, CancellationToken cancellation)
    {
        var pulled = (await client.EventsAsync(pod, cancellation)).Count(item => item.Json.Text("reason") == "Pulled");
        return pulled >= pod.Json.Items("spec", "initContainers").Count() + pod.Json.Items("spec", "containers").Count();
    }

    private async Task<bool> IsLoadedAsync(KubernetesObject pod, CancellationToken cancellation)
    {
        var container = pod.Json.Items("spec", "containers").Select(item => item.Text("name")).FirstOrDefault();
        return container is not null && ColdStartTimeline.HasWeights(await client.LogsAsync(pod, container, LogLines, previous: false, cancellation));
    }
}
