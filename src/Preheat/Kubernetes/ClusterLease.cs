using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Preheat.Http;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>The right to change a deployment, held by one run at a time: a Lease (coordination.k8s.io/v1) named <c>preheat-DEPLOYMENT</c>, renewed while it is held.</summary>
/// <remarks>
/// Clocks differ, so a lease counts as left behind only when it was not renewed for its whole duration as seen from here (client-go's leader election does the
/// same), or when its holder was a process of this machine that is gone. So the run after one that was killed completes. A lease that is given back while it is
/// looked at was a deploy at the same time too: two runs never deploy one after the other without the second one's user knowing.
/// The holder, for its part, loses it only when it sees that somebody else has it: an answer that got lost and an API server that is away take nothing away,
/// since a renewal replaces the version that was read, so it fails when another run was faster.
/// </remarks>
internal sealed class ClusterLease : IAsyncDisposable
{
    /// <summary>Time without renewal after which anyone may take the lease.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    private const string Process = "preheat.dev/process";
    private const string Run = "preheat.dev/run";

    private static readonly TimeSpan Renewal = Duration / 3;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    /// <summary>Time for one renewal, with its retries; longer and another run takes a lease that its holder believes to have.</summary>
    private static readonly TimeSpan RenewalLimit = TimeSpan.FromSeconds(5);

    private static readonly string Holder = $"{Environment.UserName}@{Environment.MachineName}";

    private readonly KubernetesClient _client;
    private readonly string _run;
    private readonly IEventSink _events;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _lost;
    private readonly Task _renewing;
    private KubernetesObject _held;

    private ClusterLease(KubernetesClient client, KubernetesObject held, string run, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        (_client, _held, _run, _events, _time) = (client, held, run, events, time);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _renewing = RenewAsync();
    }

    /// <summary>Ends when the caller's does, and when the lease is lost.</summary>
    public CancellationToken Token => _lost.Token;

    /// <summary>Who took the lease away; null while it is held.</summary>
    public string? TakenBy { get; private set; }

    /// <summary>Name of a deployment's lease.</summary>
    public static string NameOf(string deployment) => $"preheat-{deployment}";

    /// <summary>Does work that changes a deployment, while no other run may. A dry run changes nothing, and needs no lease.</summary>
    /// <param name="target">What the user runs again when the lease cannot be had: <c>Deploy</c>.</param>
    /// <exception cref="UserException">Another run holds the lease; the message says who.</exception>
    /// <exception cref="PreheatException">Another run took it in the middle of the work, which was cancelled.</exception>
    public static async Task<T> HoldAsync<T>(
        KubernetesClient client, string deployment, string inNamespace, string target, IEventSink events, TimeProvider time, Func<CancellationToken, Task<T>> work, CancellationToken cancellation)
    {
        await using var lease = client.DryRun is null ? await TakeAsync(client, deployment, inNamespace, target, events, time, cancellation) : null;
        try
        {
            return await work(lease?.Token ?? cancellation);
        }
        catch (OperationCanceledException) when (lease?.TakenBy is { } other && !cancellation.IsCancellationRequested)
        {
            throw new PreheatException($"{other} took the deployment '{deployment}' over while this run changed it. Look with ./build.sh Status at what is there, then run {target} again.");
        }
    }

