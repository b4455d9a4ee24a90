namespace Preheat.LocalCloud.Tests.Hosting;

/// <summary>An embedded cloud in this process, on its own folder and ports, for the tests of one class.</summary>
public sealed class CloudFixture : IAsyncLifetime
{
    private readonly TemporaryFolder _state = new();

    public LocalCloudHost Cloud { get; private set; } = null!;

    public HttpClient Registry { get; private set; } = null!;

    /// <summary>Follows no redirect, so that each answer can be looked at.</summary>
    public HttpClient Gateway { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        Cloud = await LocalCloudHost.StartAsync(new LocalCloudOptions { StateDirectory = _state.Path }, CancellationToken.None);
        Registry = new HttpClient { BaseAddress = Cloud.Endpoint.Registry };
        Gateway = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = Cloud.Endpoint.Gateway };
    }

    public async Task DisposeAsync()
    {
        Registry.Dispose();
        Gateway.Dispose();
        await Cloud.DisposeAsync();
        _state.Dispose();
    }
}
