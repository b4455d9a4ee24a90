namespace Preheat.Kubernetes;

/// <summary>How clients reach the endpoint.</summary>
public enum EndpointKind
{
    /// <summary>Through the API server: <c>/api/v1/namespaces/NS/services/NAME:PORT/proxy/</c>.</summary>
    ServiceProxy,

    /// <summary>At the load balancer's own address.</summary>
    LoadBalancer,

    /// <summary>Through the API server to one pod, whatever the others do: to look whether it works, not to measure.</summary>
    PortForward,
}

/// <summary>Where the model is served, by logical names; the address is found anew when it is used.</summary>
/// <param name="Address">Base address for <see cref="EndpointKind.LoadBalancer"/>; null otherwise.</param>
public sealed record ServingEndpoint(EndpointKind Kind, string Namespace, string Service, string Port, string ServedModelName, string? Address = null)
{
    /// <summary>Kubernetes API, "Proxy operations": <c>…/services/[https:]name:port/proxy/</c>; the port by name or number. Relative to the API server.</summary>
    internal string ProxyPath => $"api/v1/namespaces/{Uri.EscapeDataString(Namespace)}/services/http:{Uri.EscapeDataString(Service)}:{Uri.EscapeDataString(Port)}/proxy/";
}

/// <summary>One phase of a cold start.</summary>
/// <param name="Phase"><c>node</c>, <c>image</c>, <c>container</c>, <c>weights</c>, <c>ready</c> or <c>first token</c>.</param>
/// <param name="Seconds">Measured wall time.</param>
/// <param name="SimulatedSeconds">What the simulated hardware would have taken; null on real infrastructure.</param>
public sealed record ColdStartPhase(string Phase, double Seconds, double? SimulatedSeconds)
{
    /// <summary>Both times: <c>120.0 s simulated, 1.0 s measured</c>.</summary>
    public string Text() =>
        SimulatedSeconds is { } simulated ? FormattableString.Invariant($"{simulated:0.0} s simulated, {Seconds:0.0} s measured") : FormattableString.Invariant($"{Seconds:0.0} s");
}

/// <summary>One pod's way from scheduling to its first token.</summary>
public sealed record PodColdStart(string Pod, IReadOnlyList<ColdStartPhase> Phases);

/// <summary>A revision that serves.</summary>
public sealed record Rollout
{
    /// <summary>Number of the revision, as <c>Status</c> and <c>Rollback</c> have it; where none are kept, the value of <c>deployment.kubernetes.io/revision</c>.</summary>
    public required string Revision { get; init; }

    /// <summary>Digest of the image that the pods run.</summary>
    public required string ImageDigest { get; init; }

    public required ServingEndpoint Endpoint { get; init; }

    /// <summary>The first pod's way from scheduling to its first token.</summary>
    public required IReadOnlyList<ColdStartPhase> ColdStart { get; init; }

    /// <summary>All pods of the revision, in the order they were made.</summary>
    public IReadOnlyList<PodColdStart> Pods { get; init; } = [];

    /// <summary>The first pod's way at the previous deployment; null when there was none.</summary>
    public IReadOnlyList<ColdStartPhase>? PreviousColdStart { get; init; }

    /// <summary>A bar per pod in plain text, and the previous deployment's beside them.</summary>
    public IReadOnlyList<string> ColdStartBars() => ColdStarts.Bars(Pods, PreviousColdStart);

    /// <summary>Total of measured seconds and, where every phase has them, of simulated ones.</summary>
    public (double Measured, double? Simulated) ColdStartTotal() => ColdStarts.Total(ColdStart);

    /// <summary>The total in words: <c>2 min 25 s simulated, 1.4 s measured</c>.</summary>
    public string ColdStartText() => ColdStarts.Text(ColdStart);
}
