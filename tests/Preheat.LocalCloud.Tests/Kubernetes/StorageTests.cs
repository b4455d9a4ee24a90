using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Tests.Pods;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class StorageTests(TestCluster cluster)
{
    private const string Volumes = "api/v1/persistentvolumes";

    [Fact]
    public async Task A_claim_of_the_default_class_waits_for_a_pod_and_then_gets_a_disk_that_outlives_the_pod()
    {
        var ns = await cluster.NamespaceAsync();
        var claim = (await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("data"))).Body;
        claim.Text("spec", "storageClassName").ShouldBe("standard-rwo");
        await EventAsync(ns, "data", "WaitForFirstConsumer", "waiting for first consumer to be created before binding");
        (await cluster.GetAsync($"api/v1/{ns}persistentvolumeclaims/data")).Body.Text("status", "phase").ShouldBe("Pending");

        await cluster.PostAsync($"api/v1/{ns}pods", Pod("writer", "data"));
        await ReadyAsync(ns, "writer");
        var bound = await BoundAsync(ns, "data");
        bound.Texts("metadata", "finalizers").ShouldContain("kubernetes.io/pvc-protection");
        bound.Text("status", "capacity", "storage").ShouldBe("10Gi");
        var volume = (await cluster.GetAsync($"{Volumes}/{bound.Text("spec", "volumeName")}")).Body;
        volume.Text("metadata", "name").ShouldBe($"pvc-{bound.Text("metadata", "uid")}");
        (volume.Text("status", "phase"), volume.Text("spec", "csi", "driver"), volume.Text("spec", "persistentVolumeReclaimPolicy")).ShouldBe(("Bound", "pd.csi.storage.gke.io", "Delete"));
        await EventAsync(ns, "data", "ProvisioningSucceeded", $"Successfully provisioned volume {volume.Text("metadata", "name")}");

        var folder = MountOf("writer");
        await File.WriteAllTextAsync(Path.Combine(folder, "model.txt"), "weights");
        await cluster.DeleteAsync($"api/v1/{ns}pods/writer");
        await cluster.WaitGoneAsync($"api/v1/{ns}pods/writer");
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("reader", "data"));
        await ReadyAsync(ns, "reader");
        (await File.ReadAllTextAsync(Path.Combine(MountOf("reader"), "model.txt"))).ShouldBe("weights");

        // A claim in use stays until its last pod is gone; then volume and disk follow.
        await cluster.DeleteAsync($"api/v1/{ns}persistentvolumeclaims/data");
        (await cluster.GetAsync($"api/v1/{ns}persistentvolumeclaims/data")).Body.Text("metadata", "deletionTimestamp").ShouldNotBeNull();
        await cluster.DeleteAsync($"api/v1/{ns}pods/reader");
        await cluster.WaitGoneAsync($"api/v1/{ns}persistentvolumeclaims/data");
        await cluster.WaitGoneAsync($"{Volumes}/{volume.Text("metadata", "name")}");
        Directory.Exists(folder).ShouldBeFalse();
    }

    [Fact]
    public async Task A_retained_disk_is_handed_over_through_a_static_volume()
    {
        var ns = await cluster.NamespaceAsync();
        var name = Unique();
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("hydrate"));
        await cluster.PostAsync($"api/v1/{ns}pods", Pod($"{name}-w", "hydrate"));
        await ReadyAsync(ns, $"{name}-w");
        await File.WriteAllTextAsync(Path.Combine(MountOf($"{name}-w"), "a"), "1");
        var dynamic = (await BoundAsync(ns, "hydrate")).Text("spec", "volumeName")!;
        await cluster.MergeAsync($"{Volumes}/{dynamic}", """{"spec":{"persistentVolumeReclaimPolicy":"Retain"}}""");
        await cluster.DeleteAsync($"api/v1/{ns}pods/{name}-w");
        await cluster.DeleteAsync($"api/v1/{ns}persistentvolumeclaims/hydrate");
        var released = await cluster.WaitAsync($"{Volumes}/{dynamic}", body => body.Text("status", "phase") == "Released");

        var handle = released.Text("spec", "csi", "volumeHandle")!;
        (await cluster.PostAsync(Volumes, Volume(name, spec =>
        {
            spec["accessModes"] = new JsonArray("ReadOnlyMany");
            spec["csi"] = new JsonObject { ["driver"] = "pd.csi.storage.gke.io", ["volumeHandle"] = handle };
            spec["claimRef"] = new JsonObject { ["namespace"] = ns[11..^1], ["name"] = "weights" };
        }))).Code.ShouldBe(201);
        await cluster.WaitAsync($"{Volumes}/{name}", body => body.Text("status", "phase") == "Available");
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("weights", spec =>
        {
            spec["accessModes"] = new JsonArray("ReadOnlyMany");
            spec["storageClassName"] = "";
            spec["volumeName"] = name;
        }));
        (await BoundAsync(ns, "weights")).Texts("status", "accessModes").ShouldBe(["ReadOnlyMany"]);
        await cluster.PostAsync($"api/v1/{ns}pods", Pod($"{name}-r", "weights"));
        await ReadyAsync(ns, $"{name}-r");
        (await File.ReadAllTextAsync(Path.Combine(MountOf($"{name}-r"), "a"))).ShouldBe("1");
        await cluster.DeleteAsync($"{Volumes}/{dynamic}");
        await cluster.WaitGoneAsync($"{Volumes}/{dynamic}");
        (await cluster.DeleteAsync($"{Volumes}/{name}")).Body.Text("metadata", "deletionTimestamp").ShouldNotBeNull("a bound volume stays");
    }

    [Fact]
    public async Task A_disk_that_one_node_writes_is_not_attached_to_another()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("data"));
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("first", "data"));
        await ReadyAsync(ns, "first");
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("second", "data", spec => spec["nodeSelector"] = new JsonObject { ["cloud.google.com/gke-spot"] = "true" }));
        var name = (await BoundAsync(ns, "data")).Text("spec", "volumeName");
        await EventAsync(ns, "second", "FailedAttachVolume", $"Multi-Attach error for volume \"{name}\" Volume is already used by pod(s) first");
        await cluster.DeleteAsync($"api/v1/{ns}pods/first");
        await ReadyAsync(ns, "second");
    }

    [Fact]
    public async Task A_pod_waits_for_claims_in_the_words_of_the_scheduler()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}pods", Samples.Pod("there"));
        await ReadyAsync(ns, "there");
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("lost", "missing"));
        await MessageAsync(ns, "lost", "persistentvolumeclaim \"missing\" not found");
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("bare", spec =>
        {
            // Larger than any volume that another test leaves free.
            spec["storageClassName"] = "";
            spec["resources"]!["requests"]!["storage"] = "900Ti";
        }));
        await EventAsync(ns, "bare", "FailedBinding", "no persistent volumes available for this claim and no storage class is set");
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("bare", "bare"));
        await MessageAsync(ns, "bare", "pod has unbound immediate PersistentVolumeClaims");
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("odd", spec => spec["storageClassName"] = "nobody"));
        await EventAsync(ns, "odd", "ProvisioningFailed", "storageclass.storage.k8s.io \"nobody\" not found");

        var name = Unique();
        await cluster.PostAsync(Volumes, Volume(name, spec => spec["nodeAffinity"] = JsonNode.Parse(
            """{"required":{"nodeSelectorTerms":[{"matchExpressions":[{"key":"topology.gke.io/zone","operator":"In","values":["elsewhere-a"]}]}]}}""")));
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("far", spec => (spec["storageClassName"], spec["volumeName"]) = ("", name)));
        await BoundAsync(ns, "far");
        await cluster.PostAsync($"api/v1/{ns}pods", Pod("far", "far"));
        await MessageAsync(ns, "far", "volume node affinity conflict");
    }

    [Theory]
    [InlineData("ReadWriteMany", "VolumeCapabilities is invalid: specified multi writer with mount access type")]
    [InlineData("ReadOnlyMany", "VolumeContentSource must be provided when AccessMode is set to read only")]
    public async Task A_new_disk_has_no_access_mode_that_the_driver_refuses(string mode, string message)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim("c", spec => (spec["storageClassName"], spec["accessModes"]) = ("standard", new JsonArray(mode))));
        await EventAsync(ns, "c", "ProvisioningFailed", $"failed to provision volume with StorageClass \"standard\": rpc error: code = InvalidArgument desc = {message}");
    }

    [Theory]
    [InlineData("small", "5Gi", "ReadWriteOnce", "", "requested PV is too small")]
    [InlineData("modes", "20Gi", "ReadOnlyMany", "", "incompatible accessMode")]
    [InlineData("class", "20Gi", "ReadWriteOnce", "other", "storageClassName does not match")]
    public async Task A_volume_asked_for_by_name_has_to_fit(string name, string capacity, string mode, string storageClass, string why)
    {
        var ns = await cluster.NamespaceAsync();
        var volume = Unique();
        await cluster.PostAsync(Volumes, Volume(volume, spec =>
            (spec["capacity"], spec["accessModes"], spec["storageClassName"]) = (new JsonObject { ["storage"] = capacity }, new JsonArray(mode), storageClass)));
        await cluster.PostAsync($"api/v1/{ns}persistentvolumeclaims", Claim(name, spec => (spec["storageClassName"], spec["volumeName"]) = ("", volume)));
        await EventAsync(ns, name, "VolumeMismatch", $"Cannot bind to requested volume \"{volume}\": {why}");
    }

    [Fact]
    public async Task A_claim_grows_where_its_class_allows_and_nothing_else_of_it_changes()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"api/v1/{ns}persistentvolumeclaims";
        await cluster.PostAsync(path, Claim("c", spec => spec["storageClassName"] = "standard"));
        (await cluster.MergeAsync($"{path}/c", """{"spec":{"resources":{"requests":{"storage":"5Gi"}}}}""")).Code.ShouldBe(422);
        await BoundAsync(ns, "c");
        (await cluster.MergeAsync($"{path}/c", """{"spec":{"resources":{"requests":{"storage":"20Gi"}}}}""")).Code.ShouldBe(200);
        await cluster.WaitAsync($"{path}/c", body => body.Text("status", "capacity", "storage") == "20Gi");
        var (code, status) = await cluster.MergeAsync($"{path}/c", """{"spec":{"accessModes":["ReadOnlyMany"]}}""");
        code.ShouldBe(422);
        status.Text("message")!.ShouldContain("spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims");
        (await cluster.MergeAsync($"{path}/c", """{"spec":{"resources":{"requests":{"storage":"1Gi"}}}}""")).Body.Text("message")!.ShouldContain("field can not be less than status.capacity");

        var name = Unique();
        await cluster.PostAsync(Volumes, Volume(name, _ => { }));
        await cluster.PostAsync(path, Claim("fixed", spec => (spec["storageClassName"], spec["volumeName"]) = ("", name)));
        await BoundAsync(ns, "fixed");
        (await cluster.MergeAsync($"{path}/fixed", """{"spec":{"resources":{"requests":{"storage":"11Gi"}}}}""")).Body.Text("message")!.ShouldContain("only dynamically provisioned pvc can be resized");
    }

    [Theory]
    [InlineData("""{"spec":{"csi":{"volumeHandle":"other"}}}""", "spec.persistentvolumesource is immutable after creation")]
    [InlineData("""{"spec":{"hostPath":{"path":"/x"}}}""", "may not specify more than 1 volume type")]
    [InlineData("""{"spec":{"csi":null}}""", "must specify a volume type")]
    [InlineData("""{"spec":{"volumeMode":"Block"}}""", "volumeMode: Invalid value: \"Block\": field is immutable")]
    [InlineData("""{"spec":{"capacity":null}}""", "spec.capacity: Required value")]
    public async Task A_volume_keeps_its_disk(string patch, string message)
    {
        var name = Unique();
        (await cluster.PostAsync(Volumes, Volume(name, _ => { }))).Code.ShouldBe(201);
        var (code, status) = await cluster.MergeAsync($"{Volumes}/{name}", patch);
        (code, status.Text("message")!.Contains(message)).ShouldBe((422, true), status.ToJsonString());
    }

    [Theory]
    [InlineData("""{"parameters":{"type":"pd-ssd"}}""", "parameters: Forbidden: updates to parameters are forbidden.")]
    [InlineData("""{"reclaimPolicy":"Retain"}""", "reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.")]
    [InlineData("""{"volumeBindingMode":"WaitForFirstConsumer"}""", "volumeBindingMode: Invalid value: \"WaitForFirstConsumer\": field is immutable")]
    public async Task A_class_keeps_what_its_volumes_are_made_by(string patch, string message)
    {
        var (code, status) = await cluster.MergeAsync("apis/storage.k8s.io/v1/storageclasses/standard", patch);
        (code, status.Text("message")!.Contains(message)).ShouldBe((422, true), status.ToJsonString());
    }

    private static string Unique() => $"v-{Guid.NewGuid():N}"[..12];

    private static JsonObject Claim(string name, Action<JsonObject>? change = null)
    {
        var claim = (JsonObject)JsonNode.Parse($$$"""{"metadata":{"name":"{{{name}}}"},"spec":{"accessModes":["ReadWriteOnce"],"resources":{"requests":{"storage":"10Gi"} } } }""")!;
        change?.Invoke((JsonObject)claim["spec"]!);
        return claim;
    }

    private static JsonObject Volume(string name, Action<JsonObject> change)
    {
        var volume = (JsonObject)JsonNode.Parse($$$"""
            {"metadata":{"name":"{{{name}}}"},"spec":{"accessModes":["ReadWriteOnce"],"capacity":{"storage":"10Gi"},"csi":{"driver":"pd.csi.storage.gke.io","volumeHandle":"{{{name}}}"} } }
            """)!;
        change((JsonObject)volume["spec"]!);
        return volume;
    }

    private static JsonObject Pod(string name, string claim, Action<JsonObject>? change = null) => Samples.Pod(name, spec =>
    {
        spec["volumes"] = new JsonArray(new JsonObject { ["name"] = "v", ["persistentVolumeClaim"] = new JsonObject { ["claimName"] = claim } });
        spec.Server()["volumeMounts"] = new JsonArray(new JsonObject { ["name"] = "v", ["mountPath"] = "/data" });
        change?.Invoke(spec);
    });

    private string MountOf(string pod) => cluster.Runtime.Starts.Last(start => start.Pod == pod).Mounts["/data"];

    private Task<JsonNode> ReadyAsync(string ns, string pod) => cluster.WaitAsync($"api/v1/{ns}pods/{pod}", body => body.Condition("Ready").Text("status") == "True");

    private Task<JsonNode> BoundAsync(string ns, string claim) => cluster.WaitAsync($"api/v1/{ns}persistentvolumeclaims/{claim}", body => body.Text("status", "phase") == "Bound");

    private Task<JsonNode> MessageAsync(string ns, string pod, string words) =>
        cluster.WaitAsync($"api/v1/{ns}pods/{pod}", body => body.Condition("PodScheduled").Text("message")?.Contains(words) == true);

    private Task<JsonNode> EventAsync(string ns, string about, string reason, string message) =>
        cluster.WaitAsync($"api/v1/{ns}events?fieldSelector=involvedObject.name={about},reason={reason}", body => body.Objects("items").Any(item => item.Text("message") == message));
}
