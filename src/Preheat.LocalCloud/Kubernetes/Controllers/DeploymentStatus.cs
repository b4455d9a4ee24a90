using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Writes a Deployment's status, with the condition <c>Progressing</c> and its deadline. The deadline is infrastructure time; real work that
/// took longer than the phase it stands for does not count against it.
/// </summary>
internal sealed class DeploymentStatus(ObjectStore store, InfrastructureClock clock, Overrun overrun)
{
    private const string Complete = "NewReplicaSetAvailable";
    private const string Paused = "DeploymentPaused";
    private const string Exceeded = "ProgressDeadlineExceeded";

    private readonly Dictionary<string, Progress> _progress = [];

    /// <summary>How long until the status may change by waiting alone; null when it does not.</summary>
    public TimeSpan? Write(StoredObject deployment, RolloutView view)
    {
        var now = clock.Time.GetUtcNow();
        TimeSpan? again = view.NextAvailable - now;
        store.Update(deployment.Key, json =>
        {
            var earlier = json.Map("status")?.Copy();
            var status = json.Ensure("status");
            status["observedGeneration"] = json.Number("metadata", "generation");
            status.SetCount("replicas", view.Replicas);
            status.SetCount("updatedReplicas", view.Updated);
            status.SetCount("readyReplicas", view.Ready);
            status.SetCount("availableReplicas", view.Available);
            status.SetCount("unavailableReplicas", view.Unavailable);
            var available = view.Available >= view.Desired - view.MaxUnavailable;
            Conditions.Set(json, "Available", available, available ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
                available ? "Deployment has minimum availability." : "Deployment does not have minimum availability.", now, updateTime: true);
            if (view.Current?.Json.Condition(ReplicaSetController.ReplicaFailure) is { } failure)
            {
                Conditions.Set(json, ReplicaSetController.ReplicaFailure, status: true, failure.Text("reason")!, failure.Text("message")!, now, updateTime: true);
            }
            else
            {
                Conditions.Remove(json, ReplicaSetController.ReplicaFailure);
            }

            if (deployment.Json.Flag("spec", "paused"))
            {
                // The clock of the deadline stands still, and begins anew afterwards.
                _progress.Remove(deployment.Uid);
                Conditions.Set(json, "Progressing", "Unknown", Paused, "Deployment is paused", now, updateTime: true);
            }
            else if (view.Current is { } set)
            {
                var advanced = view.Updated > earlier.Int(0, "updatedReplicas") || view.Ready > earlier.Int(0, "readyReplicas") || view.Available > earlier.Int(0, "availableReplicas")
                    || view.Replicas - view.Updated < earlier.Int(0, "replicas") - earlier.Int(0, "updatedReplicas");
                var (reason, wait) = Judge(deployment, view, set, json.Condition("Progressing").Text("reason"), advanced, now);
                Conditions.Set(json, "Progressing", reason != Exceeded, reason, Message(reason, set.Name), now, updateTime: true);
                again = wait is null ? again : again is null || wait < again ? wait : again;
            }

            return true;
        });
        return again;
    }

    private (string Reason, TimeSpan? Wait) Judge(StoredObject deployment, RolloutView view, StoredObject set, string? before, bool advanced, DateTimeOffset now)
    {
        if (view.IsComplete)
        {
            _progress[deployment.Uid] = new Progress(set.Uid, now, overrun.Total);
            return (Complete, null);
        }

        var known = _progress.GetValueOrDefault(deployment.Uid);
        if (known?.Set != set.Uid || advanced)
        {
            // Also after a restart: the clock of the deadline begins anew.
            var begun = known?.Set != set.Uid && before is not (null or Complete or Exceeded or Paused) ? before : null;
            _progress[deployment.Uid] = known = new Progress(set.Uid, now, overrun.Total);
            if (!advanced)
            {
                return (begun ?? "NewReplicaSetCreated", Deadline(deployment, known) - now);
            }
        }
        else if (before is Complete or Exceeded)
        {
            // A roll-out that was done once is not failed by a pod that falls over later.
            return (before, null);
        }

        var deadline = Deadline(deployment, known!);
        return now >= deadline ? (Exceeded, null) : (before is null || advanced ? "ReplicaSetUpdated" : before, deadline - now);
    }

    private DateTimeOffset Deadline(StoredObject deployment, Progress progress) =>
        progress.Since + clock.Scale(TimeSpan.FromSeconds(deployment.Json.Int(600, "spec", "progressDeadlineSeconds"))) + (overrun.Total - progress.Overrun);

    private static string Message(string reason, string set) => reason switch
    {
        Complete => $"ReplicaSet \"{set}\" has successfully progressed.",
        Exceeded => $"ReplicaSet \"{set}\" has timed out progressing.",
        "NewReplicaSetCreated" => $"Created new replica set \"{set}\"",
        _ => $"ReplicaSet \"{set}\" is progressing.",
    };

    private sealed record Progress(string Set, DateTimeOffset Since, TimeSpan Overrun);
}

/// <summary>Sum of the time by which real work (reading and unpacking of images) took longer than the modelled phase it stands for.</summary>
internal sealed class Overrun
{
    private long _ticks;

    public TimeSpan Total => TimeSpan.FromTicks(Interlocked.Read(ref _ticks));

    public void Add(TimeSpan time)
    {
        if (time > TimeSpan.Zero)
        {
            Interlocked.Add(ref _ticks, time.Ticks);
        }
    }
}
