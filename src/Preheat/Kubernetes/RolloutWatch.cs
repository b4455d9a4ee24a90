using System.Threading.Channels;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>What a roll-out looks like at one moment.</summary>
/// <param name="ReplicaSet">The one of the current revision; null before it is made.</param>
/// <param name="Pods">Its pods, the oldest first.</param>
internal sealed record RolloutView(KubernetesObject Deployment, KubernetesObject? ReplicaSet, IReadOnlyList<KubernetesObject> Pods);

/// <summary>Watches one Deployment with its ReplicaSets and pods until it is rolled out, or cannot be. Tells changes only.</summary>
internal sealed class RolloutWatch(KubernetesClient client, KubernetesObject deployment, string labels, IEventSink events, TimeProvider time)
{
    /// <summary>The annotation that counts the revisions of a Deployment.</summary>
    public const string Revision = "deployment.kubernetes.io/revision";

    private const int MostPulls = 3;

    private static readonly KubernetesKind[] Kinds = [KubernetesKind.Deployment, KubernetesKind.ReplicaSet, KubernetesKind.Pod];

    private readonly Dictionary<string, KubernetesObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _pulls = new(StringComparer.Ordinal);
    private long _lastChange;

    /// <summary>Waits until the roll-out is complete.</summary>
    /// <param name="quietLimit">Longest time without any change. Kubernetes' own progress deadline comes before it.</param>
    /// <exception cref="PreheatException">It failed; the message has the evidence.</exception>
    public async Task<RolloutView> WaitAsync(TimeSpan quietLimit, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var changes = Channel.CreateBounded<WatchEvent>(1024);
        var watches = Kinds.Select(kind => FollowAsync(kind, changes.Writer, stop.Token)).ToArray();
        try
        {
            _lastChange = time.GetTimestamp();
            var missing = Kinds.Length;
            while (await MoreAsync(changes.Reader, quietLimit, cancellation))
            {
                while (changes.Reader.TryRead(out var change))
                    missing -= Take(change);
                if (missing <= 0 && await JudgeAsync(cancellation) is { } done)
                    return done;
            }
            // The writer ends the channel only with the failure of a watch, which the read has thrown.
            throw new PreheatException($"The watch of {deployment.Title} ended.");
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(watches);
        }
    }

    private async Task FollowAsync(KubernetesKind kind, ChannelWriter<WatchEvent> changes, CancellationToken cancellation)
    {
        try
        {
            await foreach (var change in client.WatchAsync(kind, new(deployment.Namespace, Labels: labels), cancellation))
                await changes.WriteAsync(change, cancellation);
        }
        catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
        {
        }
        catch (Exception exception)
        {
            changes.TryComplete(exception);
        }
    }

    private async Task<bool> MoreAsync(ChannelReader<WatchEvent> changes, TimeSpan quietLimit, CancellationToken cancellation)
    {
        var left = quietLimit - time.GetElapsedTime(_lastChange);
        using var limit = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            return await changes.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            var view = View();
            throw await RolloutFailure.ExplainAsync(client, view ?? new(deployment, null, []), $"nothing has changed for {quietLimit.TotalSeconds:0} s", trouble: null, cancellation);
        }
    }

    // 1 for a first list that is complete, else 0.
    private int Take(WatchEvent change)
    {
        if (change.Object is not { } seen)
            return 1;
        if (change.Change is WatchChange.Deleted)
            _objects.Remove(seen.Uid);
        else
            _objects[seen.Uid] = seen;
        return 0;
    }

    private RolloutView? View()
    {
        if (!_objects.TryGetValue(deployment.Uid, out var current))
            return null;
        var revision = current.Annotation(Revision);
        var set = _objects.Values.FirstOrDefault(item => item.Kind == KubernetesKind.ReplicaSet && item.IsOwnedBy(current) && item.Annotation(Revision) == revision);
        var pods = _objects.Values
            .Where(item => set is not null && item.Kind == KubernetesKind.Pod && item.IsOwnedBy(set))
            .OrderBy(item => item.CreatedAt)
            .ThenBy(item => item.Name, StringComparer.Ordinal);
        return new(current, set, [.. pods]);
    }

    private async Task<RolloutView?> JudgeAsync(CancellationToken cancellation)
    {
        var view = View() ?? throw new PreheatException($"{deployment.Title} was removed while it rolled out. Somebody else works on the namespace {deployment.Namespace}.");
        var progress = DeploymentProgress.Of(view.Deployment);
        Tell(view.Deployment.Title, progress.State);
        // Before the controller has seen the change, pods and revision are those of the previous one.
        if ((view.Deployment.Json.Whole("status", "observedGeneration") ?? 0) < view.Deployment.Json.Whole("metadata", "generation"))
            return null;
        foreach (var pod in view.Pods)
        {
            var report = PodReport.Of(pod);
            if (Tell(pod.Title, report.State) && report.Trouble is { Reason: "ErrImagePull" })
                _pulls[pod.Uid] = _pulls.GetValueOrDefault(pod.Uid) + 1;
            if (report.Trouble is { } trouble && (trouble.IsFinal || _pulls.GetValueOrDefault(pod.Uid) >= MostPulls))
                throw await RolloutFailure.ExplainAsync(client, view, $"{pod.Title}: {report.State}", (pod, trouble), cancellation);
        }
        if (progress.Failure is { } failure)
            throw await RolloutFailure.ExplainAsync(client, view, failure, trouble: null, cancellation);
        // The Deployment's own news may overtake its pods'; the view that is handed out has both.
        return progress.IsDone && view.Pods.Count(pod => PodReport.Of(pod).IsReady) >= (view.Deployment.Json.Whole("spec", "replicas") ?? 1) ? view : null;
    }

    // True when it is news.
    private bool Tell(string subject, string state)
    {
        if (_told.TryGetValue(subject, out var before) && before == state)
            return false;
        _told[subject] = state;
        _lastChange = time.GetTimestamp();
        events.Emit(new StateChanged(subject, state));
        return true;
    }
}