    /// <summary>Takes the lease. Null, with a warning, where leases may not be used: the work goes on without this protection.</summary>
    /// <exception cref="UserException">Another run holds it; the message says who.</exception>
    public static async Task<ClusterLease?> TakeAsync(KubernetesClient client, string deployment, string inNamespace, string target, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            if (!await client.HasKindAsync(KubernetesKind.Lease, cancellation))
                return Without(events, ": the cluster has no leases (coordination.k8s.io/v1)");
            var run = Guid.NewGuid().ToString("N");
            while (true)
            {
                var free = await WaitAsync(client, deployment, inNamespace, target, events, time, cancellation);
                // Creation fails when somebody was faster, an update when somebody changed it since: then it is looked at anew.
                if (await WriteAsync(client, Wanted(free, deployment, inNamespace, run, time), isNew: free is null, cancellation) is { } there && IsOf(there, run))
                    return new ClusterLease(client, there, run, events, time, cancellation);
            }
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            return Without(events, ": this user may not get, create, update and delete leases in coordination.k8s.io");
        }
    }

    /// <summary>Refuses while another run holds the lease, and takes nothing.</summary>
    /// <exception cref="UserException">Another run holds it; the message says who.</exception>
    public static async Task CheckAsync(KubernetesClient client, string deployment, string inNamespace, string target, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            if (await client.HasKindAsync(KubernetesKind.Lease, cancellation))
                await WaitAsync(client, deployment, inNamespace, target, events, time, cancellation);
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            events.Emit(new Warning($"Whether somebody deploys '{deployment}' now cannot be told: this user may not get leases in coordination.k8s.io."));
        }
    }

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing;
        if (TakenBy is null)
        {
            using var limit = new CancellationTokenSource(RenewalLimit, _time);
            try
            {
                // A renewal that was on its way, or somebody's note on it, has made another version; a takeover as well, and that is not ours to remove.
                for (var there = _held; there is not null && IsOf(there, _run); there = await _client.FindAsync(KubernetesKind.Lease, _held.Namespace, _held.Name, limit.Token))
                {
                    if (await _client.DeleteAsync(there, waitForDependents: false, onlyThisVersion: true, limit.Token))
                        break;
                }
            }
            catch (Exception exception) when (exception is PreheatException or OperationCanceledException)
            {
                // It ends by itself when it is not renewed.
            }
        }
        _stop.Dispose();
        _lost.Dispose();
    }

    private static ClusterLease? Without(IEventSink events, string why)
    {
        events.Emit(new Warning($"Nothing keeps two deploys apart{why}. Ask for that right, and see that nobody else deploys now."));
        return null;
    }

    private static bool IsFree(KubernetesObject lease) => string.IsNullOrEmpty(lease.Json.Text("spec", "holderIdentity"));

    private static bool IsOf(KubernetesObject lease, string run) => lease.Annotation(Run) == run && HolderOf(lease) == Holder;

    private static string HolderOf(KubernetesObject lease) => lease.Json.Text("spec", "holderIdentity") ?? "(nobody)";

    private static TimeSpan DurationOf(KubernetesObject lease) => TimeSpan.FromSeconds(lease.Json.Whole("spec", "leaseDurationSeconds") ?? (long)Duration.TotalSeconds);

    /// <summary>Looks at the lease until it can be taken, or is seen to be held. Null when there is none.</summary>
    private static async Task<KubernetesObject?> WaitAsync(KubernetesClient client, string deployment, string inNamespace, string target, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var (watched, holder, since) = ((string?)null, "", time.GetTimestamp());
        while (true)
        {
            var there = await client.FindAsync(KubernetesKind.Lease, inNamespace, NameOf(deployment), cancellation);
            if (watched is not null && there is null)
                throw new UserException($"{holder} has deployed '{deployment}' just now, while this run waited. Look with ./build.sh Status at what is there, then run {target} again.");
            var isAlive = there?.Annotation(Process) is { } process ? LocalProcess.IsAlive(process) : null;
            if (there is null || IsFree(there) || isAlive == false || (there.ResourceVersion == watched && time.GetElapsedTime(since) >= DurationOf(there)))
                return there;
            holder = HolderOf(there);
            if (isAlive == true || (watched is not null && there.ResourceVersion != watched))
                throw new UserException($"{holder} is deploying '{deployment}' at this moment (since {there.Json.Text("spec", "acquireTime")}, {there.Title} in the namespace {inNamespace}). Wait until that has ended, then run {target} again.");
            if (watched is null)
            {
                (watched, since) = (there.ResourceVersion, time.GetTimestamp());
                events.Emit(new StateChanged(there.Title, $"held by {holder}; looking whether that run still lives"));
            }
            await Task.Delay(Look, time, cancellation);
        }
    }

    private static JsonObject Wanted(KubernetesObject? there, string deployment, string inNamespace, string run, TimeProvider time)
    {
        var now = Now(time);
        var lease = new JsonObject
        {
            ["apiVersion"] = KubernetesKind.Lease.ApiVersion,
            ["kind"] = KubernetesKind.Lease.Kind,
            ["metadata"] = new JsonObject
            {
                ["name"] = NameOf(deployment),
                ["namespace"] = inNamespace,
                ["labels"] = new JsonObject { [ManifestChecks.DeploymentLabel] = deployment, [ManifestChecks.ManagedByLabel] = ManifestChecks.Manager },
                ["annotations"] = new JsonObject { [Process] = LocalProcess.Current, [Run] = run },
            },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = Holder,
                ["leaseDurationSeconds"] = (int)Duration.TotalSeconds,
                ["acquireTime"] = now,
                ["renewTime"] = now,
                ["leaseTransitions"] = there is null ? 0 : (there.Json.Whole("spec", "leaseTransitions") ?? 0) + 1,
            },
        };
        if (there is not null)
            lease["metadata"]!["resourceVersion"] = there.ResourceVersion;
        return lease;
    }

    /// <summary>The lease after a try to write it: as written, else as it is. A write whose answer got lost is in the way of its own retry.</summary>
    private static async Task<KubernetesObject?> WriteAsync(KubernetesClient client, JsonObject lease, bool isNew, CancellationToken cancellation) =>
        await client.TryWriteAsync(lease, isNew, cancellation)
        ?? await client.FindAsync(KubernetesKind.Lease, lease.Text("metadata", "namespace"), lease.Text("metadata", "name")!, cancellation);

    // MicroTime: RFC 3339 with exactly six digits.
    private static string Now(TimeProvider time) => time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private async Task RenewAsync()
    {
        var (renewed, wait) = (_time.GetTimestamp(), Renewal);
        try
        {
            while (TakenBy is null)
            {
                await Task.Delay(wait, _time, _stop.Token);
                wait = Look;
                using var limit = new CancellationTokenSource(RenewalLimit, _time);
                using var either = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, limit.Token);
                try
                {
                    var lease = (JsonObject)_held.Json.DeepClone();
                    lease["spec"]!["renewTime"] = Now(_time);
                    var there = await WriteAsync(_client, lease, isNew: false, either.Token);
                    if (there is not null && IsOf(there, _run))
                        (_held, renewed, wait) = (there, _time.GetTimestamp(), Renewal);
                    else
                        await LoseAsync(there is null ? "somebody who removed its lease" : HolderOf(there));
                }
                catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
                {
                    Without(_events, " from now on: this user may not update leases in coordination.k8s.io");
                    return;
                }
                catch (KubernetesApiException exception) when (!HttpPipeline.IsTransient(exception.Status) && _time.GetElapsedTime(renewed) >= Duration)
                {
                    await LoseAsync($"an unknown run, since the lease could not be renewed for longer than it lasts ({exception.Message}),");
                }
                catch (Exception exception) when (exception is PreheatException || (exception is OperationCanceledException && !_stop.IsCancellationRequested))
                {
                    // The API server is away, or the way to it. Who holds the lease by then is seen once it answers: until then nothing can be changed there either.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private Task LoseAsync(string taker)
    {
        TakenBy = taker;
        return _lost.CancelAsync();
    }
}
