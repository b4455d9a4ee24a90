using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class TableTests(TestCluster cluster)
{
    private const string Table = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

    [Fact]
    public async Task Lists_gets_and_watches_as_a_table_when_asked()
    {
        var ns = await cluster.NamespaceAsync();
        var (_, made) = await cluster.PostAsync($"api/v1/{ns}configmaps", Samples.ConfigMap("one"));

        var list = await AskAsync($"api/v1/{ns}configmaps");
        list.Text("kind").ShouldBe("Table");
        list.Text("apiVersion").ShouldBe("meta.k8s.io/v1");
        list.Objects("columnDefinitions").Select(column => column.Text("name")).ShouldBe(["Name", "Data", "Age"]);
        var row = list.Objects("rows").ShouldHaveSingleItem();
        row.Items("cells")![0].Text().ShouldBe("one");
        row.Items("cells")![1]!.GetValue<long>().ShouldBe(made.Map("data")!.Count);
        row.Text("object", "kind").ShouldBe("PartialObjectMetadata");
        row.At("object", "data").ShouldBeNull();

        (await AskAsync($"api/v1/{ns}configmaps/one?includeObject=Object")).Objects("rows").ShouldHaveSingleItem().At("object", "data").ShouldNotBeNull();
        using var request = Request($"api/v1/{ns}configmaps?watch=true");
        using var response = await cluster.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        var change = JsonNode.Parse((await reader.ReadLineAsync())!)!;
        change.Text("type").ShouldBe("ADDED");
        change.Text("object", "kind").ShouldBe("Table");
    }

    [Theory]
    [InlineData("application/json", "ConfigMapList")]
    [InlineData("application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json", "ConfigMapList")]
    public async Task Gives_the_objects_when_no_known_table_is_asked_for(string accept, string kind)
    {
        var ns = await cluster.NamespaceAsync();
        using var request = Request($"api/v1/{ns}configmaps", accept);
        using var response = await cluster.Client.SendAsync(request);
        JsonNode.Parse(await response.Content.ReadAsStringAsync()).Text("kind").ShouldBe(kind);
    }

    [Fact]
    public async Task Refuses_an_unknown_includeObject() =>
        (await AskAsync("api/v1/namespaces/default/configmaps?includeObject=All")).Text("reason").ShouldBe("BadRequest");

    [Theory]
    [InlineData("""{"status":{"phase":"Pending"}}""", "Pending", "0")]
    [InlineData("""{"metadata":{"deletionTimestamp":"2026-01-01T00:00:00Z"},"status":{"phase":"Running"}}""", "Terminating", "0")]
    [InlineData("""{"status":{"phase":"Running","containerStatuses":[{"restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff"}},"lastState":{"terminated":{"finishedAt":"2026-01-01T00:00:00Z"}}}]}}""", "CrashLoopBackOff", "3 (65s ago)")]
    [InlineData("""{"status":{"phase":"Running","containerStatuses":[{"state":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}}""", "OOMKilled", "0")]
    [InlineData("""{"status":{"phase":"Pending","initContainerStatuses":[{"state":{"waiting":{"reason":"ErrImagePull"}}}],"containerStatuses":[{"state":{"waiting":{"reason":"PodInitializing"}}}]}}""", "Init:ErrImagePull", "0")]
    [InlineData("""{"status":{"phase":"Failed","reason":"Evicted"}}""", "Evicted", "0")]
    public void Says_the_state_of_a_pod_in_a_word(string json, string status, string restarts)
    {
        var pod = (JsonObject)JsonNode.Parse(json)!;
        PodSummary.Status(pod).ShouldBe(status);
        PodSummary.Restarts(pod, DateTimeOffset.Parse("2026-01-01T00:01:05Z", System.Globalization.CultureInfo.InvariantCulture)).Text().ShouldBe(restarts);
    }

    [Theory]
    [InlineData("HorizontalPodAutoscaler", """{"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,"maxReplicas":4,"metrics":[{"type":"Pods","pods":{"target":{"averageValue":"10"}}}]}}""", "x Deployment/d <unknown>/10 1 4 0")]
    [InlineData("HorizontalPodAutoscaler", """{"spec":{"scaleTargetRef":{"kind":"Deployment","name":"d"},"minReplicas":1,"maxReplicas":4,"metrics":[{"type":"External","external":{"target":{"averageValue":"80"}}}]},"status":{"currentReplicas":2,"currentMetrics":[{"type":"External","external":{"current":{"averageValue":"55"}}}]}}""", "x Deployment/d 55/80 (avg) 1 4 2")]
    [InlineData("PodDisruptionBudget", """{"spec":{"maxUnavailable":1},"status":{"disruptionsAllowed":1}}""", "x N/A 1 1")]
    [InlineData("Job", """{"spec":{"completions":2},"status":{"succeeded":2,"conditions":[{"type":"Complete","status":"True"}]}}""", "x Complete 2/2")]
    [InlineData("APIService", """{"spec":{"service":{"namespace":"a","name":"b"}},"status":{"conditions":[{"type":"Available","status":"True"}]}}""", "x a/b True")]
    [InlineData("EndpointSlice", """{"addressType":"IPv4","ports":[{"port":8000}],"endpoints":[{"addresses":["10.4.0.3"]}]}""", "x IPv4 8000 10.4.0.3")]
    [InlineData("PersistentVolume", """{"spec":{"capacity":{"storage":"300Gi"},"accessModes":["ReadOnlyMany"],"persistentVolumeReclaimPolicy":"Retain","claimRef":{"namespace":"n","name":"c"},"storageClassName":"s"},"status":{"phase":"Bound"}}""", "x 300Gi ROX Retain Bound n/c s")]
    [InlineData("Service", """{"spec":{"type":"LoadBalancer","clusterIP":"10.96.0.9","ports":[{"port":8000}]},"status":{"loadBalancer":{"ingress":[{"ip":"127.0.0.9"}]}}}""", "x LoadBalancer 10.96.0.9 127.0.0.9 8000/TCP")]
    public void Fills_the_columns_of_a_kind_as_kubectl_shows_them(string kind, string json, string expected)
    {
        var item = (JsonObject)JsonNode.Parse(json)!;
        item["metadata"] = new JsonObject { ["name"] = "x" };
        var columns = TableColumns.Of(ResourceKinds.BuiltIn.First(known => known.Kind == kind)).Where(column => !column.IsWide && column.Name != "Age");
        string.Join(' ', columns.Select(column => column.Cell(item, DateTimeOffset.UnixEpoch)?.ToString())).ShouldBe(expected);
    }

    [Theory]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(245, "4m5s")]
    [InlineData(3599, "59m")]
    [InlineData(3 * 3600 + 60, "3h1m")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(50 * 3600, "2d2h")]
    [InlineData(10 * 86400, "10d")]
    [InlineData(-5, "0s")]
    public void Shortens_an_age_as_kubectl_does(int seconds, string text)
    {
        var begun = new DateTimeOffset(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);
        TableColumns.Since(KubeJson.Seconds(begun), begun.AddSeconds(seconds)).ShouldBe(text);
    }

    private static HttpRequestMessage Request(string path, string accept = Table)
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        foreach (var part in accept.Split(','))
        {
            request.Headers.Accept.Add(MediaTypeWithQualityHeaderValue.Parse(part));
        }

        return request;
    }

    private async Task<JsonNode> AskAsync(string path)
    {
        using var request = Request(path);
        using var response = await cluster.Client.SendAsync(request);
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }
}
