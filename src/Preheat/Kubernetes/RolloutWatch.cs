using System.Threading.Channels;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>What a roll-out looks like at one moment.</summary>
/// <param name="ReplicaSet">The one of the current revision; null before it is made.</param>
/// <param name="Pods">Its pods, the oldest first.</param>
internal sealed record RolloutView(KubernetesObject Deployment, KubernetesObject? ReplicaSet, IReadOnlyList<KubernetesObject> Pods);

/// <summary>Watches one Deployment with its ReplicaSets and pods until it is rolled out, or cannot be. Tells changes only.</summary>
/// <param name="applied">The Deployment, before and after what is to be rolled out was applied.</param>
internal sealed class RolloutWatch(KubernetesClient client, ObjectChange applied, string labels, RolloutLive live, IEventSink events, TimeProvider time)
{
    /// <summary>The annotation that counts the revisions of a Deployment.</summary>
    public const string Revision = "deployment.kubernetes.io/revision";

    private const string Server = "API server";
    private const int MostPulls = 3;

    // While nothing changes, this often the events tell why: the scheduler's and the autoscaler's words are in no status.
    private static readonly TimeSpan Glance = TimeSpan.FromSeconds(10);

    // Nobody sees more pictures than these; thousands of pods tell more often.
    private static readonly TimeSpan Blink = TimeSpan.FromMilliseconds(100);

    private static readonly KubernetesKind[] Kinds = [KubernetesKind.Deployment, KubernetesKind.ReplicaSet, KubernetesKind.Pod];

    private readonly KubernetesObject _deployment = applied.After;
    private readonly RolloutStart _start = new(applied);
    private readonly Dictionary<string, KubernetesObject> _objects = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _told = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _pulls = new(StringComparer.Ordinal);
    private readonly Dictionary<string, long> _missing = new(StringComparer.Ordinal);
    private readonly PodPhases _phases = new(client, time);
    private (string Pod, string Text)? _trouble;
    private ServerOutage.Away? _away;
    private long _lastChange;
    private long _lastGlance;
    private long _lastShow;

