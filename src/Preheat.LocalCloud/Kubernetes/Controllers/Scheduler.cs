using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Storage;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Assigns pods to nodes, adds a node where none fits, and removes a node that has been empty: what the scheduler and the auto-provisioner
/// of GKE Autopilot do together.
/// </summary>
internal sealed class Scheduler : Controller
{
    private const string Autoscaler = "cluster-autoscaler";

    /// <summary>Annotation with the modelled seconds that a pod waited for its node.</summary>
    public const string NodeSeconds = "preheat.dev/simulated-seconds.node";

    /// <summary>How long a node takes from the decision to ready: about two minutes are reported for GKE with a GPU.</summary>
    private static readonly TimeSpan Provisioning = TimeSpan.FromSeconds(120);

    private static readonly TimeSpan RemoveEmptyAfter = TimeSpan.FromMinutes(10);

    /// <summary>How long the autoscaler leaves a zone alone that had no machine for it.</summary>
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromMinutes(5);

    /// <summary>Stands for every pod that waits: something may fit that did not.</summary>
    private static readonly ObjectKey Everyone = new(ResourceKinds.Pod, "", "");

    private readonly EventRecorder _events;
    private readonly PodPlacement _placement;
    private readonly NodePool _pool;
    private readonly List<PlannedNode> _planned = [];
    private readonly Dictionary<string, DateTimeOffset> _emptySince = new(StringComparer.Ordinal);

    public Scheduler(ObjectStore store, InfrastructureClock clock, EventRecorder events)
        : base(store, clock)
    {
        (_events, _placement) = (events, new PodPlacement(store));
        _pool = new NodePool(store, _placement, clock.Time);
    }

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        if (change.Object.Key.Kind == ResourceKinds.Node)
        {
            return change.Type == ChangeType.Modified ? [] : [Everyone, change.Object.Key];
        }

        if (change.Object.Key.Kind == ResourceKinds.PersistentVolumeClaim)
        {
            return Claims.PodsOf(Store, change.Object.Key).Where(pod => pod.NodeName().Length == 0).Select(pod => pod.Key);
        }

        if (change.Object.Key.Kind == ComputeClasses.Kind)
        {
            return [Everyone];
        }

        if (change.Object.Key.Kind != ResourceKinds.Pod)
        {
            return [];
        }

