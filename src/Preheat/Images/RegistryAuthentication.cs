using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using Preheat.Http;

namespace Preheat.Images;

/// <summary>Answers a registry's challenge, Basic or Bearer, and remembers the answer by scope.</summary>
/// <remarks>Token protocol: distribution, <c>docs/spec/auth/token.md</c>; <c>service</c> may be absent (Artifact Registry).</remarks>
internal sealed partial class RegistryAuthentication(string host, Uri address, OriginClient http, IRegistryCredentials credentials)
{
    private const int LongestToken = 256 * 1024;

    private readonly ConcurrentDictionary<string, AuthenticationHeaderValue> _known = new();

    /// <summary>The header of an earlier answer for this scope; null before the first challenge.</summary>
    public AuthenticationHeaderValue? Known(string scope) => _known.GetValueOrDefault(scope);

    /// <summary>Forgets the answer for a scope: it was refused.</summary>
    public void Forget(string scope) => _known.TryRemove(scope, out _);

    /// <summary>Answers the challenge of a 401; null when there is nothing to answer with.</summary>
    /// <param name="scope">Space-separated scopes: <c>repository:a/b:pull,push</c>.</param>
    public async Task<AuthenticationHeaderValue?> AnswerAsync(HttpResponseMessage challenged, string scope, CancellationToken cancellation)
    {
        var credential = credentials.Find(host);
        AuthenticationHeaderValue? answer = null;
        foreach (var challenge in challenged.Headers.WwwAuthenticate)
        {
            if (challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
                answer = await TokenAsync(challenge.Parameter ?? "", scope, credential, cancellation);
            else if (challenge.Scheme.Equals("Basic", StringComparison.OrdinalIgnoreCase) && credential is not null)
                answer = Basic(credential);
            if (answer is not null)
                break;
        }
        if (answer is not null)
            _known[scope] = answer;
        return answer;
    }

    private async Task<AuthenticationHeaderValue?> TokenAsync(string parameters, string scope, RegistryCredential? credential, CancellationToken cancellation)
    {
        var values = ParameterForm().Matches(parameters).ToDictionary(match => match.Groups["name"].Value.ToLowerInvariant(), match => match.Groups["value"].Value);
        if (!values.TryGetValue("realm", out var realm) || !Uri.TryCreate(realm, UriKind.Absolute, out var uri) || uri.Scheme is not ("https" or "http"))
            return null;
        // A password goes over plain http only where the registry itself is on plain http.
        if (credential is not null && uri.Scheme == "http" && address.Scheme == "https")
            throw new UserException($"{host} wants its password at {uri.Scheme}://{uri.Host}, which is not encrypted. Check the registry's configuration.");
        var query = new StringBuilder(uri.Query.TrimStart('?'));
        if (values.TryGetValue("service", out var service))
            query.Append(query.Length > 0 ? "&" : "").Append("service=").Append(Uri.EscapeDataString(service));
        foreach (var part in scope.Split(' '))
            query.Append(query.Length > 0 ? "&" : "").Append("scope=").Append(Uri.EscapeDataString(part));
        var target = new UriBuilder(uri) { Query = query.ToString() }.Uri;
        using var response = await http.SendAsync(
            target, to => new HttpRequestMessage(HttpMethod.Get, to), credential is null ? null : Basic(credential), cancellation);
        if (!response.IsSuccessStatusCode)
            throw await RegistryErrors.ReadAsync(response, host, scope, "a token", cancellation);
        var body = await OriginClient.ReadBodyAsync(response, LongestToken, $"The token of {host}", cancellation);
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            var token = root.TryGetProperty("token", out var value) || root.TryGetProperty("access_token", out value) ? value.GetString() : null;
            return string.IsNullOrEmpty(token) ? null : new AuthenticationHeaderValue("Bearer", token);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw new PreheatException($"{uri.Host} gave no readable token for {host}. Check the registry's configuration.");
        }
    }

    private static AuthenticationHeaderValue Basic(RegistryCredential credential) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password.Reveal()}")));

    [GeneratedRegex("""(?<name>[A-Za-z]+)="(?<value>[^"]*)"(,|$)""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ParameterForm();
}
