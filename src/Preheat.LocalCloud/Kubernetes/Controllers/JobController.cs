using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Preheat.LocalCloud.Clocks;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>
/// Runs a Job's pods to completion (https://kubernetes.io/docs/concepts/workloads/controllers/job/). Completions have no index of their own
/// (<c>Indexed</c> runs as <c>NonIndexed</c>).
/// </summary>
internal sealed class JobController(ObjectStore store, InfrastructureClock clock, EventRecorder events, PodFactory pods, Deletion deletion, Overrun overrun) : Controller(store, clock)
{
    private const string Component = "job-controller";

    /// <summary>Annotation with the start in microseconds: the status holds whole seconds only.</summary>
    private const string StartedAt = "preheat.dev/started-at";

    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(10);

    /// <summary>Overrun when a job was first seen: what real work took since does not count against its deadline.</summary>
    private readonly ConcurrentDictionary<string, TimeSpan> _overruns = new(StringComparer.Ordinal);

    protected override IEnumerable<ObjectKey> Concerned(StoreChange change) =>
        change.Object.Key.Kind == ResourceKinds.Job ? [change.Object.Key]
        : change.Object.Key.Kind == ResourceKinds.Pod && ControllerOf(change.Object, ResourceKinds.Job) is { } owner ? [owner] : [];

