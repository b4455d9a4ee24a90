using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Autoscaling;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes.Autoscaling;

/// <summary>Numbers of https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details.</summary>
public sealed class ReplicaCalculatorTests
{
    private static readonly ReplicaCalculator Calculator = new(0.1, 0.1);

    [Theory]
    [InlineData(1, "R=200", 2)]
    [InlineData(2, "R=50 R=50", 1)]
    [InlineData(3, "R=110 R=110 R=110", 3)]
    [InlineData(3, "R=111 R=111 R=111", 4)]
    [InlineData(3, "R=91 R=91 R=91", 3)]
    [InlineData(3, "R=30 R=30 R=30", 1)]
    [InlineData(4, "R=0 R=0 R=0 R=0", 0)]
    public void Grows_and_shrinks_by_the_ratio_but_not_within_the_tolerance(int current, string pods, int replicas) => Replicas(current, pods).ShouldBe(replicas);

    [Theory]
    [InlineData(3, "R=300 P P", 3, "unready pods count as idle when growing: 300 over 3 pods is the target")]
    [InlineData(2, "R=500 P", 5, "still above the target with the unready pod at nothing")]
    [InlineData(3, "R=20 P P", 1, "unready pods do not count when shrinking")]
    [InlineData(3, "R=20 R=20 R", 2, "a missing value counts as the target when shrinking")]
    [InlineData(2, "R=150 R", 2, "a missing value counts as nothing when growing: the direction would turn")]
    [InlineData(3, "R=400 R=400 R", 8, "a missing value counts as nothing when growing")]
    [InlineData(2, "R=200 D=900", 2, "a pod that goes does not count")]
    [InlineData(2, "R=200 F=900", 2, "a pod that failed does not count")]
    public void Dampens_by_pods_without_a_value(int current, string pods, int replicas, string why) => Replicas(current, pods).ShouldBe(replicas, why);

    [Theory]
    [InlineData("", "no pods returned by selector while calculating replica count")]
    [InlineData("P P", "did not receive metrics for targeted pods (pods might be unready)")]
    [InlineData("P=900", "did not receive metrics for targeted pods (pods might be unready)")]
    public void Says_nothing_without_a_pod_that_counts(string pods, string message) =>
        Should.Throw<MetricException>(() => Replicas(1, pods)).Message.ShouldBe(message);

    [Theory]
    [InlineData(2, 200, 2)]
    [InlineData(2, 219, 2)]
    [InlineData(2, 221, 3)]
    [InlineData(2, 1000, 10)]
    [InlineData(4, 100, 1)]
    public void A_target_per_replica_divides_the_sum(int running, long sum, int replicas) =>
        Calculator.OfAverage(running, 100_000, [sum * 500, sum * 500]).Replicas.ShouldBe(replicas);

    [Theory]
    [InlineData(2, 105, 2, 2)]
    [InlineData(2, 200, 2, 4)]
    [InlineData(3, 200, 2, 4)]
    [InlineData(0, 150, 0, 2)]
    public void A_target_for_the_value_multiplies_the_ready_pods(int current, long value, int ready, int replicas) =>
        Calculator.OfValue(current, 100_000, [value * 1000], ready).Replicas.ShouldBe(replicas);

    [Fact]
    public void The_usage_is_the_mean_of_the_pods_that_have_a_value() =>
        Of(2, "R=10 R=15 R").Usage.ShouldBe(12_500);

    private static int Replicas(int current, string pods) => Of(current, pods).Replicas;

    /// <summary>Pods as PHASE[=value]: R running, P pending, F failed, D being deleted; the target is 100.</summary>
    private static Proposal Of(int current, string text)
    {
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var values = words.Select((word, at) => (Name: $"pod-{at}", Parts: word.Split('='))).Where(item => item.Parts.Length == 2)
            .ToDictionary(item => item.Name, item => long.Parse(item.Parts[1]) * 1000);
        return Calculator.OfPods(current, 100_000, values, [.. words.Select((word, at) => Pod($"pod-{at}", word[0]))]);
    }

    private static StoredObject Pod(string name, char state)
    {
        var json = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["status"] = new JsonObject { ["phase"] = state switch { 'P' => "Pending", 'F' => "Failed", _ => "Running" } },
        };
        if (state == 'D')
        {
            json["metadata"]!["deletionTimestamp"] = "2026-01-01T00:00:00Z";
        }

        return new StoredObject(new ObjectKey(ResourceKinds.Pod, "default", name), json, 1);
    }
}
