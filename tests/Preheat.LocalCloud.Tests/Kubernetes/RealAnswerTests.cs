using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>Answers that were read off a kube-apiserver; <c>ClusterTest</c> compares many more with one.</summary>
[Collection(SharedCluster.Name)]
public sealed class RealAnswerTests(TestCluster cluster)
{
    private const string Job = """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"parallelism":0,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}""";

    [Theory]
    [InlineData("configmaps", "api/v1", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"a"},"data":{"a":"1"},"binaryData":{"a":"MQ=="}}""", "FieldValueInvalid data[a]")]
    [InlineData("leases", "apis/coordination.k8s.io/v1", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"leaseDurationSeconds":0}}""", "FieldValueInvalid spec.leaseDurationSeconds")]
    [InlineData("leases", "apis/coordination.k8s.io/v1", """{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"a"},"spec":{"leaseTransitions":-1}}""", "FieldValueInvalid spec.leaseTransitions")]
    [InlineData("jobs", "apis/batch/v1", """{"apiVersion":"batch/v1","kind":"Job","metadata":{"name":"a"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"a"}]}}}}""", "FieldValueRequired spec.template.spec.restartPolicy")]
    public async Task Refuses_with_the_field_as_cause(string plural, string root, string body, string cause)
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.PostAsync($"{root}/{ns}{plural}", JsonNode.Parse(body)!.AsObject());
        code.ShouldBe(422);
        status.Objects("details", "causes").Select(item => $"{item.Text("reason")} {item.Text("field")}").ShouldBe([cause]);
        status.Map("details")!.ContainsKey("group").ShouldBe(root.Contains('.', StringComparison.Ordinal) || plural == "jobs", "an empty group is left out");
    }

    [Theory]
    [InlineData("yesterday")]
    [InlineData("2026-11-21T10:00:00Z")]
    public async Task Takes_a_leases_time_with_its_fraction_only(string time)
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.PostAsync($"apis/coordination.k8s.io/v1/{ns}leases", Lease("a", time))).Code.ShouldBe(400);
        (await cluster.PostAsync($"apis/coordination.k8s.io/v1/{ns}leases", Lease("b", "2026-11-21T10:00:00.123456Z"))).Code.ShouldBe(201);
    }

    [Fact]
    public async Task Fills_in_a_jobs_template_and_keeps_it_as_it_is()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, job) = await cluster.PostAsync($"apis/batch/v1/{ns}jobs", JsonNode.Parse(Job)!.AsObject());
        code.ShouldBe(201);
        job.Text("spec", "template", "spec", "dnsPolicy").ShouldBe("ClusterFirst");
        foreach (var (patch, field) in new[] { ("""{"spec":{"completions":5}}""", "spec.completions"), ("""{"spec":{"template":{"spec":{"terminationGracePeriodSeconds":5}}}}""", "spec.template") })
        {
            var (refused, status) = await cluster.MergeAsync($"apis/batch/v1/{ns}jobs/a", patch);
            refused.ShouldBe(422);
            status.Objects("details", "causes").Select(item => item.Text("field")).ShouldBe([field]);
        }
    }

    [Fact]
    public async Task Refuses_a_patch_that_renames()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        var (code, status) = await cluster.MergeAsync($"api/v1/{ns}configmaps/a", """{"metadata":{"name":"b"}}""");
        (code, status.Text("message")).ShouldBe((400, "the name of the object (b) does not match the name on the URL (a)"));
    }

    [Fact]
    public async Task Fills_in_requests_from_limits_in_pods_alone()
    {
        var ns = await cluster.NamespaceAsync();
        const string Spec = """{"containers":[{"name":"c","image":"a","resources":{"limits":{"cpu":"1"}}}]}""";
        var pod = (await cluster.PostAsync($"api/v1/{ns}pods?dryRun=All", JsonNode.Parse($$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{{{Spec}}}}""")!.AsObject())).Body;
        pod.Objects("spec", "containers").Single().Map("resources", "requests").ShouldNotBeNull();
        var deployment = (await cluster.PostAsync($"apis/apps/v1/{ns}deployments?dryRun=All", JsonNode.Parse($$$"""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"d"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{{{Spec}}} } } }""")!.AsObject())).Body;
        deployment.Objects("spec", "template", "spec", "containers").Single().Map("resources", "requests").ShouldBeNull();
    }

    private static JsonObject Lease(string name, string time) =>
        JsonNode.Parse($$$"""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"{{{name}}}"},"spec":{"renewTime":"{{{time}}}"} }""")!.AsObject();
}
