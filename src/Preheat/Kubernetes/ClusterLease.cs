using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>The right to change a deployment, held by one run at a time: a Lease (coordination.k8s.io/v1) named <c>preheat-DEPLOYMENT</c>, renewed while it is held.</summary>
/// <remarks>
/// Clocks differ, so a lease counts as left behind only when it was not renewed for its whole duration as seen from here (client-go's leader election does the
/// same), or when its holder was a process of this machine that is gone. So the run after one that was killed completes. A lease that is given back while it is
/// looked at was a deploy at the same time too: two runs never deploy one after the other without the second one's user knowing.
/// </remarks>
internal sealed class ClusterLease : IAsyncDisposable
{
    /// <summary>Time without renewal after which anyone may take the lease.</summary>
    public static readonly TimeSpan Duration = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan Renewal = Duration / 3;
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);
    private const string Process = "preheat.dev/process";

    private readonly KubernetesClient _client;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _stop = new();
    private readonly CancellationTokenSource _lost;
    private readonly Task _renewing;
    private KubernetesObject _held;

    private ClusterLease(KubernetesClient client, KubernetesObject held, TimeProvider time, CancellationToken cancellation)
    {
        (_client, _held, _time) = (client, held, time);
        _lost = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _renewing = RenewAsync();
    }

    /// <summary>Ends when the caller's does, and when the lease is lost.</summary>
    public CancellationToken Token => _lost.Token;

    /// <summary>Who took the lease away; null while it is held.</summary>
    public string? TakenBy { get; private set; }

    /// <summary>Name of a deployment's lease.</summary>
    public static string NameOf(string deployment) => $"preheat-{deployment}";

    /// <summary>Takes the lease. Null, with a warning, where leases may not be used: the deployment goes on without this protection.</summary>
    /// <exception cref="UserException">Another run holds it; the message says who.</exception>
    public static async Task<ClusterLease?> TakeAsync(KubernetesClient client, string deployment, string inNamespace, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        try
        {
            if (!await client.HasKindAsync(KubernetesKind.Lease, cancellation))
                return Without(events, "the cluster has no leases (coordination.k8s.io/v1)");
            var (watched, holder, since, told) = ((string?)null, "", time.GetTimestamp(), false);
            while (true)
            {
                var there = await client.FindAsync(KubernetesKind.Lease, inNamespace, NameOf(deployment), cancellation);
                if (watched is not null && there is null)
                    throw new UserException($"{holder} has deployed '{deployment}' just now, while this run waited. Look with ./build.sh Status at what is there, then run Deploy again.");
                var isAlive = there?.Annotation(Process) is { } process ? LocalProcess.IsAlive(process) : null;
                if (there is null || IsFree(there) || isAlive == false || (there.ResourceVersion == watched && time.GetElapsedTime(since) >= DurationOf(there)))
                {
                    if (await TryWriteAsync(client, there, deployment, inNamespace, time, cancellation) is { } taken)
                        return new ClusterLease(client, taken, time, cancellation);
                    continue;
                }
                holder = HolderOf(there);
                if (isAlive == true || (watched is not null && there.ResourceVersion != watched))
                    throw new UserException($"{holder} is deploying '{deployment}' at this moment (since {there.Json.Text("spec", "acquireTime")}, {there.Title} in the namespace {inNamespace}). Wait until that has ended, then run Deploy again.");
                if (watched is null)
                    (watched, since) = (there.ResourceVersion, time.GetTimestamp());
                if (!told)
                    events.Emit(new StateChanged(there.Title, $"held by {holder}; looking whether that run still lives"));
                told = true;
                await Task.Delay(Look, time, cancellation);
            }
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            return Without(events, "this user may not get, create, update and delete leases in coordination.k8s.io");
        }
    }

    /// <summary>Gives the lease back.</summary>
    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _renewing;
        if (TakenBy is null)
        {
            using var limit = new CancellationTokenSource(Renewal, _time);
            try
            {
                await _client.DeleteAsync(_held, waitForDependents: false, limit.Token);
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
        events.Emit(new Warning($"Nothing keeps two deploys apart: {why}. Ask for that right, and see that nobody else deploys now."));
        return null;
    }

    private static bool IsFree(KubernetesObject lease) => string.IsNullOrEmpty(lease.Json.Text("spec", "holderIdentity"));

    private static string HolderOf(KubernetesObject lease) => lease.Json.Text("spec", "holderIdentity") ?? "(nobody)";

    private static TimeSpan DurationOf(KubernetesObject lease) => TimeSpan.FromSeconds(lease.Json.Whole("spec", "leaseDurationSeconds") ?? (long)Duration.TotalSeconds);

    // Creation fails when somebody was faster, an update when somebody changed it since: then it is looked at anew.
    private static async Task<KubernetesObject?> TryWriteAsync(KubernetesClient client, KubernetesObject? there, string deployment, string inNamespace, TimeProvider time, CancellationToken cancellation)
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
                ["annotations"] = new JsonObject { [Process] = LocalProcess.Current },
            },
            ["spec"] = new JsonObject
            {
                ["holderIdentity"] = $"{Environment.UserName}@{Environment.MachineName}",
                ["leaseDurationSeconds"] = (int)Duration.TotalSeconds,
                ["acquireTime"] = now,
                ["renewTime"] = now,
                ["leaseTransitions"] = there is null ? 0 : (there.Json.Whole("spec", "leaseTransitions") ?? 0) + 1,
            },
        };
        if (there is not null)
            lease["metadata"]!["resourceVersion"] = there.ResourceVersion;
        return await client.TryWriteAsync(lease, isNew: there is null, cancellation);
    }

    // MicroTime: RFC 3339 with exactly six digits.
    private static string Now(TimeProvider time) => time.GetUtcNow().ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);

    private async Task RenewAsync()
    {
        var renewed = _time.GetTimestamp();
        try
        {
            while (true)
            {
                await Task.Delay(Renewal, _time, _stop.Token);
                try
                {
                    var lease = (JsonObject)_held.Json.DeepClone();
                    lease["spec"]!["renewTime"] = Now(_time);
                    if (await _client.TryWriteAsync(lease, isNew: false, _stop.Token) is { } held)
                        (_held, renewed) = (held, _time.GetTimestamp());
                    else
                        await LoseAsync();
                }
                catch (PreheatException) when (_time.GetElapsedTime(renewed) < Duration)
                {
                    // A server that is away for a moment; the next renewal may reach it.
                }
                catch (PreheatException)
                {
                    await LoseAsync();
                }
                if (TakenBy is not null)
                    return;
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task LoseAsync()
    {
        try
        {
            var there = await _client.FindAsync(KubernetesKind.Lease, _held.Namespace, _held.Name, _stop.Token);
            TakenBy = there is null ? "somebody who removed it" : HolderOf(there);
        }
        catch (PreheatException)
        {
            TakenBy = "an unknown run, since the API server could not be reached for longer than it lasts";
        }
        await _lost.CancelAsync();
    }
}
