using System.Text;
using System.Text.RegularExpressions;

namespace Preheat.Kubernetes;

/// <summary>Says why a roll-out failed: one line, then the evidence (pods, last log lines, warnings), then the next step.</summary>
internal static partial class RolloutFailure
{
    private const int LogLines = 20;
    private const int Warnings = 5;
    private const int MostPods = 10;

    /// <param name="why">What decided it.</param>
    /// <param name="moreTime">The option that would have it wait longer; null when time is not what is missing.</param>
    /// <param name="trouble">The pod it is about, when it is one; else the worst one is looked for.</param>
    public static async Task<RolloutFailedException> ExplainAsync(
        KubernetesClient client,
        RolloutView view,
        string why,
        (KubernetesObject Pod, PodTrouble Trouble)? trouble,
        CancellationToken cancellation,
        string? moreTime = null)
    {
        var evidence = new StringBuilder();
        var (warnings, log) = (new List<string>(), (IReadOnlyList<string>)[]);
        var worst = trouble?.Pod ?? view.Pods.OrderBy(pod => PodReport.Of(pod) switch { { IsReady: true } => 3, _ when PodReport.IsOver(pod) => 2, { Trouble: null } => 1, _ => 0 }).FirstOrDefault();
        var found = trouble?.Trouble ?? (worst is null ? null : PodReport.Of(worst).Trouble);
        var others = view.Pods.Where(pod => pod.Name != trouble?.Pod.Name).ToList();
        foreach (var pod in others.Take(MostPods))
            evidence.Append("\n  ").Append(pod.Title).Append(": ").Append(PodReport.Of(pod).State);
        if (others.Count > MostPods)
            evidence.Append("\n  and ").Append(others.Count - MostPods).Append(" more pods");
        foreach (var about in new[] { worst, worst is null ? view.ReplicaSet ?? view.Deployment : null }.OfType<KubernetesObject>())
            await TryAsync("warnings", evidence, async () => warnings.AddRange(await WarningsAsync(client, about, evidence, cancellation)));
        if (worst is not null)
            await TryAsync("log", evidence, async () => log = await LogAsync(client, worst, found, evidence, cancellation));
        // A crash is explained best by what the server said last, or by the probe that had it ended; everything else by those who could not start it.
        IEnumerable<string> said = found is { IsCrash: true }
            ? [.. log.Reverse(), .. found.IsEndedBySignal ? warnings.Where(text => ProbeForm().IsMatch(text)) : [], $"{found.Reason}: {found.Message}", .. warnings]
            : [found is null ? why : $"{found.Reason}: {found.Message}", .. Enumerable.Reverse(warnings), why];
        var rule = SurgeOf(view, said) ?? TroubleRule.For(said);
        var old = (view.Deployment.Json.Whole("status", "availableReplicas") ?? 0) > 0 ? "The earlier revision goes on serving. " : "";
        return new RolloutFailedException($"{view.Deployment.Title} did not roll out: {(rule is null ? "" : rule.Why + ": ")}{why}{evidence}\n{old}{rule?.NextStep ?? "Mend what is said above and run Deploy again; ./build.sh Status shows what is there."}{(moreTime is null ? "" : $" If it only needs longer: {moreTime}")}");
    }

    /// <summary>Nothing tells any more what becomes of the roll-out.</summary>
    public static PreheatException Unknown(KubernetesObject deployment, Exception why)
    {
        var text = $"Whether {deployment.Title} rolls out is not known: {why.Message}\nThe cluster goes on with it by itself; nothing was rolled back. Look with ./build.sh Status how far it is, and run Deploy again to go on.";
        return why is PreheatException { ExitCode: 2 } ? new UserException(text, why) : new PreheatException(text, why);
    }

    /// <summary>The new pod waits for the GPU that a pod of the earlier revision has, and that one stays until the new pod serves.</summary>
    internal static TroubleRule? SurgeOf(RolloutView view, IEnumerable<string> said)
    {
        var old = (view.Deployment.Json.Whole("status", "replicas") ?? 0) - (view.Deployment.Json.Whole("status", "updatedReplicas") ?? 0);
        var gpu = TroubleRule.For(said);
        return old > 0 && gpu?.Says.IsMatch("Insufficient nvidia.com/gpu") == true && view.Deployment.Json.Text("spec", "strategy", "type") is not "Recreate"
            ? gpu with { Why = $"the new pod waits for a GPU, and the {old} of the earlier revision keep theirs until it serves", NextStep = "Run Deploy with --rollout recreate (a time without service, no spare GPU needed), or add a node." }
            : null;
    }

    // The probes whose failure has the kubelet end a container.
    [GeneratedRegex("(Startup|Liveness) probe failed", RegexOptions.CultureInvariant)]
    private static partial Regex ProbeForm();

    private static async Task TryAsync(string what, StringBuilder evidence, Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (PreheatException exception)
        {
            evidence.Append("\n  (no ").Append(what).Append(": ").Append(exception.Message).Append(')');
        }
    }

    private static async Task<List<string>> WarningsAsync(KubernetesClient client, KubernetesObject about, StringBuilder evidence, CancellationToken cancellation)
    {
        // The autoscaler's refusal to make a node is no warning by its type.
        var events = (await client.EventsAsync(about, cancellation)).Where(item => item.Json.Text("type") == "Warning" || item.Json.Text("reason") is "NotTriggerScaleUp").TakeLast(Warnings).ToList();
        if (events.Count > 0)
            evidence.Append("\n  warnings about ").Append(about.Title).Append(':');
        foreach (var item in events)
        {
            var count = item.Json.Whole("series", "count") ?? item.Json.Whole("count") ?? 1;
            evidence.Append("\n    ").Append(item.Json.Text("reason")).Append(": ").Append(item.Json.Text("message")).Append(count > 1 ? $" (×{count})" : "");
        }
        return [.. events.Select(item => $"{item.Json.Text("reason")}: {item.Json.Text("message")}")];
    }

    private static async Task<IReadOnlyList<string>> LogAsync(KubernetesClient client, KubernetesObject pod, PodTrouble? trouble, StringBuilder evidence, CancellationToken cancellation)
    {
        var container = trouble?.Container ?? pod.Json.Items("spec", "containers").Select(item => item.Text("name")).FirstOrDefault();
        if (container is null || pod.Json.Text("spec", "nodeName") is null)
            return [];
        // Between two tries there is no current log; after a restart the run before is the one that tells why.
        var lines = trouble is { IsCrash: true } ? await client.LogsAsync(pod, container, LogLines, previous: true, cancellation) : [];
        if (lines.Count == 0)
            lines = await client.LogsAsync(pod, container, LogLines, previous: false, cancellation);
        if (lines.Count > 0)
            evidence.Append("\n  last log lines of ").Append(pod.Title).Append(':');
        foreach (var line in lines)
            evidence.Append("\n    ").Append(line);
        return lines;
    }
}
