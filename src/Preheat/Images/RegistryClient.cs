using System.Net;
using System.Text.Json;
using Preheat.Http;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>A manifest as a registry serves it.</summary>
/// <param name="Bytes">The exact bytes, whose digest is <paramref name="Digest"/>.</param>
public sealed record ManifestContent(string MediaType, Digest Digest, ReadOnlyMemory<byte> Bytes);

/// <summary>The pulling half of the distribution protocol, for one registry host; <see cref="RegistryUploads"/> is the other half.</summary>
/// <remarks>https://github.com/opencontainers/distribution-spec/blob/main/spec.md; digests are verified on everything that is read.</remarks>
public sealed class RegistryClient : IDisposable
{
    /// <summary>What every registry must take (distribution specification, "Pushing Manifests").</summary>
    private const int LongestManifest = 4 << 20;

    /// <summary>A million tags in pages of a thousand.</summary>
    private const int MostPages = 1000;

    private readonly RegistryTransport _transport;

    /// <param name="host">Logical host: <c>docker.io</c>, <c>local-docker.pkg.dev</c>.</param>
    /// <param name="credentials">The default value is <see cref="RegistryCredentials.Default"/>.</param>
    /// <param name="events">Told what the registry warns of and about long waits that it asks for; null for nobody.</param>
    public RegistryClient(string host, CloudEndpoints endpoints, TimeProvider time, IRegistryCredentials? credentials = null, IEventSink? events = null)
    {
        _transport = new RegistryTransport(host, endpoints, time, credentials, events);
        Uploads = new RegistryUploads(_transport);
    }

    /// <summary>Logical host.</summary>
    public string Host => _transport.Host;

    /// <summary>Where the host is reached.</summary>
    public Uri Address => _transport.Address;

    /// <summary>The pushing half.</summary>
    public RegistryUploads Uploads { get; }

    /// <summary>Reads a manifest or index by tag or digest.</summary>
    /// <exception cref="UserException">401, 403 or 404.</exception>
    public async Task<ManifestContent> GetManifestAsync(string repository, string name, CancellationToken cancellation)
    {
        using var response = await RequestManifestAsync(HttpMethod.Get, repository, name, cancellation);
        return response.IsSuccessStatusCode
            ? await ReadManifestAsync(response, repository, name, cancellation)
            : throw await RegistryErrors.ReadAsync(response, Host, repository, $"manifest {name}", cancellation);
    }

