using Microsoft.AspNetCore.Http;

namespace Preheat.LocalCloud.Registry;

/// <summary>The container registry over one folder, with the base images in it.</summary>
internal sealed class EmbeddedRegistry : IDisposable
{
    private readonly Uploads _uploads;
    private readonly RegistryHandler _handler;
    private readonly AccessLog _log;

    /// <param name="port">Where it is reached on this machine's loopback address.</param>
    public EmbeddedRegistry(string root, int port, TimeProvider time, RegistryAuthOptions? authentication = null)
    {
        var store = new RepositoryStore(root);
        _uploads = new Uploads(Path.Combine(root, "uploads"), time);
        _log = new AccessLog(Path.Combine(root, "access.jsonl"), time);
        _handler = new RegistryHandler(store, _uploads, authentication is null ? null : new RegistryTokens(authentication, time));
        BaseImages.Seed(store);
        Images = new ImageStore(store, port);
    }

    /// <summary>What nodes pull from.</summary>
    public IImageStore Images { get; }

    /// <summary>Serves <c>/v2/</c>.</summary>
    public Task HandleAsync(HttpContext context) => _log.HandleAsync(context, _handler.HandleAsync);

    public void Dispose()
    {
        _uploads.Dispose();
        _log.Dispose();
    }
}
