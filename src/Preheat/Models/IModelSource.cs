namespace Preheat.Models;

/// <summary>What a source holds at one revision, before any choice.</summary>
/// <param name="Revision">The commit; null where the source knows no revisions (a directory).</param>
/// <param name="Files">Sorted by path, ordinal.</param>
/// <param name="License">Licence id as the source states it; null when unknown.</param>
public sealed record ModelListing(string? Revision, IReadOnlyList<ModelFile> Files, string? License);

/// <summary>Where a model's files come from: a hub at a pinned revision, or a directory.</summary>
public interface IModelSource : IDisposable
{
    /// <summary>Names the source in messages: <c>google/gemma-2-2b-it at 299a8560…</c>.</summary>
    string Description { get; }

    /// <summary>Lists all files.</summary>
    /// <exception cref="UserException">The source does not exist or may not be read.</exception>
    Task<ModelListing> ListAsync(CancellationToken cancellation);

    /// <summary>Opens a file from byte <paramref name="offset"/>, <paramref name="length"/> bytes long (null: to its end).</summary>
    /// <remarks>A stream that is read to the end of the file fails when the file has changed since it was listed.</remarks>
    /// <exception cref="UserException">The file is missing, may not be read, or is not the one that was listed.</exception>
    Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation);
}
