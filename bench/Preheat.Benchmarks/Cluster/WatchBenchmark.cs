using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Benchmarks.Cluster;

/// <summary>
/// A watch that sees a Deployment of 5,000 pods come, each told twice: created, and looked at by the scheduler. Their node selector matches nothing, so
/// that they stay pending and the figures are those of objects and watches, not of servers.
/// </summary>
internal static class WatchBenchmark
{
    public const int Pods = 5_000;

    private const string Namespace = "watched";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    /// <summary>The process that is measured: makes the Deployment once its watch has begun, holds every pod as a roll-out does.</summary>
    public static async Task RunAsync(KubernetesClient client, CancellationToken cancellation)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limit.CancelAfter(Limit);
        await client.ApplyAsync(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = Namespace } }, limit.Token);
        var (held, judged) = (new Dictionary<string, KubernetesObject>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        await foreach (var change in client.WatchAsync(KubernetesKind.Pod, new(Namespace), limit.Token))
        {
            if (change.Object is not { } pod)
            {
                await client.ApplyAsync(Deployment(), limit.Token);
                continue;
            }
            held[pod.Uid] = pod;
            if (pod.Json["status"]?["conditions"] is JsonArray { Count: > 0 } && judged.Add(pod.Uid) && judged.Count == Pods)
                return;
        }
    }

    /// <summary>Peak memory of the embedded cloud, as the kernel counts it (proc(5), <c>VmHWM</c>).</summary>
    public static async Task<long> CloudPeakAsync(string state, CancellationToken cancellation)
    {
        var endpoint = JsonNode.Parse(await File.ReadAllBytesAsync(Path.Combine(state, "endpoint.json"), cancellation))!;
        var line = (await File.ReadAllLinesAsync($"/proc/{(int)endpoint["pid"]!}/status", cancellation)).First(line => line.StartsWith("VmHWM:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }

    private static JsonObject Deployment() => (JsonObject)JsonNode.Parse($$$"""
        {
          "apiVersion": "apps/v1", "kind": "Deployment", "metadata": { "name": "many", "namespace": "{{{Namespace}}}" },
          "spec": {
            "replicas": {{{Pods}}}, "selector": { "matchLabels": { "app": "many" } },
            "template": {
              "metadata": { "labels": { "app": "many" } },
              "spec": {
                "nodeSelector": { "preheat.dev/benchmark": "none" },
                "containers": [{
                  "name": "server", "image": "example/server:v1", "ports": [{ "name": "http", "containerPort": 8000 }],
                  "env": [{ "name": "HF_HOME", "value": "/model" }], "resources": { "requests": { "cpu": "4", "memory": "16Gi" } },
                  "readinessProbe": { "httpGet": { "path": "/health", "port": "http" } }
                }]
              }
            }
          }
        }
        """)!;
}
