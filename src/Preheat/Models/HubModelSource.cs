namespace Preheat.Models;

/// <summary>A model on a hub, at one commit once it is listed.</summary>
public sealed class HubModelSource(HubClient hub, string id, string? revision) : IModelSource
{
    private string? _commit;

    public string Description => $"{id} at {_commit ?? revision ?? "main"}";

    /// <summary>A source whose revision is already a commit, so that it can open files without listing.</summary>
    public static HubModelSource Pinned(HubClient hub, string id, string commit) => new(hub, id, commit) { _commit = commit };

    public async Task<ModelListing> ListAsync(CancellationToken cancellation)
    {
        var pinned = await hub.GetRevisionAsync(id, revision, cancellation);
        _commit = pinned.Commit;
        return new ModelListing(pinned.Commit, await hub.ListFilesAsync(id, pinned.Commit, cancellation), pinned.License);
    }

    public Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation) =>
        hub.OpenAsync(id, _commit ?? throw new InvalidOperationException("List the source first, or pin it."), file, offset, length, cancellation);

    public void Dispose() => hub.Dispose();
}
