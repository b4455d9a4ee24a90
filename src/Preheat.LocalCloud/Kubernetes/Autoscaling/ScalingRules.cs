using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Autoscaling;

/// <summary>How fast replicas may change in one direction. <paramref name="Value"/> is pods or per cent.</summary>
internal readonly record struct ScalingPolicy(bool IsPercent, int Value, TimeSpan Period);

/// <summary>
/// <c>scaleUp</c> or <c>scaleDown</c> of an autoscaler with Kubernetes' defaults
/// (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#default-behavior).
/// </summary>
/// <param name="Select"><c>Max</c>, <c>Min</c> or <c>Disabled</c>.</param>
internal sealed record ScalingRules(TimeSpan Window, string Select, double Tolerance, IReadOnlyList<ScalingPolicy> Policies)
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(15);

    private static readonly ScalingRules DefaultUp = new(TimeSpan.Zero, "Max", ReplicaCalculator.DefaultTolerance, [new ScalingPolicy(false, 4, Period), new ScalingPolicy(true, 100, Period)]);

    private static readonly ScalingRules DefaultDown = new(TimeSpan.FromMinutes(5), "Max", ReplicaCalculator.DefaultTolerance, [new ScalingPolicy(true, 100, Period)]);

    public static ScalingRules Up(JsonObject? rules) => Of(rules, DefaultUp);

    public static ScalingRules Down(JsonObject? rules) => Of(rules, DefaultDown);

    private static ScalingRules Of(JsonObject? rules, ScalingRules defaults)
    {
        var policies = rules.Objects("policies").Select(policy => new ScalingPolicy(
            policy.Text("type") == "Percent", policy.Int(0, "value"), TimeSpan.FromSeconds(policy.Int(0, "periodSeconds")))).ToList();
        return new ScalingRules(
            rules.Number("stabilizationWindowSeconds") is { } window ? TimeSpan.FromSeconds(window) : defaults.Window,
            rules.Text("selectPolicy") ?? defaults.Select,
            rules?["tolerance"] is { } tolerance ? (double)Validation.Quantity.ValueOf(tolerance) : defaults.Tolerance,
            policies.Count > 0 ? policies : defaults.Policies);
    }
}
