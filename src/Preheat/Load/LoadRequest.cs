namespace Preheat.Load;

/// <summary>What to load, and how.</summary>
public sealed record LoadRequest
{
    /// <summary>A client that reaches the endpoint: it holds certificates and credentials. Its own time-out should be infinite; ours are per request.</summary>
    public required HttpClient Client { get; init; }

    /// <summary>Base address of the endpoint, ending in a slash: <c>https://…/api/v1/namespaces/NS/services/NAME:PORT/proxy/</c>.</summary>
    public required Uri BaseAddress { get; init; }

    /// <summary>The name the model is served under.</summary>
    public required string ServedModelName { get; init; }

    public LoadOptions Options { get; init; } = new();

    /// <summary>The stamp of a run on simulated hardware (<see cref="SimulationStamp"/>); null on real infrastructure.</summary>
    public string? Simulated { get; init; }

    /// <summary>The base address with the slash that relative addresses need.</summary>
    internal Uri Base => BaseAddress.AbsoluteUri.EndsWith('/') ? BaseAddress : new Uri(BaseAddress.AbsoluteUri + "/");

    /// <summary><c>simulated: profile X, time-scale N</c>, or null when the infrastructure is real.</summary>
    public static string? SimulationStamp(CloudEndpoints endpoints, string profile) =>
        endpoints.TimeScale is { } scale ? $"simulated: profile {profile}, time-scale {scale:0.###}" : null;
}
