using System.Globalization;
using System.Text.RegularExpressions;

namespace Preheat.Kubernetes;

/// <summary>The phases of one pod's start, from its conditions, events and log.</summary>
/// <remarks>
/// node: made → a node is found; image: the pull; container: until the process runs (volumes, start); weights: as the server's log tells;
/// ready: the rest until the pod is ready. A phase that nothing tells about is left out and its time counts to the next one. Kubernetes' own times are whole seconds;
/// <c>eventTime</c> has microseconds where the reporter fills it.
/// </remarks>
internal static partial class ColdStartTimeline
{
    private const int LogLines = 5000;

    // The embedded cluster's: what the simulated hardware would have taken for the phase that an event ends, and the moment of readiness in microseconds.
    private const string SimulatedSeconds = "preheat.dev/simulated-seconds";
    private const string ReadyTime = "preheat.dev/ready-time";

    /// <summary>The phases in order; empty when the pod is not ready. What may not be read costs the phases that only it tells, and is named.</summary>
    /// <param name="owner">The pod's ReplicaSet, whose event tells most exactly when the pod was made.</param>
    public static async Task<(IReadOnlyList<ColdStartPhase> Phases, IReadOnlyList<string> Missing)> ReadAsync(KubernetesClient client, KubernetesObject pod, KubernetesObject? owner, CancellationToken cancellation)
    {
        if (pod.Condition("Ready") is not { } ready || ready.Text("status") != "True")
            return ([], []);
        var missing = new List<string>();
        var events = await TryAsync("events", () => client.EventsAsync(pod, cancellation));
        var made = owner is null || missing.Count > 0 ? null : (await TryAsync("events", () => client.EventsAsync(owner, cancellation)))
            .LastOrDefault(item => item.Json.Text("reason") == "SuccessfulCreate" && item.Json.Text("message")?.EndsWith(": " + pod.Name, StringComparison.Ordinal) == true);
        var container = pod.Json.Items("spec", "containers").Select(item => item.Text("name")).FirstOrDefault() ?? "";
        var log = await TryAsync("the log", () => client.LogsAsync(pod, container, LogLines, previous: false, cancellation));
        return (Phases(pod, made is null ? pod.CreatedAt : FirstTime(made), events, log, pod.Json.Time("metadata", "annotations", ReadyTime) ?? ready.Time("lastTransitionTime")), missing);

        async Task<IReadOnlyList<T>> TryAsync<T>(string what, Func<Task<IReadOnlyList<T>>> read)
        {
            try
            {
                return await read();
            }
            catch (KubernetesApiException exception) when (exception.ExitCode == 2)
            {
                missing.Add($"The cold start is told without {what}: {exception.Message}");
                return [];
            }
        }
    }

    private static List<ColdStartPhase> Phases(KubernetesObject pod, DateTimeOffset? made, IReadOnlyList<KubernetesObject> events, IReadOnlyList<string> log, DateTimeOffset? ready)
    {
        var scheduled = Last(events, "Scheduled");
        var pulled = Last(events, "Pulled");
        var started = Last(events, "Started");
        var nodeAt = TimeOf(scheduled) ?? pod.Condition("PodScheduled").Time("lastTransitionTime");
        var startedAt = TimeOf(started) ?? pod.Json.Items("status", "containerStatuses").Select(status => status.Time("state", "running", "startedAt")).FirstOrDefault();
        var phases = new List<ColdStartPhase>();
        if (made is null || ready is null)
            return phases;
        var at = made.Value;
        if (nodeAt is { } found)
            Add("node", found, Simulated(scheduled));
        if (pulled is not null && PullSeconds(events, pulled) is { } pull)
            phases.Add(new("image", pull, Simulated(pulled)));
        if (startedAt is { } running)
        {
            Add("container", running, Simulated(started));
            // What the pull took stands on its own line.
            if (phases.Find(phase => phase.Phase == "image") is { } image)
                phases[^1] = phases[^1] with { Seconds = Math.Max(0, phases[^1].Seconds - image.Seconds) };
        }
        var (weights, others) = FromLog(log);
        if (weights is not null)
            phases.Add(weights);
        var rest = Math.Max(0, (ready.Value - at).TotalSeconds - (weights?.Seconds ?? 0));
        phases.Add(new("ready", Math.Round(rest, 3), others));
        return phases;

        void Add(string phase, DateTimeOffset until, double? simulated)
        {
            phases.Add(new(phase, Math.Round(Math.Max(0, (until - at).TotalSeconds), 3), simulated));
            at = until > at ? until : at;
        }
    }

