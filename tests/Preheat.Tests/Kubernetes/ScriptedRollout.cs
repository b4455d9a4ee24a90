using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

/// <summary>A cluster that holds one Deployment in whatever state a test puts it; each change is told to the watches.</summary>
internal sealed class ScriptedRollout(ScriptedApiServer server) : IEventSink
{
    private readonly ConcurrentDictionary<string, JsonObject> _objects = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, System.Threading.Channels.Channel<string>> _watches = new();
    private int _version = 100;

    public ConcurrentQueue<RunEvent> Told { get; } = new();

    public string Log { get; set; } = "";

    public string PreviousLog { get; set; } = "";

    /// <summary>Answers in the place of a server that works; null lets it work.</summary>
    public Func<HttpContext, Task>? Fault { get; set; }

    /// <summary>What was applied, and over what.</summary>
    public ObjectChange Applied { get; set; } = new(null, Deployment("{}", revision: null));

    public void Emit(RunEvent runEvent) => Told.Enqueue(runEvent);

    /// <param name="image">Image of its pods, beside which its template has nothing.</param>
    public static KubernetesObject Deployment(string status, string? revision = "1", int generation = 1, string image = "a")
    {
        var item = Object("apps/v1", "Deployment", "gemma", null, $$$"""{"generation":{{{generation}}},"annotations":{"deployment.kubernetes.io/revision":{{{(revision is null ? "null" : $"\"{revision}\"")}}} } }""", status);
        item["spec"]!["template"] = new JsonObject { ["spec"] = new JsonObject { ["containers"] = new JsonArray(new JsonObject { ["image"] = image }) } };
        return new(item);
    }

    public void SetDeployment(string status, string revision = "1", int generation = 1) => Set("deployments", Deployment(status, revision, generation).Json);

    public void SetReplicaSet(string revision = "1") => Set("replicasets", Object("apps/v1", "ReplicaSet", "gemma-" + revision, "gemma", $$$"""{"annotations":{"deployment.kubernetes.io/revision":"{{{revision}}}"} }""", "{}"));

    /// <param name="name">Its ReplicaSet's, and a letter.</param>
    public void SetPod(string status, string annotations = "{}", string? node = "node", string name = "gemma-1-a")
    {
        var pod = Object("v1", "Pod", name, name[..^2], $$"""{"creationTimestamp":"2026-11-21T10:00:00Z","annotations":{{annotations}}}""", status);
        pod["spec"]!["nodeName"] = node;
        Set("pods", pod);
    }

    public void AddEvent(string about, string type, string reason, string message, string time = "2026-11-21T10:00:00.000000Z", string annotations = "{}")
    {
        var item = Object("v1", "Event", $"{about}.{_version}", null, $$"""{"annotations":{{annotations}}}""", "{}");
        item["involvedObject"] = new JsonObject { ["name"] = about, ["uid"] = "uid-" + about };
        (item["type"], item["reason"], item["message"], item["eventTime"]) = (type, reason, message, time);
        Set("events", item);
    }

    public Task<RolloutView> WaitAsync(TimeSpan quiet, PhaseLimits? limits = null) => WaitAsync(limits ?? LimitsOf(quiet), server.Endpoints(), TimeProvider.System);

    /// <summary>As the other, on a hasty clock: a test of what takes minutes.</summary>
    public Task<RolloutView> WaitHastilyAsync(TimeSpan outage, CloudEndpoints? endpoints = null) => WaitAsync(LimitsOf(TimeSpan.FromMinutes(1)) with { Outage = outage }, endpoints ?? server.Endpoints(), new HastyTime());

    /// <summary>The server goes away in the middle of its answers, and answers all further requests so.</summary>
    public void Break(Func<HttpContext, Task> fault)
    {
        Fault = fault;
        foreach (var watch in _watches.Values)
            watch.Writer.TryComplete();
    }

    public Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value!;
        if (path.EndsWith("/log", StringComparison.Ordinal))
            return context.Response.WriteAsync(context.Request.Query["previous"] == "true" ? PreviousLog : Log);
        var plural = path.Split('/')[^1];
        if (context.Request.Query["watch"] == "true")
            return WatchAsync(context, plural);
        var items = _objects.Where(entry => entry.Key.StartsWith(plural + "/", StringComparison.Ordinal)).Select(entry => entry.Value.ToJsonString());
        return ScriptedApiServer.JsonAsync(context, $$$"""{"metadata":{"resourceVersion":"{{{_version}}}"},"items":[{{{string.Join(',', items)}}}]}""");
    }

    private async Task<RolloutView> WaitAsync(PhaseLimits limits, CloudEndpoints endpoints, TimeProvider time)
    {
        server.Answer = context => Fault is { } fault ? fault(context) : AnswerAsync(context);
        using var client = KubernetesClient.Connect(endpoints, time);
        using var live = new RolloutLive(this, time);
        return await new RolloutWatch(client, Applied, "preheat-deployment=gemma", live, this, time)
            .WaitAsync(limits, default);
    }

    private static PhaseLimits LimitsOf(TimeSpan each) => new() { Node = each, Image = each, Container = each, Weights = each, Ready = each, Quiet = each };

    private static JsonObject Object(string apiVersion, string kind, string name, string? owner, string metadata, string status)
    {
        var meta = (JsonObject)JsonNode.Parse(metadata)!;
        (meta["name"], meta["namespace"], meta["uid"]) = (name, "n", "uid-" + name);
        if (owner is not null)
            meta["ownerReferences"] = new JsonArray(new JsonObject { ["uid"] = "uid-" + owner });
        return new()
        {
            ["apiVersion"] = apiVersion,
            ["kind"] = kind,
            ["metadata"] = meta,
            ["spec"] = JsonNode.Parse("""{"replicas":1,"nodeName":"node","containers":[{"name":"server"}]}"""),
            ["status"] = JsonNode.Parse(status),
        };
    }

    private void Set(string plural, JsonObject item)
    {
        item["metadata"]!["resourceVersion"] = Interlocked.Increment(ref _version).ToString(System.Globalization.CultureInfo.InvariantCulture);
        _objects[$"{plural}/{item["metadata"]!["name"]}"] = item;
        foreach (var watch in _watches.Values)
            watch.Writer.TryWrite($"{plural}|{{\"type\":\"MODIFIED\",\"object\":{item.ToJsonString()}}}");
    }

    private async Task WatchAsync(HttpContext context, string plural)
    {
        var channel = System.Threading.Channels.Channel.CreateUnbounded<string>();
        var id = Guid.NewGuid();
        _watches[id] = channel;
        try
        {
            // What changed between list and watch.
            foreach (var (_, item) in _objects.Where(entry => entry.Key.StartsWith(plural + "/", StringComparison.Ordinal)))
                channel.Writer.TryWrite($"{plural}|{{\"type\":\"MODIFIED\",\"object\":{item.ToJsonString()}}}");
            await foreach (var line in channel.Reader.ReadAllAsync(context.RequestAborted))
            {
                if (line.StartsWith(plural + "|", StringComparison.Ordinal))
                    await ScriptedApiServer.LineAsync(context, line[(plural.Length + 1)..]);
            }
        }
        finally
        {
            _watches.TryRemove(id, out _);
        }
    }
}
