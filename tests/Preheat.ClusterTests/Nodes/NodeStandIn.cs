using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Preheat.ClusterTests.Servers;

namespace Preheat.ClusterTests.Nodes;

/// <summary>Plays the kubelets of a few GPU nodes: registers them, keeps them ready, and takes the pods bound to them through their phases.</summary>
internal sealed class NodeStandIn : IAsyncDisposable
{
    private static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Phase = TimeSpan.FromMilliseconds(60);

    private readonly RawApi _api;
    private readonly KubeletEndpoint _kubelet;
    private readonly int _gpus;
    private readonly string[] _nodes;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<string, (CancellationTokenSource Stop, Task Life)> _pods = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Func<string, PodPlay>> _plays = new(StringComparer.Ordinal);
    private Task _work = Task.CompletedTask;

    private NodeStandIn(RawApi api, KubeletEndpoint kubelet, int nodes, int gpus)
    {
        (_api, _kubelet, _gpus) = (api, kubelet, gpus);
        _nodes = [.. Enumerable.Range(1, nodes).Select(number => $"gpu-{number}")];
    }

    public static async Task<NodeStandIn> StartAsync(RawApi api, int nodes, int gpus)
    {
        var standIn = new NodeStandIn(api, await KubeletEndpoint.StartAsync(), nodes, gpus);
        foreach (var node in standIn._nodes)
            await standIn.RegisterAsync(node);
        standIn._work = Task.WhenAll(standIn.LastingAsync(standIn.BeatAsync), standIn.LastingAsync(standIn.FollowAsync));
        return standIn;
    }

    public IReadOnlyList<string> Names => _nodes;

    /// <summary>Port of the server inside the pods.</summary>
    public int ServingPort => _kubelet.ServingPort;

    /// <summary>Decides from now on what becomes of a namespace's pods, by their image.</summary>
    public void Play(string inNamespace, Func<string, PodPlay> play) => _plays[inNamespace] = play;

    /// <summary>Makes the pods of a namespace ready that were never to be.</summary>
    public async Task ReadyAsync(string inNamespace)
    {
        foreach (var pod in (await _api.GetAsync($"api/v1/namespaces/{inNamespace}/pods")).Object()["items"]!.AsArray().Cast<JsonObject>())
            await SetAsync(pod, new PodStatus(pod, KubeletEndpoint.Address).Running(isReady: true), default);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _work;
        await Task.WhenAll(_pods.Values.Select(pod => pod.Life));
        await _kubelet.DisposeAsync();
        _stop.Dispose();
    }

    private async Task RegisterAsync(string node)
    {
        (await _api.PostAsync("api/v1/nodes", $$$$"""
            {"apiVersion":"v1","kind":"Node","metadata":{"name":"{{{{node}}}}","labels":{"kubernetes.io/hostname":"{{{{node}}}}","kubernetes.io/os":"linux","kubernetes.io/arch":"amd64","cloud.google.com/gke-accelerator":"nvidia-l4"}}}
            """)).Object();
        await ReportAsync(node);
        (await _api.PostAsync("apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases", $$$"""
            {"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"{{{node}}}"},"spec":{"holderIdentity":"{{{node}}}","leaseDurationSeconds":40}}
            """)).Object();
    }

    private async Task ReportAsync(string node)
    {
        var resources = $$"""{"cpu":"64","memory":"256Gi","ephemeral-storage":"1Ti","pods":"110","nvidia.com/gpu":"{{_gpus}}"}""";
        var now = PodStatus.Now();
        (await _api.MergeAsync($"api/v1/nodes/{node}/status?fieldManager=kubelet", $$$"""
            {"status":{"capacity":{{{resources}}},"allocatable":{{{resources}}},
            "addresses":[{"type":"InternalIP","address":"127.0.0.1"},{"type":"Hostname","address":"localhost"}],"daemonEndpoints":{"kubeletEndpoint":{"Port":{{{_kubelet.Port}}} } },
            "conditions":[{"type":"Ready","status":"True","reason":"KubeletReady","message":"kubelet is posting ready status","lastHeartbeatTime":"{{{now}}}","lastTransitionTime":"{{{now}}}"}]}}
            """)).Object();
    }

