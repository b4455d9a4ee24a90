using System.Net;
using System.Text.Json.Nodes;
using Preheat.Manifests;
using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>The revisions of a deployment that its cluster keeps, each in a ConfigMap <c>preheat-DEPLOYMENT-revision-N</c>; Helm keeps its releases so.</summary>
/// <remarks>
/// A record is written before anything of it is applied, and says then what was there already. So whenever a run ends, the next one knows what that one may have
/// made. Only one run writes at a time (<see cref="ClusterLease"/>). Without the right to ConfigMaps all goes on, with one warning, and nothing is kept.
/// </remarks>
internal sealed class RevisionRecords
{
    private const int DefaultLimit = 10;

    private readonly KubernetesClient _client;
    private readonly string _deployment;
    private readonly string _namespace;
    private readonly IEventSink _events;
    private readonly TimeProvider _time;
    private readonly List<RevisionRecord> _all = [];
    private int _highest;

    private RevisionRecords(KubernetesClient client, string deployment, string inNamespace, IEventSink events, TimeProvider time) =>
        (_client, _deployment, _namespace, _events, _time) = (client, deployment, inNamespace, events, time);

    /// <summary>The records, the newest first.</summary>
    public IReadOnlyList<RevisionRecord> All => _all;

    /// <summary>False when this user may not read or write them.</summary>
    public bool IsKept { get; private set; } = true;

    /// <summary>True when there was a record before this run.</summary>
    public bool HasHistory { get; private set; }

    public static async Task<RevisionRecords> OpenAsync(KubernetesClient client, string deployment, string inNamespace, IEventSink events, TimeProvider time, CancellationToken cancellation)
    {
        var records = new RevisionRecords(client, deployment, inNamespace, events, time);
        await records.OrWithoutAsync(async () =>
        {
            var maps = await client.ListAsync(KubernetesKind.ConfigMap, new(inNamespace, Labels: RevisionCodec.Selector(deployment)), cancellation);
            foreach (var map in maps.Items)
            {
                records._highest = Math.Max(records._highest, RevisionCodec.NumberOf(map) ?? 0);
                if (RevisionCodec.Read(map) is { } record)
                    records._all.Add(record);
                else
                    events.Emit(new Warning($"{map.Title} is no record of a revision that this version understands; it is left alone."));
            }
        });
        records._all.Sort((one, other) => other.Number.CompareTo(one.Number));
        records.HasHistory = records._all.Count > 0;
        return records;
    }

    /// <summary>The newest good revision that is not a copy of the one given, or of the same origin.</summary>
    public RevisionRecord? GoodBeside(RevisionRecord? current) => _all.Find(item => item.State is RevisionState.Good && item.Number != current?.Number && item.Origin != current?.Origin);

    /// <summary>The revisions for people, the newest first; that one is what runs.</summary>
    public IReadOnlyList<KeptRevision> Describe() =>
        [.. _all.Select((record, index) => new KeptRevision(record.Number, record.Image, record.At, index == 0, record.State is RevisionState.Good, record.State, record.ColdStart))];

    /// <summary>Keeps what is going to be applied. The same as last time has the number of last time.</summary>
    /// <param name="from">The record that it is a copy of; null for manifests.</param>
    public async Task<RevisionRecord> BeginAsync(IReadOnlyList<ObjectChange> checks, IReadOnlyList<JsonObject> wanted, RevisionRecord? from, CancellationToken cancellation)
    {
        var own = wanted.Where(item => item.At("metadata", "labels", ManifestChecks.SharedLabel)?.ToString() != "true").ToList();
        var objects = own.Where(item => item.Text("kind") != KubernetesKind.Secret.Kind).ToList();
        var secrets = own.Where(item => item.Text("kind") == KubernetesKind.Secret.Kind).ToList();
        var before = checks.Where(change => change.Before is not null).ToDictionary(change => RecordedObject.KeyOf(change.After), change => change.Before!);
        var inventory = own.Select(item => EntryOf(new(item), before)).ToList();
        if (from is not null)
            inventory.AddRange(from.Secrets.Select(secret => SecretEntryOf(secret, from)));
        if (from is null && _all.FirstOrDefault() is { } last && last.IsOf(objects, secrets))
            return await PutAsync(last with { State = last.State is RevisionState.Good ? RevisionState.Good : RevisionState.Applying, Inventory = inventory }, cancellation);
        var number = _highest + 1;
        return await PutAsync(
            new()
            {
                Number = number,
                State = RevisionState.Applying,
                At = _time.GetUtcNow(),
                Image = objects.Where(item => item.Text("kind") == KubernetesKind.Deployment.Kind).SelectMany(item => item.Items("spec", "template", "spec", "containers")).Select(container => container.Text("image")).FirstOrDefault() ?? "",
                Origin = from?.Origin ?? number,
                Objects = objects,
                Secrets = from?.Secrets ?? [.. secrets.Select(RecordedSecret.Of)],
                Inventory = inventory,
            },
            cancellation);
    }

