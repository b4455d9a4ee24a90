using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Controllers;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Pods;

/// <summary>Collects the states of a pod's containers and writes the pod's status from them.</summary>
internal sealed class PodStatus
{
    private readonly Lock _lock = new();
    private readonly ObjectStore _store;
    private readonly TimeProvider _time;
    private readonly StoredObject _pod;
    private readonly List<string> _initNames;
    private readonly List<string> _names;
    private readonly Dictionary<string, ContainerState> _states = new(StringComparer.Ordinal);
    private readonly Dictionary<string, double> _modelled = new(StringComparer.Ordinal);
    private readonly string _address;
    private bool _initialized;
    private bool _frozen;

    public PodStatus(ObjectStore store, TimeProvider time, StoredObject pod, string address)
    {
        (_store, _time, _pod, _address) = (store, time, pod, address);
        _initNames = [.. pod.Json.Objects("spec", "initContainers").Select(container => container.Text("name") ?? "")];
        _names = [.. pod.Json.Objects("spec", "containers").Select(container => container.Text("name") ?? "")];
        foreach (var container in pod.Json.Objects("spec", "initContainers").Concat(pod.Json.Objects("spec", "containers")))
        {
            var name = container.Text("name") ?? "";
            _states[name] = Restored(name, container.Text("image") ?? "");
        }

        _initialized = _initNames.Count == 0;
    }

    public ContainerState this[string container]
    {
        get
        {
            lock (_lock)
            {
                return _states[container];
            }
        }
    }

    /// <summary>Changes one container's state and writes the pod's status.</summary>
    public void Set(string container, Func<ContainerState, ContainerState> change)
    {
        lock (_lock)
        {
            _states[container] = change(_states[container]);
            Write();
        }
    }

    /// <summary>All init containers have succeeded.</summary>
    public void Initialized()
    {
        lock (_lock)
        {
            _initialized = true;
            Write();
        }
    }

    /// <summary>Adds modelled time of a phase to the pod's annotation <c>preheat.dev/simulated-seconds.PHASE</c>.</summary>
    public void AddModelled(string phase, TimeSpan modelled)
    {
        lock (_lock)
        {
            _modelled[phase] = _modelled.GetValueOrDefault(phase) + modelled.TotalSeconds;
            Write();
        }
    }

    /// <summary>Nothing is written from here on: the program ends, and the next one reads what was.</summary>
    public void Freeze()
    {
        lock (_lock)
        {
            _frozen = true;
        }
    }

    public void Publish()
    {
        lock (_lock)
        {
            Write();
        }
    }

    /// <summary>A container of an earlier run of this program: it ended with it, as on a node that was restarted.</summary>
    private ContainerState Restored(string name, string image)
    {
        var earlier = _pod.Json.Objects("status", "containerStatuses").Concat(_pod.Json.Objects("status", "initContainerStatuses")).FirstOrDefault(item => item.Text("name") == name);
        var state = new ContainerState(name, image) { State = ContainerState.Waiting(_initNames.Count > 0 && _names.Contains(name) ? "PodInitializing" : "ContainerCreating", "") };
        if (earlier is null)
        {
            return state;
        }

        var ran = earlier.Map("state", "running") is { } running;
        return state with
        {
            RestartCount = earlier.Int(0, "restartCount") + (ran ? 1 : 0),
            LastState = ran
                ? ContainerState.Terminated(255, "Unknown", "", KubeJson.TryTime(earlier.Text("state", "running", "startedAt"), out var started) ? started : null, _time.GetUtcNow())
                : earlier.Map("lastState")?.Copy() ?? [],
        };
    }

    private void Write()
    {
        if (_frozen)
        {
            return;
        }

        var now = _time.GetUtcNow();
        _store.Update(_pod.Key, json =>
        {
            if (json.Text("metadata", "uid") != _pod.Uid)
            {
                return false;
            }

            var containers = _names.Select(name => _states[name]).ToList();
            var waiting = containers.Where(state => !state.Ready).Select(state => state.Name).ToList();
            var status = json.Ensure("status");
            status["phase"] = Phase(json, containers);
            status["hostIP"] = _store.Get(new ObjectKey(ResourceKinds.Node, "", _pod.NodeName()))?.Json.Objects("status", "addresses").FirstOrDefault().Text("address");
            status["podIP"] = _address;
            status["podIPs"] = new JsonArray(new JsonObject { ["ip"] = _address });
            if (status["startTime"] is null)
            {
                status["startTime"] = KubeJson.Seconds(now);
            }

            status["containerStatuses"] = new JsonArray([.. containers.Select(state => (JsonNode)state.ToJson())]);
            if (_initNames.Count > 0)
            {
                status["initContainerStatuses"] = new JsonArray([.. _initNames.Select(name => (JsonNode)_states[name].ToJson())]);
            }

            Conditions.Set(json, "Initialized", _initialized, _initialized ? "" : "ContainersNotInitialized", _initialized ? "" : "containers with incomplete status", now);
            var ready = waiting.Count == 0;
            var ended = status.Text("phase") is "Succeeded" or "Failed";
            var reason = ready ? "" : ended ? "PodCompleted" : "ContainersNotReady";
            var message = ready || ended ? "" : $"containers with unready status: [{string.Join(' ', waiting)}]";
            Conditions.Set(json, "ContainersReady", ready, reason, message, now);
            if (Conditions.Set(json, "Ready", ready, reason, message, now) && ready)
            {
                json.Ensure("metadata", "annotations")[PodState.ReadyTime] = KubeJson.Micros(now);
            }

            foreach (var (phase, seconds) in _modelled)
            {
                json.Ensure("metadata", "annotations")[$"{EventRecorder.SimulatedSeconds}.{phase}"] = EventRecorder.Seconds(TimeSpan.FromSeconds(seconds));
            }

            return true;
        });
    }

    private string Phase(JsonObject pod, List<ContainerState> containers)
    {
        var policy = pod.Text("spec", "restartPolicy") ?? "Always";
        if (policy != "Always" && _initNames.Exists(name => _states[name].ExitCode is > 0) && policy == "Never")
        {
            return "Failed";
        }

        if (policy != "Always" && containers.TrueForAll(state => state.ExitCode is not null && (policy == "Never" || state.ExitCode == 0)))
        {
            return containers.TrueForAll(state => state.ExitCode == 0) ? "Succeeded" : "Failed";
        }

        return _initialized && containers.Exists(state => state.IsRunning || state.ExitCode is not null || state.RestartCount > 0) ? "Running" : "Pending";
    }
}
