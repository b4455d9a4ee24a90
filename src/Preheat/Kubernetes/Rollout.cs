using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>How clients reach the endpoint.</summary>
public enum EndpointKind
{
    /// <summary>Through the API server: <c>/api/v1/namespaces/NS/services/NAME:PORT/proxy/</c>.</summary>
    ServiceProxy,

    /// <summary>At the load balancer's own address.</summary>
    LoadBalancer,
}

/// <summary>Where the model is served, by logical names; the address is found anew when it is used.</summary>
/// <param name="Address">Base address for <see cref="EndpointKind.LoadBalancer"/>; null otherwise.</param>
public sealed record ServingEndpoint(EndpointKind Kind, string Namespace, string Service, string Port, string ServedModelName, string? Address = null);

/// <summary>One phase of a cold start.</summary>
/// <param name="Phase"><c>node</c>, <c>image</c>, <c>container</c>, <c>weights</c> or <c>ready</c>.</param>
/// <param name="Seconds">Measured wall time.</param>
/// <param name="SimulatedSeconds">What the simulated hardware would have taken; null on real infrastructure.</param>
public sealed record ColdStartPhase(string Phase, double Seconds, double? SimulatedSeconds)
{
    /// <summary>Both times: <c>120.0 s simulated, 1.0 s measured</c>.</summary>
    public string Text() =>
        SimulatedSeconds is { } simulated ? FormattableString.Invariant($"{simulated:0.0} s simulated, {Seconds:0.0} s measured") : FormattableString.Invariant($"{Seconds:0.0} s");
}

/// <summary>A revision that serves.</summary>
public sealed record Rollout
{
    /// <summary>Value of <c>deployment.kubernetes.io/revision</c>.</summary>
    public required string Revision { get; init; }

    /// <summary>Digest of the image that the pods run.</summary>
    public required string ImageDigest { get; init; }

    public required ServingEndpoint Endpoint { get; init; }

    /// <summary>The first pod's way from scheduling to ready.</summary>
    public required IReadOnlyList<ColdStartPhase> ColdStart { get; init; }

    /// <summary>Total of measured seconds and, where every phase has them, of simulated ones.</summary>
    public (double Measured, double? Simulated) ColdStartTotal() =>
        (ColdStart.Sum(phase => phase.Seconds), ColdStart.Count > 0 && ColdStart.All(phase => phase.SimulatedSeconds is not null) ? ColdStart.Sum(phase => phase.SimulatedSeconds!.Value) : null);

    /// <summary>The total in words: <c>2 min 25 s simulated, 1.4 s measured</c>.</summary>
    public string ColdStartText() => ColdStartTotal() switch
    {
        _ when ColdStart.Count == 0 => "not seen",
        (var measured, { } simulated) => FormattableString.Invariant($"{Spans.Text(TimeSpan.FromSeconds(Math.Round(simulated)))} simulated, {measured:0.0} s measured"),
        var (measured, _) => Spans.Text(TimeSpan.FromSeconds(Math.Round(measured))),
    };
}
