namespace Preheat.Tests.Kubernetes;

/// <summary>Tests against a scripted API server of their own, with an authority of its own.</summary>
public abstract class ScriptedServerTests : IAsyncLifetime
{
    private protected readonly TestAuthority _authority = new();
    private protected ScriptedApiServer _server = null!;

    public virtual async Task InitializeAsync() => _server = await ScriptedApiServer.StartAsync(_authority);

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        _authority.Dispose();
    }
}