    /// <summary>True when a server's log says that it has loaded the weights.</summary>
    internal static bool HasWeights(IEnumerable<string> log) =>
        log.Any(line => (PhaseForm().Match(line) is { Success: true } told && told.Groups["phase"].Value == "weights") || WeightsForm().IsMatch(line) || ShardForm().IsMatch(line));

    /// <summary>The weights' own phase, and the simulated seconds of all other phases that the log tells of.</summary>
    private static (ColdStartPhase? Weights, double? Others) FromLog(IReadOnlyList<string> log)
    {
        ColdStartPhase? weights = null;
        double? others = null;
        foreach (var line in log)
        {
            if (PhaseForm().Match(line) is { Success: true } told)
            {
                var (simulated, seconds) = (Number(told.Groups["simulated"]), Number(told.Groups["seconds"]));
                if (told.Groups["phase"].Value == "weights")
                    weights = new("weights", seconds, simulated);
                else
                    others = (others ?? 0) + simulated;
            }
            else if (weights?.SimulatedSeconds is null && WeightsForm().Match(line) is { Success: true } loaded)
            {
                // With several workers the slowest one counts.
                weights = new("weights", Math.Max(Number(loaded.Groups["seconds"]), weights?.Seconds ?? 0), SimulatedSeconds: null);
            }
        }
        return (weights, others);
    }

    // The kubelet says how long the pull took; the difference of two whole seconds would be coarser.
    private static double? PullSeconds(IReadOnlyList<KubernetesObject> events, KubernetesObject pulled)
    {
        if (pulled.Json.Text("message") is { } message)
        {
            if (message.Contains("already present", StringComparison.Ordinal))
                return 0;
            if (PulledForm().Match(message) is { Success: true } told)
                return Math.Round((60 * Number(told.Groups["minutes"])) + (Number(told.Groups["number"]) * (told.Groups["unit"].Value is "ms" ? 0.001 : 1)), 3);
        }
        return TimeOf(Last(events, "Pulling")) is { } from && TimeOf(pulled) is { } until ? Math.Round((until - from).TotalSeconds, 3) : null;
    }

    private static KubernetesObject? Last(IReadOnlyList<KubernetesObject> events, string reason) => events.LastOrDefault(item => item.Json.Text("reason") == reason);

    private static DateTimeOffset? TimeOf(KubernetesObject? item) => item is null ? null : FirstTime(item);

    private static DateTimeOffset? FirstTime(KubernetesObject item) => item.Json.Time("eventTime") ?? item.Json.Time("firstTimestamp") ?? item.CreatedAt;

    private static double? Simulated(KubernetesObject? item) =>
        double.TryParse(item?.Annotation(SimulatedSeconds), NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) ? seconds : null;

    private static double Number(Group group) => double.TryParse(group.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : 0;

    // The embedded cloud's look-alike: [preheat] phase=weights simulated_seconds=12.300 seconds=0.104
    [GeneratedRegex(@"\[preheat\] phase=(?<phase>[a-z-]+) simulated_seconds=(?<simulated>[0-9.]+) seconds=(?<seconds>[0-9.]+)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PhaseForm();

    // vLLM, default_loader.py: "Loading weights took 12.34 seconds".
    [GeneratedRegex(@"Loading weights took (?<seconds>[0-9]+(\.[0-9]+)?) seconds", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex WeightsForm();

    // Text Generation Inference, launcher: "Shard ready in 12.3s rank=0".
    [GeneratedRegex(@"Shard ready in [0-9]", RegexOptions.CultureInvariant)]
    private static partial Regex ShardForm();

    // kubelet: Successfully pulled image "…" in 4m12.5s (4m12.5s including waiting). Image size: … bytes.
    [GeneratedRegex(@"^Successfully pulled image "".*"" in ((?<minutes>[0-9]+)m)?(?<number>[0-9.]+)(?<unit>ms|s)", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture)]
    private static partial Regex PulledForm();
}
