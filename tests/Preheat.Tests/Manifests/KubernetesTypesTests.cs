using System.Diagnostics;
using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Models;
using Preheat.Serving;

namespace Preheat.Tests.Manifests;

/// <summary>Every built-in kind against npm's kubernetes-models, which is generated from Kubernetes' OpenAPI document: values by its schemas, unknown fields by its TypeScript types.</summary>
public sealed class KubernetesTypesTests : IDisposable
{
    private static readonly string Npm = Path.Combine(RenderingFixture.RepositoryRoot, "tests", "npm");

    private readonly RenderingFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void Every_built_in_object_has_the_types_of_Kubernetes()
    {
        var objects = new JsonArray();
        foreach (var metric in AutoscaleMetric.All)
        {
            Render(metric.Server ?? "vllm", metric.Name, "baked", "hf://preheat/tiny-gemma-2");
            Render(metric.Server ?? "vllm", metric.Name, "hub", "hf://preheat/tiny-gemma-2");
        }
        Render("vllm", "running", "streamed", "gs://weights/gemma");
        Render("vllm", "none", "volume", "hf://preheat/tiny-gemma-2");
        _fixture.Deployment = _fixture.Deployment with { Features = [.. OptionalFeature.All.Select(feature => feature.Name)], CompileCache = "compiled" };
        foreach (var through in new[] { "adapter", "native", "keda" })
        {
            _fixture.Deployment = _fixture.Deployment with { AutoscaleThrough = through };
            Render("vllm", "running", "baked", "hf://preheat/tiny-gemma-2");
            Render("vllm", "running", "hub", "hf://preheat/tiny-gemma-2");
        }

        var (code, output) = Validate(objects);
        code.ShouldBe(0, output);
        output.ShouldEndWith($"{objects.Count} objects validated");
        objects.Select(value => (string)value!["kind"]!).Distinct().Order(StringComparer.Ordinal)
            .ShouldBe(["ComputeClass", "Deployment", "HorizontalPodAutoscaler", "NetworkPolicy", "PodDisruptionBudget", "ScaledObject", "Service", "ServiceAccount", "TriggerAuthentication"]);

        void Render(string server, string metric, string weights, string model)
        {
            var plain = weights == "baked";
            _fixture.Image = _fixture.Image with { ModelPath = plain ? "/models/m" : null };
            _fixture.WeightsClaim = "gemma-weights";
            _fixture.Deployment = _fixture.Deployment with
            {
                Server = server, AutoscaleOn = metric, AutoscaleTarget = 10, Weights = weights, Model = ModelReference.Parse(model), MinReplicas = 2, MaxModelLength = 1024,
                Spot = plain, Restricted = !plain, Expose = plain ? "internal" : "cluster", ClusterMode = plain ? "autopilot" : "standard", ServerApi = plain && server == "vllm" ? "generate" : "openai",
            };
            // Kinds of GKE's own that no package describes.
            foreach (var value in ManifestFolder.Load(_fixture.Render(), _fixture.Output).Where(value => value.Kind is not ("PodMonitoring" or "AutoscalingMetric")))
                objects.Add(value.ToJson());
        }
    }

    [Theory]
    [InlineData("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"ports":[{"port":"http"}]}}""", "port")]
    [InlineData("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"a"},"spec":{"prots":[]}}""", "prots")]
    [InlineData("""{"apiVersion":"v1","kind":"LimitRange","metadata":{"name":"a"},"spec":{"limits":[{"type":"Pod","max":{"cpu":"lots"}}]}}""", "cpu")]
    public void Finds_wrong_values_and_unknown_fields(string json, string field)
    {
        var (code, output) = Validate([JsonNode.Parse(json)]);
        code.ShouldBe(1);
        output.ShouldContain(field);
    }

    [Fact]
    public void The_schema_table_is_what_its_generator_writes()
    {
        var folder = Path.Combine(RenderingFixture.RepositoryRoot, "src/Preheat/Manifests/Schemas");
        var (code, output) = Node(Path.Combine(folder, "generate.mjs"), Path.Combine(Npm, "node_modules"));
        code.ShouldBe(0, output);
        output.ShouldBe(File.ReadAllText(Path.Combine(folder, "kubernetes.schema")).TrimEnd());
    }

    private (int Code, string Output) Validate(JsonArray objects)
    {
        Directory.CreateDirectory(_fixture.Output);
        var file = Path.Combine(_fixture.Output, "objects.json");
        File.WriteAllText(file, objects.ToJsonString());
        return Node(Path.Combine(Npm, "validate.mjs"), file);
    }

    private static (int Code, string Output) Node(params string[] arguments)
    {
        Directory.Exists(Path.Combine(Npm, "node_modules")).ShouldBeTrue("Run 'npm install --no-package-lock' in tests/npm, as .ci/run does.");
        using var process = Process.Start(new ProcessStartInfo("node", arguments) { RedirectStandardOutput = true, UseShellExecute = false })!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output.TrimEnd());
    }
}
