using System.Net;
using Microsoft.AspNetCore.Http;
using Preheat.Http;
using Preheat.Images;

namespace Preheat.Tests.Images;

/// <summary>Challenges and tokens: https://distribution.github.io/distribution/spec/auth/token/, RFC 9110 section 11.</summary>
public sealed class RegistryTokenTests
{
    // token/#how-to-authenticate: realm, and service where it is given; schemes and names in any case, other challenges beside it.
    [Theory]
    [InlineData("Bearer realm=\"REALM\",service=\"reg.example\",scope=\"repository:a/b:pull,push\"", "reg.example")]
    [InlineData("bearer REALM=\"REALM\", Service=reg", "reg")]
    [InlineData("Negotiate, Bearer realm=\"REALM\"", "")]
    public async Task Asks_the_realm_of_the_challenge_for_a_token(string challenge, string service)
    {
        await using var registry = await ScriptedRegistry.StartAsync(async context =>
        {
            if (context.Request.Path == "/token")
            {
                context.Request.Query["service"].ToString().ShouldBe(service);
                context.Request.Query["account"].Count.ShouldBe(0);
                await context.Response.WriteAsync("""{"token":"T"}""");
                return true;
            }
            if (context.Request.Headers.Authorization == "Bearer T")
                return false;
            context.Response.StatusCode = 401;
            context.Response.Headers.WWWAuthenticate = challenge.Replace("REALM", "realm", StringComparison.Ordinal).Replace("\"realm\"", $"\"http://{context.Request.Host}/token\"", StringComparison.Ordinal);
            return true;
        });
        using var client = registry.Client();
        (await client.HasManifestAsync("a/b", "v1", default)).ShouldBeFalse();
        registry.Log.Count(line => line == "GET /token").ShouldBe(1);
    }

    [Theory]
    [InlineData("Bearer service=\"reg\"")]
    [InlineData("Bearer realm=\"/token\"")]
    [InlineData("Bearer realm=\"ftp://reg.example/token\"")]
    [InlineData("Digest realm=\"reg\"")]
    [InlineData("")]
    public async Task A_challenge_that_cannot_be_answered_is_a_missing_log_in(string challenge)
    {
        await using var registry = await ScriptedRegistry.StartAsync(context =>
        {
            context.Response.StatusCode = 401;
            if (challenge.Length > 0)
                context.Response.Headers.WWWAuthenticate = challenge;
            return true;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<UserException>(() => client.HasManifestAsync("a/b", "v1", default))).Message.ShouldContain("wants a log-in (401)");
        registry.Log.Count.ShouldBe(1);
    }

    // token/#token-response-fields: token or access_token, "equivalent"; one of them may be empty.
    [Theory]
    [InlineData("""{"token":"T"}""", null)]
    [InlineData("""{"access_token":"T"}""", null)]
    [InlineData("""{"token":"","access_token":"T"}""", null)]
    [InlineData("""{"token":null,"access_token":"T","expires_in":"soon-ish"}""", "no readable token")]
    [InlineData("""{"expires_in":60}""", "wants a log-in (401)")]
    [InlineData("<html>", "no readable token")]
    [InlineData("""{"token":5}""", "no readable token")]
    public async Task Takes_the_token_under_either_name(string answer, string? message)
    {
        await using var registry = await TokensAsync(context => context.Response.WriteAsync(answer));
        using var client = registry.Client();
        var ask = client.HasManifestAsync("a/b", "v1", default);
        if (message is null)
            (await ask).ShouldBeFalse();
        else
            (await Should.ThrowAsync<PreheatException>(() => ask)).Message.ShouldContain(message);
    }

    // token/#token-response-fields: expires_in "if not given … defaults to 60".
    [Fact]
    public async Task A_token_without_life_span_is_good_for_a_minute()
    {
        var time = new ManualTime();
        await using var registry = await TokensAsync(context => context.Response.WriteAsync("""{"token":"T"}"""));
        using var client = registry.Client(time: time);
        foreach (var (advance, tokens) in new[] { (0, 1), (50, 1), (10, 2) })
        {
            time.Advance(TimeSpan.FromSeconds(advance));
            await client.HasManifestAsync("a/b", "v1", default);
            registry.Log.Count(line => line == "GET /token").ShouldBe(tokens);
        }
    }

    [Theory]
    [InlineData(401, "wants a log-in (401)")]
    [InlineData(403, "forbids a token")]
    [InlineData(400, "answered 400 to a token")]
    public async Task A_token_server_that_refuses_is_told(int status, string message)
    {
        await using var registry = await TokensAsync(context =>
        {
            context.Response.StatusCode = status;
            return Task.CompletedTask;
        });
        using var client = registry.Client();
        (await Should.ThrowAsync<PreheatException>(() => client.HasManifestAsync("a/b", "v1", default))).Message.ShouldContain(message);
    }

    // A fresh token that is refused as well is the end: there is no circle of challenges.
    [Fact]
    public async Task A_challenge_is_answered_once()
    {
        await using var registry = await TokensAsync(context => context.Response.WriteAsync("""{"token":"other"}"""));
        using var client = registry.Client();
        await Should.ThrowAsync<UserException>(() => client.HasManifestAsync("a/b", "v1", default));
        registry.Log.ShouldBe(["HEAD /v2/a/b/manifests/v1", "GET /token", "HEAD /v2/a/b/manifests/v1"]);
    }

    [Fact]
    public async Task A_password_does_not_go_from_an_encrypted_registry_to_a_plain_realm()
    {
        using var http = new OriginClient(TimeProvider.System);
        using var challenged = new HttpResponseMessage(HttpStatusCode.Unauthorized);
        challenged.Headers.WwwAuthenticate.ParseAdd("Bearer realm=\"http://127.0.0.1:1/token\"");
        var authentication = new RegistryAuthentication("reg.example", new Uri("https://reg.example/"), http, new FixedLogin(), TimeProvider.System);
        (await Should.ThrowAsync<UserException>(() => authentication.AnswerAsync(challenged, "repository:a/b:pull", default))).Message.ShouldContain("not encrypted");
    }

    private static Task<ScriptedRegistry> TokensAsync(Func<HttpContext, Task> token) => ScriptedRegistry.StartAsync(async context =>
    {
        if (context.Request.Path == "/token")
        {
            await token(context);
            return true;
        }
        if (context.Request.Headers.Authorization == "Bearer T")
            return false;
        context.Response.StatusCode = 401;
        context.Response.Headers.WWWAuthenticate = $"Bearer realm=\"http://{context.Request.Host}/token\"";
        return true;
    });
}
