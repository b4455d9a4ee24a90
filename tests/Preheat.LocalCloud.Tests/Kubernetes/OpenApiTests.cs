using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class OpenApiTests(TestCluster cluster)
{
    [Fact]
    public async Task The_index_names_a_document_per_group_and_version_by_its_hash()
    {
        var (_, index) = await cluster.GetAsync("openapi/v3");
        var paths = index.Map("paths")!;
        new[] { "api/v1", "apis/apps/v1", "apis/autoscaling/v2", "apis/batch/v1", "apis/monitoring.googleapis.com/v1" }.ShouldBeSubsetOf(paths.Select(pair => pair.Key));
        var address = paths.Text("apis/apps/v1", "serverRelativeURL")!;
        address.ShouldStartWith("/openapi/v3/apis/apps/v1?hash=");
        var (code, document) = await cluster.GetAsync(address[1..]);
        (code, document.Text("openapi")).ShouldBe((200, "3.0.0"));
        (await cluster.GetAsync("openapi/v3/apis/none/v1")).Code.ShouldBe(404);
    }

    [Fact]
    public async Task A_document_holds_its_kinds_with_merge_keys_and_every_reference_resolves()
    {
        foreach (var group in (await cluster.GetAsync("openapi/v3")).Body.Map("paths")!.Select(pair => pair.Key))
        {
            var (_, document) = await cluster.GetAsync($"openapi/v3/{group}");
            var schemas = document.Map("components", "schemas")!;
            foreach (var reference in References(document))
            {
                schemas.ShouldContainKey(reference["#/components/schemas/".Length..]);
            }
        }

        var apps = (await cluster.GetAsync("openapi/v3/apis/apps/v1")).Body;
        var deployment = apps.Map("components", "schemas", "io.k8s.api.apps.v1.Deployment")!;
        deployment["x-kubernetes-group-version-kind"]![0]!.ToJsonString().ShouldBe("""{"group":"apps","kind":"Deployment","version":"v1"}""");
        var containers = apps.Map("components", "schemas", "io.k8s.api.apps.v1.PodSpec", "properties", "containers")!;
        (containers.Text("x-kubernetes-patch-merge-key"), containers.Text("x-kubernetes-list-type")).ShouldBe(("name", "map"));
        apps.Objects("paths", "/apis/apps/v1/namespaces/{namespace}/deployments/{name}", "patch", "parameters").Select(item => item.Text("name")).ShouldContain("fieldValidation");
    }

    [Fact]
    public async Task Version_2_is_one_document_whose_references_resolve_and_an_unchanged_one_is_not_sent_again()
    {
        var (_, document) = await cluster.GetAsync("openapi/v2");
        document.Text("swagger").ShouldBe("2.0");
        foreach (var reference in References(document))
        {
            document.Map("definitions")!.ShouldContainKey(reference["#/definitions/".Length..]);
        }

        using var first = await cluster.Client.GetAsync("openapi/v2");
        using var again = new HttpRequestMessage(HttpMethod.Get, "openapi/v2");
        again.Headers.IfNoneMatch.Add(first.Headers.ETag!);
        using var unchanged = await cluster.Client.SendAsync(again);
        unchanged.StatusCode.ShouldBe(HttpStatusCode.NotModified);
    }

    [Fact]
    public async Task Protobuf_is_answered_to_who_asks_for_it()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "openapi/v2");
        request.Headers.TryAddWithoutValidation("Accept", "application/com.github.proto-openapi.spec.v2@v1.0+protobuf");
        using var response = await cluster.Client.SendAsync(request);
        response.Content.Headers.ContentType!.MediaType.ShouldBe("application/com.github.proto-openapi.spec.v2.v1.0+protobuf");
        var bytes = await response.Content.ReadAsByteArrayAsync();
        bytes[..5].ShouldBe([10, 3, (byte)'2', (byte)'.', (byte)'0']);
        Encoding.UTF8.GetString(bytes).ShouldContain("io.k8s.api.apps.v1.Deployment");
    }

    [Theory]
    [InlineData("v2")]
    [InlineData("v2beta1")]
    public async Task Discovery_comes_in_one_document_to_who_asks_for_it(string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "apis");
        request.Headers.TryAddWithoutValidation("Accept", $"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList,application/json");
        using var response = await cluster.Client.SendAsync(request);
        response.Content.Headers.ContentType!.ToString().ShouldContain("as=APIGroupDiscoveryList");
        var body = KubeJson.Parse(await response.Content.ReadAsByteArrayAsync())!;
        body.Text("apiVersion").ShouldBe($"apidiscovery.k8s.io/{version}");
        var deployment = body.Objects("items").Single(item => item.Text("metadata", "name") == "apps")["versions"]![0].Objects("resources").Single(item => item.Text("resource") == "deployments");
        (deployment.Text("scope"), deployment.Text("singularResource")).ShouldBe(("Namespaced", "deployment"));
        deployment.Objects("subresources").Select(item => item.Text("subresource")).ShouldBe(["status", "scale"]);
        (await cluster.GetAsync("apis")).Body.Text("kind").ShouldBe("APIGroupList");
    }

    private static IEnumerable<string> References(JsonNode? node) => node switch
    {
        JsonObject o => o.SelectMany(pair => pair.Key == "$ref" && pair.Value.Text() is { } reference ? [reference] : References(pair.Value)),
        JsonArray list => list.SelectMany(References),
        _ => [],
    };
}
