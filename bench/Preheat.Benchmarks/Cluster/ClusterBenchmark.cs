using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Benchmarks.Cluster;

/// <summary>
/// 500 objects applied to the embedded cluster over HTTP, beside <c>kubectl</c>, and a watch over 5,000 pods. Each is a process of its own, so that the peaks of memory are theirs; the
/// cluster has a state of its own and is stopped at the end.
/// </summary>
internal static class ClusterBenchmark
{
    private const int Objects = 500;
    private const string ApplyCommand = "cluster-apply";
    private const string WatchCommand = "cluster-watch";

    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    /// <summary>Runs the process that is measured; false when the arguments do not name it.</summary>
    public static async Task<bool> TryRunPartAsync(string[] arguments, CancellationToken cancellation)
    {
        if (arguments is [WatchCommand, var config])
        {
            using var watching = Connect(config);
            await WatchBenchmark.RunAsync(watching, cancellation);
            return true;
        }
        if (arguments is not [ApplyCommand, var kubeconfig, var file])
            return false;
        using var client = Connect(kubeconfig);
        var wanted = JsonNode.Parse(await File.ReadAllBytesAsync(file, cancellation))!["items"]!.AsArray().Select(item => (JsonObject)item!).ToList();
        var apply = new ObjectApply(client, force: false, new Silence());
        await apply.CheckAsync(wanted, cancellation);
        await apply.ApplyAsync(wanted, cancellation);
        return true;
    }

    public static async Task RunAsync(string root, string artifacts, CancellationToken cancellation)
    {
        var work = Directory.CreateTempSubdirectory("preheat-bench-").FullName;
        var build = Path.Combine(Path.GetFullPath(root), "build.sh");
        var own = new Dictionary<string, string> { ["PREHEAT_STATE"] = Path.Combine(work, "state") };
        string[] place = ["--artifacts-directory", Path.Combine(work, "artifacts")];
        try
        {
            await ChildRun.MeasureAsync(build, ["ResolveModel", .. place], root, own, cancellation);
            var kubeconfig = Path.Combine(work, "state", "kubeconfig");
            List<Figure> figures =
            [
                await OursAsync($"{Objects} objects checked (dry run) and applied", work, [ApplyCommand, kubeconfig, await ObjectsAsync(work, kubeconfig, "ours", cancellation)], cancellation),
                await MeasureAsync($"kubectl apply --server-side of {Objects} objects, unchecked", work, "kubectl", ["--kubeconfig", kubeconfig, "apply", "--server-side", "-f", await ObjectsAsync(work, kubeconfig, "kubectls", cancellation)], cancellation),
            ];
            var watch = await OursAsync($"a watch that sees {WatchBenchmark.Pods} pods come", work, [WatchCommand, kubeconfig], cancellation);
            figures.Add(watch);
            figures.Add(new("the embedded cloud that holds them", watch.Seconds, CpuSeconds: null, await WatchBenchmark.CloudPeakAsync(Path.Combine(work, "state"), cancellation)));
            Console.WriteLine($"cluster, load average {await ChildRun.LoadAverageAsync(cancellation)}; goals: applied in 10 s, watched in 200 MB");
            Console.WriteLine($"{"",-60}{"s",8}{"CPU s",8}{"peak MB",9}");
            foreach (var figure in figures)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Name,-58}{figure.Seconds,8:0.00}{figure.CpuSeconds,8:0.00}{figure.PeakBytes / 1e6,9:0}"));
            var bench = Directory.CreateDirectory(Path.Combine(artifacts, "bench")).FullName;
            await File.WriteAllTextAsync(Path.Combine(bench, "cluster.json"), JsonSerializer.Serialize(figures, Json) + "\n", cancellation);
        }
        finally
        {
            await ChildRun.MeasureAsync(build, ["LocalCloudDown", .. place], root, own, CancellationToken.None);
            Directory.Delete(work, recursive: true);
        }
    }

    private static Task<Figure> OursAsync(string name, string work, string[] arguments, CancellationToken cancellation) =>
        MeasureAsync(name, work, Environment.ProcessPath!, Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ClusterBenchmark).Assembly.Location, .. arguments] : arguments, cancellation);

    // Debian's time(1) tells the peak of one process, as the kernel counts it (getrusage, ru_maxrss).
    private static async Task<Figure> MeasureAsync(string name, string work, string program, string[] arguments, CancellationToken cancellation)
    {
        var peak = Path.Combine(work, "peak");
        var run = await ChildRun.MeasureAsync("/usr/bin/time", ["-f", "%M", "-o", peak, program, .. arguments], work, new Dictionary<string, string>(), cancellation);
        return new(name, run.Seconds, run.CpuSeconds, long.Parse((await File.ReadAllTextAsync(peak, cancellation)).Trim(), CultureInfo.InvariantCulture) * 1024);
    }

    /// <summary>Makes a namespace, and a file with objects of five kinds for it. The Deployments ask for no replicas.</summary>
    private static async Task<string> ObjectsAsync(string work, string kubeconfig, string inNamespace, CancellationToken cancellation)
    {
        using var client = Connect(kubeconfig);
        await NamespaceAsync(client, inNamespace, cancellation);
        var items = Enumerable.Range(0, Objects / 5).SelectMany(number => new[]
        {
            Item("v1", "ServiceAccount", number, "{}"),
            Item("v1", "ConfigMap", number, """{"data":{"key":"value"}}"""),
            Item("v1", "Service", number, """{"spec":{"selector":{"app":"x"},"ports":[{"name":"http","port":8000,"targetPort":"http"}]}}"""),
            Item("apps/v1", "Deployment", number, """{"spec":{"replicas":0,"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}},"spec":{"containers":[{"name":"server","image":"example/server:v1","ports":[{"name":"http","containerPort":8000}]}]}}}}"""),
            Item("policy/v1", "PodDisruptionBudget", number, """{"spec":{"maxUnavailable":1,"selector":{"matchLabels":{"app":"x"}}}}"""),
        });
        var file = Path.Combine(work, inNamespace + ".json");
        var list = new JsonObject { ["apiVersion"] = "v1", ["kind"] = "List", ["items"] = new JsonArray([.. items]) };
        await File.WriteAllTextAsync(file, list.ToJsonString(), cancellation);
        return file;

        JsonObject Item(string version, string kind, int number, string rest)
        {
            var item = (JsonObject)JsonNode.Parse(rest)!;
            (item["apiVersion"], item["kind"]) = (version, kind);
            item["metadata"] = new JsonObject { ["name"] = $"object-{number}", ["namespace"] = inNamespace };
            return item;
        }
    }

    private static Task<KubernetesObject> NamespaceAsync(KubernetesClient client, string name, CancellationToken cancellation) =>
        client.ApplyAsync(new JsonObject { ["apiVersion"] = "v1", ["kind"] = "Namespace", ["metadata"] = new JsonObject { ["name"] = name } }, cancellation);

    private static KubernetesClient Connect(string kubeconfig) => KubernetesClient.Connect(new CloudEndpoints { Hub = new Uri("http://127.0.0.1/"), Kubeconfig = kubeconfig }, TimeProvider.System);

    private sealed record Figure(string Name, double Seconds, double? CpuSeconds, long PeakBytes);
}
