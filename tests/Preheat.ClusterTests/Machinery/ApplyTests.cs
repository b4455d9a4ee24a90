using System.Net;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.ClusterTests.Machinery;

/// <summary>Server-side apply with the merge keys and the schemas of the present release.</summary>
[Collection(MachineryCollection.Name)]
public sealed class ApplyTests(MachineryFixture machinery)
{
    [Theory]
    [InlineData("imagee: c", ".spec.template.spec.containers[name=\"server\"].imagee: field not declared in schema")]
    [InlineData("image: [c]", ".spec.template.spec.containers[name=\"server\"].image: expected string, got ")]
    [InlineData("image: c, stdin: 'yes'", ".spec.template.spec.containers[name=\"server\"].stdin: expected boolean, got yes")]
    [InlineData("image: c, env: [{name: A, value: b}, {name: A, value: c}]", ".spec.template.spec.containers[name=\"server\"].env: duplicate entries for key [name=\"A\"]")]
    [InlineData("image: c, ports: [{containerPort: http}]", ".containerPort: expected numeric (int or float), got string")]
    public async Task Tells_the_field_that_fits_no_schema(string container, string told)
    {
        using var client = machinery.Client();
        var error = await Should.ThrowAsync<KubernetesApiException>(async () => await client.ApplyAsync(Workload(await machinery.PlaceAsync(), container), new(OnlyCheck: true), default));
        error.Message.ShouldStartWith("Cannot check Deployment/web: the API server refuses it: \n  .spec.template.spec.containers[name=\"server\"]");
        error.Message.ShouldContain(told);
        error.Causes.ShouldHaveSingleItem();
        (error.Status, error.ExitCode).ShouldBe((HttpStatusCode.UnprocessableEntity, 2));
    }