        // A pod that came changes whether its node is empty, one that went also what the node has free.
        var node = change.Object.NodeName();
        return node.Length == 0 ? [change.Object.Key]
            : change.Type == ChangeType.Deleted || (change.Object.IsEnded() && change.Before?.IsEnded() == false) ? [Everyone, new ObjectKey(ResourceKinds.Node, "", node), change.Object.Key]
            : change.Before?.NodeName() != node ? [new ObjectKey(ResourceKinds.Node, "", node), change.Object.Key] : [];
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Node).Select(node => node.Key).Append(Everyone);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (key.Kind == ResourceKinds.Node)
        {
            RemoveIfEmpty(key);
            return Task.CompletedTask;
        }

        _planned.RemoveAll(node => node.State == Provision.GivenUp);
        if (key == Everyone)
        {
            _placement.Waiting.ForEach(Enqueue);
            return Task.CompletedTask;
        }

        if (Store.Get(key) is not { } pod || !pod.IsActive() || pod.NodeName().Length > 0)
        {
            _planned.ForEach(node => node.Leave(key));
            return Task.CompletedTask;
        }

        var nodes = Store.List(ResourceKinds.Node);
        if (PodClaims.Fault(Store, pod) is { } fault)
        {
            Unschedulable(pod, nodes.Count, fault, $"{nodes.Count} Preemption is not helpful for scheduling");
            return Task.CompletedTask;
        }

        var needs = PodClaims.With(Store, pod, PodNeeds.Of(pod.Json));
        if (nodes.FirstOrDefault(node => _pool.Refuses(node, needs) is null) is { } fitting)
        {
            // A claim that waited is bound first; its change brings the pod here again.
            if (PodClaims.Settle(Store, pod, fitting))
            {
                Bind(pod, fitting);
            }
        }
        else if (!_planned.Exists(node => node.State is not Provision.Ready && node.Holds(key)))
        {
            // Others may have taken the place on the node that was planned for it.
            _planned.ForEach(node => node.Leave(key));
            Plan(pod, needs, nodes, stopping);
        }

        return Task.CompletedTask;
    }

    private void Bind(StoredObject pod, StoredObject node)
    {
        var waited = _planned.Exists(planned => planned.Name == node.Name && planned.Holds(pod.Key)) ? Provisioning : TimeSpan.Zero;
        _planned.ForEach(planned => planned.Leave(pod.Key));
        _planned.RemoveAll(planned => planned.State == Provision.Ready && planned.IsEmpty);
        _emptySince.Remove(node.Name);
        var bound = Store.Update(pod.Key, json =>
        {
            if (json.Text("metadata", "uid") != pod.Uid || json.Text("metadata", "deletionTimestamp") is not null)
            {
                return false;
            }

            json.Ensure("spec")["nodeName"] = node.Name;
            json.Ensure("metadata", "annotations")[NodeSeconds] = EventRecorder.Seconds(waited);
            Conditions.Set(json, "PodScheduled", status: true, "", "", Clock.Time.GetUtcNow());
            return true;
        });
        if (bound?.NodeName() == node.Name)
        {
            _events.Normal(bound, "default-scheduler", "Scheduled", $"Successfully assigned {pod.Namespace}/{pod.Name} to {node.Name}", waited);
        }
    }

    private void Plan(StoredObject pod, PodNeeds needs, IReadOnlyList<StoredObject> nodes, CancellationToken stopping)
    {
        Unschedulable(pod, needs, nodes);
        if (_planned.Find(node => node.State == Provision.Asked && node.Refuses(needs) is null) is { } planned)
        {
            planned.Join(pod.Key, needs);
            return;
        }

        if (Choose(needs, out var reason) is not { } node)
        {
            _events.Normal(pod, Autoscaler, "NotTriggerScaleUp", $"pod didn't trigger scale-up: {reason}");
            return;
        }

        node.Join(pod.Key, needs);
        _planned.Add(node);
        _events.Normal(pod, Autoscaler, "TriggeredScaleUp", $"pod triggered scale-up: [{{{node.Machine.Type} 0->1 (max: 1000)}}]", Provisioning);
        _ = ProvisionAsync(node, stopping);
    }

    /// <summary>The most wanted machine that was not refused lately; null, with the reasons, when there is none.</summary>
    private PlannedNode? Choose(PodNeeds needs, out string reason)
    {
        var reasons = new List<string>();
        foreach (var wish in ComputeClasses.WishesOf(Store, needs))
        {
            if (MachineCatalog.Find(wish.Accelerator, wish.Gpus, needs.Cpu, needs.MemoryGiB) is not { } machine)
            {
                continue;
            }

            var name = $"gk3-preheat-nap-{Admission.RandomSuffix()}{Admission.RandomSuffix()}";
            var node = new PlannedNode(name, machine, NodePool.Labels(machine, name, wish)) { IsSpot = wish.IsSpot, Class = wish.Class };
            if (node.Refuses(needs) is { } misfit)
            {
                reasons.AddRange(misfit.Reasons);
            }
            else if (wish.Class is not null && _planned.Exists(other => other.State == Provision.Failed && other.IsLike(node)))
            {
                reasons.Add("in backoff after failed scale-up");
            }
            else
            {
                reason = "";
                return node;
            }
        }

        reason = Count(reasons.Count > 0 ? reasons : ["node(s) didn't match Pod's node affinity/selector"]);
        return null;
    }

    private void Unschedulable(StoredObject pod, PodNeeds needs, IReadOnlyList<StoredObject> nodes)
    {
        var misfits = nodes.Select(node => _pool.Refuses(node, needs)).OfType<Misfit>().ToList();
        Unschedulable(pod, nodes.Count, Count(misfits.SelectMany(misfit => misfit.Reasons)),
            Count(misfits.Select(misfit => misfit.Hopeless ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod")));
    }

    private void Unschedulable(StoredObject pod, int nodes, string reasons, string preemption)
    {
        var message = nodes == 0 ? "no nodes available to schedule pods" : $"0/{nodes} nodes are available: {reasons}. preemption: 0/{nodes} nodes are available: {preemption}.";
        Store.Update(pod.Key, json =>
        {
            Conditions.Set(json, "PodScheduled", status: false, "Unschedulable", message, Clock.Time.GetUtcNow());
            return true;
        });
        _events.Warning(pod, "default-scheduler", "FailedScheduling", message);
    }

    /// <summary>Equal reasons with their number, in order, as the scheduler puts them.</summary>
    private static string Count(IEnumerable<string> reasons) =>
        string.Join(", ", reasons.GroupBy(reason => reason, StringComparer.Ordinal).Select(group => $"{group.Count()} {group.Key}").Order(StringComparer.Ordinal));

    private async Task ProvisionAsync(PlannedNode node, CancellationToken stopping)
    {
        try
        {
            await Clock.DelayAsync(Provisioning, stopping);
            if (Stockout.Refuses(Store, node.Machine, node.IsSpot) is { } why)
            {
                await FailAsync(node, why, stopping);
                return;
            }
        }
        catch (OperationCanceledException)
        {
            return;
        }

        var created = _pool.Create(node.Name, node.Machine, node.Labels);
        node.State = Provision.Ready;
        Enqueue(Everyone);
        _events.Normal(created, "kubelet", "NodeReady", $"Node {node.Name} status is now: NodeReady", Provisioning);
    }

    /// <summary>The machine cannot be had: its pods are told, and after a while another one is asked for.</summary>
    private async Task FailAsync(PlannedNode node, string why, CancellationToken stopping)
    {
        node.State = Provision.Failed;
        var waiting = node.Pods;
        foreach (var pod in waiting.Select(Store.Get).OfType<StoredObject>())
        {
            _events.Warning(pod, Autoscaler, "FailedScaleUp",
                $"Node scale up in zones {node.Labels.GetValueOrDefault("topology.kubernetes.io/zone")} associated with this pod failed: {why}. Pod is at risk of not being scheduled.");
        }

        if (node.Class is not null)
        {
            // The class may name another kind of machine.
            waiting.ForEach(node.Leave);
            waiting.ForEach(Enqueue);
        }

        await Clock.DelayAsync(AskAgainAfter, stopping);
        node.State = Provision.GivenUp;
        waiting.ForEach(Enqueue);
    }

    private void RemoveIfEmpty(ObjectKey key)
    {
        if (Store.Get(key) is null || _pool.Used(key.Name).Pods > 0)
        {
            _emptySince.Remove(key.Name);
            return;
        }

        var now = Clock.Time.GetUtcNow();
        if (!_emptySince.TryGetValue(key.Name, out var since))
        {
            _emptySince[key.Name] = since = now;
        }

        var left = Clock.Scale(RemoveEmptyAfter) - (now - since);
        if (left > TimeSpan.Zero)
        {
            EnqueueAfter(key, left);
        }
        else
        {
            _emptySince.Remove(key.Name);
            _pool.Forget(key.Name);
            Store.Remove(key);
        }
    }
}
