using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Preheat.Kubernetes;

/// <summary>What keeps a pod from serving.</summary>
/// <param name="Reason">As Kubernetes names it: <c>Unschedulable</c>, <c>ErrImagePull</c>, <c>CrashLoopBackOff</c>.</param>
/// <param name="Container">The container it is about; null for the whole pod.</param>
/// <param name="IsFinal">True when waiting will not help: somebody must change something.</param>
/// <param name="IsCrash">True when the container ran and ended, so its last log tells why.</param>
/// <param name="MayPass">True when something is missing that may be made a moment later (a Secret that an operator brings): final only when it stays.</param>
/// <param name="IsEndedBySignal">True when it ended as after SIGTERM or SIGKILL, and not for want of memory.</param>
internal sealed record PodTrouble(string Reason, string Message, string? Container, bool IsFinal, bool IsCrash, bool IsEndedBySignal = false, bool MayPass = false);

/// <summary>The state of one pod in a line, and its trouble if it has any.</summary>
internal sealed partial record PodReport(string State, bool IsReady, PodTrouble? Trouble)
{
    /// <summary>Restarts after which a container that keeps ending is given up.</summary>
    public const int MostRestarts = 3;

    // The kubelet goes on trying these, but each needs another manifest or another object first.
    private static readonly HashSet<string> FinalReasons = new(StringComparer.Ordinal)
    {
        "InvalidImageName", "ErrImageNeverPull",
    };

    private static readonly HashSet<string> CrashReasons = new(StringComparer.Ordinal) { "CrashLoopBackOff", "RunContainerError", "CreateContainerError" };

    /// <summary>The phase that the pod has reached at least, by its status.</summary>
    public static PodPhase PhaseOf(KubernetesObject pod)
    {
        if (pod.Json.Text("spec", "nodeName") is null)
            return PodPhase.Node;
        if (pod.Condition("Ready").Text("status") == "True")
            return PodPhase.FirstToken;
        var containers = pod.Json.Items("status", "containerStatuses").ToList();
        if (containers.Exists(HasRun))
            return PodPhase.Weights;
        return pod.Json.Items("status", "initContainerStatuses").Any(HasRun) || containers.Exists(container => container.Text("state", "waiting", "reason") is "CreateContainerConfigError" or "CreateContainerError" or "RunContainerError")
            ? PodPhase.Container
            : PodPhase.Image;
    }

    /// <summary>True for a pod that has ended for good: nothing of it is waited for any more.</summary>
    public static bool IsOver(KubernetesObject pod) => pod.Json.Text("status", "phase") is "Failed" or "Succeeded";

    public static PodReport Of(KubernetesObject pod)
    {
        if (pod.IsDeleting)
            return new("stopping", IsReady: false, Trouble: null);
        if (pod.Json.Text("status", "phase") is "Failed")
            return new($"failed: {pod.Json.Text("status", "reason")} {pod.Json.Text("status", "message")}".TrimEnd(), IsReady: false, new(pod.Json.Text("status", "reason") ?? "Failed", pod.Json.Text("status", "message") ?? "", Container: null, IsFinal: false, IsCrash: false));
        if (IsOver(pod))
            return new("ended", IsReady: false, Trouble: null);
        if (pod.Condition("PodScheduled") is { } scheduled && scheduled.Text("status") == "False")
            return Troubled("no node yet", scheduled.Text("reason") ?? "Unschedulable", scheduled.Text("message") + Selector(pod, scheduled.Text("message")), container: null, isFinal: false, isCrash: false);
        if (pod.Condition("Ready").Text("status") == "True")
            return new("ready", IsReady: true, Trouble: null);
        var containers = pod.Json.Items("status", "initContainerStatuses").Concat(pod.Json.Items("status", "containerStatuses")).ToList();
        return containers.Select(OfContainer).OfType<PodReport>().FirstOrDefault()
            ?? new(pod.Json.Text("spec", "nodeName") is null ? "waiting for a node" : "has a node; fetching its image", IsReady: false, Trouble: null);
    }

