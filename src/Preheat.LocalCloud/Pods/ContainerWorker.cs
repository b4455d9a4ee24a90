using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Pods;

/// <summary>One container of a pod through its life: pull, configure, start, probe, end, start again.</summary>
internal sealed class ContainerWorker(NodeServices node, StoredObject pod, JsonObject container, PodStatus status, string podAddress, bool isInit)
{
    /// <summary>Annotation phase of creating and starting a container.</summary>
    private const string ContainerPhase = "container";

    /// <summary>What creating and starting a container costs on a GPU node, without the program's own start.</summary>
    private static readonly TimeSpan StartTime = TimeSpan.FromSeconds(1);

    private readonly string _name = container.Text("name") ?? "";
    private readonly string _image = container.Text("image") ?? "";
    private IRunningContainer? _running;
    private DateTimeOffset _startedAt;

    /// <summary>
    /// Runs the container until it has ended for good: by its restart policy, or because the pod stops (<paramref name="stopping"/>). Returns
    /// the last exit code.
    /// </summary>
    public async Task<int> RunAsync(IReadOnlyDictionary<string, string> volumes, CancellationToken stopping)
    {
        if (status[_name] is { RestartCount: > 0 } lost && pod.Json.Text("spec", "restartPolicy") == "Never")
        {
            // It ran under an earlier run of this program and went with it; its policy forbids another start.
            status.Set(_name, state => state with { State = lost.LastState.Copy() });
            return lost.ExitCode ?? 255;
        }

        var backoff = new Backoff();
        while (true)
        {
            var image = await PullAsync(stopping);
            var exit = await RunOnceAsync(image, volumes, stopping);
            if (stopping.IsCancellationRequested || !Restarts(exit))
            {
                return exit;
            }

            await BackOffAsync(backoff, stopping);
        }
    }

