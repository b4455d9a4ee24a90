namespace Preheat.Smoke;

/// <summary>The endpoint to try.</summary>
public sealed record SmokeRequest
{
    /// <summary>A client that reaches the endpoint: it holds certificates and credentials.</summary>
    public required HttpClient Client { get; init; }

    /// <summary>Base address of the endpoint, ending in a slash.</summary>
    public required Uri BaseAddress { get; init; }

    /// <summary>The name the model must be served under.</summary>
    public required string ServedModelName { get; init; }

    /// <summary>What serves: <c>vllm</c> (the default value) or <c>tgi</c>.</summary>
    public string Server { get; init; } = "vllm";

    /// <summary>Its interface: <c>openai</c> (the default value) or <c>generate</c>.</summary>
    public string Api { get; init; } = "openai";

    /// <summary>For one check. The default value is 60 seconds.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);
}
