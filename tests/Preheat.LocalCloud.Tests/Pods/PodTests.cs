using System.Globalization;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Tests.Kubernetes;

namespace Preheat.LocalCloud.Tests.Pods;

[Collection(SharedCluster.Name)]
public sealed class PodTests(TestCluster cluster)
{
    [Fact]
    public async Task Tells_the_phases_of_a_cold_start_by_events_and_annotations()
    {
        var ns = await cluster.NamespaceAsync();
        var image = cluster.Images.Add($"local-docker.pkg.dev/p/r/cold-{ns[13..^1]}:v1", new ImageSpec { Entrypoint = ["serve"], Files = { ["big"] = new byte[6 * 1024 * 1024] } });
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("cold", spec =>
        {
            spec.Server()["image"] = image.Reference;
            spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"nvidia.com/gpu":1,"cpu":4,"memory":"16Gi"}}""");
            spec["nodeSelector"] = new JsonObject { ["cloud.google.com/gke-accelerator"] = "nvidia-h100-80gb" };
        }));
        var pod = await ReadyAsync(ns, "cold");

        var events = (await cluster.GetAsync($"api/v1/{ns}events?fieldSelector=involvedObject.uid%3D{pod.Text("metadata", "uid")}")).Body.Objects("items").ToList();
        var reasons = events.OrderBy(item => item.Text("eventTime"), StringComparer.Ordinal).Select(item => item.Text("reason")!).ToList();
        reasons.Where(reason => reason != "Unhealthy").ShouldBe(["FailedScheduling", "TriggeredScaleUp", "Scheduled", "Pulling", "Pulled", "Created", "Started"]);
        events.Single(item => item.Text("reason") == "TriggeredScaleUp").Text("metadata", "annotations", "preheat.dev/simulated-seconds").ShouldBe("120");
        events.ShouldAllBe(item => item!["eventTime"]!.GetValue<string>().Length == "2026-01-01T00:00:00.000000Z".Length && item["firstTimestamp"] != null);
        pod.Text("metadata", "annotations", "preheat.dev/simulated-seconds.node").ShouldBe("120");
        pod.Text("metadata", "annotations", "preheat.dev/simulated-seconds.container").ShouldBe("1");
        var pulled = double.Parse(pod.Text("metadata", "annotations", "preheat.dev/simulated-seconds.image")!, CultureInfo.InvariantCulture);
        pulled.ShouldBe(2 + (image.Layers.Sum(layer => layer.Size) / 60.0 / 1024 / 1024), tolerance: 0.01);
        pod.Text("metadata", "annotations", "preheat.dev/ready-time")!.ShouldEndWith("Z");

        pod.Text("status", "phase").ShouldBe("Running");
        pod.Objects("status", "conditions").Where(item => item.Text("status") == "True").Select(item => item.Text("type")).ShouldBe(["PodScheduled", "Initialized", "ContainersReady", "Ready"], ignoreOrder: true);
        var status = pod.Objects("status", "containerStatuses").Single();
        status.Text("imageID").ShouldBe($"{image.Reference}@{image.Digest}");
        (status.Flag("ready"), status.Flag("started"), status.Number("restartCount")).ShouldBe((true, true, 0));

        var node = (await cluster.GetAsync($"api/v1/nodes/{pod.Text("spec", "nodeName")}")).Body;
        node.Text("metadata", "labels", "cloud.google.com/gke-accelerator").ShouldBe("nvidia-h100-80gb");
        node.Text("status", "allocatable", "nvidia.com/gpu").ShouldBe("1");
        var start = cluster.Runtime.Starts.Single(item => item.Namespace == ns[11..^1]);
        (start.Accelerator, start.AcceleratorCount).ShouldBe(("nvidia-h100-80gb", 1));
        new FileInfo(Path.Combine(start.RootDirectory, "big")).Length.ShouldBe(6 * 1024 * 1024);

        // A node is for one pod's GPUs; freed, it takes the next pod without a new node or a pull.
        await cluster.DeleteAsync($"api/v1/{ns}pods/cold");
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/cold");
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("warm", spec =>
        {
            spec.Server()["image"] = image.Reference;
            spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"nvidia.com/gpu":1}}""");
            spec["nodeSelector"] = new JsonObject { ["cloud.google.com/gke-accelerator"] = "nvidia-h100-80gb" };
        }));
        var warm = await ReadyAsync(ns, "warm");
        if (warm.Text("spec", "nodeName") == pod.Text("spec", "nodeName"))
        {
            warm.Text("metadata", "annotations", "preheat.dev/simulated-seconds.node").ShouldBe("0");
            warm.Text("metadata", "annotations", "preheat.dev/simulated-seconds.image").ShouldBe("0");
            (await EventsAsync(ns, "warm")).ShouldContain($"Container image \"{image.Reference}\" already present on machine");
        }
    }

    [Theory]
    [InlineData("cloud.google.com/gke-accelerator", "nvidia-imaginary")]
    [InlineData("disktype", "ssd")]
    public async Task A_pod_that_no_machine_fits_stays_pending(string label, string value)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec =>
        {
            spec["nodeSelector"] = new JsonObject { [label] = value };
            spec.Server()["resources"] = JsonNode.Parse("""{"limits":{"nvidia.com/gpu":1}}""");
        }));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => body.Condition("PodScheduled").Text("reason") == "Unschedulable");
        pod.Text("status", "phase").ShouldBe("Pending");
        await cluster.WaitAsync($"api/v1/{ns}events", body => body.Objects("items").Any(item => item.Text("reason") == "NotTriggerScaleUp"));
        (await EventsAsync(ns, "a", "reason")).ShouldContain("FailedScheduling");
        (await cluster.DeleteAsync($"api/v1/{ns}pods/a")).Code.ShouldBe(200);
        (await cluster.GetAsync($"api/v1/{ns}pods/a")).Code.ShouldBe(404, "nothing runs, nothing to wait for");
    }

    [Fact]
    public async Task A_missing_image_backs_off_and_is_pulled_when_it_comes()
    {
        var ns = await cluster.NamespaceAsync();
        var reference = $"local-docker.pkg.dev/p/r/late-{ns[13..^1]}:v1";
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec.Server()["image"] = reference));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => Waiting(body) == "ImagePullBackOff");
        pod.Text("status", "phase").ShouldBe("Pending");
        var reasons = await EventsAsync(ns, "a");
        reasons.ShouldContain("Error: ErrImagePull");
        reasons.ShouldContain(message => message!.StartsWith($"Failed to pull image \"{reference}\"") && message.EndsWith("not found"));
        cluster.Images.Add(reference, new ImageSpec { Entrypoint = ["serve"] , Files = { ["a"] = [1] } });
        await ReadyAsync(ns, "a");
    }

    [Fact]
    public async Task A_damaged_layer_is_a_pull_error()
    {
        var ns = await cluster.NamespaceAsync();
        var image = cluster.Images.Add($"local-docker.pkg.dev/p/r/bad-{ns[13..^1]}:v1", new ImageSpec { Entrypoint = ["serve"], Files = { [ns] = new byte[5000] } });
        var bytes = await File.ReadAllBytesAsync(image.Layers[0].Path);
        bytes[^2000] ^= 1;
        await File.WriteAllBytesAsync(image.Layers[0].Path, bytes);
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec.Server()["image"] = image.Reference));
        await cluster.WaitAsync($"api/v1/{ns}pods/a", body => Waiting(body) is "ErrImagePull" or "ImagePullBackOff");
        (await EventsAsync(ns, "a")).ShouldContain(message => message!.Contains("digest"));
    }

    [Fact]
    public async Task A_missing_secret_holds_the_container_until_it_comes()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("settings", "size", "9"));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec =>
        {
            spec["enableServiceLinks"] = false;
            spec.Server()["args"] = JsonNode.Parse("""["--model=$(MODEL_ID)","$$(RAW)","$(UNKNOWN)"]""");
            spec.Server()["env"] = JsonNode.Parse("""
                [{"name":"BASE","value":"org"},{"name":"MODEL_ID","value":"$(BASE)/m"},
                 {"name":"TOKEN","valueFrom":{"secretKeyRef":{"name":"s","key":"token"}}},
                 {"name":"SIZE","valueFrom":{"configMapKeyRef":{"name":"settings","key":"size"}}},
                 {"name":"NONE","valueFrom":{"configMapKeyRef":{"name":"absent","key":"x","optional":true}}},
                 {"name":"ME","valueFrom":{"fieldRef":{"fieldPath":"metadata.name"}}}]
                """);
        }));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => Waiting(body) == "CreateContainerConfigError");
        pod.Objects("status", "containerStatuses").Single().Text("state", "waiting", "message").ShouldBe("secret \"s\" not found");
        await cluster.PostAsync($"api/v1/{ns}secrets", JsonNode.Parse("""{"metadata":{"name":"s"},"stringData":{"token":"abc"}}""")!);
        await ReadyAsync(ns, "a");
        var start = cluster.Runtime.Starts.Single(item => item.Namespace == ns[11..^1]);
        start.Argv.ShouldBe(["serve", "--model=org/m", "$(RAW)", "$(UNKNOWN)"]);
        start.Environment["TOKEN"].ShouldBe("abc");
        (start.Environment["SIZE"], start.Environment["ME"], start.Environment.ContainsKey("NONE")).ShouldBe(("9", "a", false));
        (await cluster.Client.GetStringAsync($"api/v1/{ns}pods/a/log")).ShouldNotContain("abc");
    }

    [Fact]
    public async Task Volumes_are_folders_and_unknown_forms_hold_the_pod()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("settings", "size", "9"));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec =>
        {
            spec["volumes"] = JsonNode.Parse("""[{"name":"shm","emptyDir":{"medium":"Memory"}},{"name":"conf","configMap":{"name":"settings","items":[{"key":"size","path":"sub/size"}]}}]""");
            spec.Server()["volumeMounts"] = JsonNode.Parse("""[{"name":"shm","mountPath":"/dev/shm"},{"name":"conf","mountPath":"/conf/"}]""");
        }));
        await ReadyAsync(ns, "a");
        var mounts = cluster.Runtime.Starts.Single(item => item.Namespace == ns[11..^1]).Mounts;
        Directory.Exists(mounts["/dev/shm"]).ShouldBeTrue();
        (await File.ReadAllTextAsync(Path.Combine(mounts["/conf"], "sub/size"))).ShouldBe("9");
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("b", spec => spec["volumes"] = JsonNode.Parse("""[{"name":"x","hostPath":{"path":"/etc"}}]""")));
        await cluster.WaitAsync($"api/v1/{ns}events", body => body.Objects("items").Any(item => item.Text("reason") == "FailedMount"));
        await cluster.DeleteAsync($"api/v1/{ns}pods/a");
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/a");
        await cluster.WaitAsync($"api/v1/{ns}pods/b", _ => !Directory.Exists(mounts["/dev/shm"]));
    }

    [Fact]
    public async Task A_command_that_no_runtime_takes_is_a_start_error_naming_it()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec.Server()["command"] = new JsonArray("ollama", "run")));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => body.Objects("status", "containerStatuses").FirstOrDefault().Text("lastState", "terminated", "reason") == "StartError");
        pod.Objects("status", "containerStatuses").Single().Text("lastState", "terminated", "message")!.ShouldContain("\"ollama\" \"run\"");
        (await EventsAsync(ns, "a")).ShouldContain(message => message!.Contains("\"ollama\""));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("b", spec => spec.Server()["command"] = new JsonArray("fail")));
        await cluster.WaitAsync($"api/v1/{ns}events", body => body.Objects("items").Any(item => item.Text("message")!.Contains("the program cannot start")));
    }

    [Fact]
    public async Task A_container_whose_startup_probe_fails_is_ended_and_never_ready()
    {
        var ns = await cluster.NamespaceAsync();
        cluster.Runtime.Unhealthy["slow-stop"] = true;
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("slow-stop", spec =>
        {
            spec.Server().Remove("readinessProbe");
            spec.Server()["startupProbe"] = JsonNode.Parse("""{"httpGet":{"path":"/health","port":8000},"periodSeconds":1,"failureThreshold":2}""");
        }));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/slow-stop", json => json.Objects("status", "containerStatuses").Any(item => item.Number("restartCount") > 1));
        pod.Objects("status", "conditions").Single(item => item.Text("type") == "Ready").Text("status").ShouldBe("False");
        pod.Text("metadata", "annotations", "preheat.dev/ready-time").ShouldBeNull();
    }

    [Fact]
    public async Task A_container_that_ends_is_started_again_and_backs_off()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec.Server()["command"] = new JsonArray("exit", "3")));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => Waiting(body) == "CrashLoopBackOff");
        var status = pod.Objects("status", "containerStatuses").Single();
        (status.Number("lastState", "terminated", "exitCode"), status.Text("lastState", "terminated", "reason")).ShouldBe((3, "Error"));
        status.Number("restartCount")!.Value.ShouldBeGreaterThan(0);
        await cluster.WaitAsync($"api/v1/{ns}pods/a", body => body.Objects("status", "containerStatuses").Single().Number("restartCount") > 2);
        (await cluster.Client.GetStringAsync($"api/v1/{ns}pods/a/log?previous=true")).ShouldContain("argv: exit 3");
    }

    [Theory]
    [InlineData("0", "Never", "Succeeded")]
    [InlineData("2", "Never", "Failed")]
    [InlineData("0", "OnFailure", "Succeeded")]
    public async Task The_restart_policy_decides_how_a_pod_ends(string exit, string policy, string phase)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec =>
        {
            spec["restartPolicy"] = policy;
            spec.Server()["command"] = new JsonArray("exit", exit);
        }));
        var pod = await cluster.WaitAsync($"api/v1/{ns}pods/a", body => body.Text("status", "phase") == phase);
        pod.Objects("status", "containerStatuses").Single().Number("state", "terminated", "exitCode").ShouldBe(int.Parse(exit));
    }

    [Fact]
    public async Task Init_containers_run_one_after_the_other_before_the_rest()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec["initContainers"] = JsonNode.Parse($$"""
            [{"name":"one","image":"{{TestCluster.Image}}","command":["exit","0"]},{"name":"two","image":"{{TestCluster.Image}}","command":["exit","0"]}]
            """)));
        await ReadyAsync(ns, "a");
        cluster.Runtime.Starts.Where(item => item.Namespace == ns[11..^1]).Select(item => item.Container).ShouldBe(["one", "two", "server"]);
    }

    [Fact]
    public async Task A_readiness_probe_that_fails_takes_the_pod_out_of_its_service()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}services", Samples.Service("web", "sick"));
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("sick"));
        await ReadyAsync(ns, "sick");
        await cluster.WaitAsync($"api/v1/{ns}endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("addresses").Any());
        cluster.Runtime.Unhealthy["sick"] = true;
        await cluster.WaitAsync($"api/v1/{ns}endpoints/web", body => body.Objects("subsets").FirstOrDefault().Objects("notReadyAddresses").Any());
        var (code, status) = await cluster.GetAsync($"api/v1/{ns}services/web:http/proxy/");
        (code, status.Text("message")).ShouldBe((503, "no endpoints available for service \"web\""));
        (await EventsAsync(ns, "sick")).ShouldContain("Readiness probe failed: HTTP probe failed with statuscode: 503");
        cluster.Runtime.Unhealthy.TryRemove("sick", out _);
        await ReadyAsync(ns, "sick");
    }

    [Fact]
    public async Task A_liveness_probe_that_fails_restarts_the_container()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("limp", spec => spec.Server()["livenessProbe"] = JsonNode.Parse("""{"httpGet":{"path":"/health","port":"http"},"periodSeconds":10}""")));
        await ReadyAsync(ns, "limp");
        cluster.Runtime.Unhealthy["limp"] = true;
        await cluster.WaitAsync($"api/v1/{ns}pods/limp", body => body.Objects("status", "containerStatuses").Single().Number("restartCount") > 0);
        cluster.Runtime.Unhealthy.TryRemove("limp", out _);
        await ReadyAsync(ns, "limp");
        (await EventsAsync(ns, "limp")).ShouldContain("Container server failed liveness probe, will be restarted");
    }

    [Fact]
    public async Task The_log_has_a_tail_and_can_be_followed_to_the_end()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("a", spec => spec["restartPolicy"] = "Never"));
        await ReadyAsync(ns, "a");
        using var response = await cluster.Client.GetAsync($"api/v1/{ns}pods/a/log?follow=true&container=server", HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        (await reader.ReadLineAsync()).ShouldBe("argv: serve");
        await cluster.Client.GetStringAsync($"api/v1/{ns}pods/a:8000/proxy/quit");
        (await reader.ReadLineAsync()).ShouldBe("quit");
        (await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20))).ShouldBeNull();
        (await cluster.Client.GetStringAsync($"api/v1/{ns}pods/a/log?tailLines=1")).ShouldBe("quit\n");
        (await cluster.GetAsync($"api/v1/{ns}pods/a/log?container=other")).Code.ShouldBe(400);
    }

    private async Task<JsonNode> ReadyAsync(string ns, string name) =>
        await cluster.WaitAsync($"api/v1/{ns}pods/{name}", body => body.Condition("Ready").Text("status") == "True");

    private async Task<List<string?>> EventsAsync(string ns, string name, string field = "message") =>
        [.. (await cluster.GetAsync($"api/v1/{ns}events?fieldSelector=involvedObject.name%3D{name}")).Body.Objects("items").Select(item => item.Text(field))];

    private static string? Waiting(JsonNode pod) => pod.Objects("status", "containerStatuses").FirstOrDefault().Text("state", "waiting", "reason");
}
