using System.Collections.Concurrent;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using Preheat.Http;

namespace Preheat.Images;

/// <summary>Answers a registry's challenge, Basic or Bearer, remembers the answer by scope, and gets a new token before the old one runs out.</summary>
/// <remarks>Token protocol: distribution, <c>docs/spec/auth/token.md</c> and <c>oauth.md</c>; <c>service</c> may be absent (Artifact Registry).</remarks>
internal sealed partial class RegistryAuthentication(string host, Uri address, OriginClient http, IRegistryCredentials credentials, TimeProvider time)
{
    private readonly ConcurrentDictionary<string, Answer> _known = new();

    /// <summary>The header of an earlier answer for this scope, refreshed when it has run out; null before the first challenge.</summary>
    public async Task<AuthenticationHeaderValue?> KnownAsync(string scope, CancellationToken cancellation)
    {
        if (!_known.TryGetValue(scope, out var answer))
            return null;
        if (time.GetUtcNow() < answer.Until)
            return answer.Header;
        return (await TokenAsync(answer.Challenge!, scope, cancellation))?.Header;
    }

    /// <summary>Forgets the answer for a scope: it was refused.</summary>
    public void Forget(string scope) => _known.TryRemove(scope, out _);

    /// <summary>Answers the challenge of a 401; null when there is nothing to answer with.</summary>
    /// <param name="scope">Space-separated scopes: <c>repository:a/b:pull,push</c>.</param>
    public async Task<AuthenticationHeaderValue?> AnswerAsync(HttpResponseMessage challenged, string scope, CancellationToken cancellation)
    {
        foreach (var challenge in challenged.Headers.WwwAuthenticate)
        {
            var answer = challenge.Scheme.ToUpperInvariant() switch
            {
                "BEARER" when Read(challenge.Parameter ?? "") is { } bearer => await TokenAsync(bearer, scope, cancellation),
                "BASIC" when await credentials.FindAsync(host, cancellation) is { User.Length: > 0 } credential => Remember(scope, new Answer(Basic(credential), null, DateTimeOffset.MaxValue)),
                _ => null,
            };
            if (answer is not null)
                return answer.Header;
        }
        return null;
    }

    private static Challenge? Read(string parameters)
    {
        var values = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach (Match match in ParameterForm().Matches(parameters))
            values.TryAdd(match.Groups["name"].Value, match.Groups["quoted"].Success ? match.Groups["quoted"].Value : match.Groups["plain"].Value);
        return values.TryGetValue("realm", out var realm) && Uri.TryCreate(realm, UriKind.Absolute, out var uri) && uri.Scheme is "https" or "http"
            ? new Challenge(uri, values.GetValueOrDefault("service"))
            : null;
    }

    private async Task<Answer?> TokenAsync(Challenge challenge, string scope, CancellationToken cancellation)
    {
        var credential = await credentials.FindAsync(host, cancellation);
        // A password goes over plain http only where the registry itself is on plain http.
        if (credential is not null && challenge.Realm.Scheme == "http" && address.Scheme == "https")
            throw new UserException($"{host} wants its password at http://{challenge.Realm.Host}, which is not encrypted. Check the registry's configuration.");
        var fields = new List<KeyValuePair<string, string>>();
        if (challenge.Service is not null)
            fields.Add(new("service", challenge.Service));
        fields.AddRange(scope.Split(' ').Select(part => new KeyValuePair<string, string>("scope", part)));
        using var response = credential is { User: "" }
            ? await ExchangeAsync(challenge.Realm, fields, scope, credential.Password, cancellation)
            : await http.SendAsync(WithQuery(challenge.Realm, fields), to => new HttpRequestMessage(HttpMethod.Get, to), credential is null ? null : Basic(credential), cancellation);
        if (!response.IsSuccessStatusCode)
            throw await RegistryErrors.ReadAsync(response, host, scope, "a token", cancellation);
        return await RegistryToken.ReadAsync(response, host, time, cancellation) is { } token
            ? Remember(scope, new Answer(new AuthenticationHeaderValue("Bearer", token.Value.Reveal()), challenge, token.Until))
            : null;
    }

    /// <summary>An identity token is exchanged by POST (oauth.md, "refresh_token"): it must not stand in an address.</summary>
    private Task<HttpResponseMessage> ExchangeAsync(Uri realm, IEnumerable<KeyValuePair<string, string>> fields, string scope, Secret identity, CancellationToken cancellation)
    {
        KeyValuePair<string, string>[] form =
        [
            .. fields.Where(field => field.Key != "scope"),
            new("scope", scope), new("grant_type", "refresh_token"), new("client_id", "preheat"), new("refresh_token", identity.Reveal()),
        ];
        return http.SendAsync(realm, to => new HttpRequestMessage(HttpMethod.Post, to) { Content = new FormUrlEncodedContent(form) }, null, cancellation);
    }

    private static Uri WithQuery(Uri realm, IEnumerable<KeyValuePair<string, string>> fields)
    {
        var query = fields.Select(field => $"{field.Key}={Uri.EscapeDataString(field.Value)}");
        return new UriBuilder(realm) { Query = string.Join('&', realm.Query.Length > 1 ? query.Prepend(realm.Query[1..]) : query) }.Uri;
    }

    private Answer Remember(string scope, Answer answer) => _known[scope] = answer;

    private static AuthenticationHeaderValue Basic(RegistryCredential credential) =>
        new("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{credential.User}:{credential.Password.Reveal()}")));

    private sealed record Challenge(Uri Realm, string? Service);

    private sealed record Answer(AuthenticationHeaderValue Header, Challenge? Challenge, DateTimeOffset Until);

    [GeneratedRegex("""(?<name>[A-Za-z_]+)\s*=\s*("(?<quoted>[^"]*)"|(?<plain>[^\s,"]+))""", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex ParameterForm();
}
