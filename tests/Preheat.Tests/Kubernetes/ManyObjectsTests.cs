using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;
using Xunit.Abstractions;

namespace Preheat.Tests.Kubernetes;

/// <summary>Clusters of a usual size: memory and order, printed where a figure matters.</summary>
public sealed class ManyObjectsTests(ITestOutputHelper output) : ScriptedServerTests
{
    [Fact]
    public async Task Keeps_little_of_five_thousand_watched_pods()
    {
        const int Pods = 5000;
        var heavy = string.Join(',', Enumerable.Range(0, 120).Select(index => $$"""{"name":"VARIABLE_{{index}}","value":"{{new string('v', 60)}}"}"""));
        _server.Answer = async context =>
        {
            if (context.Request.Query["watch"] == "true")
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, context.RequestAborted);
                return;
            }
            var from = int.Parse(context.Request.Query["continue"].ToString() is { Length: > 0 } text ? text : "0", System.Globalization.CultureInfo.InvariantCulture);
            var items = Enumerable.Range(from, 500).Select(index => $$$"""{"metadata":{"name":"pod-{{{index}}}","namespace":"n","uid":"u{{{index}}}","resourceVersion":"{{{index}}}","labels":{"app":"x"},"managedFields":[{"manager":"kubelet","fieldsV1":{"f:status":{} } }]},"spec":{"nodeName":"node","containers":[{"name":"server","env":[{{{heavy}}}]}]},"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""");
            var next = from + 500 < Pods ? $"{from + 500}" : "";
            await ScriptedApiServer.JsonAsync(context, $$$"""{"kind":"PodList","metadata":{"resourceVersion":"9000","continue":"{{{next}}}"},"items":[{{{string.Join(',', items)}}}]}""");
        };
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        // The first round fills the pools of the server, which runs in this process, and of the client.
        (await WatchedAsync(client)).Count.ShouldBe(Pods);
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var kept = await WatchedAsync(client);
        var grown = (GC.GetTotalMemory(forceFullCollection: true) - before) / 1e6;
        kept.Count.ShouldBe(Pods);
        kept.ShouldAllBe(pod => PodReport.Of(pod).IsReady);
        output.WriteLine($"{Pods} pods of {heavy.Length / 1000} kB and more: {grown:0.0} MB kept");
        grown.ShouldBeLessThan(200);
    }

    [Fact]
    public async Task Applies_five_hundred_objects_with_what_others_refer_to_first()
    {
        _server.Answer = async context =>
        {
            if (context.Request.Method == "GET")
                context.Response.StatusCode = 404;
            else
                await context.Request.Body.CopyToAsync(context.Response.Body);
        };
        var wanted = Enumerable.Range(0, 250).SelectMany(index => new[] { Object("apps/v1", "Deployment", $"d{index}"), Object("v1", "Service", $"s{index}") }).ToList();
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        var apply = new ObjectApply(client, force: false, new RecordedEvents());
        var began = TimeProvider.System.GetTimestamp();
        await apply.CheckAsync(wanted, default);
        var checks = _server.Requests.Where(request => request.StartsWith("PATCH", StringComparison.Ordinal)).ToList();
        checks.Count.ShouldBe(500);
        checks.ShouldAllBe(request => request.EndsWith("&dryRun=All", StringComparison.Ordinal));
        (await apply.ApplyAsync(wanted, default)).Count.ShouldBe(500);
        output.WriteLine($"500 objects checked and applied in {TimeProvider.System.GetElapsedTime(began).TotalSeconds:0.0} s");
        var applied = _server.Requests.Where(request => request.StartsWith("PATCH", StringComparison.Ordinal)).Skip(500).ToList();
        applied.Count.ShouldBe(500);
        applied.Take(250).ShouldAllBe(request => request.Contains("/services/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Lists_all_refusals_and_applies_nothing()
    {
        _server.Answer = context => context.Request.Method == "GET"
            ? ScriptedApiServer.JsonAsync(context, "{}", 404)
            : ScriptedApiServer.JsonAsync(context, $$$"""{"kind":"Status","reason":"Invalid","message":"no","details":{"causes":[{"reason":"FieldValueInvalid","field":"spec.{{{context.Request.Path.Value!.Split('/')[^1]}}}","message":"wrong"}]}}""", 422);
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        var error = await Should.ThrowAsync<UserException>(() => new ObjectApply(client, force: false, new RecordedEvents(), (item, field) => $"{item["metadata"]!["name"]}.yaml:7 ({field})").CheckAsync([Object("v1", "Service", "a"), Object("v1", "Service", "b")], default));
        error.Message.ShouldContain("refuses 2 of 2 objects; nothing was applied");
        error.Message.ShouldContain("spec.a: wrong");
        error.Message.ShouldContain("spec.b: wrong");
        error.Message.ShouldContain("spec.b is at b.yaml:7 (spec.b)");
    }

    [Fact]
    public async Task Learns_every_kind_from_two_requests_where_discovery_is_aggregated()
    {
        _server.Discovery = context => ScriptedApiServer.JsonAsync(context, context.Request.Path == "/api"
            ? """{"kind":"APIGroupDiscoveryList","items":[{"metadata":{},"versions":[{"version":"v1","resources":[{"resource":"pods","responseKind":{"kind":"Pod"},"scope":"Namespaced"}]}]}]}"""
            : """{"kind":"APIGroupDiscoveryList","items":[{"metadata":{"name":"apps"},"versions":[{"version":"v1","resources":[{"resource":"deployments","responseKind":{"kind":"Deployment"},"scope":"Namespaced"}]}]},{"metadata":{"name":"broken.io"},"versions":[{"version":"v1","freshness":"Stale"}]}]}""");
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        (await client.HasKindAsync(KubernetesKind.Pod, default)).ShouldBeTrue();
        (await client.HasKindAsync(KubernetesKind.Deployment, default)).ShouldBeTrue();
        (await client.HasKindAsync(new("broken.io/v1", "Thing"), default)).ShouldBeFalse();
        _server.Requests.ShouldBe(["GET /api", "GET /apis", "GET /apis/broken.io/v1"]);
    }

    private static async Task<List<KubernetesObject>> WatchedAsync(KubernetesClient client)
    {
        var kept = new List<KubernetesObject>();
        await foreach (var change in client.WatchAsync(KubernetesKind.Pod, new("n"), default))
        {
            if (change.Object is null)
                break;
            kept.Add(change.Object);
        }
        return kept;
    }

    private static JsonObject Object(string version, string kind, string name) => new()
    {
        ["apiVersion"] = version,
        ["kind"] = kind,
        ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "n" },
    };
}
