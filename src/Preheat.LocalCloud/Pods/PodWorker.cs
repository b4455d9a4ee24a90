using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>A pod on its node, from its assignment to its end.</summary>
internal sealed class PodWorker(NodeServices node, StoredObject pod, string address) : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly PodStatus _status = new(node.Store, node.Clock.Time, pod, address);
    private readonly List<ContainerWorker> _containers = [];
    private readonly Lock _lock = new();
    private Task _run = Task.CompletedTask;
    private Task? _stop;

    public string Uid => pod.Uid;

    public void Start() => _run = Task.Run(RunAsync);

    /// <summary>Stops the containers; the first call decides the grace. Completes when all have ended.</summary>
    public Task StopAsync(TimeSpan grace)
    {
        lock (_lock)
        {
            return _stop ??= StopOnceAsync(grace);
        }
    }

    /// <summary>Stops the containers because the program ends; the pod's status stays as it is.</summary>
    public async ValueTask DisposeAsync()
    {
        _status.Freeze();
        await StopAsync(TimeSpan.Zero);
        _stopping.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            _status.Publish();
            var volumes = await MountAsync();
            foreach (var container in pod.Json.Objects("spec", "initContainers"))
            {
                if (await Add(container, isInit: true).RunAsync(volumes, _stopping.Token) != 0)
                {
                    return;
                }
            }

            _status.Initialized();
            await Task.WhenAll(pod.Json.Objects("spec", "containers").Select(container => Add(container, isInit: false).RunAsync(volumes, _stopping.Token)).ToList());
        }
        catch (OperationCanceledException)
        {
            // The pod stops.
        }
        catch (Exception e)
        {
            await Console.Error.WriteLineAsync($"kubernetes: pod {pod.Namespace}/{pod.Name}: {e}");
            node.Events.Warning(pod, "kubelet", "Failed", $"Error: {e.Message}");
        }
        finally
        {
            // A pod that has ended holds no disk, whether or not it is deleted.
            node.Volumes.Release(pod.Uid);
        }
    }

    private async Task<Dictionary<string, string>> MountAsync()
    {
        while (true)
        {
            try
            {
                return node.Volumes.Prepare(pod);
            }
            catch (ContainerFault fault)
            {
                // What is missing may still come; the node tries again.
                node.Events.Warning(pod, fault.Component, fault.Reason, fault.Message);
                await node.Clock.DelayAsync(Backoff.First, _stopping.Token);
            }
        }
    }

    private ContainerWorker Add(JsonObject container, bool isInit)
    {
        // A copy: the part alone, without the tree of the pod's first version around it.
        var worker = new ContainerWorker(node, pod, container.Copy(), _status, address, isInit);
        lock (_lock)
        {
            _containers.Add(worker);
        }

        return worker;
    }

    private async Task StopOnceAsync(TimeSpan grace)
    {
        // No restart and no probe from here on; what runs is asked to end.
        await _stopping.CancelAsync();
        List<ContainerWorker> containers;
        lock (_lock)
        {
            containers = [.. _containers];
        }

        await Task.WhenAll(containers.Select(container => container.StopAsync(grace)));
        await _run;
    }
}
