using Preheat.LocalCloud;

namespace Preheat.Tests.Images;

/// <summary>An embedded cloud in this process: its hub and its registry under both logical hosts.</summary>
internal sealed class EmbeddedCloud : IAsyncDisposable
{
    private EmbeddedCloud(LocalCloudHost host) => Host = host;

    public LocalCloudHost Host { get; }

    public CloudEndpoints Endpoints => new()
    {
        Hub = new Uri("http://127.0.0.1:1/"),
        EmbeddedHub = new Uri(Host.Endpoint.Gateway, "hub/"),
        Registries = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase)
        {
            ["local-docker.pkg.dev"] = Host.Endpoint.Registry,
            ["docker.io"] = Host.Endpoint.Registry,
        },
    };

    /// <param name="state">A folder of its own.</param>
    public static async Task<EmbeddedCloud> StartAsync(string state) =>
        new(await LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = state }, default));

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}
