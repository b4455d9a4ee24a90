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
        (await RunAsync("-n", ns, "apply", "--server-side", "--validate=false", "-f", manifest)).ShouldContain("deployment.apps/web serverside-applied");
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

    private async Task<string> RunAsync(params string[] arguments)
    {
        var config = Path.Combine(cluster.StateDirectory, "kubeconfig");
        await File.WriteAllTextAsync(config, cluster.Kubeconfig);
        var start = new ProcessStartInfo("kubectl", ["--kubeconfig", config, "--cache-dir", Path.Combine(cluster.StateDirectory, "kubectl"), .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("kubectl did not start");
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        await process.WaitForExitAsync(limit.Token);
        process.ExitCode.ShouldBe(0, $"kubectl {string.Join(' ', arguments)}\n{await output}\n{await error}");
        return await output;
    }
}