    /// <summary>Keeps which objects they are now.</summary>
    public Task<RevisionRecord> AppliedAsync(RevisionRecord record, IEnumerable<ObjectChange> applied, CancellationToken cancellation)
    {
        var uids = applied.ToDictionary(change => RecordedObject.KeyOf(change.After), change => change.After.Uid);
        return PutAsync(record with { Inventory = [.. record.Inventory.Select(entry => uids.TryGetValue(entry.Key, out var uid) && uid.Length > 0 ? entry with { Uid = uid } : entry)] }, cancellation);
    }

    /// <param name="template">Kubernetes' own number of the pods' template.</param>
    public Task<RevisionRecord> GoodAsync(RevisionRecord record, string? template, CancellationToken cancellation) =>
        PutAsync(record with { State = RevisionState.Good, Template = template }, cancellation);

    /// <summary>Keeps how long its pods took to start.</summary>
    public Task<RevisionRecord> StartedAsync(RevisionRecord record, string coldStart, CancellationToken cancellation) =>
        record.ColdStart == coldStart ? Task.FromResult(record) : PutAsync(record with { ColdStart = coldStart }, cancellation);

    /// <summary>A revision that was good once stays so: that its pods do not start today has another cause.</summary>
    public Task<RevisionRecord> FailedAsync(RevisionRecord record, CancellationToken cancellation) =>
        PutAsync(record.State is RevisionState.Good ? record : record with { State = RevisionState.Failed }, cancellation);

    /// <summary>Removes the oldest records, but for as many as the Deployment keeps old revisions (<c>revisionHistoryLimit</c>).</summary>
    public async Task TrimAsync(KubernetesObject deployment, CancellationToken cancellation)
    {
        var limit = deployment.Json.Whole("spec", "revisionHistoryLimit") ?? DefaultLimit;
        foreach (var record in _all.Skip((int)Math.Clamp(limit, 1, int.MaxValue - 1) + 1).ToList())
        {
            await OrWithoutAsync(async () =>
            {
                if (await _client.FindAsync(KubernetesKind.ConfigMap, _namespace, RevisionCodec.NameOf(_deployment, record.Number), cancellation) is { } map)
                    await _client.DeleteAsync(map, waitForDependents: false, cancellation);
            });
            _all.Remove(record);
        }
    }

    private RecordedObject EntryOf(KubernetesObject wanted, Dictionary<(string, string, string?, string), KubernetesObject> before)
    {
        var entry = new RecordedObject(wanted.Kind.ApiVersion, wanted.Kind.Kind, wanted.Namespace, wanted.Name, Uid: null, IsMade: true);
        return before.GetValueOrDefault(entry.Key) is { } there ? entry with { Uid = there.Uid, IsMade = IsMade(there) } : entry;
    }

    /// <summary>True for an object that one of our revisions made; of the time before there were records, for one that we applied.</summary>
    private bool IsMade(KubernetesObject there)
    {
        var known = _all.SelectMany(record => record.Inventory).Where(entry => entry.Key == RecordedObject.KeyOf(there)).ToList();
        return known.Exists(entry => entry.IsMade && (entry.Uid == there.Uid || (entry.Uid is null && OwnedObjects.IsOurs(there, _deployment))))
            || (!HasHistory && OwnedObjects.IsOurs(there, _deployment));
    }

    private RecordedObject SecretEntryOf(RecordedSecret secret, RevisionRecord from) =>
        _all.Prepend(from).SelectMany(record => record.Inventory).FirstOrDefault(entry => entry.Kind == KubernetesKind.Secret.Kind && entry.Name == secret.Name && entry.Namespace == secret.Namespace)
        ?? new(KubernetesKind.Secret.ApiVersion, KubernetesKind.Secret.Kind, secret.Namespace, secret.Name, Uid: null, IsMade: false);

    private async Task<RevisionRecord> PutAsync(RevisionRecord record, CancellationToken cancellation)
    {
        _all.RemoveAll(item => item.Number == record.Number);
        _all.Insert(0, record);
        _highest = Math.Max(_highest, record.Number);
        if (RevisionCodec.Write(record, _deployment, _namespace) is { } map)
            await OrWithoutAsync(() => _client.ApplyAsync(map, new ApplyOptions(Force: true), cancellation));
        else
            GoWithout("its objects are more than the 1 MiB that a ConfigMap takes, even compressed");
        return record;
    }

    private async Task OrWithoutAsync(Func<Task> work)
    {
        if (!IsKept)
            return;
        try
        {
            await work();
        }
        catch (KubernetesApiException exception) when (exception.Status is HttpStatusCode.Forbidden)
        {
            GoWithout($"this user may not get, list, create, patch and delete ConfigMaps in the namespace {_namespace}");
        }
    }

    private void GoWithout(string why)
    {
        if (IsKept)
            _events.Emit(new Warning($"No record of this revision is kept: {why}. A way back restores the pods alone, from what Kubernetes keeps of them."));
        IsKept = false;
    }
}
