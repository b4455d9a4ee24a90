using System.Text.Json;
using Preheat.Http;

namespace Preheat.Images;

/// <summary>A token server's answer.</summary>
/// <param name="Until">When to get the next one: a little before it runs out.</param>
/// <remarks>Distribution, <c>docs/spec/auth/token.md</c>, "Token Response Fields": <c>token</c> or <c>access_token</c>; <c>expires_in</c> seconds from <c>issued_at</c>, 60 when absent.</remarks>
internal sealed record RegistryToken(Secret Value, DateTimeOffset Until)
{
    private const int LongestAnswer = 256 * 1024;
    private const int UsualSeconds = 60;
    private const int LongestSeconds = 24 * 60 * 60;

    /// <returns>Null when the answer has no token.</returns>
    public static async Task<RegistryToken?> ReadAsync(HttpResponseMessage response, string host, TimeProvider time, CancellationToken cancellation)
    {
        var body = await OriginClient.ReadBodyAsync(response, LongestAnswer, $"The token of {host}", cancellation);
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            if ((Text(root, "token") ?? Text(root, "access_token")) is not { } token)
                return null;
            var seconds = root.TryGetProperty("expires_in", out var expires) && expires.TryGetInt64(out var stated) && stated > 0 ? Math.Min(stated, LongestSeconds) : UsualSeconds;
            // Our own clock counts, not the server's: only the length is taken over. A tenth of it is the way to the registry.
            return new RegistryToken(new Secret(token), time.GetUtcNow() + TimeSpan.FromSeconds(seconds * 0.9));
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new PreheatException($"The token server of {host} gave no readable token. Check the registry's configuration.");
        }
    }

    private static string? Text(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text ? text : null;
}
