using System.Globalization;
using System.Text.Json.Nodes;

namespace Preheat.ClusterTests.Nodes;

/// <summary>The status of a pod, phase by phase, as a kubelet reports it (kubernetes.io, "Pod Lifecycle").</summary>
internal sealed class PodStatus(JsonObject pod, string address)
{
    private readonly string _begun = Now();
    private int _restarts;
    private JsonObject? _last;

    public JsonArray Containers => pod["spec"]!["containers"]!.AsArray();

    public string Image => Containers[0]!["image"]!.GetValue<string>();

    public JsonObject Waiting(string reason, string? message = null)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        if (message is not null)
            waiting["message"] = message;
        return Status("Pending", isReady: false, new() { ["waiting"] = waiting }, isStarted: false);
    }

    public JsonObject Running(bool isReady) => Status("Running", isReady, new() { ["running"] = new JsonObject { ["startedAt"] = _begun } }, isReady);

    public JsonObject Ended(int exitCode, string reason)
    {
        _last = new()
        {
            ["terminated"] = new JsonObject
            {
                ["exitCode"] = exitCode, ["reason"] = reason, ["startedAt"] = _begun, ["finishedAt"] = Now(), ["containerID"] = Id,
            },
        };
        return Status("Running", isReady: false, (JsonObject)_last.DeepClone(), isStarted: false);
    }

    public JsonObject BackingOff()
    {
        _restarts++;
        var waiting = new JsonObject { ["reason"] = "CrashLoopBackOff", ["message"] = $"back-off 10s restarting failed container={Containers[0]!["name"]} pod={pod["metadata"]!["name"]}" };
        return Status("Running", isReady: false, new() { ["waiting"] = waiting }, isStarted: false);
    }

    /// <summary>RFC 3339 in whole seconds, as <c>metav1.Time</c> is written.</summary>
    public static string Now() => DateTimeOffset.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private string Id => "containerd://" + pod["metadata"]!["uid"]!.GetValue<string>().Replace("-", "", StringComparison.Ordinal).PadRight(64, '0');

    private JsonObject Status(string phase, bool isReady, JsonObject state, bool isStarted)
    {
        var isBeingPulled = phase == "Pending";
        var containers = Containers.Select(container => (JsonNode)new JsonObject
        {
            ["name"] = container!["name"]!.DeepClone(),
            ["image"] = container["image"]!.DeepClone(),
            ["imageID"] = isBeingPulled ? "" : container["image"]!.DeepClone(),
            ["containerID"] = isBeingPulled ? null : Id,
            ["ready"] = isReady,
            ["started"] = isStarted,
            ["restartCount"] = _restarts,
            ["state"] = state.DeepClone(),
            ["lastState"] = _last?.DeepClone() ?? new JsonObject(),
        });
        var status = new JsonObject
        {
            ["phase"] = phase,
            ["hostIP"] = address,
            ["startTime"] = _begun,
            ["qosClass"] = pod["status"]?["qosClass"]?.DeepClone(),
            ["conditions"] = new JsonArray(
                Condition("Initialized", isTrue: true), Condition("Ready", isReady), Condition("ContainersReady", isReady), Condition("PodScheduled", isTrue: true)),
            ["containerStatuses"] = new JsonArray([.. containers]),
        };
        if (!isBeingPulled)
            (status["podIP"], status["podIPs"]) = (address, new JsonArray(new JsonObject { ["ip"] = address }));
        return new() { ["status"] = status };
    }

    private JsonObject Condition(string type, bool isTrue)
    {
        var condition = new JsonObject { ["type"] = type, ["status"] = isTrue ? "True" : "False", ["lastProbeTime"] = null, ["lastTransitionTime"] = isTrue ? Now() : _begun };
        if (!isTrue)
            (condition["reason"], condition["message"]) = ("ContainersNotReady", $"containers with unready status: [{string.Join(' ', Containers.Select(container => container!["name"]))}]");
        return condition;
    }
}
