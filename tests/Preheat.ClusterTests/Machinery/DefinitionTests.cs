using System.Text.Json.Nodes;
using Preheat.Kubernetes;
using Preheat.Tests.Manifests;

namespace Preheat.ClusterTests.Machinery;

/// <summary>Custom kinds: the definitions that the embedded cluster brings, and what the server checks by their schemas.</summary>
[Collection(MachineryCollection.Name)]
public sealed class DefinitionTests(MachineryFixture machinery)
{
    private static readonly KubernetesKind Definition = new("apiextensions.k8s.io/v1", "CustomResourceDefinition");
    private static readonly KubernetesKind PodMonitoring = new("monitoring.googleapis.com/v1", "PodMonitoring");

    public static TheoryData<string> Preinstalled => [.. Directory.EnumerateFiles(Folder, "*.yaml").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(RenderingFixture.RepositoryRoot, "src", "Preheat.LocalCloud", "Kubernetes", "Definitions", "Preinstalled");

    [Theory]
    [MemberData(nameof(Preinstalled))]
    public async Task Takes_the_embedded_clusters_definition_as_it_is(string file)
    {
        using var client = machinery.Client();
        var applied = await EstablishedAsync(client, MachineryFixture.Object(await File.ReadAllTextAsync(Path.Combine(Folder, file))));
        foreach (var condition in applied.Json.Items("status", "conditions"))
            (condition.Text("type"), condition.Text("status")).ShouldBe((condition.Text("type"), condition.Text("type") is "NonStructuralSchema" or "Terminating" ? "False" : "True"));
    }

    [Fact]
    public async Task Takes_the_monitoring_that_is_rendered_and_tells_what_its_schema_refuses()
    {
        using var client = machinery.Client();
        await EstablishedAsync(client, MachineryFixture.Object(await File.ReadAllTextAsync(Path.Combine(Folder, "podmonitorings.monitoring.googleapis.com.yaml"))));
        for (var tries = 0; tries < 100 && !await client.HasKindAsync(PodMonitoring, default); tries++)
            await Task.Delay(100);
        using var rendering = new RenderingFixture();
        rendering.Deployment = rendering.Deployment with { Namespace = await machinery.PlaceAsync() };
        var wanted = DeploySet.Of(new() { Manifests = rendering.Render(), ManifestsDirectory = rendering.Output, Deployment = rendering.Deployment, Image = rendering.Image }, dryRun: null)
            .Wanted.Where(item => item.Text("kind") == PodMonitoring.Kind).ToList();
        wanted.Count.ShouldBe(1);
        (await client.ApplyAsync(wanted[0], default)).Namespace.ShouldBe(rendering.Deployment.Namespace);

        var wrong = (JsonObject)wanted[0].DeepClone();
        wrong["spec"]!["endpoints"]![0]!["interval"] = "soon";
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(wrong, new(OnlyCheck: true), default));
        error.Message.ShouldContain("\n  spec.endpoints[0].interval: Invalid value: \"soon\": spec.endpoints[0].interval in body should match ");
        wrong["spec"]!["endpoints"]![0]!["intervall"] = "15s";
        error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(wrong, new(OnlyCheck: true), default));
        error.Message.ShouldContain("\n  .spec.endpoints[0].intervall: field not declared in schema");
        error.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Tells_the_rule_of_a_definition_that_is_broken()
    {
        using var client = machinery.Client();
        await EstablishedAsync(client, MachineryFixture.Object("""
            {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: ranges.rules.example}, spec: {group: rules.example, scope: Namespaced, names: {plural: ranges, kind: Range},
             versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {low: {type: integer}, high: {type: integer, default: 9}},
              x-kubernetes-validations: [{rule: 'self.low <= self.high', message: low must not be above high, fieldPath: .low}]}}}}}]}}
            """));
        var kind = new KubernetesKind("rules.example/v1", "Range");
        for (var tries = 0; tries < 100 && !await client.HasKindAsync(kind, default); tries++)
            await Task.Delay(100);
        var place = await machinery.PlaceAsync();
        var kept = await client.ApplyAsync(MachineryFixture.Object($"{{apiVersion: rules.example/v1, kind: Range, metadata: {{name: a, namespace: {place}}}, spec: {{low: 3}}}}"), default);
        kept.Json.Whole("spec", "high").ShouldBe(9);
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(MachineryFixture.Object($"{{apiVersion: rules.example/v1, kind: Range, metadata: {{name: a, namespace: {place}}}, spec: {{low: 30}}}}"), default));
        error.Message.ShouldContain("\n  spec.low: Invalid value: ");
        error.Message.ShouldContain("low must not be above high");
        error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(MachineryFixture.Object($"{{apiVersion: rules.example/v1, kind: Range, metadata: {{name: b, namespace: {place}}}, spec: {{low: 3.5}}}}"), default));
        error.Message.ShouldEndWith("\n  some validation rules were not checked because the object was invalid; correct the existing errors to complete validation");
    }

    private static async Task<KubernetesObject> EstablishedAsync(KubernetesClient client, JsonObject definition)
    {
        var applied = await client.ApplyAsync(definition, default);
        for (var tries = 0; tries < 100 && applied.Condition("Established").Text("status") != "True"; tries++)
        {
            await Task.Delay(100);
            applied = (await client.FindAsync(Definition, inNamespace: null, applied.Name, default)).ShouldNotBeNull();
        }
        ConditionProgress.Of(applied).IsDone.ShouldBeTrue();
        return applied;
    }
}
