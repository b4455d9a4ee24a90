using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ValidationTests(TestCluster cluster)
{
    /// <summary>Path inside a Deployment's spec (dots, numbers for list items), value (JSON; "-" removes), expected cause's field and reason.</summary>
    public static TheoryData<string, string, string, string> Faults => new()
    {
        { "selector.matchLabels.app", "\"other\"", "spec.template.metadata.labels", "FieldValueInvalid" },
        { "selector", "-", "spec.selector", "FieldValueRequired" },
        { "template.spec.containers", "[]", "spec.template.spec.containers", "FieldValueRequired" },
        { "template.spec.containers.0.image", "-", "spec.template.spec.containers[0].image", "FieldValueRequired" },
        { "template.spec.containers.0.name", "\"Bad_Name\"", "spec.template.spec.containers[0].name", "FieldValueInvalid" },
        { "template.spec.containers.0.imagePullPolicy", "\"Sometimes\"", "spec.template.spec.containers[0].imagePullPolicy", "FieldValueNotSupported" },
        { "template.spec.containers.0.ports.0.containerPort", "70000", "spec.template.spec.containers[0].ports[0].containerPort", "FieldValueInvalid" },
        { "template.spec.containers.0.volumeMounts", """[{"name":"gone","mountPath":"/x"}]""", "spec.template.spec.containers[0].volumeMounts[0].name", "FieldValueNotFound" },
        { "template.spec.containers.0.resources", """{"requests":{"nvidia.com/gpu":1},"limits":{"nvidia.com/gpu":2}}""", "spec.template.spec.containers[0].resources.requests", "FieldValueInvalid" },
        { "template.spec.containers.0.resources", """{"requests":{"nvidia.com/gpu":1}}""", "spec.template.spec.containers[0].resources.limits", "FieldValueRequired" },
        { "template.spec.containers.0.resources", """{"requests":{"cpu":2},"limits":{"cpu":"500m"}}""", "spec.template.spec.containers[0].resources.requests", "FieldValueInvalid" },
        { "template.spec.containers.0.resources", """{"limits":{"gpus":1}}""", "spec.template.spec.containers[0].resources.limits[gpus]", "FieldValueInvalid" },
        { "template.spec.containers.0.readinessProbe", """{"exec":{"command":["x"]}}""", "spec.template.spec.containers[0].readinessProbe", "FieldValueForbidden" },
        { "template.spec.containers.0.livenessProbe", """{"httpGet":{"port":1},"successThreshold":2}""", "spec.template.spec.containers[0].livenessProbe.successThreshold", "FieldValueInvalid" },
        { "template.spec.restartPolicy", "\"Never\"", "spec.template.spec.restartPolicy", "FieldValueNotSupported" },
        { "template.spec.nodeSelector", """{"a b":"c"}""", "spec.template.spec.nodeSelector", "FieldValueInvalid" },
        { "template.metadata.labels.long", "\"0123456789012345678901234567890123456789012345678901234567890123\"", "spec.template.labels", "FieldValueInvalid" },
        { "replicas", "-1", "spec.replicas", "FieldValueInvalid" },
        { "progressDeadlineSeconds", "0", "spec.progressDeadlineSeconds", "FieldValueInvalid" },
        { "strategy", """{"type":"RollingUpdate","rollingUpdate":{"maxSurge":0,"maxUnavailable":0}}""", "spec.strategy.rollingUpdate.maxUnavailable", "FieldValueInvalid" },
        { "strategy", """{"type":"RollingUpdate","rollingUpdate":{"maxSurge":"lots"}}""", "spec.strategy.rollingUpdate.maxSurge", "FieldValueInvalid" },
        { "strategy", """{"type":"Recreate","rollingUpdate":{"maxSurge":1}}""", "spec.strategy.rollingUpdate", "FieldValueForbidden" },
    };

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Refuses_a_deployment_with_the_field_as_cause(string path, string value, string field, string reason)
    {
        var ns = await cluster.NamespaceAsync();
        var deployment = Samples.Deployment("web", replicas: 0);
        JsonNode holder = deployment["spec"]!;
        var steps = path.Split('.');
        foreach (var step in steps[..^1])
        {
            holder = int.TryParse(step, out var at) ? holder[at]! : holder[step]!;
        }

        if (value == "-")
        {
            ((JsonObject)holder).Remove(steps[^1]);
        }
        else
        {
            holder[steps[^1]] = JsonNode.Parse(value);
        }

        var (code, status) = await cluster.PostAsync($"apis/apps/v1/{ns}deployments", deployment);
        code.ShouldBe(422, status.ToJsonString());
        (status.Text("kind"), status.Text("status"), status.Text("reason"), status.Number("code")).ShouldBe(("Status", "Failure", "Invalid", 422));
        (status.Text("details", "group"), status.Text("details", "kind"), status.Text("details", "name")).ShouldBe(("apps", "Deployment", "web"));
        status.Text("message")!.ShouldStartWith("Deployment.apps \"web\" is invalid: ");
        status.Objects("details", "causes").Select(cause => (cause.Text("field"), cause.Text("reason"))).ShouldContain((field, reason), status.ToJsonString());
        (await cluster.GetAsync($"apis/apps/v1/{ns}deployments/web")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task Accepts_the_published_vLLM_deployment()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, created) = await cluster.ApplyAsync($"apis/apps/v1/{ns}deployments/vllm-gemma2", """
            apiVersion: apps/v1
            kind: Deployment
            metadata:
              name: vllm-gemma2
            spec:
              replicas: 0
              selector:
                matchLabels: {app: gemma2-server}
              template:
                metadata:
                  labels: {app: gemma2-server, ai.gke.io/model: gemma-2-9b, ai.gke.io/inference-server: vllm}
                spec:
                  containers:
                  - name: inference-server
                    image: us-docker.pkg.dev/vertex-ai/vertex-vision-model-garden-dockers/pytorch-vllm-serve:20240910_0916_RC00
                    resources:
                      requests: {cpu: "12", memory: 48Gi, ephemeral-storage: 48Gi, nvidia.com/gpu: "2"}
                      limits: {cpu: 12, memory: 48Gi, ephemeral-storage: 48Gi, nvidia.com/gpu: 2}
                    command: [python3, -m, vllm.entrypoints.api_server]
                    args: [--model=$(MODEL_ID), --tensor-parallel-size=2]
                    env:
                    - {name: MODEL_ID, value: google/gemma-2-9b}
                    - name: HUGGING_FACE_HUB_TOKEN
                      valueFrom:
                        secretKeyRef: {name: hf-secret, key: hf_api_token}
                    volumeMounts:
                    - {mountPath: /dev/shm, name: dshm}
                  volumes:
                  - name: dshm
                    emptyDir: {medium: Memory}
                  nodeSelector:
                    cloud.google.com/gke-accelerator: nvidia-l4
            """);
        code.ShouldBe(201, created.ToJsonString());
        created.Text("spec", "strategy", "rollingUpdate", "maxSurge").ShouldBe("25%");
        created.Number("spec", "progressDeadlineSeconds").ShouldBe(600);
    }

    [Theory]
    [InlineData("Strict", 400)]
    [InlineData("Warn", 201)]
    [InlineData("Ignore", 201)]
    public async Task An_unknown_field_is_refused_warned_of_or_dropped(string validation, int expected)
    {
        var ns = await cluster.NamespaceAsync();
        var deployment = Samples.Deployment("web", replicas: 0);
        deployment["spec"]!.Server()["imagePullPolice"] = "Always";
        using var content = new StringContent(deployment.ToJsonString(), System.Text.Encoding.UTF8, "application/json");
        using var response = await cluster.Client.PostAsync($"apis/apps/v1/{ns}deployments?fieldValidation={validation}", content);
        var text = await response.Content.ReadAsStringAsync();
        ((int)response.StatusCode).ShouldBe(expected, text);
        const string Field = "unknown field \"spec.template.spec.containers[0].imagePullPolice\"";
        if (validation == "Strict")
        {
            JsonNode.Parse(text).Text("message")!.ShouldContain(Field);
        }
        else
        {
            text.ShouldNotContain("imagePullPolice\"");
            response.Headers.TryGetValues("Warning", out var warnings).ShouldBe(validation == "Warn");
            warnings?.Single().ShouldBe($"299 - \"{Field.Replace("\"", "\\\"")}\"");
        }
    }

    [Fact]
    public async Task A_value_of_the_wrong_type_is_a_bad_request()
    {
        var ns = await cluster.NamespaceAsync();
        var deployment = Samples.Deployment("web");
        deployment["spec"]!["replicas"] = "two";
        var (code, status) = await cluster.PostAsync($"apis/apps/v1/{ns}deployments", deployment);
        (code, status.Text("reason")).ShouldBe((400, "BadRequest"));
        status.Text("message")!.ShouldContain("cannot unmarshal string into Go struct field spec.replicas of type int32");
    }

    [Fact]
    public async Task The_selector_of_a_deployment_never_changes()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 0));
        var (code, status) = await cluster.MergeAsync($"apis/apps/v1/{ns}deployments/web", """{"spec":{"selector":{"matchLabels":{"app":"x"}},"template":{"metadata":{"labels":{"app":"x"}}}}}""");
        code.ShouldBe(422);
        status.Objects("details", "causes").Single(cause => cause.Text("field") == "spec.selector").Text("message")!.ShouldEndWith("field is immutable");
    }

    [Theory]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{"name":"Upper"}}""", "metadata.name")]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{}}""", "metadata.name")]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{"name":"a","labels":{"-bad":"x"}}}""", "metadata.labels")]
    [InlineData("api/v1/{0}configmaps", """{"metadata":{"name":"a","annotations":{"a/b/c":"x"}}}""", "metadata.annotations")]
    [InlineData("api/v1/{0}services", """{"metadata":{"name":"1web"},"spec":{"ports":[{"port":80}]}}""", "metadata.name")]
    [InlineData("api/v1/{0}services", """{"metadata":{"name":"web"},"spec":{"ports":[{"port":0}]}}""", "spec.ports[0].port")]
    [InlineData("api/v1/{0}services", """{"metadata":{"name":"web"},"spec":{"ports":[{"port":80},{"port":81}]}}""", "spec.ports[0].name")]
    [InlineData("api/v1/{0}services", """{"metadata":{"name":"web"},"spec":{"type":"Cluster","ports":[{"port":80}]}}""", "spec.type")]
    [InlineData("apis/autoscaling/v2/{0}horizontalpodautoscalers", """{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"w"},"minReplicas":5,"maxReplicas":4}}""", "spec.maxReplicas")]
    [InlineData("apis/autoscaling/v2/{0}horizontalpodautoscalers", """{"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"kind":"Deployment","name":"w"},"maxReplicas":4,"metrics":[{"type":"Pods"}]}}""", "spec.metrics[0].pods")]
    [InlineData("apis/policy/v1/{0}poddisruptionbudgets", """{"metadata":{"name":"b"},"spec":{"minAvailable":1,"maxUnavailable":1}}""", "spec")]
    [InlineData("apis/monitoring.googleapis.com/v1/{0}podmonitorings", """{"metadata":{"name":"m"},"spec":{"selector":{},"endpoints":[{"interval":"15s"}]}}""", "spec.endpoints[0].port")]
    [InlineData("api/v1/{0}persistentvolumeclaims", """{"metadata":{"name":"c"},"spec":{"accessModes":["ReadWriteOften"],"resources":{"requests":{"storage":"1Gi"}}}}""", "spec.accessModes[0]")]
    public async Task Refuses_faulty_objects_of_other_kinds(string path, string body, string field)
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.PostAsync(string.Format(path, ns), JsonNode.Parse(body)!);
        code.ShouldBe(422, status.ToJsonString());
        status.Objects("details", "causes").Select(cause => cause.Text("field")).ShouldContain(field);
    }

    [Theory]
    [InlineData("12", true)]
    [InlineData("500m", true)]
    [InlineData("48Gi", true)]
    [InlineData("1e3", true)]
    [InlineData(".5", true)]
    [InlineData("48GB", false)]
    [InlineData("", false)]
    [InlineData("1.2.3", false)]
    [InlineData("Gi", false)]
    public void Reads_quantities(string text, bool valid) =>
        Preheat.LocalCloud.Kubernetes.Validation.Quantity.TryParse(JsonValue.Create(text), out _).ShouldBe(valid);
}
