using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>Defaults, rules and what may not change, kind by kind.</summary>
[Collection(SharedCluster.Name)]
public sealed class KindRuleTests(TestCluster cluster)
{
    private const string Job = """{"metadata":{"name":"x"},"spec":{"suspend":SUSPEND,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a:1","command":["exit","0"]}]}}}}""";

    [Fact]
    public async Task A_job_gets_its_defaults()
    {
        var job = (await CreateAsync("apis/batch/v1/{0}jobs", Job.Replace("SUSPEND", "true"))).Body;
        var spec = job.Map("spec")!;
        (spec.Number("completions"), spec.Number("parallelism"), spec.Number("backoffLimit"), spec.Text("completionMode"), spec.Text("podReplacementPolicy")).ShouldBe((1, 1, 6, "NonIndexed", "TerminatingOrFailed"));
        var template = spec.Map("template", "spec")!;
        (template.Text("dnsPolicy"), template.Number("terminationGracePeriodSeconds"), template.Objects("containers").Single().Text("imagePullPolicy")).ShouldBe(("ClusterFirst", 30, "IfNotPresent"));
    }

    [Theory]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"completions":2}}""", "spec.completions: Invalid value: 2: field is immutable")]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"selector":{"matchLabels":{"a":"b"}}}}""", "field is immutable")]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"template":{"spec":{"restartPolicy":"OnFailure"}}}}""", "spec.template: Invalid value")]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"backoffLimit":2,"parallelism":3,"ttlSecondsAfterFinished":9,"activeDeadlineSeconds":90}}""", "")]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"template":{"spec":{"nodeSelector":{"a":"b"}}}}}""", "")]
    [InlineData("apis/batch/v1/{0}jobs", Job, """{"spec":{"backoffLimit":-1}}""", "spec.backoffLimit: Invalid value: -1: must be greater than or equal to 0")]
    [InlineData("api/v1/{0}secrets", """{"metadata":{"name":"x"},"immutable":true,"data":{"a":"YQ=="}}""", """{"data":{"a":"Yg=="}}""", "data: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("api/v1/{0}secrets", """{"metadata":{"name":"x"},"immutable":true,"data":{"a":"YQ=="}}""", """{"immutable":false}""", "immutable: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{"name":"x"},"immutable":true,"data":{"a":"1"}}""", """{"binaryData":{"b":"YQ=="}}""", "binaryData: Forbidden: field is immutable when `immutable` is set")]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{"name":"x"},"immutable":true,"data":{"a":"1"}}""", """{"metadata":{"labels":{"a":"b"}}}""", "")]
    [InlineData("api/v1/{0}services", """{"metadata":{"name":"x"},"spec":{"ports":[{"port":80}]}}""", """{"spec":{"clusterIP":"10.96.1.1"}}""", "spec.clusterIPs[0]: Invalid value")]
    [InlineData("api/v1/{0}resourcequotas", """{"metadata":{"name":"x"},"spec":{"hard":{"pods":"1"}}}""", """{"spec":{"scopes":["BestEffort"]}}""", "spec.scopes: Invalid value")]
    public async Task What_may_change_and_what_not(string path, string body, string patch, string message)
    {
        var (at, _) = await CreateAsync(path, body.Replace("SUSPEND", "true"));
        var (code, status) = await cluster.MergeAsync($"{at}/x", patch);
        (code, status.Text("message")?.Contains(message) != false).ShouldBe((message.Length == 0 ? 200 : 422, true), status.ToJsonString());
    }

    [Theory]
    [InlineData("apis/batch/v1/{0}jobs", """{"metadata":{"name":"x"},"spec":{"template":{"spec":{"containers":[{"name":"c","image":"a"}]}}}}""", "spec.template.spec.restartPolicy: Required value: valid values: \"OnFailure\", \"Never\"")]
    [InlineData("apis/batch/v1/{0}jobs", """{"metadata":{"name":"x"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}""", "`selector` not auto-generated")]
    [InlineData("apis/batch/v1/{0}jobs", """{"metadata":{"name":"x"},"spec":{"completionMode":"Indexed","parallelism":1,"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"a"}]}}}}""", "spec.completions: Required value: when completion mode is Indexed")]
    [InlineData("api/v1/{0}secrets", """{"metadata":{"name":"x"},"type":"kubernetes.io/tls","data":{"tls.crt":""}}""", "data[tls.key]: Required value")]
    [InlineData("api/v1/{0}secrets", """{"metadata":{"name":"x"},"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"YQ=="}}""", "<secret contents redacted>")]
    [InlineData("api/v1/{0}resourcequotas", """{"metadata":{"name":"x"},"spec":{"hard":{"podz":"1"}}}""", "spec.hard[podz]: Invalid value: \"podz\": must be a standard resource for quota")]
    [InlineData("api/v1/{0}resourcequotas", """{"metadata":{"name":"x"},"spec":{"hard":{"pods":"-1"}}}""", "must be greater than or equal to 0")]
    [InlineData("apis/networking.k8s.io/v1/{0}networkpolicies", """{"metadata":{"name":"x"},"spec":{"podSelector":{},"ingress":[{"from":[{}]}]}}""", "spec.ingress[0].from[0]: Required value: must specify a peer")]
    [InlineData("apis/networking.k8s.io/v1/{0}networkpolicies", """{"metadata":{"name":"x"},"spec":{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["11.0.0.0/16"]}}]}]}}""", "must be a strict subset of `cidr`")]
    [InlineData("apis/networking.k8s.io/v1/{0}networkpolicies", """{"metadata":{"name":"x"},"spec":{"podSelector":{},"egress":[{"to":[{"ipBlock":{"cidr":"10.0.0.0"}}]}]}}""", "must be a valid CIDR value")]
    [InlineData("apis/scheduling.k8s.io/v1/priorityclasses", """{"metadata":{"name":"x"},"value":2000000000}""", "maximum allowed value of a user defined priority is 1000000000")]
    public async Task What_is_refused(string path, string body, string message)
    {
        var at = string.Format(path, await cluster.NamespaceAsync());
        var (code, status) = await cluster.SendAsync(HttpMethod.Post, at, body);
        (code, status.Text("message")!.Contains(message)).ShouldBe((422, true), status.ToJsonString());
    }

    [Fact]
    public async Task A_network_policy_gets_its_types()
    {
        var (_, policy) = await CreateAsync("apis/networking.k8s.io/v1/{0}networkpolicies",
            """{"metadata":{"name":"x"},"spec":{"podSelector":{},"egress":[{"ports":[{"port":53}],"to":[{"ipBlock":{"cidr":"10.1.2.3/8","except":["10.1.0.0/16"]}}]}]}}""");
        policy.Texts("spec", "policyTypes").ShouldBe(["Ingress", "Egress"]);
        policy.Objects("spec", "egress").Single().Objects("ports").Single().Text("protocol").ShouldBe("TCP");
    }

    [Fact]
    public async Task Objects_of_a_defined_kind_are_selected_by_the_fields_it_names()
    {
        var group = $"g{Guid.NewGuid():N}"[..8] + ".example.com";
        var definition = (JsonObject)JsonNode.Parse($$$"""
            {"metadata":{"name":"shirts.{{{group}}}"},"spec":{"group":"{{{group}}}","scope":"Namespaced","names":{"plural":"shirts","kind":"Shirt"},"versions":[{"name":"v1","served":true,"storage":true,
             "selectableFields":[{"jsonPath":".spec.color"},{"jsonPath":".spec.size"}],
             "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"color":{"type":"string"},"size":{"type":"integer"},"tags":{"type":"object"} } } } } } }] } }
            """)!;
        const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";
        (await cluster.PostAsync(Definitions, definition)).Code.ShouldBe(201);
        await cluster.WaitAsync($"{Definitions}/shirts.{group}", body => body.Condition("Established").Text("status") == "True");
        var ns = await cluster.NamespaceAsync();
        var path = $"apis/{group}/v1/{ns}shirts";
        foreach (var (name, color, size) in new[] { ("a", "blue", 1), ("b", "green", 1), ("c", "blue", 2) })
        {
            await cluster.PostAsync(path, new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["spec"] = new JsonObject { ["color"] = color, ["size"] = size } });
        }

        (await NamesAsync("spec.color=blue")).ShouldBe(["a", "c"]);
        (await NamesAsync("spec.color=blue,spec.size!=2")).ShouldBe(["a"]);
        (await cluster.GetAsync($"{path}?fieldSelector=spec.tags=x")).Code.ShouldBe(400);

        definition["metadata"]!["name"] = $"hats.{group}";
        definition["spec"]!["names"] = new JsonObject { ["plural"] = "hats", ["kind"] = "Hat" };
        definition["spec"]!["versions"]![0]!["selectableFields"] = JsonNode.Parse("""[{"jsonPath":".spec.tags"},{"jsonPath":".spec.none"},{"jsonPath":".metadata.name"}]""");
        var message = (await cluster.PostAsync(Definitions, definition)).Body.Text("message")!;
        message.ShouldContain("must point to a field of type string, boolean or integer");
        message.ShouldContain("selectableFields[1].jsonPath: Invalid value: \".spec.none\": is an invalid path");
        message.ShouldContain("must not point to fields in metadata");

        async Task<List<string?>> NamesAsync(string selector) =>
            [.. (await cluster.GetAsync($"{path}?fieldSelector={Uri.EscapeDataString(selector)}")).Body.Objects("items").Select(item => item.Text("metadata", "name"))];
    }

    private async Task<(string Path, JsonNode Body)> CreateAsync(string path, string body)
    {
        var at = string.Format(path, await cluster.NamespaceAsync());
        var (code, created) = await cluster.SendAsync(HttpMethod.Post, at, body);
        code.ShouldBe(201, created.ToJsonString());
        return (at, created);
    }
}