    protected override IEnumerable<ObjectKey> Present() => Store.List(ResourceKinds.Job).Select(item => item.Key);

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken stopping)
    {
        if (Store.Get(key) is { Deleting: false } job)
        {
            if (Conditions.IsTrue(job.Json, "Complete") || Conditions.IsTrue(job.Json, "Failed"))
            {
                RemoveWhenDue(job);
            }
            else
            {
                Run(job);
            }
        }

        return Task.CompletedTask;
    }

    private static DateTimeOffset? Time(JsonNode? json, params ReadOnlySpan<string> path) => KubeJson.TryTime(json.Text(path), out var time) ? time : null;

    private void RemoveWhenDue(StoredObject job)
    {
        if (job.Json.Number("spec", "ttlSecondsAfterFinished") is not { } ttl)
        {
            return;
        }

        var ended = Time(job.Json, "status", "completionTime") ?? Time(job.Json.Condition("Failed"), "lastTransitionTime") ?? Clock.Time.GetUtcNow();
        var left = ended + Clock.Scale(TimeSpan.FromSeconds(ttl)) - Clock.Time.GetUtcNow();
        if (left > TimeSpan.Zero)
        {
            EnqueueAfter(job.Key, left);
        }
        else
        {
            deletion.Delete(job.Key, DeleteOptions.Background);
        }
    }

    private void Run(StoredObject job)
    {
        var now = Clock.Time.GetUtcNow();
        var owned = Store.OwnedBy(job.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod).ToList();
        var active = owned.Where(pod => pod.IsActive()).ToList();
        var succeeded = owned.Count(pod => pod.Json.Text("status", "phase") == "Succeeded");
        var failed = owned.Where(pod => pod.Json.Text("status", "phase") == "Failed").ToList();
        var suspended = job.Json.Flag("spec", "suspend");
        var fault = suspended ? null : Fault(job, now, active, failed.Count);
        var completions = job.Json.Number("spec", "completions");
        var complete = completions is { } wanted ? succeeded >= wanted : succeeded > 0 && active.Count == 0;
        if (fault is not null || suspended || complete)
        {
            active.ForEach(pod => pods.Delete(job, pod, Component));
        }
        else
        {
            Balance(job, now, active, failed, succeeded, completions);
        }

        Write(job, now, owned, fault, complete, suspended);
    }

    /// <summary>Why the job has failed; null while it has not.</summary>
    private (string Reason, string Message)? Fault(StoredObject job, DateTimeOffset now, List<StoredObject> active, int failed)
    {
        if (job.Json.Condition("FailureTarget") is { } decided)
        {
            return (decided.Text("reason")!, decided.Text("message")!);
        }

        // With OnFailure the pod stays and its containers start again: those starts count.
        var limit = job.Json.Int(6, "spec", "backoffLimit");
        var restarts = job.Json.Text("spec", "template", "spec", "restartPolicy") == "OnFailure"
            ? active.Sum(pod => pod.Json.Objects("status", "containerStatuses").Concat(pod.Json.Objects("status", "initContainerStatuses")).Sum(status => status.Int(0, "restartCount"))) : 0;
        if (failed > limit || (restarts > 0 && restarts >= limit))
        {
            return ("BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (job.Json.Number("spec", "activeDeadlineSeconds") is not { } seconds)
        {
            return null;
        }

        var begun = Time(job.Json, "metadata", "annotations", StartedAt) ?? now;
        var left = begun + Clock.Scale(TimeSpan.FromSeconds(seconds)) + (overrun.Total - _overruns.GetOrAdd(job.Uid, overrun.Total)) - now;
        if (left <= TimeSpan.Zero)
        {
            return ("DeadlineExceeded", "Job was active longer than specified deadline");
        }

        EnqueueAfter(job.Key, left);
        return null;
    }

    private void Balance(StoredObject job, DateTimeOffset now, List<StoredObject> active, List<StoredObject> failed, int succeeded, long? completions)
    {
        var parallelism = job.Json.Int(1, "spec", "parallelism");
        var wanted = completions is { } total ? (int)Math.Min(parallelism, total - succeeded) : succeeded > 0 ? active.Count : parallelism;
        foreach (var pod in active.OrderBy(pod => pod.IsReady()).ThenByDescending(pod => pod.Created()).Take(Math.Max(0, active.Count - wanted)))
        {
            pods.Delete(job, pod, Component);
        }

        if (active.Count >= wanted || Backoff(job, now, failed) is { } wait && wait > TimeSpan.Zero)
        {
            return;
        }

        for (var missing = wanted - active.Count; missing > 0; missing--)
        {
            try
            {
                pods.Create(job, Component);
            }
            catch (ApiException)
            {
                EnqueueAfter(job.Key, Clock.Scale(FirstBackoff));
                return;
            }
        }
    }

    /// <summary>How long the next pod waits after failures: 10 s, doubled each time, ten minutes at most.</summary>
    private TimeSpan? Backoff(StoredObject job, DateTimeOffset now, List<StoredObject> failed)
    {
        if (failed.Count == 0)
        {
            return null;
        }

        var last = failed.Max(pod => pod.Json.Objects("status", "containerStatuses").Select(status => Time(status, "state", "terminated", "finishedAt")).Max()) ?? now;
        var wait = FirstBackoff * Math.Pow(2, Math.Min(failed.Count - 1, 10));
        var left = last + Clock.Scale(wait < LongestBackoff ? wait : LongestBackoff) - now;
        if (left > TimeSpan.Zero)
        {
            EnqueueAfter(job.Key, left);
        }

        return left;
    }

    private void Write(StoredObject job, DateTimeOffset now, List<StoredObject> before, (string Reason, string Message)? fault, bool complete, bool suspended)
    {
        var owned = Store.OwnedBy(job.Uid).Where(item => item.Key.Kind == ResourceKinds.Pod).ToList();
        var settled = owned.TrueForAll(pod => pod.IsEnded()) && before.TrueForAll(pod => pod.IsEnded() || owned.TrueForAll(other => other.Uid != pod.Uid));
        var (ended, failure) = (false, false);
        Store.Update(job.Key, json =>
        {
            var status = json.Ensure("status");
            if (!suspended && status["startTime"] is null)
            {
                status["startTime"] = KubeJson.Seconds(now);
                json.Ensure("metadata", "annotations")[StartedAt] = KubeJson.Micros(now);
            }

            status.SetCount("active", owned.Count(pod => pod.IsActive()));
            status["ready"] = owned.Count(pod => pod.IsActive() && pod.IsReady());
            status["terminating"] = owned.Count(pod => pod.Deleting && !pod.IsEnded());
            status.SetCount("succeeded", owned.Count(pod => pod.Json.Text("status", "phase") == "Succeeded"));
            status.SetCount("failed", owned.Count(pod => pod.Json.Text("status", "phase") == "Failed"));
            status["uncountedTerminatedPods"] = new JsonObject();
            if (suspended || json.Condition("Suspended") is not null)
            {
                Conditions.Set(json, "Suspended", suspended, suspended ? "JobSuspended" : "JobResumed", suspended ? "Job suspended" : "Job resumed", now);
            }

            if (fault is { } why)
            {
                Conditions.Set(json, "FailureTarget", status: true, why.Reason, why.Message, now);
                failure = settled && Conditions.Set(json, "Failed", status: true, why.Reason, why.Message, now);
            }
            else if (complete)
            {
                const string Reached = "Reached expected number of succeeded pods";
                Conditions.Set(json, "SuccessCriteriaMet", status: true, "CompletionsReached", Reached, now);
                if (settled)
                {
                    ended = Conditions.Set(json, "Complete", status: true, "CompletionsReached", Reached, now);
                    status["completionTime"] = KubeJson.Seconds(now);
                }
            }

            return true;
        });
        if (ended)
        {
            events.Normal(job, Component, "Completed", "Job completed");
        }
        else if (failure)
        {
            events.Warning(job, Component, fault!.Value.Reason, fault.Value.Message);
        }
    }
}
