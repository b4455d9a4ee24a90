using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class WatchTests(TestCluster cluster)
{
    [Fact]
    public async Task Tells_every_change_after_the_version_asked_for()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"api/v1/{ns}configmaps";
        var version = (await cluster.GetAsync(path)).Body.Text("metadata", "resourceVersion");
        await cluster.PostAsync(path, Samples.ConfigMap("a"));
        await using var watch = await Watch.OpenAsync(cluster, $"{path}?watch=true&resourceVersion={version}");
        (await watch.NextAsync()).ShouldBe(("ADDED", "a"));
        await cluster.MergeAsync($"{path}/a", """{"data":{"a":"2"}}""");
        (await watch.NextAsync()).ShouldBe(("MODIFIED", "a"));
        await cluster.MergeAsync($"{path}/a", """{"data":{"a":"2"}}""");
        await cluster.DeleteAsync($"{path}/a");
        (await watch.NextAsync()).ShouldBe(("DELETED", "a"), "a write that changes nothing is no change");
        long.Parse(watch.Last.Text("metadata", "resourceVersion")!).ShouldBeGreaterThan(long.Parse(version!));
    }

    [Fact]
    public async Task Begins_with_what_is_there_when_no_version_is_named()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"api/v1/{ns}configmaps";
        await cluster.PostAsync(path, Samples.ConfigMap("a"));
        await using var watch = await Watch.OpenAsync(cluster, $"{path}?watch=true&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true");
        (await watch.NextAsync()).ShouldBe(("ADDED", "a"));
        (await watch.NextAsync()).Type.ShouldBe("BOOKMARK");
        watch.Last.Text("metadata", "annotations", "k8s.io/initial-events-end").ShouldBe("true");
    }

    [Fact]
    public async Task An_object_that_begins_or_ceases_to_match_is_added_or_deleted()
    {
        var ns = await cluster.NamespaceAsync();
        var path = $"api/v1/{ns}configmaps";
        await using var watch = await Watch.OpenAsync(cluster, $"{path}?watch=true&labelSelector=app%3Dx");
        await cluster.PostAsync(path, Samples.ConfigMap("a"));
        await cluster.MergeAsync($"{path}/a", """{"metadata":{"labels":{"app":"x"}}}""");
        (await watch.NextAsync()).ShouldBe(("ADDED", "a"));
        await cluster.MergeAsync($"{path}/a", """{"metadata":{"labels":{"app":"y"}}}""");
        (await watch.NextAsync()).ShouldBe(("DELETED", "a"));
    }

    [Fact]
    public async Task Ends_after_timeoutSeconds_with_a_bookmark()
    {
        var ns = await cluster.NamespaceAsync();
        await using var watch = await Watch.OpenAsync(cluster, $"api/v1/{ns}configmaps?watch=true&timeoutSeconds=1&allowWatchBookmarks=true");
        (await watch.NextAsync()).Type.ShouldBe("BOOKMARK");
        (await watch.NextAsync()).Type.ShouldBe("END");
    }

    [Fact]
    public async Task Tells_410_for_a_version_that_is_no_longer_remembered_and_400_for_none()
    {
        var own = new TestCluster();
        await own.InitializeAsync();
        try
        {
            var version = (await own.GetAsync("api/v1/namespaces")).Body.Text("metadata", "resourceVersion");
            await own.RestartAsync();
            await using (var watch = await Watch.OpenAsync(own, $"api/v1/configmaps?watch=true&resourceVersion={version}"))
            {
                (await watch.NextAsync()).Type.ShouldBe("ERROR");
                (watch.Last.Number("code"), watch.Last.Text("reason")).ShouldBe((410, "Expired"));
                (await watch.NextAsync()).Type.ShouldBe("END");
            }

            (await own.GetAsync("api/v1/configmaps?watch=true&resourceVersion=abc")).Code.ShouldBe(400);
            (await own.GetAsync("api/v1/configmaps?watch=true&resourceVersion=999999")).Code.ShouldBe(504);
        }
        finally
        {
            await own.DisposeAsync();
        }
    }

    [Fact]
    public async Task Initial_events_are_asked_for_with_a_match_and_may_be_declined()
    {
        var path = $"api/v1/{await cluster.NamespaceAsync()}configmaps";
        await cluster.PostAsync(path, Samples.ConfigMap("a"));
        (await cluster.GetAsync($"{path}?watch=true&sendInitialEvents=true")).Code.ShouldBe(422);
        (await cluster.GetAsync($"{path}?sendInitialEvents=true&resourceVersionMatch=NotOlderThan")).Code.ShouldBe(422, "a list has no initial events");
        await using var watch = await Watch.OpenAsync(cluster, $"{path}?watch=true&sendInitialEvents=false&resourceVersionMatch=NotOlderThan");
        await cluster.PostAsync(path, Samples.ConfigMap("b"));
        (await watch.NextAsync()).ShouldBe(("ADDED", "b"));
    }

    private sealed class Watch(HttpResponseMessage response, StreamReader reader) : IAsyncDisposable
    {
        public JsonNode Last { get; private set; } = new JsonObject();

        public static async Task<Watch> OpenAsync(TestCluster cluster, string path)
        {
            var response = await cluster.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);
            response.EnsureSuccessStatusCode();
            return new Watch(response, new StreamReader(await response.Content.ReadAsStreamAsync()));
        }

        public async Task<(string Type, string Name)> NextAsync()
        {
            var line = await reader.ReadLineAsync().WaitAsync(TimeSpan.FromSeconds(20));
            if (line is null)
            {
                return ("END", "");
            }

            var change = JsonNode.Parse(line)!;
            Last = change["object"]!;
            return (change.Text("type")!, Last.Text("metadata", "name") ?? "");
        }

        public ValueTask DisposeAsync()
        {
            reader.Dispose();
            response.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
