using System.Diagnostics;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>The real command line tool against the embedded cluster.</summary>
[Collection(SharedCluster.Name)]
public sealed class KubectlTests(TestCluster cluster)
{
    [Fact]
    public async Task Applies_reads_follows_and_deletes()
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        (await RunAsync("version", "-o", "json")).ShouldContain("v1.33.0-preheat");
        var manifest = Path.Combine(cluster.StateDirectory, $"{ns}.yaml");
        await File.WriteAllTextAsync(manifest, Samples.Deployment("web").ToJsonString() + "\n---\n" + Samples.Service("web", "web").ToJsonString());
        (await RunAsync("-n", ns, "apply", "--server-side", "-f", manifest)).ShouldContain("deployment.apps/web serverside-applied");
        (await RunAsync("-n", ns, "rollout", "status", "deployment/web", "--timeout=30s")).ShouldContain("successfully rolled out");
        var pods = JsonNode.Parse(await RunAsync("-n", ns, "get", "pods", "-l", "app=web", "-o", "json"))!;
        pods.Objects("items").Single().Text("status", "phase").ShouldBe("Running");
        var table = (await RunAsync("-n", ns, "get", "pods", "-o", "wide")).Split('\n');
        table[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[..7].ShouldBe(["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP", "NODE"]);
        table[1].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..4].ShouldBe(["1/1", "Running", "0"]);
        var all = await RunAsync("-n", ns, "get", "all");
        all.ShouldContain("UP-TO-DATE");
        all.ShouldContain("CLUSTER-IP");
        (await RunAsync("-n", ns, "logs", "deployment/web")).ShouldBe("argv: serve\n");
        (await RunAsync("-n", ns, "describe", "deployment", "web")).ShouldContain("ScalingReplicaSet");
        (await RunAsync("-n", ns, "scale", "deployment/web", "--replicas=2")).ShouldContain("scaled");
        (await RunAsync("-n", ns, "wait", "--for=condition=Available", "deployment/web", "--timeout=30s")).ShouldContain("condition met");
        (await RunAsync("get", "--raw", $"/api/v1/namespaces/{ns}/services/web:http/proxy/hello")).ShouldEndWith("GET /hello");
        (await RunAsync("-n", ns, "delete", "deployment/web", "service/web", "--timeout=30s")).ShouldContain("deleted");
        (await RunAsync("api-resources", "-o", "name")).ShouldContain("podmonitorings.monitoring.googleapis.com");
    }

    [Fact]
    public async Task Validates_compares_and_explains_by_the_published_schemas()
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        var manifest = Path.Combine(cluster.StateDirectory, $"{ns}.json");
        var deployment = Samples.Deployment("web", replicas: 0);
        await File.WriteAllTextAsync(manifest, deployment.ToJsonString());
        (await RunAsync("-n", ns, "apply", "-f", manifest)).ShouldContain("deployment.apps/web created");
        (await RunAsync("-n", ns, "apply", "-f", manifest)).ShouldContain("deployment.apps/web unchanged");
        deployment["spec"]!.Server()["image"] = "local-docker.pkg.dev/p/r/other:v1";
        await File.WriteAllTextAsync(manifest, deployment.ToJsonString());
        (await FailAsync(1, "-n", ns, "diff", "-f", manifest)).ShouldContain("image: local-docker.pkg.dev/p/r/other:v1");
        (await RunAsync("-n", ns, "apply", "-f", manifest)).ShouldContain("deployment.apps/web configured");
        deployment["spec"]!["replcas"] = 1;
        await File.WriteAllTextAsync(manifest, deployment.ToJsonString());
        (await FailAsync(1, "-n", ns, "apply", "-f", manifest)).ShouldContain("strict decoding error: unknown field \"spec.replcas\"");
        (await FailAsync(1, "-n", ns, "apply", "--server-side", "--force-conflicts", "-f", manifest)).ShouldContain(".spec.replcas: field not declared in schema");
        (await RunAsync("explain", "deployment.spec.strategy")).ShouldContain("enum: Recreate, RollingUpdate");
        (await RunAsync("explain", "podmonitoring.spec.endpoints")).ShouldContain("interval");
        (await RunAsync("explain", "--output=plaintext-openapiv2", "deployment.spec.strategy.rollingUpdate")).ShouldContain("maxSurge");
    }

    [Theory]
    [InlineData("configmap", "x", "--from-literal=a=b")]
    [InlineData("secret", "generic", "x", "--from-literal=a=b")]
    [InlineData("serviceaccount", "x")]
    [InlineData("role", "x", "--verb=get", "--resource=pods")]
    [InlineData("quota", "x", "--hard=pods=10")]
    [InlineData("job", "x", "--image=server:v1")]
    [InlineData("poddisruptionbudget", "x", "--selector=a=b", "--min-available=1")]
    public async Task Creates_without_a_file(params string[] arguments)
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        (await RunAsync(["-n", ns, "create", .. arguments])).ShouldContain("/x created");
    }

    [Fact]
    public async Task Runs_exposes_and_autoscales_without_a_file_and_says_what_it_may()
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        await RunAsync("-n", ns, "run", "once", $"--image={TestCluster.Image}", "--env=A=b");
        await RunAsync("-n", ns, "create", "deployment", "web", $"--image={TestCluster.Image}", "--replicas=0", "--port=8000");
        await RunAsync("-n", ns, "expose", "deployment", "web", "--port=80");
        await RunAsync("-n", ns, "autoscale", "deployment", "web", "--max=3", "--cpu-percent=60");
        (await RunAsync("-n", ns, "get", "hpa", "web")).ShouldContain("/60%");
        var (_, v1) = await cluster.GetAsync($"apis/autoscaling/v1/namespaces/{ns}/horizontalpodautoscalers/web");
        v1.Number("spec", "targetCPUUtilizationPercentage").ShouldBe(60);
        cluster.Runtime.Cpu["once"] = 1;
        await cluster.WaitAsync($"apis/metrics.k8s.io/v1beta1/namespaces/{ns}/pods", body => body.Objects("items").Any());
        (await RunAsync("-n", ns, "top", "pod", "once", "--no-headers")).ShouldStartWith("once ");
        (await RunAsync("top", "node")).ShouldContain("CPU");
        (await RunAsync("auth", "can-i", "create", "pods")).Trim().ShouldBe("yes");
    }

    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public async Task Forwards_a_port_through_a_web_socket_and_by_upgrade(string webSockets)
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        await cluster.PostAsync($"api/v1/namespaces/{ns}/pods", Samples.Pod("web"));
        await cluster.WaitAsync($"api/v1/namespaces/{ns}/pods/web", pod => pod.Condition("Ready").Text("status") == "True");
        var start = await StartInfoAsync("-n", ns, "port-forward", "pod/web", ":8000");
        start.Environment["KUBECTL_PORT_FORWARD_WEBSOCKETS"] = webSockets;
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        try
        {
            var line = await process.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(30));
            line.ShouldNotBeNull(process.HasExited ? await process.StandardError.ReadToEndAsync() : "no line");
            line.ShouldStartWith("Forwarding from 127.0.0.1:");
            var port = line.Split("127.0.0.1:")[1].Split(' ')[0];
            using var client = new HttpClient();
            foreach (var path in new[] { "hello", "again" })
            {
                (await client.GetStringAsync(new Uri($"http://127.0.0.1:{port}/{path}"))).ShouldEndWith($"GET /{path}");
            }

            using var other = new HttpClient(new SocketsHttpHandler { PooledConnectionLifetime = TimeSpan.Zero });
            (await Task.WhenAll(Enumerable.Range(0, 8).Select(i => other.GetStringAsync(new Uri($"http://127.0.0.1:{port}/{i}"))))).Length.ShouldBe(8);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
        }
    }

    [Fact]
    public async Task Says_what_a_pod_cannot_do()
    {
        var ns = (await cluster.NamespaceAsync())[11..^1];
        await cluster.PostAsync($"api/v1/namespaces/{ns}/pods", Samples.Pod("web"));
        await cluster.WaitAsync($"api/v1/namespaces/{ns}/pods/web", pod => pod.Condition("Ready").Text("status") == "True");
        (await FailAsync(1, "-n", ns, "exec", "web", "--", "ls")).ShouldContain("not implemented");
        var (code, status) = await cluster.SendAsync(HttpMethod.Post, $"api/v1/namespaces/{ns}/pods/web/portforward");
        (code, status.Text("message")).ShouldBe((400, "Upgrade request required"));
    }

    private async Task<string> RunAsync(params string[] arguments)
    {
        var (code, output, error) = await StartAsync(arguments);
        code.ShouldBe(0, $"kubectl {string.Join(' ', arguments)}\n{output}\n{error}");
        return output;
    }

    private async Task<string> FailAsync(int wanted, params string[] arguments)
    {
        var (code, output, error) = await StartAsync(arguments);
        code.ShouldBe(wanted, $"kubectl {string.Join(' ', arguments)}\n{output}\n{error}");
        return output + error;
    }

    private async Task<(int Code, string Output, string Error)> StartAsync(string[] arguments)
    {
        var start = await StartInfoAsync(arguments);
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        return (process.ExitCode, await output, await error);
    }

    private async Task<ProcessStartInfo> StartInfoAsync(params string[] arguments)
    {
        var config = Path.Combine(cluster.StateDirectory, "kubeconfig");
        await File.WriteAllTextAsync(config, cluster.Kubeconfig);
        return new ProcessStartInfo("kubectl", ["--kubeconfig", config, "--cache-dir", Path.Combine(cluster.StateDirectory, "kubectl"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
    }
}
