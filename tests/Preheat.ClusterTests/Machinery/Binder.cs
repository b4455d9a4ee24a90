using System.Text.Json.Nodes;
using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests.Machinery;

/// <summary>Gives each new pod a node, in turn: in place of kube-scheduler, which needs more kinds than the server has.</summary>
internal sealed class Binder : IAsyncDisposable
{
    private readonly RawApi _api;
    private readonly IReadOnlyList<string> _nodes;
    private readonly CancellationTokenSource _stop = new();
    private Task _work = Task.CompletedTask;
    private int _next;

    private Binder(RawApi api, IReadOnlyList<string> nodes) => (_api, _nodes) = (api, nodes);

    public static Binder Start(RawApi api, IReadOnlyList<string> nodes)
    {
        var binder = new Binder(api, nodes);
        binder._work = binder.FollowAsync();
        return binder;
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        _stop.Dispose();
    }

    private async Task FollowAsync()
    {
        try
        {
            await foreach (var change in _api.WatchAsync("api/v1/pods?watch=true", _stop.Token))
            {
                if (change.Text("type") is "ADDED" && change["object"] is JsonObject pod && pod.Text("spec", "nodeName") is null)
                    await BindAsync(pod);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private Task BindAsync(JsonObject pod) =>
        _api.MergeAsync($"api/v1/namespaces/{pod.Text("metadata", "namespace")}/pods/{pod.Text("metadata", "name")}", $$$"""{"spec":{"nodeName":"{{{_nodes[_next++ % _nodes.Count]}}}"}}""", _stop.Token);
}
