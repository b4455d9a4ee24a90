using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>Replicas that one metric asks for, and the value that it has per pod (or in all) in thousandths.</summary>
internal sealed record Proposal(int Replicas, long Usage);

/// <summary>Replicas that a share of the pods' requests asks for, the share that is used, and the average per pod in thousandths.</summary>
internal sealed record UtilizationProposal(int Replicas, int Percent, long Usage);

/// <summary>A metric could not be read or leads to no number of replicas.</summary>
internal sealed class MetricException(string message) : Exception(message);

/// <summary>
/// How many replicas a metric asks for
/// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details). Values are in thousandths, as the
/// original computes them.
/// </summary>
/// <param name="Up">Share above the target that changes nothing.</param>
/// <param name="Down">Share below the target that changes nothing.</param>
internal sealed record ReplicaCalculator(double Up, double Down)
{
    /// <summary>Tolerance where the autoscaler names none.</summary>
    public const double DefaultTolerance = 0.1;

    /// <summary>For a metric per pod with a target for its average.</summary>
    /// <param name="values">Value of each pod that has one, by the pod's name.</param>
    /// <exception cref="MetricException">No pod is there, or none has a value that counts.</exception>
    public Proposal OfPods(int current, long target, IReadOnlyDictionary<string, long> values, IReadOnlyList<StoredObject> pods, Func<StoredObject, bool>? isUnready = null)
    {
        var (replicas, counted) = Weigh(current, values, pods, isUnready, counted => (double)Average(counted) / target, _ => target);
        return new Proposal(replicas, Average(counted));
    }

    /// <summary>For a resource of pods with a target as a share of what they request.</summary>
    /// <param name="percent">The share in hundredths.</param>
    /// <param name="requests">What each pod requests, by its name.</param>
    /// <exception cref="MetricException">No pod is there, or none has a value that counts.</exception>
    public UtilizationProposal OfUtilization(
        int current, int percent, IReadOnlyDictionary<string, long> values, IReadOnlyDictionary<string, long> requests, IReadOnlyList<StoredObject> pods, Func<StoredObject, bool> isUnready)
    {
        // A pod of which nothing is known is taken to use all that it requests, or more where the target is more.
        var (replicas, counted) = Weigh(current, values, pods, isUnready, counted => (double)Percent(counted) / percent, name => requests.GetValueOrDefault(name) * Math.Max(100, percent) / 100);
        return new UtilizationProposal(replicas, Percent(counted), Average(counted));

        int Percent(Dictionary<string, long> counted)
        {
            var known = counted.Keys.Where(requests.ContainsKey).ToList();
            var requested = known.Sum(name => requests[name]);
            return requested == 0 ? throw new MetricException("no metrics returned matched known pods") : (int)(known.Sum(name => counted[name]) * 100 / requested);
        }
    }

    /// <summary>The replicas, and the values that were counted before any was made up.</summary>
    private (int Replicas, Dictionary<string, long> Counted) Weigh(
        int current, IReadOnlyDictionary<string, long> values, IReadOnlyList<StoredObject> pods, Func<StoredObject, bool>? isUnready, Func<Dictionary<string, long>, double> ratioOf, Func<string, long> whole)
    {
        if (pods.Count == 0)
        {
            throw new MetricException("no pods returned by selector while calculating replica count");
        }

        var counted = new Dictionary<string, long>(values, StringComparer.Ordinal);
        var (ready, unready, missing) = (0, new List<string>(), new List<string>());
        foreach (var pod in pods)
        {
            var phase = pod.Json.Text("status", "phase");
            if (pod.Deleting || phase == "Failed")
            {
                counted.Remove(pod.Name);
            }
            else if (phase == "Pending" || (counted.ContainsKey(pod.Name) && isUnready?.Invoke(pod) == true))
            {
                unready.Add(pod.Name);
                counted.Remove(pod.Name);
            }
            else if (!counted.ContainsKey(pod.Name))
            {
                missing.Add(pod.Name);
            }
            else
            {
                ready++;
            }
        }

        if (counted.Count == 0)
        {
            throw new MetricException("did not receive metrics for targeted pods (pods might be unready)");
        }

        var known = new Dictionary<string, long>(counted, StringComparer.Ordinal);
        var ratio = ratioOf(counted);
        var growsWithUnready = unready.Count > 0 && ratio > 1;
        if (!growsWithUnready && missing.Count == 0)
        {
            return (IsWithin(ratio) ? current : Ceiling(ratio * ready), known);
        }

        // What is not known is taken so that it dampens the change: at the target when shrinking, at nothing when growing.
        missing.ForEach(name => counted[name] = ratio < 1 ? whole(name) : 0);
        if (growsWithUnready)
        {
            unready.ForEach(name => counted[name] = 0);
        }

        var dampened = ratioOf(counted);
        if (IsWithin(dampened) || (ratio < 1 && dampened > 1) || (ratio > 1 && dampened < 1))
        {
            return (current, known);
        }

        var replicas = Ceiling(dampened * counted.Count);
        return ((dampened < 1 && replicas > current) || (dampened > 1 && replicas < current) ? current : replicas, known);
    }

    /// <summary>For a metric of something else with a target per replica.</summary>
    public Proposal OfAverage(int running, long target, IEnumerable<long> values)
    {
        var usage = values.Sum();
        var replicas = IsWithin(usage / ((double)target * running)) ? running : Ceiling((double)usage / target);
        return new Proposal(replicas, running == 0 ? usage : Ceiling64((double)usage / running));
    }

    /// <summary>For a metric of something else with a target for its value.</summary>
    public Proposal OfValue(int current, long target, IEnumerable<long> values, int readyPods)
    {
        var usage = values.Sum();
        var ratio = (double)usage / target;
        return new Proposal(current == 0 ? Ceiling(ratio) : IsWithin(ratio) ? current : Ceiling(ratio * readyPods), usage);
    }

    /// <summary>Pods that run and are ready.</summary>
    public static int Ready(IEnumerable<StoredObject> pods) => pods.Count(pod => pod.Json.Text("status", "phase") == "Running" && pod.IsReady());

    private static long Average(Dictionary<string, long> values) => values.Values.Sum() / values.Count;

    private bool IsWithin(double ratio) => ratio >= 1 - Down && ratio <= 1 + Up;

    private static int Ceiling(double value) => double.IsFinite(value) ? (int)Math.Clamp(Math.Ceiling(value), 0, int.MaxValue) : int.MaxValue;

    private static long Ceiling64(double value) => (long)Math.Ceiling(value);
}