    [Fact]
    public async Task Tells_unknown_fields_and_a_quantity_that_is_none()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        var workload = Workload(place, "imagee: c");
        workload["spec"]!["replica"] = 1;
        // The server names the fields of one level before it looks into another, or all, as its maps happen to be ordered.
        (await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(workload, default))).Causes.Select(cause => cause.Field).ShouldContain(".spec.replica");
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Workload(place, "image: c, resources: {limits: {cpu: 1x}}"), default));
        error.Message.ShouldContain("quantities must match the regular expression");
        error.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Keeps_nothing_of_a_check_and_everything_of_an_apply()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        var workload = Workload(place, "image: c");
        await client.ApplyAsync(workload, new(OnlyCheck: true), default);
        (await client.FindAsync(KubernetesKind.Deployment, place, "web", default)).ShouldBeNull();
        var kept = await client.ApplyAsync(workload, default);
        ObjectApply.Owns(kept, "f:spec", "f:replicas").ShouldBeTrue();
        kept.Json.Items("spec", "template", "spec", "containers").Single().Text("terminationMessagePolicy").ShouldBe("File");
        var again = await client.ApplyAsync(workload, default);
        again.ResourceVersion.ShouldBe(kept.ResourceVersion);
    }

    [Fact]
    public async Task Shows_each_field_of_each_other_owner_and_takes_them_over_by_force()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        await client.ApplyAsync(Workload(place, "image: c, env: [{name: A, value: b}]"), default);
        await client.ApplyAsync(Workload(place, "image: c, env: [{name: A, value: other}]"), new(Force: true, Manager: "helm"), default);
        (await machinery.Api.MergeAsync($"apis/apps/v1/namespaces/{place}/deployments/web?fieldManager=kubectl-scale", """{"spec":{"replicas":7}}""")).Object();

        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Workload(place, "image: c, env: [{name: A, value: b}]"), default));
        error.Status.ShouldBe(HttpStatusCode.Conflict);
        error.Message.ShouldStartWith("Cannot apply Deployment/web: these fields belong to somebody else:");
        error.Message.ShouldContain("\n  .spec.replicas: conflict with \"kubectl-scale\" using apps/v1");
        error.Message.ShouldContain("\n  .spec.template.spec.containers[name=\"server\"].env[name=\"A\"].value: conflict with \"helm\"");
        error.Message.ShouldContain("--force-conflicts");
        error.ExitCode.ShouldBe(2);

        var taken = await client.ApplyAsync(Workload(place, "image: c, env: [{name: A, value: b}]"), new(Force: true), default);
        taken.Json.Whole("spec", "replicas").ShouldBe(2);
        ObjectApply.Owns(taken, "f:spec", "f:replicas").ShouldBeTrue();
    }

    [Fact]
    public async Task Gives_up_a_field_that_is_not_wanted_any_more()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        await client.ApplyAsync(Workload(place, "image: c, env: [{name: A, value: b}, {name: B, value: c}], ports: [{containerPort: 80}]"), default);
        var kept = (await client.ApplyAsync(Workload(place, "image: c, env: [{name: B, value: c}]"), default)).Json.Items("spec", "template", "spec", "containers").Single();
        kept.Items("env").Select(variable => variable.Text("name")).ShouldBe(["B"]);
        kept.Items("ports").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("metadata: {name: Web_1, namespace: PLACE}", "metadata.name: Invalid value: \"Web_1\": a lowercase RFC 1123 subdomain must consist of")]
    [InlineData("metadata: {name: web, namespace: PLACE, labels: {a: b c}}", "metadata.labels: Invalid value: \"b c\": a valid label must be")]
    [InlineData("metadata: {name: web, namespace: PLACE, annotations: {'a b': c}}", "metadata.annotations: Invalid value: \"a b\": name part must consist of")]
    public async Task Tells_what_is_wrong_with_names_and_labels(string metadata, string told)
    {
        using var client = machinery.Client();
        var manifest = Json($"{{apiVersion: v1, kind: ConfigMap, {metadata.Replace("PLACE", await machinery.PlaceAsync(), StringComparison.Ordinal)}}}");
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(manifest, default));
        error.Message.ShouldContain("\n  " + told);
        (error.Reason, error.ExitCode).ShouldBe(("Invalid", 2));
    }

    [Fact]
    public async Task Says_that_the_namespace_is_not_there()
    {
        using var client = machinery.Client();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ApplyAsync(Workload("nowhere", "image: c"), default));
        error.Message.ShouldStartWith("Cannot apply Deployment/web: namespaces \"nowhere\" not found");
        error.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Shows_the_words_of_a_cluster_s_own_policy()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        const string Api = "admissionregistration.k8s.io/v1";
        await client.ApplyAsync(Json($"{{apiVersion: {Api}, kind: ValidatingAdmissionPolicy, metadata: {{name: {place}}}, spec: {{failurePolicy: Fail, matchConstraints: {{resourceRules: [{{apiGroups: [apps], apiVersions: [v1], operations: [CREATE, UPDATE], resources: [deployments]}}]}}, validations: [{{expression: 'object.spec.replicas <= 1', message: one replica is enough}}]}}}}"), default);
        await client.ApplyAsync(Json($"{{apiVersion: {Api}, kind: ValidatingAdmissionPolicyBinding, metadata: {{name: {place}}}, spec: {{policyName: {place}, validationActions: [Deny], matchResources: {{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {place}}}}}}}}}}}"), default);
        KubernetesApiException? refusal = null;
        // A policy holds once the server has read it.
        for (var tries = 0; tries < 100 && refusal is null; tries++)
        {
            try
            {
                await client.ApplyAsync(Workload(place, "image: c"), new(OnlyCheck: true), default);
                await Task.Delay(100);
            }
            catch (KubernetesApiException exception)
            {
                refusal = exception;
            }
        }
        refusal.ShouldNotBeNull().Message.ShouldContain($"ValidatingAdmissionPolicy '{place}' with binding '{place}' denied request: one replica is enough");
        refusal.ExitCode.ShouldBe(2);
    }

    [Fact]
    public async Task Takes_every_object_that_is_rendered_and_finds_nothing_to_change_the_second_time()
    {
        using var rendering = new RenderingFixture();
        rendering.Deployment = rendering.Deployment with { Namespace = await machinery.PlaceAsync(), Platform = "kubernetes" };
        using var client = machinery.Client();
        var wanted = ManifestsOf(rendering);
        var apply = new ObjectApply(client, force: false, rendering);
        (await apply.CheckAsync(wanted, default)).Count.ShouldBe(wanted.Count);
        await apply.ApplyAsync(wanted, default);
        (await apply.ApplyAsync(wanted, default)).ShouldAllBe(change => change.Word == "unchanged");
        (await apply.CheckAsync(wanted, default)).ShouldAllBe(change => ObjectDiff.Of(change) == "");
        rendering.Events.OfType<Warning>().ShouldBeEmpty();
    }

    private static List<JsonObject> ManifestsOf(RenderingFixture rendering) =>
        [.. DeploySet.Of(new() { Manifests = rendering.Render(), ManifestsDirectory = rendering.Output, Deployment = rendering.Deployment, Image = rendering.Image }, dryRun: null).Wanted];

    private static JsonObject Workload(string place, string container) => Json($$$$$"""
        {apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: {{{{{place}}}}} }, spec: {replicas: 2, selector: {matchLabels: {app: web}},
         template: {metadata: {labels: {app: web}}, spec: {containers: [{name: server, {{{{{container}}}}} }]}}}}
        """);

    private static JsonObject Json(string yaml) => MachineryFixture.Object(yaml);
}