    // As a kubelet does: a server that is away comes back.
    private async Task LastingAsync(Func<Task> work)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                await work();
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException or ShouldAssertException)
            {
                await Task.Delay(Phase);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    private async Task BeatAsync()
    {
        while (true)
        {
            await Task.Delay(Heartbeat, _stop.Token);
            foreach (var node in _nodes)
            {
                // A node that was given up for lost is ready again by its status alone.
                await ReportAsync(node);
                await _api.MergeAsync($"apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node}", $$$"""{"spec":{"renewTime":"{{{DateTimeOffset.UtcNow:yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'}}}"}}""", _stop.Token);
            }
        }
    }

    private async Task FollowAsync()
    {
        var list = (await _api.GetAsync("api/v1/pods", _stop.Token)).Object();
        foreach (var pod in list["items"]!.AsArray())
            See((JsonObject)pod!);
        await foreach (var change in _api.WatchAsync($"api/v1/pods?watch=true&resourceVersion={list["metadata"]!["resourceVersion"]}", _stop.Token))
        {
            if (change["type"]!.GetValue<string>() is "ADDED" or "MODIFIED")
                See((JsonObject)change["object"]!);
        }
    }

    private void See(JsonObject pod)
    {
        if (!_nodes.Contains(pod["spec"]!["nodeName"]?.GetValue<string>()))
            return;
        var uid = pod["metadata"]!["uid"]!.GetValue<string>();
        if (pod["metadata"]!["deletionTimestamp"] is null)
        {
            if (_pods.ContainsKey(uid))
                return;
            var stop = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token);
            _pods[uid] = (stop, Guarded(token => LiveAsync((JsonObject)pod.DeepClone(), token), stop.Token));
        }
        else
        {
            var known = _pods.TryGetValue(uid, out var life);
            if (known && life.Stop.IsCancellationRequested)
                return;
            life.Stop?.Cancel();
            var stopped = new CancellationTokenSource();
            stopped.Cancel();
            _pods[uid] = (stopped, Guarded(async token =>
            {
                if (known)
                    await life.Life;
                await EndAsync(pod, token);
            }, _stop.Token));
        }
    }

    private static async Task Guarded(Func<CancellationToken, Task> work, CancellationToken cancellation)
    {
        while (!cancellation.IsCancellationRequested)
        {
            try
            {
                await work(cancellation);
                return;
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                await Task.Delay(Phase, CancellationToken.None);
            }
            catch (OperationCanceledException)
            {
            }
        }
    }

    // The last thing that a kubelet does: nothing of the pod is left on the node, so its object may go.
    private Task EndAsync(JsonObject pod, CancellationToken cancellation) =>
        _api.DeleteAsync(PathOf(pod), $$$"""{"apiVersion":"v1","kind":"DeleteOptions","gracePeriodSeconds":0,"preconditions":{"uid":"{{{pod["metadata"]!["uid"]}}}"}}""", cancellation);

    private async Task LiveAsync(JsonObject pod, CancellationToken cancellation)
    {
        var status = new PodStatus(pod, KubeletEndpoint.Address);
        var inNamespace = pod["metadata"]!["namespace"]!.GetValue<string>();
        var play = _plays.TryGetValue(inNamespace, out var chosen) ? chosen(status.Image) : PodPlay.Serves;
        var name = pod["metadata"]!["name"]!.GetValue<string>();
        await SetAsync(pod, status.Waiting("ContainerCreating"), cancellation);
        await TellAsync(pod, "Normal", "Pulling", $"Pulling image \"{status.Image}\"", cancellation);
        await Task.Delay(Phase, cancellation);
        if (play.Fate is PodFate.NoImage)
        {
            var message = $"rpc error: code = NotFound desc = failed to pull and unpack image \"{status.Image}\": not found";
            await TellAsync(pod, "Warning", "Failed", $"Failed to pull image \"{status.Image}\": {message}", cancellation);
            while (true)
            {
                await SetAsync(pod, status.Waiting("ErrImagePull", message), cancellation);
                await Task.Delay(Phase, cancellation);
                await SetAsync(pod, status.Waiting("ImagePullBackOff", $"Back-off pulling image \"{status.Image}\""), cancellation);
                await Task.Delay(Phase, cancellation);
            }
        }
        await TellAsync(pod, "Normal", "Pulled", $"Successfully pulled image \"{status.Image}\" in 60.000000ms", cancellation);
        await TellAsync(pod, "Normal", "Created", "Created container", cancellation);
        await TellAsync(pod, "Normal", "Started", "Started container", cancellation);
        _kubelet.Log(inNamespace, name, play.Log);
        await SetAsync(pod, status.Running(isReady: false), cancellation);
        await Task.Delay(Phase, cancellation);
        switch (play.Fate)
        {
            case PodFate.Serves:
                await SetAsync(pod, status.Running(isReady: true), cancellation);
                break;
            case PodFate.NeverReady:
                await TellAsync(pod, "Warning", "Unhealthy", "Startup probe failed: HTTP probe failed with statuscode: 503", cancellation);
                break;
            default:
                while (true)
                {
                    await SetAsync(pod, play.Fate is PodFate.OutOfMemory ? status.Ended(137, "OOMKilled") : status.Ended(1, "Error"), cancellation);
                    await TellAsync(pod, "Warning", "BackOff", "Back-off restarting failed container", cancellation);
                    await SetAsync(pod, status.BackingOff(), cancellation);
                    await Task.Delay(Phase, cancellation);
                    await SetAsync(pod, status.Running(isReady: false), cancellation);
                    await Task.Delay(Phase, cancellation);
                }
        }
    }

    private Task SetAsync(JsonObject pod, JsonObject status, CancellationToken cancellation) =>
        _api.MergeAsync(PathOf(pod) + "/status?fieldManager=kubelet", status.ToJsonString(), cancellation);

    // A kubelet still writes events of the old form (v1, with first and last timestamp).
    private Task TellAsync(JsonObject pod, string type, string reason, string message, CancellationToken cancellation)
    {
        var (metadata, now) = (pod["metadata"]!, PodStatus.Now());
        return _api.PostAsync($"api/v1/namespaces/{metadata["namespace"]}/events", new JsonObject
        {
            ["metadata"] = new JsonObject { ["generateName"] = metadata["name"] + "." },
            ["involvedObject"] = new JsonObject
            {
                ["apiVersion"] = "v1", ["kind"] = "Pod", ["namespace"] = metadata["namespace"]!.DeepClone(), ["name"] = metadata["name"]!.DeepClone(), ["uid"] = metadata["uid"]!.DeepClone(),
                ["fieldPath"] = $"spec.containers{{{pod["spec"]!["containers"]![0]!["name"]}}}",
            },
            ["source"] = new JsonObject { ["component"] = "kubelet", ["host"] = pod["spec"]!["nodeName"]!.DeepClone() },
            ["type"] = type, ["reason"] = reason, ["message"] = message, ["firstTimestamp"] = now, ["lastTimestamp"] = now, ["count"] = 1,
        }.ToJsonString(), cancellation);
    }

    private static string PathOf(JsonObject pod) => $"api/v1/namespaces/{pod["metadata"]!["namespace"]}/pods/{pod["metadata"]!["name"]}";
}
