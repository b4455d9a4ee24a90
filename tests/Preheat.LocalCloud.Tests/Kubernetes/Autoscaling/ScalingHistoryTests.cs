using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Autoscaling;

namespace Preheat.LocalCloud.Tests.Kubernetes.Autoscaling;

public sealed class ScalingHistoryTests
{
    private static readonly DateTimeOffset Start = DateTimeOffset.UnixEpoch.AddYears(50);

    private readonly ScalingHistory _history = new(span => span);

    [Theory]
    [InlineData(1, 10, 10, 4, "ScaleUpLimit")]
    [InlineData(4, 20, 20, 8, "ScaleUpLimit")]
    [InlineData(4, 20, 6, 6, "TooManyReplicas")]
    [InlineData(4, 0, 10, 1, "TooFewReplicas")]
    [InlineData(4, 3, 10, 3, "DesiredWithinRange")]
    public void Without_a_behaviour_it_at_most_doubles_and_keeps_the_limits(int current, int desired, int max, int replicas, string reason)
    {
        var limited = ScalingHistory.LimitPlainly(current, desired, min: 1, max);
        (limited.Replicas, limited.Reason).ShouldBe((replicas, reason));
    }

    [Fact]
    public void Shrinks_only_when_the_highest_recommendation_of_five_minutes_is_lower()
    {
        _history.Begin(Start, 4);
        At(10, current: 4, desired: 2).ShouldBe((4, "ScaleDownStabilized"));
        At(299, current: 4, desired: 1).ShouldBe((4, "ScaleDownStabilized"));
        At(301, current: 4, desired: 1).ShouldBe((2, "ScaleDownStabilized"), "the two of second 10 still counts");
        At(320, current: 2, desired: 1).ShouldBe((1, "ReadyForNewScale"));
        At(330, current: 1, desired: 6).ShouldBe((6, "ReadyForNewScale"), "growing does not wait");
    }

    [Fact]
    public void A_window_for_growing_takes_the_lowest_recommendation()
    {
        var rules = """{"scaleUp":{"stabilizationWindowSeconds":60}}""";
        At(0, current: 1, desired: 1, rules);
        At(30, current: 1, desired: 5, rules).ShouldBe((1, "ScaleUpStabilized"));
        At(61, current: 1, desired: 4, rules).ShouldBe((4, "ReadyForNewScale"), "five and four are all that the last minute holds");
    }

    [Theory]
    [InlineData("""{}""", 1, 10, 5, "ScaleUpLimit")]
    [InlineData("""{}""", 10, 40, 20, "ScaleUpLimit")]
    [InlineData("""{"scaleUp":{"selectPolicy":"Min"}}""", 10, 40, 14, "ScaleUpLimit")]
    [InlineData("""{"scaleUp":{"policies":[{"type":"Pods","value":1,"periodSeconds":60}]}}""", 2, 40, 3, "ScaleUpLimit")]
    [InlineData("""{"scaleUp":{"selectPolicy":"Disabled"}}""", 2, 40, 2, "ScaleUpLimit")]
    [InlineData("""{}""", 30, 100, 50, "TooManyReplicas")]
    [InlineData("""{}""", 10, 1, 1, "DesiredWithinRange")]
    [InlineData("""{}""", 10, 0, 1, "TooFewReplicas")]
    [InlineData("""{"scaleDown":{"policies":[{"type":"Percent","value":10,"periodSeconds":60}]}}""", 10, 1, 9, "ScaleDownLimit")]
    [InlineData("""{"scaleDown":{"policies":[{"type":"Percent","value":10,"periodSeconds":60},{"type":"Pods","value":4,"periodSeconds":60}]}}""", 10, 1, 6, "ScaleDownLimit")]
    [InlineData("""{"scaleDown":{"selectPolicy":"Min","policies":[{"type":"Percent","value":10,"periodSeconds":60},{"type":"Pods","value":4,"periodSeconds":60}]}}""", 10, 1, 9, "ScaleDownLimit")]
    [InlineData("""{"scaleDown":{"selectPolicy":"Disabled"}}""", 10, 1, 10, "ScaleDownLimit")]
    public void A_behaviour_bounds_the_step_by_its_policies(string rules, int current, int desired, int replicas, string reason) =>
        Limit(0, current, desired, rules).ShouldBe((replicas, reason));

    [Fact]
    public void What_was_added_within_the_period_counts_against_the_policy()
    {
        var rules = """{"scaleUp":{"policies":[{"type":"Pods","value":2,"periodSeconds":60}]}}""";
        Limit(0, 2, 10, rules).ShouldBe((4, "ScaleUpLimit"));
        _history.Scaled(Start, 2, 4);
        Limit(30, 4, 10, rules).ShouldBe((4, "ScaleUpLimit"));
        Limit(61, 4, 10, rules).ShouldBe((6, "ScaleUpLimit"));
    }

    private static (ScalingRules Up, ScalingRules Down) Rules(string json)
    {
        var behaviour = (JsonObject)JsonNode.Parse(json)!;
        return (ScalingRules.Up(behaviour["scaleUp"] as JsonObject), ScalingRules.Down(behaviour["scaleDown"] as JsonObject));
    }

    private (int Replicas, string Reason) At(int second, int current, int desired, string? rules = null)
    {
        var (up, down) = Rules(rules ?? "{}");
        var settled = _history.Stabilise(Start.AddSeconds(second), current, desired, up, down, plain: rules is null);
        return (settled.Replicas, settled.Reason);
    }

    private (int Replicas, string Reason) Limit(int second, int current, int desired, string rules)
    {
        var (up, down) = Rules(rules);
        var limited = _history.Limit(Start.AddSeconds(second), current, desired, min: 1, max: 50, up, down);
        return (limited.Replicas, limited.Reason);
    }
}