    /// <summary>As <see cref="GetManifestAsync"/>, null on 404.</summary>
    public async Task<ManifestContent?> FindManifestAsync(string repository, string name, CancellationToken cancellation)
    {
        using var response = await RequestManifestAsync(HttpMethod.Get, repository, name, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return null;
        return response.IsSuccessStatusCode
            ? await ReadManifestAsync(response, repository, name, cancellation)
            : throw await RegistryErrors.ReadAsync(response, Host, repository, $"manifest {name}", cancellation);
    }

    /// <summary>True when the registry has the manifest (HEAD).</summary>
    public async Task<bool> HasManifestAsync(string repository, string name, CancellationToken cancellation)
    {
        using var response = await RequestManifestAsync(HttpMethod.Head, repository, name, cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return false;
        return response.IsSuccessStatusCode ? true : throw await RegistryErrors.ReadAsync(response, Host, repository, $"manifest {name}", cancellation);
    }

    /// <summary>True when the repository has the blob in its full size (HEAD).</summary>
    public async Task<bool> HasBlobAsync(string repository, Digest digest, long size, CancellationToken cancellation)
    {
        // The token for pushing serves too: this question is asked where a push is about to follow.
        using var response = await _transport.SendAsync(
            BlobUri(repository, digest), RegistryTransport.PushScope(repository), uri => new HttpRequestMessage(HttpMethod.Head, uri), cancellation);
        if (response.StatusCode == HttpStatusCode.NotFound)
            return false;
        if (!response.IsSuccessStatusCode)
            throw await RegistryErrors.ReadAsync(response, Host, repository, $"blob {digest}", cancellation);
        return response.Content.Headers.ContentLength is not { } length || length == size;
    }

    /// <summary>True when the registry keeps lists of referrers by itself (its referrers API answers with an index).</summary>
    /// <remarks>https://github.com/opencontainers/distribution-spec/blob/main/spec.md#listing-referrers</remarks>
    public async Task<bool> HasReferrersAsync(string repository, Digest subject, CancellationToken cancellation)
    {
        using var response = await _transport.SendAsync(
            new Uri(Address, $"v2/{repository}/referrers/{subject}"), RegistryTransport.PullScope(repository), uri => new HttpRequestMessage(HttpMethod.Get, uri), cancellation);
        // A registry that is only down for now may have the list: no other is begun beside it.
        return HttpPipeline.IsTransient(response.StatusCode)
            ? throw await RegistryErrors.ReadAsync(response, Host, repository, $"the referrers of {subject}", cancellation)
            : response.StatusCode == HttpStatusCode.OK && response.Content.Headers.ContentType?.MediaType == MediaTypes.OciIndex;
    }

    /// <summary>Opens a blob; the stream fails at its end when size or digest differ.</summary>
    public async Task<Stream> OpenBlobAsync(string repository, Descriptor blob, CancellationToken cancellation)
    {
        var response = await _transport.SendAsync(
            BlobUri(repository, blob.Digest), RegistryTransport.PullScope(repository), uri => new HttpRequestMessage(HttpMethod.Get, uri), cancellation);
        if (!response.IsSuccessStatusCode)
        {
            using (response)
                throw await RegistryErrors.ReadAsync(response, Host, repository, $"blob {blob.Digest}", cancellation);
        }
        var body = new ResponseStream(response, await response.Content.ReadAsStreamAsync(cancellation));
        return new VerifiedStream(body, blob.Digest, blob.Size, $"Blob {blob.Digest} of {Host}/{repository}");
    }

    /// <summary>Reads a small blob (a config) as a whole.</summary>
    /// <exception cref="PreheatException">It is longer than <paramref name="limit"/> bytes, or its digest differs.</exception>
    public async Task<byte[]> ReadBlobAsync(string repository, Descriptor blob, int limit, CancellationToken cancellation)
    {
        if (blob.Size < 0 || blob.Size > limit)
            throw new PreheatException($"Blob {blob.Digest} of {Host}/{repository} has {blob.Size:N0} bytes; at most {limit:N0} are read.");
        try
        {
            await using var stream = await OpenBlobAsync(repository, blob, cancellation);
            using var buffer = new MemoryStream((int)blob.Size);
            await stream.CopyToAsync(buffer, cancellation);
            return buffer.ToArray();
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new PreheatException($"Blob {blob.Digest} of {Host}/{repository} broke off: {exception.Message} Run the step again.", exception);
        }
    }

    /// <summary>The repository's tags, sorted; pages are followed.</summary>
    public async Task<IReadOnlyList<string>> ListTagsAsync(string repository, CancellationToken cancellation)
    {
        var tags = new SortedSet<string>(StringComparer.Ordinal);
        Uri? page = new(Address, $"v2/{repository}/tags/list");
        var seen = new HashSet<Uri>();
        while (page is not null && seen.Add(page))
        {
            if (seen.Count > MostPages)
                throw new PreheatException($"{Host} lists the tags of {repository} in more than {MostPages:N0} pages. Check the registry's configuration.");
            using var response = await _transport.SendAsync(page, RegistryTransport.PullScope(repository), uri => new HttpRequestMessage(HttpMethod.Get, uri), cancellation);
            if (!response.IsSuccessStatusCode)
                throw await RegistryErrors.ReadAsync(response, Host, repository, "tags", cancellation);
            var body = await OriginClient.ReadBodyAsync(response, LongestManifest, $"The tags of {Host}/{repository}", cancellation);
            tags.UnionWith(ManifestJson.Read<TagList>(body, $"The list of tags of {Host}/{repository}").Tags ?? []);
            page = HttpLinks.Next(response, page);
            if (page is not null && !OriginClient.SameOrigin(page, Address))
                throw new PreheatException($"{Host} lists its tags in pages that lead to {page.Host}. Check the registry's configuration.");
        }
        return [.. tags];
    }

    public void Dispose() => _transport.Dispose();

    private Uri BlobUri(string repository, Digest digest) => new(Address, $"v2/{repository}/blobs/{digest}");

    private Task<HttpResponseMessage> RequestManifestAsync(HttpMethod method, string repository, string name, CancellationToken cancellation) =>
        _transport.SendAsync(
            new Uri(Address, $"v2/{repository}/manifests/{name}"),
            RegistryTransport.PullScope(repository),
            RegistryTransport.AcceptManifests(method),
            cancellation);

    private async Task<ManifestContent> ReadManifestAsync(HttpResponseMessage response, string repository, string name, CancellationToken cancellation)
    {
        var what = $"Manifest {name} of {Host}/{repository}";
        var bytes = await OriginClient.ReadBodyAsync(response, LongestManifest, what, cancellation);
        var digest = Digest.Of(bytes);
        var stated = response.Headers.TryGetValues("Docker-Content-Digest", out var values) ? values.FirstOrDefault() : null;
        var wrong = Digest.TryParse(name, out var asked) && asked != digest ? name : StatedDigest.Agrees(stated, bytes) ? null : stated;
        if (wrong is not null)
            throw new PreheatException($"{what} has the digest {digest}, not {wrong}: it was damaged on the way. Run the step again; if it stays, push the image anew.");
        var mediaType = response.Content.Headers.ContentType?.MediaType;
        if (mediaType is null || !MediaTypes.Manifests.Contains(mediaType))
            throw new UserException($"{what} has the type {mediaType ?? "(none)"}, which this program does not read. Push the image in OCI form or as Docker schema 2.");
        // One document under two types would be two images (image specification, manifest.md, "mediaType").
        if (ManifestJson.MediaTypeOf(bytes) is { } own && own != mediaType)
            throw new UserException($"{what} is served as {mediaType} and calls itself {own}. Push the image anew.");
        return new ManifestContent(mediaType, digest, bytes);
    }

    private sealed record TagList(string? Name, IReadOnlyList<string>? Tags);
}
