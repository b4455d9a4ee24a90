using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Rolls Deployments out: one ReplicaSet per template, scaled by the strategy
/// (https://kubernetes.io/docs/concepts/workloads/controllers/deployment/).
/// </summary>
internal sealed class DeploymentController(ObjectStore store, InfrastructureClock clock, EventRecorder events, Deletion deletion, Overrun overrun)
    : Controller(store, clock)
{
    public const string Revision = "deployment.kubernetes.io/revision";
    public const string HashLabel = "pod-template-hash";

    private const string Component = "deployment-controller";

    private readonly DeploymentStatus _status = new(store, clock, overrun);

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change)
    {
        var kind = change.Object.Key.Kind;
        if (kind == ResourceKinds.Deployment)
        {
            yield return change.Object.Key;
        }
        else if (kind == ResourceKinds.ReplicaSet && ControllerOf(change.Object, ResourceKinds.Deployment) is { } owner)
        {
            yield return owner;
        }
        else if (kind == ResourceKinds.Pod && ControllerOf(change.Object, ResourceKinds.ReplicaSet) is { } set
            && Store.Get(set) is { } found && ControllerOf(found, ResourceKinds.Deployment) is { } deployment)
        {
            yield return deployment;
        }
    }

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Deployment).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is not { } deployment)
        {
            return Task.CompletedTask;
        }

        if (!deployment.Deleting)
        {
            if (deployment.Json.Flag("spec", "paused"))
            {
                ScalePaused(View(deployment));
            }
            else
            {
                Roll(deployment);
            }
        }

        if (Store.Get(key) is { } present)
        {
            var rollout = View(present);
            if (_status.Write(present, rollout) is { } lookAgain)
            {
                EnqueueAfter(key, lookAgain);
            }

            if (rollout.IsComplete)
            {
                TrimHistory(present, rollout);
            }
        }

        return Task.CompletedTask;
    }

    private RolloutView View(StoredObject deployment)
    {
        var sets = Store.OwnedBy(deployment.Uid).Where(item => item.Key.Kind == ResourceKinds.ReplicaSet).ToList();
        var template = deployment.Json.Map("spec", "template");
        var current = sets.Where(set => SameTemplate(set, template)).OrderBy(set => set.Created()).ThenBy(set => set.Name, StringComparer.Ordinal).FirstOrDefault();
        var minReady = Clock.Scale(TimeSpan.FromSeconds(deployment.Json.Int(0, "spec", "minReadySeconds")));
        return new RolloutView(deployment, current, [.. sets.Where(set => set != current)],
            set => [.. Store.OwnedBy(set.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod)], Clock.Time.GetUtcNow(), minReady);
    }

    private void Roll(StoredObject deployment)
    {
        var view = View(deployment);
        if (view.Current is null || SetRevision(view))
        {
            if (view.Current is null)
            {
                CreateSet(deployment, view);
            }

            view = View(deployment);
        }

        // The Deployment carries the revision of the set that it runs.
        var revision = view.Current!.Json.Text("metadata", "annotations", Revision);
        Store.Update(deployment.Key, json =>
        {
            json.Ensure("metadata", "annotations")[Revision] = revision;
            return true;
        });

        if (deployment.Json.Text("spec", "strategy", "type") == "Recreate")
        {
            Recreate(view);
        }
        else if (!Scale(view.Current!, view.NewReplicas(), deployment))
        {
            foreach (var (set, replicas) in view.OldReplicas())
            {
                Scale(set, replicas, deployment);
            }
        }
    }

    /// <summary>A paused roll-out makes no set and moves no pods between sets; the one that runs still follows the number of replicas.</summary>
    private void ScalePaused(RolloutView view)
    {
        var sets = view.Current is { } current ? view.Old.Append(current).ToList() : [.. view.Old];
        var running = sets.Where(set => set.Json.Int(0, "spec", "replicas") > 0).ToList();
        if ((running.Count == 0 ? sets.MaxBy(RevisionOf) : running.Count == 1 ? running[0] : null) is { } only)
        {
            Scale(only, view.Desired, view.Deployment);
        }
    }

    private void Recreate(RolloutView view)
    {
        var scaled = false;
        foreach (var old in view.Old)
        {
            scaled |= Scale(old, 0, view.Deployment);
        }

        // All old pods must be gone, also those still stopping, before the first new one is made.
        if (!scaled && view.Old.All(set => view.Pods(set).All(pod => pod.IsEnded())))
        {
            Scale(view.Current!, view.Desired, view.Deployment);
        }
    }

    private bool Scale(StoredObject set, int replicas, StoredObject deployment)
    {
        var before = set.Json.Int(0, "spec", "replicas");
        if (before == replicas)
        {
            return false;
        }

        Store.Update(set.Key, json =>
        {
            json.Ensure("spec")["replicas"] = replicas;
            json.Ensure("metadata", "annotations")["deployment.kubernetes.io/desired-replicas"] = deployment.Json.Int(1, "spec", "replicas").ToString(CultureInfo.InvariantCulture);
            return true;
        });
        events.Normal(deployment, Component, "ScalingReplicaSet", $"Scaled {(replicas > before ? "up" : "down")} replica set {set.Name} from {before} to {replicas}");
        return true;
    }

    private static bool SameTemplate(StoredObject set, JsonObject? template)
    {
        var own = set.Json.Map("spec", "template")!.Copy();
        own.Map("metadata", "labels")?.Remove(HashLabel);
        return KubeJson.Same(own, template);
    }

    private static long RevisionOf(StoredObject set) =>
        long.TryParse(set.Json.Text("metadata", "annotations", Revision), NumberStyles.None, CultureInfo.InvariantCulture, out var revision) ? revision : 0;

    /// <summary>An earlier template that is current again gets the next revision (a rollback is a new revision).</summary>
    private bool SetRevision(RolloutView view)
    {
        var highest = view.Old.Select(RevisionOf).DefaultIfEmpty(0).Max();
        if (view.Current is not { } current || RevisionOf(current) > highest)
        {
            return false;
        }

        Store.Update(current.Key, json =>
        {
            json.Ensure("metadata", "annotations")[Revision] = (highest + 1).ToString(CultureInfo.InvariantCulture);
            return true;
        });
        return true;
    }

    private void CreateSet(StoredObject deployment, RolloutView view)
    {
        var template = deployment.Json.Map("spec", "template")!.Copy();
        var hash = Hash(template);
        template.Ensure("metadata", "labels")[HashLabel] = hash;
        var selector = deployment.Json.Map("spec", "selector")!.Copy();
        selector.Ensure("matchLabels")[HashLabel] = hash;
        var annotations = new JsonObject();
        foreach (var (name, value) in deployment.Json.Map("metadata", "annotations") ?? [])
        {
            if (name is not (Revision or "kubectl.kubernetes.io/last-applied-configuration"))
            {
                annotations[name] = value?.DeepClone();
            }
        }

        annotations[Revision] = (view.Old.Select(RevisionOf).DefaultIfEmpty(0).Max() + 1).ToString(CultureInfo.InvariantCulture);
        var set = new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["labels"] = template.Map("metadata", "labels")!.DeepClone(),
                ["annotations"] = annotations,
                ["ownerReferences"] = new JsonArray(deployment.OwnerReference()),
            },
            ["spec"] = new JsonObject
            {
                ["replicas"] = 0,
                ["minReadySeconds"] = deployment.Json.Int(0, "spec", "minReadySeconds"),
                ["selector"] = selector,
                ["template"] = template,
            },
        };
        Defaults.Apply(ResourceKinds.ReplicaSet, set);
        Store.Create(new ObjectKey(ResourceKinds.ReplicaSet, deployment.Namespace, $"{deployment.Name}-{hash}"), set);
    }

    /// <summary>Ten characters over the template: the same template always has the same name.</summary>
    private static string Hash(JsonObject template)
    {
        const string Alphabet = "bcdfghjklmnpqrstvwxz2456789";
        return string.Concat(SHA256.HashData(KubeJson.Serialize(template)).Take(10).Select(b => Alphabet[b % Alphabet.Length]));
    }

    private void TrimHistory(StoredObject deployment, RolloutView view)
    {
        var spent = view.Old.Where(set => set.Json.Int(0, "spec", "replicas") == 0 && view.Pods(set).Count == 0 && !set.Deleting).OrderBy(RevisionOf).ToList();
        foreach (var set in spent.Take(Math.Max(0, spent.Count - deployment.Json.Int(10, "spec", "revisionHistoryLimit"))))
        {
            deletion.Delete(set.Key, DeleteOptions.Background);
        }
    }
}
