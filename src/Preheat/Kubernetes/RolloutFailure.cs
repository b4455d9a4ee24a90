using System.Text;

namespace Preheat.Kubernetes;

/// <summary>Says why a roll-out failed: one line, then the evidence (pods, last log lines, warnings), then the next step.</summary>
internal static class RolloutFailure
{
    private const int LogLines = 20;
    private const int Warnings = 5;

    /// <param name="why">What decided it.</param>
    /// <param name="trouble">The pod it is about, when it is one; else the worst one is looked for.</param>
    public static async Task<PreheatException> ExplainAsync(
        KubernetesClient client,
        RolloutView view,
        string why,
        (KubernetesObject Pod, PodTrouble Trouble)? trouble,
        CancellationToken cancellation)
    {
        var text = new StringBuilder($"{view.Deployment.Title} did not roll out: {why}");
        try
        {
            foreach (var pod in view.Pods.Where(pod => pod.Name != trouble?.Pod.Name))
                text.Append("\n  ").Append(pod.Title).Append(": ").Append(PodReport.Of(pod).State);
            var worst = trouble?.Pod ?? view.Pods.OrderBy(pod => PodReport.Of(pod) switch { { IsReady: true } => 2, { Trouble: null } => 1, _ => 0 }).FirstOrDefault();
            await AppendWarningsAsync(text, client, worst ?? view.ReplicaSet ?? view.Deployment, cancellation);
            if (worst is not null)
                await AppendLogAsync(text, client, worst, trouble?.Trouble ?? PodReport.Of(worst).Trouble, cancellation);
        }
        catch (PreheatException exception)
        {
            text.Append("\n  (no more evidence: ").Append(exception.Message).Append(')');
        }
        text.Append('\n').Append(NextStep(view, trouble?.Trouble));
        return new PreheatException(text.ToString());
    }

    private static async Task AppendWarningsAsync(StringBuilder text, KubernetesClient client, KubernetesObject about, CancellationToken cancellation)
    {
        var warnings = (await client.EventsAsync(about, cancellation)).Where(item => item.Json.Text("type") == "Warning").TakeLast(Warnings).ToList();
        if (warnings.Count == 0)
            return;
        text.Append("\n  warnings about ").Append(about.Title).Append(':');
        foreach (var warning in warnings)
        {
            var count = warning.Json.Whole("series", "count") ?? warning.Json.Whole("count") ?? 1;
            text.Append("\n    ").Append(warning.Json.Text("reason")).Append(": ").Append(warning.Json.Text("message")).Append(count > 1 ? $" (×{count})" : "");
        }
    }

    private static async Task AppendLogAsync(StringBuilder text, KubernetesClient client, KubernetesObject pod, PodTrouble? trouble, CancellationToken cancellation)
    {
        var container = trouble?.Container ?? pod.Json.Items("spec", "containers").Select(item => item.Text("name")).FirstOrDefault();
        if (container is null || pod.Json.Text("spec", "nodeName") is null)
            return;
        // Between two tries there is no current log; after a restart the run before is the one that tells why.
        var lines = trouble is { IsCrash: true } ? await client.LogsAsync(pod, container, LogLines, previous: true, cancellation) : [];
        if (lines.Count == 0)
            lines = await client.LogsAsync(pod, container, LogLines, previous: false, cancellation);
        if (lines.Count == 0)
            return;
        text.Append("\n  last log lines of ").Append(pod.Title).Append(':');
        foreach (var line in lines)
            text.Append("\n    ").Append(line);
    }

    private static string NextStep(RolloutView view, PodTrouble? trouble)
    {
        var old = (view.Deployment.Json.Whole("status", "availableReplicas") ?? 0) > 0 ? "The earlier revision goes on serving. " : "";
        return old + trouble?.Reason switch
        {
            "ErrImagePull" or "ImagePullBackOff" or "InvalidImageName" => "Check that the image exists and that the nodes may read its repository; ./build.sh BakeImage pushes it again.",
            "CreateContainerConfigError" => "Make the Secret or ConfigMap that the container asks for, then run Deploy again.",
            "CrashLoopBackOff" => "The log above says why the server ends; change the model or its arguments, then run Deploy again.",
            _ => "Mend what is said above and run Deploy again; ./build.sh Status shows what is there.",
        };
    }
}
