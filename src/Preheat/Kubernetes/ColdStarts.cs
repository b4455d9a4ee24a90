using System.Globalization;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>The starts of all pods of a roll-out.</summary>
internal static class ColdStarts
{
    // The logs of each are read; of more pods than this nobody looks at the bars.
    private const int MostPods = 16;
    private const int Width = 40;

    /// <summary>The pods in the order they were made.</summary>
    public static async Task<IReadOnlyList<PodColdStart>> ReadAsync(KubernetesClient client, RolloutView view, IEventSink events, CancellationToken cancellation)
    {
        var starts = new List<PodColdStart>();
        foreach (var pod in view.Pods.Where(pod => PodReport.Of(pod).IsReady).Take(MostPods))
        {
            var (phases, missing) = await ColdStartTimeline.ReadAsync(client, pod, view.ReplicaSet, cancellation);
            // What may not be read of one pod may not be read of the others.
            foreach (var problem in missing.Where(_ => starts.Count == 0))
                events.Emit(new Warning(problem));
            starts.Add(new(pod.Name, phases));
        }
        return starts;
    }

    /// <summary>Tells the first pod's phases.</summary>
    public static void Tell(IReadOnlyList<PodColdStart> starts, IEventSink events)
    {
        foreach (var phase in starts.Select(start => start.Phases).FirstOrDefault() ?? [])
            events.Emit(new StateChanged($"cold start, {phase.Phase}", phase.Text()));
    }

    /// <summary>Total of measured seconds and, where every phase has them, of simulated ones.</summary>
    public static (double Measured, double? Simulated) Total(IReadOnlyList<ColdStartPhase> phases) =>
        (phases.Sum(phase => phase.Seconds), phases.Count > 0 && phases.All(phase => phase.SimulatedSeconds is not null) ? phases.Sum(phase => phase.SimulatedSeconds!.Value) : null);

    /// <summary>The total in words: <c>2 min 25 s simulated, 1.4 s measured</c>.</summary>
    public static string Text(IReadOnlyList<ColdStartPhase> phases) => Total(phases) switch
    {
        _ when phases.Count == 0 => "not seen",
        (var measured, { } simulated) => FormattableString.Invariant($"{Spans.Text(TimeSpan.FromSeconds(Math.Round(simulated)))} simulated, {measured:0.0} s measured"),
        var (measured, _) => Spans.Text(TimeSpan.FromSeconds(Math.Round(measured))),
    };

    /// <summary>A bar per pod, one letter per phase, all on one scale; the previous deployment's first pod beside them.</summary>
    public static IReadOnlyList<string> Bars(IReadOnlyList<PodColdStart> starts, IReadOnlyList<ColdStartPhase>? previous)
    {
        var rows = starts.Where(start => start.Phases.Count > 0).Select(start => (start.Pod, start.Phases)).ToList();
        if (rows.Count == 0)
            return [];
        if (previous is { Count: > 0 })
            rows.Add(("the previous deployment", previous));
        // Simulated times only if every row has them: the two kinds do not share a scale.
        var simulated = rows.TrueForAll(row => row.Phases.All(phase => phase.SimulatedSeconds is not null));
        double Of(ColdStartPhase phase) => simulated ? phase.SimulatedSeconds!.Value : phase.Seconds;
        var longest = rows.Max(row => row.Phases.Sum(Of));
        var name = rows.Max(row => row.Item1.Length);
        var lines = rows.Select(row =>
        {
            var (bar, at) = ("", 0.0);
            foreach (var phase in row.Phases)
            {
                at += Of(phase);
                bar += new string(PodPhaseNames.Letter(phase.Phase), Math.Max(0, (int)Math.Round(longest <= 0 ? 0 : at / longest * Width) - bar.Length));
            }
            return $"{row.Item1.PadRight(name)} |{bar.PadRight(Width)}| {row.Phases.Sum(Of).ToString("0.0", CultureInfo.InvariantCulture)} s{(simulated ? " simulated" : "")}";
        });
        return [.. lines, $"{new string(' ', name)}  {string.Join(", ", rows.SelectMany(row => row.Phases).Select(phase => phase.Phase).Distinct(StringComparer.Ordinal).Select(phase => $"{PodPhaseNames.Letter(phase)} {phase}"))}"];
    }
}
