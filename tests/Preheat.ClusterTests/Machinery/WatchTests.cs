using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests.Machinery;

/// <summary>Lists and watches over the server's watch cache.</summary>
[Collection(MachineryCollection.Name)]
public sealed class WatchTests(MachineryFixture machinery)
{
    [Fact]
    public async Task Lists_page_by_page_and_by_label_and_field()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        await Parallel.ForEachAsync(Enumerable.Range(0, 1100), async (number, token) => await KeepAsync(place, $"c{number:0000}", number % 2 == 0 ? "even" : "odd", token));
        (await client.ListAsync(KubernetesKind.ConfigMap, new(place), default)).Items.Select(item => item.Name).ShouldBe(Enumerable.Range(0, 1100).Select(number => $"c{number:0000}"));
        (await client.ListAsync(KubernetesKind.ConfigMap, new(place, Labels: "is=odd"), default)).Items.Count.ShouldBe(550);
        (await client.ListAsync(KubernetesKind.ConfigMap, new(place, Fields: "metadata.name=c0007"), default)).Items.ShouldHaveSingleItem();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.ListAsync(KubernetesKind.ConfigMap, new(place, Fields: "data.a=b"), default));
        (error.Status, error.ExitCode).ShouldBe((HttpStatusCode.BadRequest, 2));
    }

    [Fact]
    public async Task Tells_changes_once_through_a_restart_of_the_server_and_after_its_past_is_gone()
    {
        using var client = machinery.Client();
        using var stop = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        var place = await machinery.PlaceAsync();
        await KeepAsync(place, "a", "one", default);
        await KeepAsync(place, "b", "one", default);
        await using var told = client.WatchAsync(KubernetesKind.ConfigMap, new(place), stop.Token).GetAsyncEnumerator(stop.Token);
        (await NextAsync(told, 3)).ShouldBe(["Added a", "Added b", "Synced "]);

        await KeepAsync(place, "c", "one", default);
        (await machinery.Api.MergeAsync($"api/v1/namespaces/{place}/configmaps/a", """{"metadata":{"labels":{"is":"two"}}}""")).Object();
        (await machinery.Api.DeleteAsync($"api/v1/namespaces/{place}/configmaps/b")).Object();
        (await NextAsync(told, 3)).ShouldBe(["Added c", "Modified a", "Deleted b"]);

        // What happens elsewhere makes the version that was seen last older than all that the new server knows.
        await KeepAsync(await machinery.PlaceAsync(), "elsewhere", "one", default);
        await machinery.Server.RestartAsync(TimeSpan.Zero);
        (await machinery.Api.DeleteAsync($"api/v1/namespaces/{place}/configmaps/c")).Object();
        await KeepAsync(place, "d", "one", default);
        var after = new List<string>();
        while (after.Count(change => change != "Synced ") < 2)
            after.AddRange(await NextAsync(told, 1));
        after.Where(change => change != "Synced ").ShouldBe(["Deleted c", "Added d"]);
        await stop.CancelAsync();
    }

    [Fact]
    public async Task Hears_bookmarks_and_that_a_version_is_too_old()
    {
        var place = await machinery.PlaceAsync();
        var path = $"api/v1/namespaces/{place}/configmaps?watch=true&allowWatchBookmarks=true&timeoutSeconds=2";
        await KeepAsync(place, "a", "one", default);
        var old = (await machinery.Api.GetAsync($"api/v1/namespaces/{place}/configmaps")).Object().Text("metadata", "resourceVersion")!;
        var changes = new List<JsonObject>();
        // Otherwise bookmarks come once in a minute.
        await foreach (var change in machinery.Api.WatchAsync($"{path}&sendInitialEvents=true&resourceVersionMatch=NotOlderThan", default))
            changes.Add(change);
        // The shape that the client reads: a bookmark has a version and nothing else of use.
        changes.Select(change => change.Text("type")).ShouldBe(["ADDED", "BOOKMARK"]);
        long.Parse(changes[1].Text("object", "metadata", "resourceVersion")!, CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(long.Parse(old, CultureInfo.InvariantCulture));

        await KeepAsync(place, "b", "one", default);
        await machinery.Server.RestartAsync(TimeSpan.Zero);
        var refused = await machinery.Api.GetAsync($"{path}&resourceVersion={old}");
        (refused.Json.Text("kind") is "Status" ? refused.Json : refused.Json.At("object")).Whole("code").ShouldBe(410);
    }

    [Fact]
    public async Task Sees_all_of_five_hundred_objects_applied_at_once()
    {
        using var client = machinery.Client();
        var place = await machinery.PlaceAsync();
        var wanted = Enumerable.Range(0, 500).Select(number => MachineryFixture.Object($"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: c{number}, namespace: {place}}}, data: {{a: b}}}}")).ToList();
        var apply = new ObjectApply(client, force: false, new Preheat.Tests.Manifests.RenderingFixture());
        await apply.CheckAsync(wanted, default);
        (await client.ListAsync(KubernetesKind.ConfigMap, new(place), default)).Items.ShouldBeEmpty();
        await apply.ApplyAsync(wanted, default);
        (await client.ListAsync(KubernetesKind.ConfigMap, new(place), default)).Items.Count.ShouldBe(500);
    }

    private async Task KeepAsync(string place, string name, string value, CancellationToken cancellation) =>
        (await machinery.Api.PostAsync($"api/v1/namespaces/{place}/configmaps", $$"""{"metadata":{"name":"{{name}}","labels":{"is":"{{value}}"} } }""", cancellation)).Object();

    private static async Task<List<string>> NextAsync(IAsyncEnumerator<WatchEvent> told, int count)
    {
        var changes = new List<string>();
        while (changes.Count < count && await told.MoveNextAsync())
            changes.Add($"{told.Current.Change} {told.Current.Object?.Name}");
        return changes;
    }
}
