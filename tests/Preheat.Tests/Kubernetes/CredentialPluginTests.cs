using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>Credential plugins of a kubeconfig, such as GKE's (client.authentication.k8s.io).</summary>
public sealed class CredentialPluginTests : ScriptedServerTests
{
    [Fact]
    public async Task Runs_the_credential_plugin_and_runs_it_again_after_a_401()
    {
        var folder = Directory.CreateTempSubdirectory("preheat-plugin-").FullName;
        try
        {
            var count = Path.Combine(folder, "count");
            var script = Path.Combine(folder, "plugin.sh");
            await File.WriteAllTextAsync(script, $$$"""
                echo run >> {{{count}}}
                echo "$KUBERNETES_EXEC_INFO" | grep -q '"kind":"ExecCredential"' || exit 9
                printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s%s"}}' "$PREFIX" "$(wc -l < {{{count}}} | tr -d ' ')"
                """);
            _server.Answer = context => ScriptedApiServer.JsonAsync(
                context,
                """{"kind":"Pod","metadata":{"name":"a"}}""",
                context.Request.Headers.Authorization == "Bearer t2" ? 200 : 401);
            using var client = KubernetesClient.Connect(
                _server.Endpoints($"exec:\n        apiVersion: client.authentication.k8s.io/v1\n        command: sh\n        args: [{script}]\n        env:\n          - name: PREFIX\n            value: t"),
                TimeProvider.System);
            (await client.FindAsync(KubernetesKind.Pod, "n", "a", default)).ShouldNotBeNull();
            _server.Tokens.ShouldBe(["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Shows_the_plugins_next_certificate_although_a_connection_is_open()
    {
        await using var server = await ScriptedApiServer.StartAsync(_authority, askForClientCertificate: true);
        var subjects = new List<string>();
        var ended = new TaskCompletionSource();
        server.Answer = async context =>
        {
            var subject = context.Connection.ClientCertificate?.Subject ?? "";
            if (context.Request.QueryString.Value!.Contains("watch=", StringComparison.Ordinal))
            {
                await ScriptedApiServer.LineAsync(context, """{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"first","uid":"1","resourceVersion":"2"}}}""");
                await ended.Task.WaitAsync(context.RequestAborted);
                await ScriptedApiServer.LineAsync(context, """{"type":"ADDED","object":{"kind":"Pod","metadata":{"name":"second","uid":"2","resourceVersion":"3"}}}""");
                return;
            }
            if (context.Request.Path.Value!.EndsWith("/pods", StringComparison.Ordinal))
            {
                await ScriptedApiServer.JsonAsync(context, """{"kind":"PodList","metadata":{"resourceVersion":"1"},"items":[]}""");
                return;
            }
            subjects.Add(subject);
            // As an API server does with a certificate that has expired on an open connection.
            await ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""", subject == "CN=first" && subjects.Count > 1 ? 401 : 200);
        };
        var folder = Directory.CreateTempSubdirectory("preheat-plugin-").FullName;
        try
        {
            foreach (var name in new[] { "first", "second" })
            {
                using var certificate = _authority.Issue(name);
                await File.WriteAllTextAsync(Path.Combine(folder, name), new JsonObject
                {
                    ["apiVersion"] = "client.authentication.k8s.io/v1",
                    ["kind"] = "ExecCredential",
                    ["status"] = new JsonObject { ["clientCertificateData"] = certificate.ExportCertificatePem(), ["clientKeyData"] = certificate.GetECDsaPrivateKey()!.ExportPkcs8PrivateKeyPem() },
                }.ToJsonString());
            }
            var script = Path.Combine(folder, "plugin.sh");
            await File.WriteAllTextAsync(script, $"cd {folder}; if [ -e given ]; then cat second; else touch given; cat first; fi\n");
            using var client = KubernetesClient.Connect(server.Endpoints($"exec:\n        apiVersion: client.authentication.k8s.io/v1\n        command: sh\n        args: [{script}]"), TimeProvider.System);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
            await client.FindAsync(KubernetesKind.Pod, "n", "a", limit.Token);
            await using var watch = client.WatchAsync(KubernetesKind.Pod, new("n"), limit.Token).GetAsyncEnumerator(limit.Token);
            while (await watch.MoveNextAsync() && watch.Current.Object?.Name != "first")
                limit.Token.ThrowIfCancellationRequested();

            (await client.FindAsync(KubernetesKind.Pod, "n", "a", limit.Token)).ShouldNotBeNull();
            subjects.ShouldBe(["CN=first", "CN=first", "CN=second"]);
            ended.SetResult();
            (await watch.MoveNextAsync()).ShouldBeTrue();
            watch.Current.Object.ShouldNotBeNull().Name.ShouldBe("second", "the watch went on over the connection of the first certificate");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task Tells_what_a_credential_plugin_said_when_it_failed()
    {
        using var client = KubernetesClient.Connect(
            _server.Endpoints("exec:\n        apiVersion: client.authentication.k8s.io/v1\n        command: sh\n        args: [-c, \"echo please log in >&2; exit 3\"]"),
            TimeProvider.System);
        var error = await Should.ThrowAsync<UserException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default));
        error.Message.ShouldContain("ended with 3: please log in");
    }

    [Fact]
    public async Task Tells_a_plugin_which_cluster_it_is_for_only_when_asked_to()
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(context, """{"kind":"Pod","metadata":{"name":"a"}}""");
        var said = Path.Combine(Path.GetTempPath(), $"preheat-exec-{Guid.NewGuid():N}");
        try
        {
            foreach (var provide in new[] { "true", "false" })
            {
                var script = $"printf %s \"$KUBERNETES_EXEC_INFO\" > {said}; echo '{{\"apiVersion\":\"client.authentication.k8s.io/v1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"secret\"}}}}'";
                var user = $"exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, args: [\"-c\", '{script.Replace("'", "''", StringComparison.Ordinal)}'], provideClusterInfo: {provide}, interactiveMode: Never}}";
                using var client = KubernetesClient.Connect(_server.Endpoints(user), TimeProvider.System);
                await client.FindAsync(KubernetesKind.Pod, "n", "a", default);
                var info = JsonNode.Parse(await File.ReadAllTextAsync(said))!;
                (info["apiVersion"]!.GetValue<string>(), info["kind"]!.GetValue<string>()).ShouldBe(("client.authentication.k8s.io/v1", "ExecCredential"));
                info["spec"]!["interactive"]!.GetValue<bool>().ShouldBeFalse();
                if (provide == "false")
                {
                    info["spec"]!.AsObject().ContainsKey("cluster").ShouldBeFalse();
                    continue;
                }
                new Uri(info["spec"]!["cluster"]!["server"]!.GetValue<string>()).ShouldBe(_server.Address);
                Encoding.ASCII.GetString(Convert.FromBase64String(info["spec"]!["cluster"]!["certificate-authority-data"]!.GetValue<string>())).ShouldStartWith("-----BEGIN CERTIFICATE-----");
            }
        }
        finally
        {
            File.Delete(said);
        }
    }
}
