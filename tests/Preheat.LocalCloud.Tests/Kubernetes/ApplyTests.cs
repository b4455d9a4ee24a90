using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ApplyTests(TestCluster cluster)
{
    private const string Service = """
        apiVersion: v1
        kind: Service
        metadata:
          name: web
          labels: {tier: front}
        spec:
          selector: {app: web}
          ports:
          - {name: http, port: 80, targetPort: 8000}
        """;

    [Fact]
    public async Task Creates_what_is_absent_and_an_unchanged_apply_changes_nothing()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        var (code, created) = await cluster.ApplyAsync(path, Service);
        code.ShouldBe(201);
        var entry = created.Objects("metadata", "managedFields").Single();
        (entry.Text("manager"), entry.Text("operation"), entry.Text("fieldsType")).ShouldBe(("one", "Apply", "FieldsV1"));
        entry.At("fieldsV1", "f:spec", "f:ports", """k:{"port":80,"protocol":"TCP"}""", "f:targetPort").ShouldNotBeNull();
        entry.At("fieldsV1", "f:spec", "f:selector").ShouldNotBeNull();
        entry.At("fieldsV1", "f:spec", "f:type").ShouldBeNull("a default belongs to nobody");

        (code, var again) = await cluster.ApplyAsync(path, Service);
        code.ShouldBe(200);
        again.Text("metadata", "resourceVersion").ShouldBe(created.Text("metadata", "resourceVersion"));
    }

    [Fact]
    public async Task Another_managers_value_is_a_conflict_with_the_field_as_cause_until_forced()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        await cluster.ApplyAsync(path, Service);
        var other = Service.Replace("targetPort: 8000", "targetPort: 9000");
        var (code, status) = await cluster.ApplyAsync(path, other, manager: "two");
        (code, status.Text("reason")).ShouldBe((409, "Conflict"));
        var cause = status.Objects("details", "causes").Single();
        (cause.Text("reason"), cause.Text("message"), cause.Text("field")).ShouldBe(
            ("FieldManagerConflict", "conflict with \"one\"", """.spec.ports[port=80,protocol="TCP"].targetPort"""));

        (code, var forced) = await cluster.ApplyAsync(path, other, manager: "two", force: true);
        code.ShouldBe(200);
        forced.Objects("spec", "ports").Single().Number("targetPort").ShouldBe(9000);
        (await cluster.ApplyAsync(path, Service)).Code.ShouldBe(409, "now the other one owns it");
        (await cluster.ApplyAsync(path, Service.Replace("targetPort: 8000", "targetPort: 9000"))).Code.ShouldBe(200, "the same value is shared");
    }

    [Fact]
    public async Task A_field_no_longer_applied_goes_unless_another_manager_has_it()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        await cluster.ApplyAsync(path, Service.Replace("{tier: front}", "{tier: front, mine: a, ours: b}"));
        await cluster.ApplyAsync(path, "{apiVersion: v1, kind: Service, metadata: {name: web, labels: {ours: b}}}", manager: "two");
        var (_, after) = await cluster.ApplyAsync(path, Service);
        after.StringMap("metadata", "labels").ShouldBe(new Dictionary<string, string> { ["tier"] = "front", ["ours"] = "b" }, ignoreOrder: true);
        (_, after) = await cluster.ApplyAsync(path, "{apiVersion: v1, kind: Service, metadata: {name: web}}", manager: "two");
        after.At("metadata", "labels", "ours").ShouldBeNull();
    }

    [Fact]
    public async Task List_items_are_merged_by_their_keys()
    {
        var path = $"apis/apps/v1/{await cluster.NamespaceAsync()}deployments/web";
        var body = Samples.Deployment("web", replicas: 0);
        body["spec"]!.Server()["env"] = JsonNode.Parse("""[{"name":"A","value":"1"},{"name":"B","value":"2"}]""");
        body["spec"]!["template"]!["spec"]!["volumes"] = JsonNode.Parse("""[{"name":"shm","emptyDir":{"medium":"Memory"}}]""");
        body["spec"]!.Server()["volumeMounts"] = JsonNode.Parse("""[{"name":"shm","mountPath":"/dev/shm"}]""");
        await cluster.ApplyAsync(path, body.ToJsonString());

        // Another manager adds one variable to the same container without naming the rest.
        var (code, both) = await cluster.ApplyAsync(path, """{"apiVersion":"apps/v1","kind":"Deployment","spec":{"template":{"spec":{"containers":[{"name":"server","env":[{"name":"C","value":"3"}]}]}}}}""", manager: "two");
        code.ShouldBe(200);
        both["spec"]!.Server().Objects("env").Select(item => item.Text("name")).ShouldBe(["A", "B", "C"], ignoreOrder: true);
        both["spec"]!.Server().Text("image").ShouldBe(TestCluster.Image);

        body["spec"]!.Server()["env"] = JsonNode.Parse("""[{"name":"B","value":"2"}]""");
        (code, both) = await cluster.ApplyAsync(path, body.ToJsonString());
        code.ShouldBe(200, both.ToJsonString());
        both["spec"]!.Server().Objects("env").Select(item => item.Text("name")).ShouldBe(["B", "C"], ignoreOrder: true);
    }

    [Fact]
    public async Task A_plain_update_takes_ownership_so_that_the_next_apply_conflicts()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        await cluster.ApplyAsync(path, Service);
        await cluster.MergeAsync($"{path}?fieldManager=hand", """{"metadata":{"labels":{"tier":"back"}}}""");
        var (code, status) = await cluster.ApplyAsync(path, Service);
        code.ShouldBe(409);
        status.Objects("details", "causes").Single().Text("message").ShouldBe("conflict with \"hand\" using v1");
    }

    [Fact]
    public async Task Several_conflicts_are_told_by_manager_and_a_subresource_is_named()
    {
        var path = $"apis/apps/v1/{await cluster.NamespaceAsync()}deployments/web";
        var body = Samples.Deployment("web", replicas: 0);
        await cluster.ApplyAsync(path, body.ToJsonString());
        await cluster.MergeAsync($"{path}/scale?fieldManager=scaler", """{"spec":{"replicas":1}}""");
        await cluster.MergeAsync($"{path}?fieldManager=hand", """{"spec":{"minReadySeconds":1,"revisionHistoryLimit":3}}""");
        body["spec"]!["minReadySeconds"] = 2;
        body["spec"]!["revisionHistoryLimit"] = 4;
        var (code, status) = await cluster.ApplyAsync(path, body.ToJsonString());
        (code, status.Text("reason")).ShouldBe((409, "Conflict"));
        status.Text("message").ShouldBe(
            "Apply failed with 3 conflicts: conflicts with \"hand\" using apps/v1:\n- .spec.minReadySeconds\n- .spec.revisionHistoryLimit\n" +
            "conflicts with \"scaler\" with subresource \"scale\" using apps/v1:\n- .spec.replicas");
        status.Objects("details", "causes").Select(cause => cause.Text("reason")).Distinct().ShouldBe(["FieldManagerConflict"]);
        status.Objects("details", "causes").Single(cause => cause.Text("field") == ".spec.replicas").Text("message").ShouldBe("conflict with \"scaler\" with subresource \"scale\" using apps/v1");
    }

    [Fact]
    public async Task Writes_of_the_status_are_owned_apart()
    {
        // An object whose status no controller of this cluster writes: a quota with scopes.
        var path = $"api/v1/{await cluster.NamespaceAsync()}resourcequotas/q";
        const string Quota = """{"apiVersion":"v1","kind":"ResourceQuota","spec":{"hard":{"pods":"1"},"scopes":["BestEffort"]},"status":{"phase":"Bound"}}""";
        var (_, created) = await cluster.ApplyAsync(path, Quota);
        created["status"].ShouldBeNull("the main resource leaves the status alone");
        await cluster.MergeAsync($"{path}/status?fieldManager=controller", """{"status":{"reason":"Asked","conditions":[{"type":"A","status":"True"}]}}""");
        var (code, applied) = await cluster.ApplyAsync($"{path}/status", Quota, manager: "one");
        code.ShouldBe(200, applied.ToJsonString());
        (applied.Text("status", "phase"), applied.Text("status", "reason"), applied.Text("spec", "hard", "pods")).ShouldBe(("Bound", "Asked", "1"));
        var entries = applied.Objects("metadata", "managedFields").ToList();
        entries.Select(entry => (entry.Text("manager"), entry.Text("operation"), entry.Text("subresource"))).ShouldBe([("one", "Apply", null), ("controller", "Update", "status"), ("one", "Apply", "status")], ignoreOrder: true);
        entries.Single(entry => entry.Text("manager") == "controller").At("fieldsV1", "f:status", "f:conditions", """k:{"type":"A"}""").ShouldNotBeNull();
        entries.Single(entry => entry.Text("subresource") is null).At("fieldsV1", "f:status").ShouldBeNull();
    }

    [Fact]
    public async Task Needs_a_manager_and_a_type_and_declared_fields()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        var (code, status) = await cluster.SendAsync(HttpMethod.Patch, path, Service, "application/apply-patch+yaml");
        code.ShouldBe(422);
        status.Text("message")!.ShouldContain("fieldManager");
        (await cluster.ApplyAsync(path, "spec: {}")).Code.ShouldBe(400);
        (code, status) = await cluster.ApplyAsync(path, Service.Replace("selector:", "selektor:"));
        code.ShouldBe(500, "as the real API server, whose error here is no Status of its own");
        status.Text("message")!.ShouldContain(".spec.selektor: field not declared in schema");
        (await cluster.ApplyAsync(path, Service + "\n---\n" + Service)).Code.ShouldBe(400);
        (await cluster.ApplyAsync(path, "a: &x [1]\nb: *x\n")).Code.ShouldBe(400);
        (await cluster.ApplyAsync(path, Service.Replace("name: web", "name: other"))).Code.ShouldBe(400);
        (await cluster.GetAsync(path)).Code.ShouldBe(404, "nothing half done");
    }

    // Word for word what an API server of 1.36 answers (tests/Preheat.ClusterTests/Machinery).
    [Theory]
    [InlineData("ports: [{port: http}]", ".spec.ports[port=\"http\",protocol=\"TCP\"].port: expected numeric (int or float), got string")]
    [InlineData("type: [ClusterIP]", ".spec.type: expected string, got &value.valueUnstructured{Value:[]interface {}{\"ClusterIP\"}}")]
    [InlineData("selector: [a]", ".spec.selector: expected map, got &{[a]}")]
    [InlineData("ports: 80", ".spec.ports: expected list, got &{80}")]
    [InlineData("publishNotReadyAddresses: 'yes'", ".spec.publishNotReadyAddresses: expected boolean, got &{yes}")]
    [InlineData("ports: [{port: 80}, {port: 80, protocol: TCP}]", ".spec.ports: duplicate entries for key [port=80,protocol=\"TCP\"]")]
    [InlineData("ports: [{port: 80, portt: 1}]", ".spec.ports[port=80,protocol=\"TCP\"].portt: field not declared in schema")]
    public async Task Says_what_does_not_fit_as_structured_merge_diff_does(string spec, string told)
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.ApplyAsync($"api/v1/{ns}services/web", $"apiVersion: v1\nkind: Service\nmetadata: {{name: web}}\nspec: {{{spec}}}\n");
        (code, status.Text("reason")).ShouldBe((500, null));
        status.Text("message").ShouldBe($"failed to create typed patch object ({ns.Split('/')[1]}/web; /v1, Kind=Service): {told}");
    }

    [Fact]
    public async Task Says_that_a_quantity_is_none_once_all_else_fits()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, status) = await cluster.ApplyAsync($"api/v1/{ns}resourcequotas/q", "apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q}\nspec: {hard: {cpu: 1x}}\n");
        code.ShouldBe(500);
        status.Text("message")!.ShouldStartWith($"failed to convert new object ({ns.Split('/')[1]}/q; /v1, Kind=ResourceQuota) to proper version: unable to convert unstructured object to /v1, Kind=ResourceQuota: quantities must match");
    }

    [Fact]
    public async Task A_dry_run_shows_the_result_and_stores_none()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}services/web";
        (await cluster.ApplyAsync($"{path}?dryRun=All", Service)).Code.ShouldBe(201);
        (await cluster.GetAsync(path)).Code.ShouldBe(404);
        await cluster.ApplyAsync(path, Service);
        (await cluster.ApplyAsync($"{path}?dryRun=All", Service.Replace("front", "back"))).Body.Text("metadata", "labels", "tier").ShouldBe("back");
        (await cluster.GetAsync(path)).Body.Text("metadata", "labels", "tier").ShouldBe("front");
    }
}