    /// <summary>SIGTERM, then SIGKILL after <paramref name="grace"/>.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        if (_running is { } running)
        {
            node.Events.Normal(pod, "kubelet", "Killing", $"Stopping container {_name}");
            await running.StopAsync(grace);
        }
    }

    private bool Restarts(int exit) => (pod.Json.Text("spec", "restartPolicy") ?? "Always") switch
    {
        "Never" => false,
        "OnFailure" => exit != 0,
        _ => !isInit || exit != 0,
    };

    private async Task<PulledImage> PullAsync(CancellationToken stopping)
    {
        var backoff = new Backoff();
        while (true)
        {
            try
            {
                var pulled = await node.Images.PullAsync(pod, _image, container.Text("imagePullPolicy") ?? "IfNotPresent", stopping);
                status.AddModelled("image", pulled.Modelled);
                return pulled;
            }
            catch (ContainerFault fault)
            {
                if (fault.Reason == "ErrImagePull")
                {
                    node.Events.Warning(pod, "kubelet", "Failed", $"Failed to pull image \"{_image}\": {fault.Message}");
                }

                node.Events.Warning(pod, "kubelet", "Failed", $"Error: {fault.Reason}");
                status.Set(_name, state => state with { State = ContainerState.Waiting(fault.Reason, fault.Message) });
                var wait = backoff.Next();
                if (fault.Reason == "ErrImagePull")
                {
                    // The first reason is seen for a moment, as on a real node, before the back-off begins.
                    await node.Clock.DelayAsync(wait / 4, stopping);
                    status.Set(_name, state => state with { State = ContainerState.Waiting("ImagePullBackOff", $"Back-off pulling image \"{_image}\": ErrImagePull: {fault.Message}") });
                    node.Events.Normal(pod, "kubelet", "BackOff", $"Back-off pulling image \"{_image}\"");
                }

                await node.Clock.DelayAsync(wait, stopping);
            }
        }
    }

    private async Task<int> RunOnceAsync(PulledImage image, IReadOnlyDictionary<string, string> volumes, CancellationToken stopping)
    {
        var log = new ContainerLog(node.Clock.Time);
        IRunningContainer running;
        try
        {
            running = await StartAsync(image, await ConfigureAsync(image, stopping), volumes, log, stopping);
        }
        catch (ContainerFault fault)
        {
            var now = node.Clock.Time.GetUtcNow();
            node.Events.Warning(pod, "kubelet", "Failed", $"Error: {fault.Message}");
            status.Set(_name, state => state with { State = ContainerState.Waiting(fault.Reason, fault.Message), LastState = ContainerState.Terminated(128, "StartError", fault.Message, now, now) });
            if ((pod.Json.Text("spec", "restartPolicy") ?? "Always") == "Never")
            {
                status.Set(_name, state => state with { State = state.LastState.Copy() });
            }

            return 128;
        }

        _running = running;
        if (stopping.IsCancellationRequested)
        {
            // Asked to stop while it started: whoever asked may not have seen it.
            await running.StopAsync(TimeSpan.Zero);
        }

        node.Network.Add(pod.Uid, _name, running);
        _startedAt = node.Clock.Time.GetUtcNow();
        node.Events.Normal(pod, "kubelet", "Started", $"Started container {_name}", StartTime);
        var hasStartup = container.Map("startupProbe") is not null;
        status.Set(_name, state => state with
        {
            State = ContainerState.Running(_startedAt), Started = !hasStartup, Ready = !isInit && !hasStartup && container.Map("readinessProbe") is null,
        });
        int exit;
        using (var probing = CancellationTokenSource.CreateLinkedTokenSource(stopping))
        {
            var probes = isInit ? Task.CompletedTask : ProbeAsync(running, probing.Token);
            exit = await running.Exited;
            await probing.CancelAsync();
            await probes;
        }

        log.End();
        node.Network.Remove(pod.Uid, _name);
        _running = null;
        status.Set(_name, state => state with
        {
            State = ContainerState.Terminated(exit, exit == 0 ? "Completed" : "Error", "", _startedAt, node.Clock.Time.GetUtcNow()),
            Ready = isInit && exit == 0,
            Started = false,
        });
        await running.DisposeAsync();
        return exit;
    }

    private async Task<ContainerCommand> ConfigureAsync(PulledImage image, CancellationToken stopping)
    {
        while (true)
        {
            try
            {
                return ContainerCommand.Resolve(node.Store, node.Store.Get(pod.Key) ?? pod, container, image.Image.Config);
            }
            catch (ContainerFault fault) when (fault.Reason == "CreateContainerConfigError")
            {
                // A Secret or ConfigMap may still come: the node looks again.
                node.Events.Warning(pod, "kubelet", "Failed", $"Error: {fault.Message}");
                status.Set(_name, state => state with { State = ContainerState.Waiting(fault.Reason, fault.Message) });
                await node.Clock.DelayAsync(Backoff.First, stopping);
            }
        }
    }

    private async Task<IRunningContainer> StartAsync(
        PulledImage image, ContainerCommand command, IReadOnlyDictionary<string, string> volumes, ContainerLog log, CancellationToken stopping)
    {
        var runtime = node.Runtimes.FirstOrDefault(item => item.Accepts(command.Argv))
            ?? throw new ContainerFault("RunContainerError",
                $"failed to create containerd task: failed to start container \"{_name}\": exec: {string.Join(' ', command.Argv.Select(word => $"\"{word}\""))}: no runtime of this embedded cluster runs this command");
        var gpus = (int)Quantity.ValueOf(container.At("resources", "limits", PodRules.Gpu));
        var start = new ContainerStart
        {
            Namespace = pod.Namespace,
            Pod = pod.Name,
            Container = _name,
            Argv = command.Argv,
            Environment = command.Environment,
            WorkingDirectory = container.Text("workingDir") ?? (image.Image.Config.WorkingDirectory is { Length: > 0 } folder ? folder : "/"),
            RootDirectory = image.Root,
            Mounts = PodVolumes.Mounts(container, volumes),
            Accelerator = gpus == 0 ? "" : node.Store.Get(new ObjectKey(ResourceKinds.Node, "", pod.NodeName()))?.Json.Text("metadata", "labels", PodNeeds.AcceleratorLabel) ?? "",
            AcceleratorCount = gpus,
            Clock = node.Clock,
            Log = log.Write,
            Touch = node.Touch,
        };
        status.Set(_name, state => state with { Image = _image, ImageId = $"{_image.Split('@')[0]}@{image.Image.Digest}" });
        node.Network.Begin(pod.Uid, _name, log);
        node.Events.Normal(pod, "kubelet", "Created", $"Created container: {_name}");
        IRunningContainer? running = null;
        try
        {
            await node.Clock.PhaseAsync(StartTime, async () => running = await runtime.StartAsync(start, stopping), stopping);
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            throw new ContainerFault("RunContainerError", $"failed to start container \"{_name}\": {e.Message}");
        }
        catch (OperationCanceledException) when (running is not null)
        {
            await running.StopAsync(TimeSpan.Zero);
            await running.DisposeAsync();
            throw;
        }

        status.AddModelled(ContainerPhase, StartTime);
        return running!;
    }

    private async Task ProbeAsync(IRunningContainer running, CancellationToken cancellation)
    {
        try
        {
            if (container.Map("startupProbe") is { } startup)
            {
                var passed = false;
                await Runner(startup, running).RunAsync(
                    succeeded: () => !(passed = true), failed: _ => Kill(running, "startup"), fault => Unhealthy("Startup", fault), cancellation);
                if (!passed)
                {
                    // It is being ended, which takes a while; until then it is not ready.
                    return;
                }

                status.Set(_name, state => state with { Started = true, Ready = container.Map("readinessProbe") is null });
            }

            var readiness = container.Map("readinessProbe") is { } ready
                ? Runner(ready, running).RunAsync(() => SetReady(true), _ => SetReady(false), fault => Unhealthy("Readiness", fault), cancellation)
                : Task.CompletedTask;
            var liveness = container.Map("livenessProbe") is { } live
                ? Runner(live, running).RunAsync(() => true, _ => Kill(running, "liveness"), fault => Unhealthy("Liveness", fault), cancellation)
                : Task.CompletedTask;
            await Task.WhenAll(readiness, liveness);
        }
        catch (OperationCanceledException)
        {
            // The container ended or the pod stops.
        }
    }

    private ProbeRunner Runner(JsonObject probe, IRunningContainer running) => new(probe, container, running, podAddress, node.Http, node.Clock);

    private bool SetReady(bool ready)
    {
        status.Set(_name, state => state with { Ready = ready && state.IsRunning });
        return true;
    }

    private bool Kill(IRunningContainer running, string probe)
    {
        node.Events.Normal(pod, "kubelet", "Killing", $"Container {_name} failed {probe} probe, will be restarted");
        _ = running.StopAsync(TimeSpan.FromSeconds(pod.Json.Int(30, "spec", "terminationGracePeriodSeconds")));
        return false;
    }

    private void Unhealthy(string probe, string fault) => node.Events.Warning(pod, "kubelet", "Unhealthy", $"{probe} probe failed: {fault}");

    private async Task BackOffAsync(Backoff backoff, CancellationToken stopping)
    {
        var ended = status[_name];
        if (node.Clock.Time.GetUtcNow() - _startedAt > node.Clock.Scale(Backoff.ResetAfter))
        {
            backoff.Reset();
        }

        var last = ended.State.ContainsKey("terminated") ? ended.State.Copy() : ended.LastState;
        if (!backoff.Begun)
        {
            // The first restart comes at once; only what fails again waits.
            backoff.Begin();
            status.Set(_name, state => state with { LastState = last, RestartCount = state.RestartCount + 1 });
            return;
        }

        var wait = backoff.Next();
        var message = $"back-off {wait.TotalSeconds:0}s restarting failed container={_name} pod={pod.Name}_{pod.Namespace}({pod.Uid})";
        status.Set(_name, state => state with { LastState = last, State = ContainerState.Waiting("CrashLoopBackOff", message) });
        node.Events.Warning(pod, "kubelet", "BackOff", $"Back-off restarting failed container {_name} in pod {pod.Name}_{pod.Namespace}({pod.Uid})");
        await node.Clock.DelayAsync(wait, stopping);
        status.Set(_name, state => state with { RestartCount = state.RestartCount + 1 });
    }
}
