using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class KubernetesClientTests : ScriptedServerTests
{
    [Fact]
    public async Task Speaks_HTTP_2_with_the_users_token_and_finds_paths_by_discovery()
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(context, """{"kind":"Deployment","metadata":{"name":"a","namespace":"n"}}""");
        using var client = Connect();
        (await client.FindAsync(KubernetesKind.Deployment, "n", "a", default)).ShouldNotBeNull().Name.ShouldBe("a");
        _server.Requests.ShouldBe(["GET /apis", "GET /apis/apps/v1", "GET /apis/apps/v1/namespaces/n/deployments/a"]);
        _server.Protocols.ShouldAllBe(protocol => protocol == "HTTP/2");
        _server.Tokens.ShouldAllBe(token => token == "Bearer secret");
    }

    [Fact]
    public async Task Refuses_a_server_whose_certificate_another_authority_signed()
    {
        using var other = new TestAuthority();
        using var client = KubernetesClient.Connect(_server.Endpoints(trusted: other), TimeProvider.System);
        var error = await Should.ThrowAsync<UserException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default));
        error.Message.ShouldContain("does not come from the cluster's certificate authority");
        error.Message.ShouldContain("context test of");
        _server.Requests.ShouldBeEmpty();
    }

    [Fact]
    public async Task Refuses_a_server_whose_certificate_is_for_another_host()
    {
        await using var server = await ScriptedApiServer.StartAsync(_authority, host: "elsewhere.example");
        using var client = KubernetesClient.Connect(server.Endpoints(), TimeProvider.System);
        var error = await Should.ThrowAsync<UserException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default));
        error.Message.ShouldContain("for another name");
        using var named = KubernetesClient.Connect(server.Endpoints(cluster: "tls-server-name: elsewhere.example"), TimeProvider.System);
        (await named.FindAsync(KubernetesKind.Pod, "n", "a", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Trusts_anything_only_where_the_kubeconfig_says_so()
    {
        using var other = new TestAuthority();
        using var client = KubernetesClient.Connect(_server.Endpoints(trusted: other, cluster: "insecure-skip-tls-verify: true"), TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Pod, "n", "a", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Shows_its_client_certificate()
    {
        await using var server = await ScriptedApiServer.StartAsync(_authority, askForClientCertificate: true);
        var subject = "";
        server.Answer = context =>
        {
            subject = context.Connection.ClientCertificate?.Subject ?? "";
            return ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""");
        };
        using var certificate = _authority.Issue("me");
        var key = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem();
        using var client = KubernetesClient.Connect(
            server.Endpoints($"client-certificate-data: {Base64(certificate.ExportCertificatePem())}\n      client-key-data: {Base64(key)}"),
            TimeProvider.System);
        await client.FindAsync(KubernetesKind.Pod, "n", "a", default);
        subject.ShouldBe("CN=me");
    }

    [Fact]
    public async Task Says_that_nobody_listens()
    {
        var endpoints = _server.Endpoints();
        await _server.DisposeAsync();
        Directory.CreateDirectory(Path.GetDirectoryName(endpoints.Kubeconfig)!);
        await File.WriteAllTextAsync(endpoints.Kubeconfig!, "current-context: c\ncontexts: [{name: c, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: \"http://127.0.0.1:1\"}}]\n");
        using var client = KubernetesClient.Connect(endpoints, TimeProvider.System);
        var error = await Should.ThrowAsync<PreheatException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default));
        error.Message.ShouldContain("http://127.0.0.1:1");
        error.Message.ShouldContain("cannot be reached");
        error.ExitCode.ShouldBe(1);
        await InitializeAsync();
    }

    [Theory]
    [InlineData(401, "did not accept the credentials of the user 'me'", 2)]
    [InlineData(403, "needs this right", 2)]
    [InlineData(422, "spec.selector: field is immutable", 2)]
    [InlineData(501, "answered 501", 1)]
    public async Task Tells_a_refusal_with_its_next_step(int status, string message, int exitCode)
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(
            context,
            """{"kind":"Status","status":"Failure","reason":"R","message":"said so","details":{"causes":[{"reason":"FieldValueInvalid","field":"spec.selector","message":"field is immutable"}]}}""",
            status);
        using var client = Connect();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Pod("a"), default));
        error.Message.ShouldContain(message);
        error.Status.ShouldBe((HttpStatusCode)status);
        error.ExitCode.ShouldBe(exitCode);
    }

    [Theory]
    [InlineData("(n/a; /v1, Kind=Pod): .spec.containers[name=\"c\"].imagee: field not declared in schema", "\n  .spec.containers[name=\"c\"].imagee: field not declared in schema")]
    [InlineData("(n/a; /v1, Kind=Pod): errors:\n  .spec.x[k=\"a]: b\",port=80].y: field not declared in schema\n  .spec.z: expected map, got &{[a]}", "\n  .spec.x[k=\"a]: b\",port=80].y: field not declared in schema\n  .spec.z: expected map, got [a]")]
    [InlineData("(n/a; /v1, Kind=Pod): .spec.image: expected string, got &value.valueUnstructured{Value:true}", "\n  .spec.image: expected string, got true")]
    [InlineData("(n/a; /v1, Kind=Pod): no field is named", "failed to create typed patch object (n/a; /v1, Kind=Pod): no field is named")]
    public async Task Takes_a_patch_that_fits_no_schema_for_a_refusal_although_servers_answer_500(string said, string told)
    {
        var tries = 0;
        _server.Answer = context =>
        {
            Interlocked.Increment(ref tries);
            return ScriptedApiServer.JsonAsync(context, new JsonObject { ["kind"] = "Status", ["message"] = "failed to create typed patch object " + said }.ToJsonString(), 500);
        };
        using var client = Connect();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Pod("a"), default));
        error.Message.ShouldBe($"Cannot apply Pod/a: the API server refuses it: {told}");
        error.ExitCode.ShouldBe(2);
        tries.ShouldBe(1);
    }

    [Theory]
    [InlineData("""{"message":"ValidatingAdmissionPolicy 'p' with binding 'b' denied request: one is enough"}""", "ValidatingAdmissionPolicy 'p' with binding 'b' denied request: one is enough")]
    [InlineData("""{"reason":"FieldValueInvalid","message":"Invalid value: null: some validation rules were not checked","field":"<nil>"}""", "some validation rules were not checked")]
    public async Task Shows_the_words_of_a_cause_that_names_no_field(string cause, string told)
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(context, $$"""{"kind":"Status","reason":"Invalid","message":"all of it","details":{"causes":[{{cause}}]},"code":422}""", 422);
        using var client = Connect();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Pod("a"), default));
        error.Message.ShouldBe("Cannot apply Pod/a: the API server refuses it: \n  " + told);
        error.Causes.ShouldHaveSingleItem().Field.ShouldBe("");
    }

    [Fact]
    public async Task Tries_again_after_a_500_that_is_the_servers_own()
    {
        var tries = 0;
        _server.Answer = context =>
        {
            context.Response.Headers.RetryAfter = "0";
            return Interlocked.Increment(ref tries) < 3
                ? ScriptedApiServer.JsonAsync(context, """{"kind":"Status","status":"Failure","message":"etcdserver: request timed out","code":500}""", 500)
                : ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""");
        };
        using var client = Connect();
        (await client.ApplyAsync(Pod("a"), default)).Name.ShouldBe("a");
        tries.ShouldBe(3);
    }

    [Fact]
    public async Task Shows_a_conflict_field_by_field_with_its_owner()
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(
            context,
            """{"kind":"Status","reason":"Conflict","message":"Apply failed with 2 conflicts","details":{"causes":[{"reason":"FieldManagerConflict","message":"conflict with \"kubectl\" using apps/v1","field":".spec.replicas"},{"reason":"FieldManagerConflict","message":"conflict with \"argo\"","field":".spec.paused"}]}}""",
            409);
        using var client = Connect();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Pod("a"), default));
        error.Message.ShouldContain(".spec.replicas: conflict with \"kubectl\" using apps/v1");
        error.Message.ShouldContain(".spec.paused: conflict with \"argo\"");
        error.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Applies_as_the_server_side_apply_protocol_says()
    {
        var (type, body) = ("", "");
        _server.Answer = async context =>
        {
            type = context.Request.ContentType;
            body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await ScriptedApiServer.JsonAsync(context, body);
        };
        using var client = Connect();
        await client.ApplyAsync(Pod("a"), default);
        _server.Requests.Last().ShouldBe("PATCH /api/v1/namespaces/n/pods/a?fieldManager=preheat&force=false&fieldValidation=Strict");
        type.ShouldBe("application/apply-patch+yaml");
        JsonNode.DeepEquals(JsonNode.Parse(body), Pod("a")).ShouldBeTrue();
    }

    [Fact]
    public async Task Acts_as_somebody_else_when_the_kubeconfig_says_so()
    {
        Dictionary<string, string> sent = [];
        _server.Answer = context =>
        {
            foreach (var header in context.Request.Headers.Where(header => header.Key.StartsWith("Impersonate", StringComparison.OrdinalIgnoreCase)))
                sent[header.Key] = header.Value.ToString();
            return ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""");
        };
        var endpoints = _server.Endpoints("{token: secret, as: anna, as-uid: '7', as-groups: [dev], as-user-extra: {reason: [audit]}}");
        using var client = KubernetesClient.Connect(endpoints, TimeProvider.System);
        await client.FindAsync(KubernetesKind.Pod, "n", "a", default);
        sent.Select(header => $"{header.Key.ToLowerInvariant()}: {header.Value}").Order(StringComparer.Ordinal)
            .ShouldBe(["impersonate-extra-reason: audit", "impersonate-group: dev", "impersonate-uid: 7", "impersonate-user: anna"]);
    }

    [Fact]
    public async Task Tries_again_after_a_503()
    {
        var tries = 0;
        _server.Answer = context =>
        {
            context.Response.Headers.RetryAfter = "0";
            return ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""", Interlocked.Increment(ref tries) < 3 ? 503 : 200);
        };
        using var client = Connect();
        (await client.FindAsync(KubernetesKind.Pod, "n", "a", default)).ShouldNotBeNull();
        tries.ShouldBe(3);
    }

    [Fact]
    public async Task Lists_page_by_page_and_begins_again_when_the_snapshot_is_gone()
    {
        var gone = false;
        _server.Answer = context =>
        {
            if (!context.Request.Query.ContainsKey("continue"))
                return ScriptedApiServer.JsonAsync(context, """{"metadata":{"resourceVersion":"7","continue":"more"},"items":[{"metadata":{"name":"a"}}]}""");
            if (gone)
                return ScriptedApiServer.JsonAsync(context, """{"metadata":{"resourceVersion":"7"},"items":[{"metadata":{"name":"b"}}]}""");
            gone = true;
            return ScriptedApiServer.JsonAsync(context, """{"kind":"Status","reason":"Expired","code":410}""", 410);
        };
        using var client = Connect();
        var list = await client.ListAsync(KubernetesKind.Pod, new("n", Labels: "app=x"), default);
        list.Items.Select(item => item.Title).ShouldBe(["Pod/a", "Pod/b"]);
        list.ResourceVersion.ShouldBe("7");
        _server.Requests.Last().ShouldContain("labelSelector=app%3Dx");
    }

    [Fact]
    public async Task Deletes_exactly_the_object_it_saw()
    {
        var body = "";
        _server.Answer = async context =>
        {
            body = await new StreamReader(context.Request.Body).ReadToEndAsync();
            await ScriptedApiServer.JsonAsync(context, """{"kind":"Status","reason":"Conflict","message":"uid differs"}""", 409);
        };
        using var client = Connect();
        (await client.DeleteAsync(new(Pod("a")), waitForDependents: true, default)).ShouldBeFalse();
        JsonNode.Parse(body)!["preconditions"]!["uid"]!.GetValue<string>().ShouldBe("u-a");
        JsonNode.Parse(body)!["propagationPolicy"]!.GetValue<string>().ShouldBe("Foreground");
    }

    [Fact]
    public async Task Says_which_kind_the_cluster_lacks()
    {
        using var client = Connect();
        var manifest = new JsonObject { ["apiVersion"] = "monitoring.googleapis.com/v1", ["kind"] = "PodMonitoring", ["metadata"] = new JsonObject { ["name"] = "a" } };
        (await Should.ThrowAsync<UserException>(() => client.ApplyAsync(manifest, default))).Message.ShouldContain("no kind PodMonitoring in monitoring.googleapis.com/v1");
    }

    [Fact]
    public async Task Says_that_something_else_answered()
    {
        _server.Answer = context => context.Response.WriteAsync("<html>Welcome</html>");
        using var client = Connect();
        (await Should.ThrowAsync<PreheatException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default))).Message.ShouldContain("did not answer with JSON");
    }

    internal static JsonObject Pod(string name, string version = "1") => new()
    {
        ["apiVersion"] = "v1",
        ["kind"] = "Pod",
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "n", ["uid"] = "u-" + name, ["resourceVersion"] = version },
    };

    private static string Base64(string text) => Convert.ToBase64String(Encoding.ASCII.GetBytes(text));

    private KubernetesClient Connect() => KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
}