    /// <summary>Waits until the roll-out is complete.</summary>
    /// <exception cref="RolloutFailedException">It failed; the message has the evidence.</exception>
    /// <exception cref="PreheatException">What becomes of it is not known: the API server is away for longer than <see cref="PhaseLimits.Outage"/>, or lets nobody look any more.</exception>
    public async Task<RolloutView> WaitAsync(PhaseLimits limits, CancellationToken cancellation)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        var changes = Channel.CreateBounded<WatchEvent>(1024);
        limits = limits with { Outage = limits.Outage < client.OutageLimit ? limits.Outage : client.OutageLimit };
        var outage = new ServerOutage(limits.Outage, time);
        var watches = Kinds.Select(kind => FollowAsync(kind, outage, changes.Writer, stop.Token)).ToArray();
        try
        {
            var began = _lastChange = time.GetTimestamp();
            live.Begin();
            var (missing, isNews) = (Kinds.Length, false);
            while (true)
            {
                await WaitAsync(changes.Reader, cancellation);
                while (changes.Reader.TryRead(out var change))
                {
                    missing -= Take(change);
                    isNews = true;
                }
                var isLate = limits.Whole is { } most && time.GetElapsedTime(began) > most;
                if (outage.Now is { } away)
                {
                    if (isLate)
                        throw RolloutFailure.Unknown(_deployment, new PreheatException(away.Why));
                    TellOutage(away, limits);
                    continue;
                }
                TellOutage(null, limits);
                if (limits.Whole is { } whole && isLate)
                    throw await RolloutFailure.ExplainAsync(client, View() ?? new(_deployment, null, []), $"it is not complete after {Spans.Text(whole)}", trouble: null, cancellation, RolloutTimeouts.More(whole));
                if (missing > 0)
                    continue;
                if (isNews && await JudgeAsync(limits, cancellation) is { } done)
                {
                    _lastShow = 0;
                    Show(limits);
                    return done;
                }
                isNews = false;
                await GlanceAsync(limits, cancellation);
                Show(limits);
            }
        }
        finally
        {
            await stop.CancelAsync();
            await Task.WhenAll(watches);
        }
    }

    private async Task FollowAsync(KubernetesKind kind, ServerOutage outage, ChannelWriter<WatchEvent> changes, CancellationToken cancellation)
    {
        try
        {
            await foreach (var change in client.WatchAsync(kind, new(_deployment.Namespace, Labels: labels), outage, cancellation))
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

    // Until something comes, or for a moment.
    private async Task WaitAsync(ChannelReader<WatchEvent> changes, CancellationToken cancellation)
    {
        using var limit = new CancellationTokenSource(Step, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellation);
        try
        {
            // The writer ends the channel only with the failure of a watch, which this throws.
            await changes.WaitToReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
        }
        catch (PreheatException failure)
        {
            throw RolloutFailure.Unknown(_deployment, failure);
        }
    }

    // The time of an outage counts for nothing: kubelets and controllers wait for the server too.
    private void TellOutage(ServerOutage.Away? now, PhaseLimits limits)
    {
        if (now is not null && _away is null)
            events.Emit(new StateChanged(Server, $"does not answer since {now.Since:HH:mm:ss} UTC; waiting for it, at most {Spans.Text(limits.Outage)} ({now.Why})"));
        if (now is null && _away is { } over)
        {
            var spent = time.GetElapsedTime(over.Began);
            events.Emit(new StateChanged(Server, $"answers again, after {Spans.Text(spent)}"));
            _phases.Prolong(spent);
            foreach (var pod in _missing.Keys.ToList())
                _missing[pod] = time.GetTimestamp();
            _lastChange = time.GetTimestamp();
        }
        _away = now;
    }

    private static TimeSpan Step => TimeSpan.FromMilliseconds(500);

    // 1 for a first list that is complete, else 0.
    private int Take(WatchEvent change)
    {
        if (change.Object is not { } seen)
            return 1;
        if (change.Change is WatchChange.Deleted)
            _objects.Remove(seen.Uid);
        else
            _objects[seen.Uid] = seen;
        if (seen.Uid == _deployment.Uid)
            _start.Take(seen);
        return 0;
    }

    private RolloutView? View()
    {
        if (!_objects.TryGetValue(_deployment.Uid, out var current))
            return null;
        var revision = current.Annotation(Revision);
        var set = !_start.HasRevision(current) ? null : _objects.Values.FirstOrDefault(item => item.Kind == KubernetesKind.ReplicaSet && item.IsOwnedBy(current) && item.Annotation(Revision) == revision);
        var pods = _objects.Values
            .Where(item => set is not null && item.Kind == KubernetesKind.Pod && item.IsOwnedBy(set))
            .OrderBy(item => item.CreatedAt)
            .ThenBy(item => item.Name, StringComparer.Ordinal);
        return new(current, set, [.. pods]);
    }

    private async Task<RolloutView?> JudgeAsync(PhaseLimits limits, CancellationToken cancellation)
    {
        var view = View() ?? throw new PreheatException($"{_deployment.Title} was removed while it rolled out. Somebody else works on the namespace {_deployment.Namespace}.");
        var progress = _start.ProgressOf(view.Deployment);
        Tell(view.Deployment.Title, progress.State);
        // Before the controller has seen the change, pods and revision are those of the previous one.
        if (ObjectProgress.IsUnseen(view.Deployment))
            return null;
        foreach (var pod in view.Pods)
        {
            var report = PodReport.Of(pod);
            _phases.Take(pod);
            if (Tell(pod.Title, report.State) && report.Trouble is { Reason: "ErrImagePull" })
                _pulls[pod.Uid] = _pulls.GetValueOrDefault(pod.Uid) + 1;
            if (report.Trouble is not { MayPass: true })
                _missing.Remove(pod.Uid);
            else
                _missing.TryAdd(pod.Uid, time.GetTimestamp());
            if (report.Trouble is not null)
                _trouble = (pod.Uid, $"{pod.Title}: {report.State}");
            if (report.Trouble is { } trouble && (trouble.IsFinal || _pulls.GetValueOrDefault(pod.Uid) >= MostPulls))
                throw await RolloutFailure.ExplainAsync(client, view, $"{pod.Title}: {report.State}", (pod, trouble), cancellation);
        }
        if (progress.Failure is { } failure)
            throw await RolloutFailure.ExplainAsync(client, view, failure, trouble: null, cancellation, _start.IsLate(view.Deployment) ? MoreTime(view, limits) : null);
        // The Deployment's own news may overtake its pods'; the view that is handed out has both.
        return progress.IsDone && view.Pods.Count(pod => PodReport.Of(pod).IsReady) >= (view.Deployment.Json.Whole("spec", "replicas") ?? 1) ? view : null;
    }

    private void Show(PhaseLimits limits)
    {
        if ((_lastShow != 0 && time.GetElapsedTime(_lastShow) < Blink) || View() is not { } view)
            return;
        _lastShow = time.GetTimestamp();
        var isSeen = !ObjectProgress.IsUnseen(view.Deployment);
        if (_trouble is { } trouble && !Waited(view).Any(pod => pod.Uid == trouble.Pod && !PodReport.Of(pod).IsReady))
            _trouble = null;
        live.Show(view, _start.ProgressOf(view.Deployment).State, isSeen ? [.. Waited(view).Select(pod => _phases.Picture(pod, limits))] : [], _trouble?.Text);
    }

    // Kubernetes' own deadline is over: what would have it wait longer for the pod that is waited for.
    private string? MoreTime(RolloutView view, PhaseLimits limits) =>
        Waited(view).Where(pod => !PodReport.Of(pod).IsReady && _phases.Knows(pod)).Select(pod => _phases.Picture(pod, limits).Phase).Select(phase => limits.Of(phase) is { } limit ? RolloutTimeouts.More(phase, limit) : null).FirstOrDefault();

    // A pod that has ended (evicted, refused by its node, on a Spot machine that went) stays listed while another takes its place.
    private static IEnumerable<KubernetesObject> Waited(RolloutView view) => view.Pods.Where(pod => !pod.IsDeleting && !PodReport.IsOver(pod));

    // Is a limit over, and what do events and logs say?
    private async Task GlanceAsync(PhaseLimits limits, CancellationToken cancellation)
    {
        if (time.GetElapsedTime(_lastChange) > limits.Quiet)
            throw await RolloutFailure.ExplainAsync(client, View() ?? new(_deployment, null, []), $"nothing has changed for {limits.Quiet.TotalSeconds:0} s", trouble: null, cancellation, View() is { } quiet ? MoreTime(quiet, limits) : null);
        if (View() is not { } view || ObjectProgress.IsUnseen(view.Deployment))
            return;
        var waiting = Waited(view).Where(pod => !PodReport.Of(pod).IsReady).ToList();
        foreach (var pod in waiting)
        {
            if (_missing.TryGetValue(pod.Uid, out var since) && time.GetElapsedTime(since) > limits.Missing && PodReport.Of(pod) is { Trouble: { } lack } report)
                throw await RolloutFailure.ExplainAsync(client, view, $"{pod.Title}: {report.State}", (pod, lack), cancellation);
            if (_phases.Picture(pod, limits) is { Limit: { } limit } picture && time.GetUtcNow() - picture.Since > limit)
            {
                var why = $"{pod.Title} is in the phase '{picture.Phase.Text()}' for longer than {Spans.Text(limit)}: {PodReport.Of(pod).State}";
                throw await RolloutFailure.ExplainAsync(client, view, why, PodReport.Of(pod).Trouble is { } trouble ? (pod, trouble) : null, cancellation, RolloutTimeouts.More(picture.Phase, limits.Of(picture.Phase) ?? limit));
            }
        }
        await _phases.LookAsync(waiting, cancellation);
        if (waiting.Count == 0 || (_lastGlance != 0 && time.GetElapsedTime(_lastGlance) < Glance))
            return;
        _lastGlance = time.GetTimestamp();
        try
        {
            var said = await client.EventsAsync(waiting[0], cancellation);
            if (said.LastOrDefault(item => item.Json.Text("type") == "Warning" || item.Json.Text("reason") is "NotTriggerScaleUp" or "TriggeredScaleUp") is { } last)
            {
                var text = $"{last.Json.Text("reason")}: {last.Json.Text("message")}";
                var rule = RolloutFailure.SurgeOf(view, [text]) ?? TroubleRule.For([text]);
                var told = rule is null ? text : $"{rule.Why} ({text})";
                if (_told.GetValueOrDefault(waiting[0].Title + " event") is var before && before != text)
                    events.Emit(new StateChanged(waiting[0].Title, told));
                _trouble = (waiting[0].Uid, $"{waiting[0].Title}: {told}");
                _told[waiting[0].Title + " event"] = text;
            }
        }
        catch (PreheatException)
        {
            // Without the right to read events the status alone has to do.
        }
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
