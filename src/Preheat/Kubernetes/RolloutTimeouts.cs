using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.Load;
using Preheat.Serving;

namespace Preheat.Kubernetes;

/// <summary>The time limits of a roll-out that a user has set; all others follow from the expected cold start.</summary>
/// <param name="Phases">Limits of phases.</param>
/// <param name="Whole">Limit of the roll-out as a whole, as <c>kubectl rollout status --timeout</c> and <c>helm --timeout</c> have it; null for none.</param>
public sealed record RolloutTimeouts(IReadOnlyDictionary<PodPhase, TimeSpan> Phases, TimeSpan? Whole)
{
    public const string Option = "--rollout-timeout";

    private const string Allowed = "PHASE=DURATION with a phase of node, image, container, weights, ready, first-token, or a DURATION alone for the whole roll-out; from 1s to 24h, such as image=45m";

    private static readonly PodPhase[] Named = [PodPhase.Node, PodPhase.Image, PodPhase.Container, PodPhase.Weights, PodPhase.Ready, PodPhase.FirstToken];

    public static RolloutTimeouts None { get; } = new(new Dictionary<PodPhase, TimeSpan>(), null);

    /// <summary>Reads limits as people write them: <c>node=40m</c>, <c>image=1h</c>, <c>2h</c>. A comma or a blank may part two of them.</summary>
    public static RolloutTimeouts Parse(IEnumerable<string>? values, ParameterReader read)
    {
        var phases = new Dictionary<PodPhase, TimeSpan>();
        TimeSpan? whole = null;
        foreach (var value in (values ?? []).SelectMany(text => text.Split([',', ' '], StringSplitOptions.RemoveEmptyEntries)))
        {
            var (phase, text) = value.Split('=') is [var name, var rest] ? (Array.FindIndex(Named, item => name.Equals(NameOf(item), StringComparison.OrdinalIgnoreCase)), rest) : (-2, value);
            if (phase == -1 || !GoDuration.TryRead(text, out var span) || span < TimeSpan.FromSeconds(1) || span > TimeSpan.FromDays(1))
                read.Error(Option, value, Allowed);
            else if (phase < 0 ? whole is not null : !phases.TryAdd(Named[phase], span))
                read.Error($"{Option} gives {(phase < 0 ? "the whole roll-out" : NameOf(Named[phase]))} two limits. Give one.");
            else if (phase < 0)
                whole = span;
        }
        return new(phases, whole);
    }

    /// <summary>The option that gives a phase twice the time: <c>--rollout-timeout image=60m</c>.</summary>
    internal static string More(PodPhase phase, TimeSpan limit) => $"{Option} {NameOf(phase)}={Text(2 * limit)}";

    /// <summary>The option that gives the whole roll-out twice the time.</summary>
    internal static string More(TimeSpan whole) => $"{Option} {Text(2 * whole)}";

    /// <summary>Lets Kubernetes wait as much longer as these limits are above the usual ones: else its own progress deadline would come first.</summary>
    internal void Extend(JsonObject deployment)
    {
        if (deployment["spec"] is not JsonObject spec)
            return;
        var usual = PhaseLimits.Of(new(deployment), None);
        var deadline = deployment.Whole("spec", "progressDeadlineSeconds") ?? 600;
        var longer = deadline + Phases.Where(entry => entry.Key < PodPhase.FirstToken).Sum(entry => usual.Of(entry.Key) is { } limit && entry.Value > limit ? (long)(entry.Value - limit).TotalSeconds : 0);
        if (Math.Max(longer, (long)(Whole ?? TimeSpan.Zero).TotalSeconds) is var seconds && seconds > deadline)
            spec["progressDeadlineSeconds"] = seconds;
    }

    /// <summary>What a start-up probe makes of the limits: the kubelet ends a server before they are over. Null when it does not.</summary>
    internal string? Warning(JsonObject deployment)
    {
        var container = deployment.Items("spec", "template", "spec", "containers").FirstOrDefault();
        if (container.At("startupProbe") is not { } probe)
            return null;
        // kubernetes.io, "Configure Probes": failureThreshold 3 and periodSeconds 10 are the defaults.
        var budget = TimeSpan.FromSeconds((probe.Whole("initialDelaySeconds") ?? 0) + ((probe.Whole("failureThreshold") ?? 3) * (probe.Whole("periodSeconds") ?? 10)));
        var asked = Phases.Where(entry => entry.Key is PodPhase.Weights or PodPhase.Ready && entry.Value > budget).Select(entry => $"{NameOf(entry.Key)}={Text(entry.Value)}").ToList();
        return asked.Count == 0
            ? null
            : $"{Option} {string.Join(' ', asked)} is longer than the start-up probe lets the server start ({Text(budget)}), after which the container is started anew. Raise the probe's failureThreshold in the manifests (--manifests).";
    }

    private static string NameOf(PodPhase phase) => phase.Text().Replace(' ', '-');

    private static string Text(TimeSpan span) =>
        span.TotalSeconds % 60 == 0 ? string.Create(CultureInfo.InvariantCulture, $"{span.TotalMinutes:0}m") : string.Create(CultureInfo.InvariantCulture, $"{span.TotalSeconds:0}s");
}
