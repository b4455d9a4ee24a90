using System.Text.Json;
using Preheat.Http;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>A directory that holds an image, for sites that no registry reaches; <c>skopeo copy oci:DIR:TAG docker://…</c> brings it into one with the same digest.</summary>
/// <remarks>
/// OCI image specification, <c>image-layout.md</c>. A blob is written beside its place and renamed when it is whole, so what is there is right and an interrupted bake goes on.
/// </remarks>
/// <param name="dryRun">Takes the files instead of the directory; null writes them.</param>
internal sealed class OciLayout(string directory, TimeProvider time, DryRun? dryRun = null) : IImageStore
{
    private const string TagKey = "org.opencontainers.image.ref.name";
    private const string Temporary = "upload-";
    private const int LongestManifest = 4 << 20;

    private readonly string _blobs = Path.Combine(directory, "blobs", "sha256");

    private string IndexPath => Path.Combine(directory, "index.json");

    public Task<bool> HasBlobAsync(Digest digest, long size, CancellationToken cancellation) =>
        Task.FromResult(new FileInfo(PathOf(digest)) is { Exists: true } file && file.Length == size);

    public async Task<Digest> StreamAsync(Func<BlobContent> create, Action<Digest>? committing, CancellationToken cancellation)
    {
        if (dryRun is not null)
        {
            using var content = create();
            dryRun.Leave();
            dryRun.Write(Path.Combine(_blobs, dryRun.Known("")), $"{content.Length:N0} bytes");
            return Digest.Of("decided when it runs"u8);
        }
        Prepare();
        try
        {
            return await HttpPipeline.RunAsync(token => WriteAsync(create, committing, token), time, cancellation);
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException or TimeoutException or UnauthorizedAccessException)
        {
            throw new PreheatException(
                $"A blob could not be brought into {directory}: {exception.Message} Check that there is room, then run the step again; finished layers are kept.", exception);
        }
    }

    public async Task PushAsync(Digest digest, Func<BlobContent> create, CancellationToken cancellation)
    {
        if (dryRun is not null)
        {
            using var content = create();
            dryRun.Write(Path.Combine(_blobs, dryRun.Known(digest.Hex)), $"{content.Length:N0} bytes");
            return;
        }
        var written = await StreamAsync(create, null, cancellation);
        if (written != digest)
            throw new PreheatException($"A blob has the digest {written}, not {digest}: it was damaged on the way. Run the step again.");
    }

    public Task<bool> TryMountAsync(Digest digest, RegistryClient from, string repository, CancellationToken cancellation) => Task.FromResult(false);

    public async Task<ManifestContent?> FindManifestAsync(string name, CancellationToken cancellation)
    {
        var entry = ReadIndex().FirstOrDefault(entry => entry.Digest.ToString() == name || entry.Annotations?.GetValueOrDefault(TagKey) == name);
        if (entry is null || !await HasBlobAsync(entry.Digest, entry.Size, cancellation) || entry.Size > LongestManifest)
            return null;
        var bytes = await File.ReadAllBytesAsync(PathOf(entry.Digest), cancellation);
        return Digest.Of(bytes) == entry.Digest ? new ManifestContent(entry.MediaType, entry.Digest, bytes) : null;
    }

    public async Task TagAsync(string tag, byte[] manifest, CancellationToken cancellation)
    {
        var descriptor = await this.PushAsync(MediaTypes.OciManifest, manifest, cancellation) with
        {
            Annotations = new SortedDictionary<string, string>(StringComparer.Ordinal) { [TagKey] = tag },
        };
        WriteIndex(ReadIndex().Where(entry => entry.Annotations?.GetValueOrDefault(TagKey) != tag).Append(descriptor));
    }

    public async Task AttachAsync(Descriptor subject, Descriptor referrer, byte[] manifest, CancellationToken cancellation)
    {
        await this.PushAsync(MediaTypes.OciManifest, manifest, cancellation);
        // Without a tag: found by its subject, as in a registry.
        WriteIndex(ReadIndex().Where(entry => entry.Digest != referrer.Digest).Append(referrer));
    }

    /// <summary>Removes what a killed run left half written.</summary>
    public void RemoveUnfinished()
    {
        if (dryRun is not null || !Directory.Exists(_blobs))
            return;
        foreach (var file in Directory.EnumerateFiles(_blobs, Temporary + "*"))
            File.Delete(file);
    }

    private async Task<Digest> WriteAsync(Func<BlobContent> create, Action<Digest>? committing, CancellationToken cancellation)
    {
        var temporary = Path.Combine(_blobs, Temporary + Guid.NewGuid().ToString("N"));
        using var content = create();
        try
        {
            await using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 }))
            {
                await content.CopyToAsync(file, cancellation);
                file.Flush(flushToDisk: true);
            }
            committing?.Invoke(content.Digest);
            File.Move(temporary, PathOf(content.Digest), overwrite: true);
            return content.Digest;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested && content.Failure is not null)
        {
            content.Failure.Throw();
            throw;
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    private void Prepare()
    {
        try
        {
            Directory.CreateDirectory(_blobs);
            if (!File.Exists(Path.Combine(directory, "oci-layout")))
                AtomicFile.Write(Path.Combine(directory, "oci-layout"), """{"imageLayoutVersion":"1.0.0"}"""u8);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"Cannot write {directory}: {exception.Message} Make the folder writable, or name another with --artifacts-directory.", exception);
        }
    }

    private IReadOnlyList<Descriptor> ReadIndex()
    {
        if (!File.Exists(IndexPath) || new FileInfo(IndexPath).Length > LongestManifest)
            return [];
        try
        {
            return JsonSerializer.Deserialize<ImageIndex>(File.ReadAllBytes(IndexPath), ManifestJson.Options)?.Manifests ?? [];
        }
        catch (JsonException)
        {
            // Made anew; the blobs tell what is there.
            return [];
        }
    }

    private void WriteIndex(IEnumerable<Descriptor> entries)
    {
        if (dryRun is null)
            Prepare();
        var sorted = entries.OrderBy(entry => entry.ArtifactType ?? "", StringComparer.Ordinal).ThenBy(entry => entry.Digest.Hex, StringComparer.Ordinal);
        var index = ManifestJson.Write(new ImageIndex { MediaType = MediaTypes.OciIndex, Manifests = [.. sorted] });
        if (dryRun is null)
            AtomicFile.Write(IndexPath, index);
        else
            dryRun.Write(IndexPath, $"{index.Length:N0} bytes");
    }

    private string PathOf(Digest digest) => Path.Combine(_blobs, digest.Hex);
}