    private static bool HasRun(JsonObject container) => container.At("state", "running") is not null || container.At("lastState", "terminated") is not null;

    // Null for a container that is well, or of which there is nothing to say.
    private static PodReport? OfContainer(JsonObject container)
    {
        var name = container.Text("name");
        var restarts = container.Whole("restartCount") ?? 0;
        if (container.At("state", "waiting") is { } waiting && waiting.Text("reason") is { } reason)
        {
            if (reason is "ContainerCreating" or "PodInitializing")
                return null;
            var crash = CrashReasons.Contains(reason);
            // How the last run ended says more than for how long the next one is put off.
            var message = crash && LastEnd(container) is { Length: > 0 } end ? $"{restarts} restarts, {end}" : waiting.Text("message");
            if (reason is "CreateContainerConfigError")
                return OfConfiguration(reason, message ?? "", name);
            return Troubled(reason, reason, message, name, FinalReasons.Contains(reason) || (crash && restarts >= MostRestarts), crash, crash && IsEndedBySignal(container));
        }
        if (container.At("state", "terminated") is { } ended && ended.Whole("exitCode") is not 0)
            return Troubled($"ended with {ended.Whole("exitCode")}", ended.Text("reason") ?? "Error", LastEnd(container), name, isFinal: false, isCrash: true, IsEndedBySignal(container));
        if (container.At("state", "running") is not null && !container.Flag("ready"))
            return new(restarts == 0 ? "started; loading, not ready yet" : $"started, {restarts} restarts; not ready yet", IsReady: false, Trouble: null);
        return null;
    }

    // pkg/kubelet: what the manifests themselves have wrong is final; what the kubelet has not read yet comes by itself; else something is missing.
    private static PodReport OfConfiguration(string reason, string message, string? container)
    {
        var isFinal = FaultForm().IsMatch(message);
        var report = Troubled(reason, reason, message, container, isFinal, isCrash: false);
        return report with { Trouble = report.Trouble! with { MayPass = !isFinal && !UnreadForm().IsMatch(message) } };
    }

    [GeneratedRegex("runAsNonRoot|run as root|non-numeric user", RegexOptions.CultureInvariant)]
    private static partial Regex FaultForm();

    [GeneratedRegex("failed to sync .* cache|not registered|not yet been read|host IP unknown", RegexOptions.CultureInvariant)]
    private static partial Regex UnreadForm();

    private static PodReport Troubled(string state, string reason, string? message, string? container, bool isFinal, bool isCrash, bool isEndedBySignal = false) =>
        new(string.IsNullOrEmpty(message) ? state : $"{state}: {message}", IsReady: false, new(reason, message ?? "", container, isFinal, isCrash, isEndedBySignal));

    // The scheduler says that no node fits the selector, not what the selector is.
    private static string Selector(KubernetesObject pod, string? message) =>
        message?.Contains("node affinity/selector", StringComparison.Ordinal) == true && pod.Json.At("spec", "nodeSelector") is JsonObject { Count: > 0 } selector
            ? $" It asks for {string.Join(", ", selector.Select(entry => $"{entry.Key}={entry.Value}"))}."
            : "";

    private static JsonNode? EndOf(JsonObject container) => container.At("state", "terminated") ?? container.At("lastState", "terminated");

    // A server that ends well after SIGTERM has the code 0; else it is 128 and the signal's number.
    private static bool IsEndedBySignal(JsonObject container) =>
        EndOf(container) is { } ended && ended.Whole("exitCode") is 0 or 137 or 143 && ended.Text("reason") is not "OOMKilled";

    private static string LastEnd(JsonObject container)
    {
        var ended = EndOf(container);
        if (ended is null)
            return "";
        var hint = ended.Text("reason") is "OOMKilled" ? "; it used more memory than its limit" : "";
        return $"exit code {ended.Whole("exitCode")}, {ended.Text("reason")}{hint} {ended.Text("message")}".TrimEnd();
    }
}
