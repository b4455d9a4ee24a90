using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Preheat.Images;
using Preheat.Manifests;
using Preheat.Models;
using Preheat.Serving;

namespace Preheat.Benchmarks.Render;

/// <summary>500 deployments rendered, checked and written, one after the other, beside <c>kubectl kustomize</c> over the same folders of <c>manifests/</c>.</summary>
internal static class RenderBenchmark
{
    private const int Deployments = 500;
    private const int PeerRuns = 20;
    private const double GoalSeconds = 5;

    private static readonly string[] Components = ["spot", "restricted", "internal-load-balancer", "monitoring", "disruption-budget", "autoscaling", "autoscaling-server"];
    private static readonly JsonSerializerOptions Json = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase, WriteIndented = true, NewLine = "\n" };

    public static async Task RunAsync(string artifacts, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("preheat-bench-").FullName;
        try
        {
            var first = Render(folder, 1);
            List<Figure> figures = [new("the first deployment: reads the types, compiles the code", 1, first), new("rendered, checked and written", Deployments, Render(folder, Deployments))];
            if (await PeerAsync(folder, cancellation) is { } peer)
                figures.Add(new("kubectl kustomize, which checks nothing", PeerRuns, peer));
            Console.WriteLine($"render, load average {await ChildRun.LoadAverageAsync(cancellation)}; goal for {Deployments}: {GoalSeconds} s");
            Console.WriteLine($"{"",-58}{"number",8}{"s",9}{"ms each",9}");
            foreach (var figure in figures)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {figure.Name,-56}{figure.Count,8}{figure.Seconds,9:0.00}{figure.Seconds / figure.Count * 1000,9:0.0}"));
            var bench = Directory.CreateDirectory(Path.Combine(artifacts, "bench")).FullName;
            await File.WriteAllTextAsync(Path.Combine(bench, "render.json"), JsonSerializer.Serialize(figures, Json) + "\n", cancellation);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static double Render(string folder, int count)
    {
        var clock = Stopwatch.StartNew();
        for (var number = 0; number < count; number++)
        {
            var request = Request($"model-{number}", Path.Combine(folder, "out", $"{number}"));
            ManifestRenderer.Render(request, new Silence());
        }
        return clock.Elapsed.TotalSeconds;
    }

    private static RenderRequest Request(string name, string output) => new()
    {
        ManifestsRoot = Path.GetFullPath("manifests"),
        OutputDirectory = output,
        Deployment = new Deployment
        {
            Name = name,
            Cloud = "google",
            Platform = "gke",
            Model = ModelReference.Parse("hf://google/gemma-2-2b-it"),
            Server = "vllm",
            BaseImage = DeploymentRequest.DefaultBaseImage,
            Accelerator = "nvidia-l4",
            AcceleratorCount = 1,
            ProjectId = "example",
            Region = "us-central1",
            Repository = "models",
            Namespace = "default",
            MinReplicas = 1,
            MaxReplicas = 4,
            AutoscaleOn = "running",
            AutoscaleTarget = 10,
            Spot = true,
            Restricted = true,
            Expose = "internal",
        },
        Model = new ModelSnapshot
        {
            Reference = "hf://google/gemma-2-2b-it",
            Name = "google/gemma-2-2b-it",
            Revision = new string('c', 40),
            Files = [],
            Parameters = 2_614_341_888,
            DType = "BF16",
            Architecture = "Gemma2ForCausalLM",
            WeightBytes = 5_228_683_776,
        },
        Image = new ServingImage
        {
            Reference = $"us-central1-docker.pkg.dev/example/models/{name}@sha256:{new string('a', 64)}",
            Digest = "sha256:" + new string('a', 64),
            Size = 15_000_000_000,
            Layers = 30,
            Region = "us-central1",
            ModelPath = "/models/gemma-2-2b-it",
            BaseImage = $"vllm/vllm-openai@sha256:{new string('b', 64)}",
        },
    };

    // Null, with a word, where there is no kubectl or one too old for components.
    private static async Task<double?> PeerAsync(string folder, CancellationToken cancellation)
    {
        var copy = Path.Combine(folder, "kustomize");
        foreach (var file in Directory.EnumerateFiles("manifests", "*.yaml", SearchOption.AllDirectories))
        {
            var target = Path.Combine(copy, Path.GetRelativePath("manifests", file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
        var lines = new[] { "apiVersion: kustomize.config.k8s.io/v1beta1", "kind: Kustomization", "resources: [base/vllm]", "components:" }.Concat(Components.Select(component => $"  - components/{component}"));
        await File.WriteAllTextAsync(Path.Combine(copy, "kustomization.yaml"), string.Join('\n', lines) + "\n", cancellation);
        try
        {
            var seconds = 0.0;
            for (var run = 0; run < PeerRuns; run++)
                seconds += (await ChildRun.MeasureAsync("kubectl", ["kustomize", copy], folder, new Dictionary<string, string>(), cancellation)).Seconds;
            return seconds;
        }
        catch (PreheatException exception)
        {
            Console.WriteLine($"No figure for kubectl kustomize: {exception.Message.Split('\n')[0]}");
            return null;
        }
    }

    private sealed record Figure(string Name, int Count, double Seconds);
}
