using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>What a pod's status tells about one container. Immutable: each step of its life is a new one.</summary>
internal sealed record ContainerState(string Name, string Image)
{
    public string ImageId { get; init; } = "";

    public int RestartCount { get; init; }

    public bool Ready { get; init; }

    /// <summary>The start-up probe has succeeded, or there is none and it runs.</summary>
    public bool Started { get; init; }

    /// <summary>The value of <c>state</c>: <c>waiting</c>, <c>running</c> or <c>terminated</c> with its details.</summary>
    public JsonObject State { get; init; } = Waiting("ContainerCreating", "");

    public JsonObject LastState { get; init; } = [];

    public bool IsRunning => State.ContainsKey("running");

    public int? ExitCode => (int?)State.Number("terminated", "exitCode");

    public static JsonObject Waiting(string reason, string message)
    {
        var waiting = new JsonObject { ["reason"] = reason };
        if (message.Length > 0)
        {
            waiting["message"] = message;
        }

        return new JsonObject { ["waiting"] = waiting };
    }

    public static JsonObject Running(DateTimeOffset since) => new() { ["running"] = new JsonObject { ["startedAt"] = KubeJson.Seconds(since) } };

    public static JsonObject Terminated(int exitCode, string reason, string message, DateTimeOffset? started, DateTimeOffset finished)
    {
        var terminated = new JsonObject { ["exitCode"] = exitCode, ["reason"] = reason, ["finishedAt"] = KubeJson.Seconds(finished) };
        if (message.Length > 0)
        {
            terminated["message"] = message;
        }

        if (started is { } begun)
        {
            terminated["startedAt"] = KubeJson.Seconds(begun);
        }

        return new JsonObject { ["terminated"] = terminated };
    }

    public JsonObject ToJson() => new()
    {
        ["name"] = Name,
        ["image"] = Image,
        ["imageID"] = ImageId,
        ["restartCount"] = RestartCount,
        ["ready"] = Ready,
        ["started"] = Started,
        ["state"] = State.DeepClone(),
        ["lastState"] = LastState.DeepClone(),
    };
}
