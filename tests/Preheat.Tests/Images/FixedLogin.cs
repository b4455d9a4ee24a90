using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>The same credential for every host.</summary>
internal sealed class FixedLogin(string user = "me", string password = "secret") : IRegistryCredentials
{
    public Task<RegistryCredential?> FindAsync(string host, CancellationToken cancellation) => Task.FromResult<RegistryCredential?>(new(user, new Secret(password)));
}
