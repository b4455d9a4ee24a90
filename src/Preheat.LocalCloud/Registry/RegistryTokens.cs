using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.LocalCloud.Hosting;

namespace Preheat.LocalCloud.Registry;

/// <summary>How the embedded registry asks for log-ins.</summary>
public sealed record RegistryAuthOptions
{
    /// <summary>User and password that get tokens for every repository: <c>oauth2accesstoken</c> and an access token at Artifact Registry.</summary>
    public required string User { get; init; }

    public required string Password { get; init; }

    /// <summary>Repositories that anybody may pull, by the start of their names.</summary>
    public IReadOnlyList<string> PublicPrefixes { get; init; } = [];

    /// <summary>What the challenge names as <c>service</c>; null leaves it out, as Artifact Registry does.</summary>
    public string? Service { get; init; }

    /// <summary>How long a token is good. The default value is an hour.</summary>
    public TimeSpan Lifetime { get; init; } = TimeSpan.FromHours(1);
}

/// <summary>Bearer tokens: the challenge, <c>GET /v2/token</c>, and the check of each request against the scopes of its token.</summary>
/// <remarks>Distribution, <c>docs/spec/auth/token.md</c>; realm and absent <c>service</c> as on <c>*-docker.pkg.dev</c>.</remarks>
internal sealed class RegistryTokens(RegistryAuthOptions options, TimeProvider time)
{
    private sealed record Grant(HashSet<string> Actions, DateTimeOffset Until);

    private readonly ConcurrentDictionary<string, Grant> _grants = new(StringComparer.Ordinal);

    /// <summary>Answers <c>/v2/token</c>: a token for what the caller may do of what it asks for; 401 for a wrong password.</summary>
    public Task IssueAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var known = header == "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{options.User}:{options.Password}"));
        if (header.Length > 0 && !known)
        {
            throw new RegistryException(401, "UNAUTHORIZED", "incorrect username or password");
        }

        foreach (var (old, grant) in _grants)
        {
            if (grant.Until <= time.GetUtcNow())
            {
                _grants.TryRemove(old, out _);
            }
        }

        var actions = context.Request.Query["scope"].SelectMany(value => value!.Split(' ')).SelectMany(scope => Granted(scope, known)).ToHashSet(StringComparer.Ordinal);
        var token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
        _grants[token] = new Grant(actions, time.GetUtcNow() + options.Lifetime);
        return JsonAnswer.SendAsync(context, new JsonObject { ["token"] = token, ["expires_in"] = (long)options.Lifetime.TotalSeconds });
    }

    /// <summary>Requires a token for the action.</summary>
    /// <exception cref="RegistryException">401 with the challenge.</exception>
    public void Require(HttpContext context, string name, string action)
    {
        if (!Holds(context, name, action))
        {
            Challenge(context, $"repository:{name}:{(action == "pull" ? "pull" : action == "delete" ? "delete" : "pull,push")}");
        }
    }

    /// <summary>Requires any token: <c>GET /v2/</c>.</summary>
    public void RequireAny(HttpContext context)
    {
        if (Current(context) is null)
        {
            Challenge(context, null);
        }
    }

    /// <summary>True when the request's token allows the action.</summary>
    public bool Holds(HttpContext context, string name, string action) => Current(context)?.Actions.Contains($"{name}:{action}") == true;

    private Grant? Current(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) && _grants.TryGetValue(header[7..], out var grant) && grant.Until > time.GetUtcNow() ? grant : null;
    }

    private IEnumerable<string> Granted(string scope, bool known)
    {
        var parts = scope.Split(':');
        return parts is ["repository", var name, var actions]
            ? actions.Split(',').Where(action => known || (action == "pull" && options.PublicPrefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))).Select(action => $"{name}:{action}")
            : [];
    }

    private void Challenge(HttpContext context, string? scope)
    {
        var challenge = new StringBuilder($"Bearer realm=\"{context.Request.Scheme}://{context.Request.Host}/v2/token\"");
        if (options.Service is not null)
        {
            challenge.Append($",service=\"{options.Service}\"");
        }

        if (scope is not null)
        {
            challenge.Append($",scope=\"{scope}\"");
        }

        context.Response.Headers.WWWAuthenticate = challenge.ToString();
        throw new RegistryException(401, "UNAUTHORIZED", "authentication required");
    }
}
