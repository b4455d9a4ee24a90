using Preheat.Load;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>The last phase of a cold start: what the first request to a new pod waits for its first token.</summary>
/// <remarks>
/// Counted from the request, so the time between ready and the moment that Deploy notices is in no phase. Where several pods serve, each is asked through a
/// port-forward of its own, since a service picks the pod; without the right to that, the phase is left out. Simulated hardware serves in real time, so there both times are the same.
/// </remarks>
internal static class FirstTokens
{
    public const string Phase = "first token";

    /// <summary>The starts with the phase added where it could be measured.</summary>
    public static async Task<IReadOnlyList<PodColdStart>> MeasureAsync(IReadOnlyList<PodColdStart> starts, ServingEndpoint endpoint, CloudEndpoints endpoints, TimeSpan limit, RolloutLive live, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (all, told) = (new List<PodColdStart>(), false);
        foreach (var start in starts)
        {
            using var connection = ServingConnection.Open(starts.Count == 1 ? endpoint : endpoint with { Kind = EndpointKind.PortForward }, endpoints, time, start.Pod);
            var (seconds, problem) = await AskAsync(connection, endpoint.ServedModelName, limit, time, cancellation);
            if (seconds is null && !told)
                events.Emit(new Note($"The first token of Pod/{start.Pod} is not measured: {problem}"));
            told |= seconds is null;
            live.Served(start.Pod);
            all.Add(seconds is { } measured && start.Phases.Count > 0 ? start with { Phases = [.. start.Phases, new(Phase, measured, endpoints.TimeScale is null ? null : measured)] } : start);
        }
        return all;
    }

    /// <summary>The starts with the phase as it was measured when these pods were new.</summary>
    public static IReadOnlyList<PodColdStart> Keep(IReadOnlyList<PodColdStart> starts, Rollout? previous) =>
        [.. starts.Select(start => previous?.Pods.FirstOrDefault(pod => pod.Pod == start.Pod)?.Phases.FirstOrDefault(phase => phase.Phase == Phase) is { } measured ? start with { Phases = [.. start.Phases, measured] } : start)];

    private static async Task<(double? Seconds, string Problem)> AskAsync(ServingConnection connection, string model, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        var clock = new RunClock(time);
        var target = LoadTarget.Generate(new LoadOptions { Dialect = LoadDialect.Completions, Prompt = "Hello", MaxTokens = 1, Stream = true }, connection.BaseAddress, model);
        var record = await new RequestSender(connection.Client, clock, limit).SendAsync(target, clock.Now, cancellation);
        return record.FirstContent is { } first
            ? (Math.Round((first - record.Sent) / 1e9, 3), "")
            : (null, record.Error ?? $"{target.Address.AbsolutePath} answered {record.Status} without a token.");
    }
}
