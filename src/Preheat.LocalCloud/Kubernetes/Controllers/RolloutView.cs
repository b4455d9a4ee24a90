using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>A Deployment with its sets and pods at one moment, and how the rolling update scales them next.</summary>
internal sealed class RolloutView
{
    private readonly Dictionary<string, List<StoredObject>> _pods = [];
    private readonly DateTimeOffset _now;
    private readonly TimeSpan _minReady;

    public RolloutView(
        StoredObject deployment, StoredObject? current, IReadOnlyList<StoredObject> old, Func<StoredObject, List<StoredObject>> pods, DateTimeOffset now, TimeSpan minReady)
    {
        (Deployment, Current, Old, _now, _minReady) = (deployment, current, old, now, minReady);
        foreach (var set in Sets)
        {
            _pods[set.Uid] = pods(set);
        }

        Desired = deployment.Json.Int(1, "spec", "replicas");
        MaxSurge = IsRolling ? Share.Of(deployment.Json.At("spec", "strategy", "rollingUpdate", "maxSurge"), Desired, roundUp: true) : 0;
        MaxUnavailable = IsRolling ? Share.Of(deployment.Json.At("spec", "strategy", "rollingUpdate", "maxUnavailable"), Desired, roundUp: false) : 0;

        // Both rounded to 0 would stop the roll-out for ever.
        MaxUnavailable = IsRolling && MaxSurge == 0 && MaxUnavailable == 0 ? 1 : Math.Min(MaxUnavailable, Desired);
    }

    public StoredObject Deployment { get; }

    /// <summary>The set of the present template; null before it is made.</summary>
    public StoredObject? Current { get; }

    public IReadOnlyList<StoredObject> Old { get; }

    public int Desired { get; }

    public int MaxSurge { get; }

    public int MaxUnavailable { get; }

    public int Replicas => Sets.Sum(set => Active(set).Count());

    public int Updated => Current is null ? 0 : Active(Current).Count();

    public int Ready => Sets.Sum(set => Active(set).Count(pod => pod.IsReady()));

    public int Available => Sets.Sum(AvailableOf);

    public int Unavailable => Math.Max(0, Sets.Sum(SpecReplicas) - Available);

    public bool IsComplete => Updated == Desired && Replicas == Desired && Available == Desired
        && Current is not null && SpecReplicas(Current) == Desired && Old.All(set => SpecReplicas(set) == 0);

    /// <summary>When the next pod becomes available by waiting alone; null when none does.</summary>
    public DateTimeOffset? NextAvailable => Sets.SelectMany(Active).Select(pod => pod.AvailableAt(_minReady)).Where(time => time > _now).Min();

    private bool IsRolling => Deployment.Json.Text("spec", "strategy", "type") != "Recreate";

    private IEnumerable<StoredObject> Sets => Current is null ? Old : Old.Prepend(Current);

    public List<StoredObject> Pods(StoredObject set) => _pods[set.Uid];

    /// <summary>Replicas that the new set gets: as many as the surge leaves room for.</summary>
    public int NewReplicas()
    {
        var present = SpecReplicas(Current!);
        if (present >= Desired)
        {
            return Desired;
        }

        // A pod already given up still takes a place (and its GPU) until it is deleted.
        var room = Desired + MaxSurge - Sets.Sum(set => Math.Max(SpecReplicas(set), Active(set).Count()));
        return room <= 0 ? present : present + Math.Min(room, Desired - present);
    }

    /// <summary>Replicas that old sets get: pods that are not available go first, then as many as may be missing.</summary>
    public IEnumerable<(StoredObject Set, int Replicas)> OldReplicas()
    {
        var sizes = Old.Where(set => SpecReplicas(set) > 0).OrderBy(set => set.Created()).ToDictionary(set => set, SpecReplicas);
        var least = Desired - MaxUnavailable;
        var newUnavailable = SpecReplicas(Current!) - LastingOf(Current!);
        var budget = Sets.Sum(SpecReplicas) - least - newUnavailable;
        if (budget <= 0)
        {
            return [];
        }

        foreach (var set in sizes.Keys.ToList())
        {
            var unhealthy = Math.Min(budget, sizes[set] - LastingOf(set));
            if (unhealthy > 0)
            {
                sizes[set] -= unhealthy;
                budget -= unhealthy;
            }
        }

        var spare = Sets.Sum(LastingOf) - least;
        foreach (var set in sizes.Keys.ToList())
        {
            var less = Math.Min(sizes[set], Math.Max(0, spare));
            sizes[set] -= less;
            spare -= less;
        }

        return sizes.Select(pair => (pair.Key, pair.Value));
    }

    private static int SpecReplicas(StoredObject set) => set.Json.Int(0, "spec", "replicas");

    private IEnumerable<StoredObject> Active(StoredObject set) => _pods[set.Uid].Where(pod => pod.IsActive());

    /// <summary>Available pods that the set keeps: one already given up may still run for a moment.</summary>
    private int LastingOf(StoredObject set) => Math.Min(SpecReplicas(set), AvailableOf(set));

    private int AvailableOf(StoredObject set) => Active(set).Count(pod => pod.AvailableAt(_minReady) <= _now);
}
