using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ResourceTests(TestCluster cluster)
{
    [Fact]
    public async Task Refuses_a_client_without_the_token_and_lets_anybody_ask_for_health()
    {
        using var stranger = cluster.NewClient(token: "guess");
        using var refused = await stranger.GetAsync("api/v1/pods");
        ((int)refused.StatusCode).ShouldBe(401);
        var status = JsonNode.Parse(await refused.Content.ReadAsStringAsync());
        status.Text("kind").ShouldBe("Status");
        status.Text("reason").ShouldBe("Unauthorized");
        using var nobody = cluster.NewClient(token: null);
        (await nobody.GetStringAsync("readyz")).ShouldBe("ok");
        ((int)(await nobody.GetAsync("apis")).StatusCode).ShouldBe(401);
    }

    [Fact]
    public async Task Creates_reads_lists_and_deletes()
    {
        var ns = await cluster.NamespaceAsync();
        var touches = cluster.Touches;
        var (code, created) = await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        code.ShouldBe(201);
        created.Text("metadata", "uid").ShouldNotBeNull();
        created.Text("metadata", "creationTimestamp").ShouldEndWith("Z");
        (await cluster.GetAsync($"api/v1/{ns}configmaps/a")).Body.Text("data", "a").ShouldBe("1");

        var list = (await cluster.GetAsync($"api/v1/{ns}configmaps")).Body;
        list.Text("kind").ShouldBe("ConfigMapList");
        list.Text("apiVersion").ShouldBe("v1");
        list.Items("items")!.Count.ShouldBe(1);
        long.Parse(list.Text("metadata", "resourceVersion")!).ShouldBeGreaterThanOrEqualTo(long.Parse(created.Text("metadata", "resourceVersion")!));

        (await cluster.DeleteAsync($"api/v1/{ns}configmaps/a")).Code.ShouldBe(200);
        var (missing, status) = await cluster.GetAsync($"api/v1/{ns}configmaps/a");
        missing.ShouldBe(404);
        status.Text("message").ShouldBe("configmaps \"a\" not found");
        status.Text("details", "kind").ShouldBe("configmaps");
        cluster.Touches.ShouldBeGreaterThan(touches);
    }

    [Fact]
    public async Task Refuses_a_second_object_of_a_name_and_a_namespace_that_is_not_there()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        var (code, status) = await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        (code, status.Text("reason")).ShouldBe((409, "AlreadyExists"));
        (code, status) = await cluster.PostAsync("api/v1/namespaces/nowhere/configmaps", Samples.ConfigMap("a"));
        (code, status.Text("message")).ShouldBe((404, "namespaces \"nowhere\" not found"));
        (await cluster.GetAsync("api/v1/unicorns")).Code.ShouldBe(404);
        (await cluster.PostAsync($"api/v1/{ns}configmaps/a", Samples.ConfigMap("a"))).Code.ShouldBe(405);
    }

    [Fact]
    public async Task Replaces_only_the_version_that_the_client_has_seen()
    {
        var ns = await cluster.NamespaceAsync();
        var (_, first) = await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        first["data"]!["a"] = "2";
        var (code, second) = await cluster.PutAsync($"api/v1/{ns}configmaps/a", first);
        code.ShouldBe(200);
        second.Text("metadata", "uid").ShouldBe(first.Text("metadata", "uid"));
        first["data"]!["a"] = "3";
        (code, var status) = await cluster.PutAsync($"api/v1/{ns}configmaps/a", first);
        (code, status.Text("reason")).ShouldBe((409, "Conflict"));
        (await cluster.GetAsync($"api/v1/{ns}configmaps/a")).Body.Text("data", "a").ShouldBe("2");
    }

    [Theory]
    [InlineData("app=x", 1)]
    [InlineData("app==x", 1)]
    [InlineData("app!=x", 2)]
    [InlineData("app in (x, y)", 2)]
    [InlineData("app notin (x,y)", 1)]
    [InlineData("app", 2)]
    [InlineData("!app", 1)]
    [InlineData("app,app!=y", 1)]
    public async Task Lists_by_label(string selector, int count)
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a", label: "x"));
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("b", label: "y"));
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("c"));
        (await cluster.GetAsync($"api/v1/{ns}configmaps?labelSelector={Uri.EscapeDataString(selector)}")).Body.Items("items")!.Count.ShouldBe(count);
    }

    [Fact]
    public async Task Lists_by_field_and_in_pages_and_refuses_fields_it_does_not_know()
    {
        var ns = await cluster.NamespaceAsync();
        foreach (var name in new[] { "a", "b", "c" })
        {
            await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap(name));
        }

        (await cluster.GetAsync($"api/v1/{ns}configmaps?fieldSelector=metadata.name%3Db")).Body.Objects("items").Single().Text("metadata", "name").ShouldBe("b");
        (await cluster.GetAsync($"api/v1/{ns}configmaps?fieldSelector=data.a%3D1")).Code.ShouldBe(400);
        (await cluster.GetAsync($"api/v1/{ns}configmaps?labelSelector=a%20b")).Code.ShouldBe(400);
        var page = (await cluster.GetAsync($"api/v1/{ns}configmaps?limit=2")).Body;
        page.Items("items")!.Count.ShouldBe(2);
        page.Number("metadata", "remainingItemCount").ShouldBe(1);
        var rest = (await cluster.GetAsync($"api/v1/{ns}configmaps?limit=2&continue={Uri.EscapeDataString(page.Text("metadata", "continue")!)}")).Body;
        rest.Objects("items").Single().Text("metadata", "name").ShouldBe("c");
        rest.At("metadata", "continue").ShouldBeNull();
    }

    [Fact]
    public async Task A_dry_run_answers_as_the_real_one_and_changes_nothing()
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.PostAsync($"api/v1/{ns}configmaps?dryRun=All", Samples.ConfigMap("a"))).Code.ShouldBe(201);
        (await cluster.GetAsync($"api/v1/{ns}configmaps/a")).Code.ShouldBe(404);
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        (await cluster.MergeAsync($"api/v1/{ns}configmaps/a?dryRun=All", """{"data":{"a":"2"}}""")).Body.Text("data", "a").ShouldBe("2");
        (await cluster.DeleteAsync($"api/v1/{ns}configmaps/a?dryRun=All")).Code.ShouldBe(200);
        (await cluster.GetAsync($"api/v1/{ns}configmaps/a")).Body.Text("data", "a").ShouldBe("1");
    }

    [Fact]
    public async Task Patches_in_three_forms()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"apis/apps/v1/{ns}deployments/web";
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web", replicas: 0));
        (await cluster.MergeAsync(path, """{"metadata":{"labels":{"x":"1"}}}""")).Body.Text("metadata", "labels", "x").ShouldBe("1");
        var strategic = await cluster.SendAsync(HttpMethod.Patch, path, """{"spec":{"template":{"spec":{"containers":[{"name":"server","env":[{"name":"A","value":"1"}]}]}}}}""", "application/strategic-merge-patch+json");
        strategic.Code.ShouldBe(200);
        strategic.Body["spec"]!.Server().Text("image").ShouldBe(TestCluster.Image, "the item is merged by its name");
        var json = await cluster.SendAsync(HttpMethod.Patch, path, """[{"op":"test","path":"/spec/replicas","value":0},{"op":"add","path":"/metadata/labels/y~1z","value":"2"}]""", "application/json-patch+json");
        json.Body.Text("metadata", "labels", "y/z").ShouldBe("2");
        (await cluster.SendAsync(HttpMethod.Patch, path, """[{"op":"test","path":"/spec/replicas","value":5}]""", "application/json-patch+json")).Code.ShouldBe(422);
        (await cluster.SendAsync(HttpMethod.Patch, path, "{}", "text/plain")).Code.ShouldBe(415);
    }

    [Fact]
    public async Task Status_writes_and_spec_writes_leave_each_other_alone()
    {
        var ns = await cluster.NamespaceAsync();
        var body = JsonNode.Parse("""{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"h"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"maxReplicas":4},"status":{"currentReplicas":9}}""")!;
        var path = $"apis/autoscaling/v2/{ns}horizontalpodautoscalers";
        var (code, created) = await cluster.PostAsync(path, body);
        code.ShouldBe(201);
        created.At("status").ShouldBeNull();
        created.Number("spec", "minReplicas").ShouldBe(1);
        (await cluster.MergeAsync($"{path}/h/status", """{"spec":{"maxReplicas":7},"status":{"currentReplicas":2}}""")).Body.Number("spec", "maxReplicas").ShouldBe(4);
        var after = (await cluster.MergeAsync($"{path}/h", """{"spec":{"maxReplicas":7},"status":{"currentReplicas":3}}""")).Body;
        (after.Number("spec", "maxReplicas"), after.Number("status", "currentReplicas")).ShouldBe((7, 2));
    }

    [Fact]
    public async Task Preconditions_guard_a_deletion()
    {
        var ns = await cluster.NamespaceAsync();
        var (_, created) = await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a"));
        (await cluster.DeleteAsync($"api/v1/{ns}configmaps/a", """{"preconditions":{"uid":"another"}}""")).Code.ShouldBe(409);
        (await cluster.DeleteAsync($"api/v1/{ns}configmaps/a", $$$"""{"preconditions":{"uid":"{{{created.Text("metadata", "uid")}}}"}}""")).Code.ShouldBe(200);
    }

    [Fact]
    public async Task A_finalizer_holds_an_object_until_it_is_taken_off()
    {
        var ns = await cluster.NamespaceAsync();
        var body = Samples.ConfigMap("a");
        body["metadata"]!["finalizers"] = new JsonArray("example.com/hold");
        await cluster.PostAsync($"api/v1/{ns}configmaps", body);
        (await cluster.DeleteAsync($"api/v1/{ns}configmaps/a")).Body.Text("metadata", "deletionTimestamp").ShouldNotBeNull();
        await cluster.MergeAsync($"api/v1/{ns}configmaps/a", """{"metadata":{"finalizers":null}}""");
        (await cluster.GetAsync($"api/v1/{ns}configmaps/a")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task A_collection_is_deleted_by_selector()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("a", label: "x"));
        await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("b", label: "y"));
        (await cluster.DeleteAsync($"api/v1/{ns}configmaps?labelSelector=app%3Dx")).Code.ShouldBe(200);
        (await cluster.GetAsync($"api/v1/{ns}configmaps")).Body.Objects("items").Single().Text("metadata", "name").ShouldBe("b");
    }

    [Fact]
    public async Task Deleting_a_namespace_removes_what_is_in_it_and_nothing_new_gets_in()
    {
        var ns = await cluster.NamespaceAsync();
        await cluster.PostAsync($"apis/apps/v1/{ns}deployments", Samples.Deployment("web"));
        await cluster.WaitAsync($"api/v1/{ns}pods", body => body.Objects("items").Any(pod => pod.Condition("Ready").Text("status") == "True"));
        var (_, marked) = await cluster.DeleteAsync($"api/v1/{ns.TrimEnd('/')}");
        marked.Text("status", "phase").ShouldBe("Terminating");
        (await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("late"))).Code.ShouldBeOneOf(403, 404);
        await cluster.WaitGoneAsync($"api/v1/{ns.TrimEnd('/')}");
        (await cluster.GetAsync($"api/v1/{ns}pods")).Body.Items("items")!.Count.ShouldBe(0);
        (await cluster.DeleteAsync("api/v1/namespaces/default")).Code.ShouldBe(403);
    }

    [Fact]
    public async Task Secrets_take_plain_text_and_refuse_what_is_no_base64()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, secret) = await cluster.PostAsync($"api/v1/{ns}secrets", JsonNode.Parse("""{"metadata":{"name":"s"},"stringData":{"token":"abc"}}""")!);
        (code, secret.Text("data", "token"), secret.Text("type")).ShouldBe((201, "YWJj", "Opaque"));
        secret.At("stringData").ShouldBeNull();
        (await cluster.PostAsync($"api/v1/{ns}secrets", JsonNode.Parse("""{"metadata":{"name":"t"},"data":{"token":"%%%"}}""")!)).Code.ShouldBe(400);
    }

    [Fact]
    public async Task Refuses_a_body_that_is_too_large_or_no_object_or_repeats_a_field()
    {
        var ns = await cluster.NamespaceAsync();
        (await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}configmaps", new string(' ', 4 * 1024 * 1024))).Code.ShouldBe(413);
        (await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}configmaps", "[]")).Code.ShouldBe(400);
        (await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}configmaps", """{"metadata":{"name":"a"},"metadata":{"name":"b"}}""")).Code.ShouldBe(400);
        (await cluster.SendAsync(HttpMethod.Post, $"api/v1/{ns}configmaps", string.Concat(Enumerable.Repeat("[", 1000)))).Code.ShouldBe(400);
    }

    [Fact]
    public async Task Pages_show_the_version_of_the_first_one_until_it_is_forgotten()
    {
        var own = new TestCluster();
        await own.InitializeAsync();
        try
        {
            const string Path = "api/v1/namespaces/default/configmaps";
            foreach (var name in new[] { "a", "b", "c", "d" })
            {
                await own.PostAsync(Path, Samples.ConfigMap(name));
            }

            var (_, first) = await own.GetAsync($"{Path}?limit=2");
            var version = first.Text("metadata", "resourceVersion");
            var token = Uri.EscapeDataString(first.Text("metadata", "continue")!);
            await own.DeleteAsync($"{Path}/c");
            await own.MergeAsync($"{Path}/d", """{"data":{"a":"later"}}""");
            await own.PostAsync(Path, Samples.ConfigMap("e"));
            var (_, second) = await own.GetAsync($"{Path}?limit=5&continue={token}");
            second.Objects("items").Select(item => $"{item.Text("metadata", "name")}={item.Text("data", "a")}").ShouldBe(["c=1", "d=1"]);
            second.Text("metadata", "resourceVersion").ShouldBe(version);
            (await own.GetAsync($"{Path}?resourceVersion={version}&resourceVersionMatch=Exact")).Body.Objects("items").Count().ShouldBe(4);
            (await own.GetAsync($"{Path}?resourceVersionMatch=Exact")).Code.ShouldBe(422);
            (await own.GetAsync($"{Path}?resourceVersion=999999")).Code.ShouldBe(504);
            (await own.GetAsync($"{Path}?continue=abc")).Code.ShouldBe(400);

            await own.RestartAsync();
            var (code, status) = await own.GetAsync($"{Path}?limit=5&continue={token}");
            (code, status.Text("reason")).ShouldBe((410, "Expired"));
            var rest = await own.GetAsync($"{Path}?continue={Uri.EscapeDataString(status.Text("metadata", "continue")!)}");
            rest.Body.Objects("items").Select(item => item.Text("metadata", "name")).ShouldBe(["d", "e"], "the rest as it is now");
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task Makes_a_name_from_generateName()
    {
        var ns = await cluster.NamespaceAsync();
        var (code, created) = await cluster.PostAsync($"api/v1/{ns}configmaps", JsonNode.Parse("""{"metadata":{"generateName":"run-"}}""")!);
        code.ShouldBe(201);
        created.Text("metadata", "name")!.ShouldMatch("^run-[a-z0-9]{5}$");
    }
}
