using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Metrics;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>
/// Scales what HorizontalPodAutoscalers name, every 15 s of infrastructure time, through the scale subresource
/// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/).
/// </summary>
internal sealed class AutoscalerController(ObjectStore store, InfrastructureClock clock, EventRecorder events, ObjectWriter writer, MetricReader metrics, ResourceMetrics usage)
    : PeriodicController(store, clock)
{
    private const string Component = "horizontal-pod-autoscaler";

    private static readonly TimeSpan SyncPeriod = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Floor = TimeSpan.FromMilliseconds(100);

    /// <summary>The same event is written again no sooner than this in real time.</summary>
    private static readonly TimeSpan EventSpacing = TimeSpan.FromSeconds(1);

    private static readonly WriteOptions AsController = new("kube-controller-manager", DryRun: false, "Ignore");

    private readonly InfrastructureClock _clock = clock;
    private readonly AutoscalerMetric _metrics = new(metrics, usage, clock);
    private readonly ConcurrentDictionary<ObjectKey, Memory> _memory = new();

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.HorizontalPodAutoscaler && change.Type != ChangeType.Modified ? [change.Object.Key] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.HorizontalPodAutoscaler).Select(item => item.Key);

    protected override TimeSpan Interval(StoredObject item) => _clock.Scale(SyncPeriod) is var scaled && scaled > Floor ? scaled : Floor;

    protected override void Gone(ObjectKey key) => _memory.TryRemove(key, out _);

    protected override Task LookAsync(StoredObject item, CancellationToken stopping)
    {
        var memory = _memory.AddOrUpdate(item.Key, _ => new Memory(item.Uid, _clock.Scale), (_, known) => known.Uid == item.Uid ? known : new Memory(item.Uid, _clock.Scale));
        var status = new AutoscalerStatus(item, _clock.Time.GetUtcNow());
        Decide(item, status, memory);
        status.Write(Store);
        return Task.CompletedTask;
    }

    private void Decide(StoredObject item, AutoscalerStatus status, Memory memory)
    {
        var target = item.Json.Map("spec", "scaleTargetRef");
        if (Find(item.Namespace, target) is not { } scaled)
        {
            var fault = $"{Plural(target)} \"{target.Text("name")}\" not found";
            Warn(item, memory, "FailedGetScale", fault);
            status.Set("AbleToScale", false, "FailedGetScale", $"the HPA controller was unable to get the target's current scale: {fault}");
            return;
        }

        status.Set("AbleToScale", true, "SucceededGetScale", "the HPA controller was able to get the target's current scale");
        var scale = Scale.Of(scaled);
        var current = scale.Int(0, "spec", "replicas");
        var (min, max) = (item.Json.Int(1, "spec", "minReplicas"), item.Json.Int(1, "spec", "maxReplicas"));
        memory.History.Begin(status.Now, current);
        status.Observe(current);
        if (current == 0 && min != 0)
        {
            status.Set("ScalingActive", false, "ScalingDisabled", "scaling is disabled since the replica count of the target is zero");
            status.Desire(0);
            return;
        }

        var (desired, reason) = current > max ? (max, "Current number of replicas above Spec.MaxReplicas")
            : current < min ? (min, "Current number of replicas below Spec.MinReplicas")
            : Compute(item, scale, status, memory, current, min, max);
        status.Desire(desired);
        if (desired != current)
        {
            Rescale(item, scaled, status, memory, current, desired, reason);
        }
    }

    private (int Desired, string Reason) Compute(StoredObject item, JsonObject scale, AutoscalerStatus status, Memory memory, int current, int min, int max)
    {
        var behaviour = item.Json.Map("spec", "behavior");
        var (up, down) = (ScalingRules.Up(behaviour.Map("scaleUp")), ScalingRules.Down(behaviour.Map("scaleDown")));
        if (Propose(item, scale, status, memory, current, new ReplicaCalculator(up.Tolerance, down.Tolerance)) is not { } best)
        {
            return (current, "");
        }

        var reason = best.Replicas > current ? $"{best.Name} above target" : "All metrics below target";
        var stable = memory.History.Stabilise(status.Now, current, best.Replicas!.Value, up, down, plain: behaviour is null);
        status.Set("AbleToScale", true, stable.Reason, stable.Message);
        var limited = behaviour is null
            ? ScalingHistory.LimitPlainly(current, stable.Replicas, min, max)
            : memory.History.Limit(status.Now, current, stable.Replicas, min, max, up, down);
        status.Set("ScalingLimited", limited.Replicas != stable.Replicas, limited.Reason, limited.Message);
        return (limited.Replicas, reason);
    }

    /// <summary>The metric that asks for most; null when nothing can be said: all failed, or some did and the rest would shrink.</summary>
    private MetricOutcome? Propose(StoredObject item, JsonObject scale, AutoscalerStatus status, Memory memory, int current, ReplicaCalculator calculator)
    {
        var selector = scale.Text("status", "selector") ?? "";
        if (selector.Length == 0)
        {
            const string Missing = "selector is required";
            Warn(item, memory, "SelectorRequired", Missing);
            status.Set("ScalingActive", false, "InvalidSelector", "the HPA target's scale is missing a selector");
            return null;
        }

        var labels = LabelSelector.Parse(selector);
        var pods = Store.List(ResourceKinds.Pod, item.Namespace).Where(pod => labels.Matches(pod)).ToList();
        var specs = item.Json.Objects("spec", "metrics").DefaultIfEmpty(new JsonObject { ["type"] = "Resource", ["resource"] = new JsonObject { ["name"] = "cpu" } });
        var outcomes = specs.Select(spec => _metrics.Evaluate(spec, item.Namespace, current, scale.Int(0, "status", "replicas"), pods, calculator)).ToList();
        status.Measure(outcomes.Select(outcome => outcome.Status));
        var failed = outcomes.Where(outcome => outcome.Replicas is null).ToList();
        failed.ForEach(outcome => Warn(item, memory, outcome.Reason, outcome.Fault));
        var best = outcomes.Where(outcome => outcome.Replicas is not null).MaxBy(outcome => outcome.Replicas);
        if (failed.Count > 0 && (best is null || best.Replicas < current))
        {
            status.Set("ScalingActive", false, failed[0].Reason, $"the HPA was unable to compute the replica count: {failed[0].Fault}");
            Warn(item, memory, "FailedComputeMetricsReplicas", $"invalid metrics ({failed.Count} invalid out of {outcomes.Count}), first error is: {failed[0].Error}");
            return null;
        }

        status.Set("ScalingActive", true, "ValidMetricFound", $"the HPA was able to successfully calculate a replica count from {best!.Name}");
        return best;
    }

    private void Rescale(StoredObject item, StoredObject scaled, AutoscalerStatus status, Memory memory, int current, int desired, string reason)
    {
        try
        {
            writer.Update(scaled.Key, "scale", present =>
            {
                Scale.Set(scaled.Key.Kind, present, desired);
                return present;
            }, AsController);
        }
        catch (ApiException e)
        {
            Warn(item, memory, "FailedRescale", $"New size: {desired}; reason: {reason}; error: {e.Message}");
            status.Set("AbleToScale", false, "FailedUpdateScale", $"the HPA controller was unable to update the target scale: {e.Message}");
            return;
        }

        status.Set("AbleToScale", true, "SucceededRescale", $"the HPA controller was able to update the target scale to {desired}");
        status.Rescaled();
        events.Normal(item, Component, "SuccessfulRescale", $"New size: {desired}; reason: {reason}");
        memory.History.Scaled(status.Now, current, desired);
    }

    private void Warn(StoredObject item, Memory memory, string reason, string message)
    {
        var now = _clock.Time.GetUtcNow();
        if (!memory.Told.TryGetValue((reason, message), out var told) || now - told >= EventSpacing)
        {
            memory.Told[(reason, message)] = now;
            events.Warning(item, Component, reason, message);
        }
    }

    private StoredObject? Find(string ns, JsonObject? target) =>
        Store.Kinds.OfType(target.Text("apiVersion"), target.Text("kind")) is { HasScale: true } kind ? Store.Get(new ObjectKey(kind, ns, target.Text("name") ?? "")) : null;

    private static string Plural(JsonObject? target)
    {
        var group = (target.Text("apiVersion") ?? "").Split('/') is [var name, _] ? $".{name}" : "";
        return $"{target.Text("kind")?.ToLowerInvariant()}s{group}";
    }

    private sealed class Memory(string uid, Func<TimeSpan, TimeSpan> scale)
    {
        public string Uid { get; } = uid;

        public ScalingHistory History { get; } = new(scale);

        public Dictionary<(string Reason, string Message), DateTimeOffset> Told { get; } = [];
    }
}
