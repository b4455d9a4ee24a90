using System.Net;
using System.Net.Http.Headers;
using System.Runtime.ExceptionServices;
using Preheat.Http;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>The pushing half of the distribution protocol: blobs by one streamed PATCH or one PUT, never in several chunks; mounts; manifests.</summary>
/// <remarks>
/// Artifact Registry supports no multi-chunk uploads: POST, ONE streamed PATCH of the whole blob, then an empty PUT with the digest (as go-containerregistry does).
/// Whatever cuts an upload restarts that upload from its start and no other; what the registry holds of a failed one is given back (DELETE).
/// </remarks>
public sealed class RegistryUploads
{
    /// <summary>Longest wait for a registry to give an upload up: nothing depends on it, and an interrupted run has to end.</summary>
    private static readonly TimeSpan CancelLimit = TimeSpan.FromSeconds(5);

    private readonly RegistryTransport _transport;

    internal RegistryUploads(RegistryTransport transport) => _transport = transport;

    /// <summary>Pushes a blob whose digest becomes known while it streams. <paramref name="create"/> makes the content anew for each try.</summary>
    /// <returns>Digest of what was sent.</returns>
    public Task<Digest> StreamAsync(string repository, Func<BlobContent> create, CancellationToken cancellation) => StreamAsync(repository, create, committing: null, cancellation);

    /// <inheritdoc cref="StreamAsync(string, Func{BlobContent}, CancellationToken)"/>
    /// <param name="committing">Told the digest before the upload is committed; null for nobody.</param>
    public Task<Digest> StreamAsync(string repository, Func<BlobContent> create, Action<Digest>? committing, CancellationToken cancellation) =>
        _transport.DryRun is { } dryRun ? Task.FromResult(Plan(dryRun, repository, create)) : RetryAsync(repository, async (session, token) =>
        {
            Digest digest;
            using (var content = create())
            using (var response = await SendAsync(repository, HttpMethod.Patch, session.Location, content, token))
            {
                if (response.StatusCode is not (HttpStatusCode.Accepted or HttpStatusCode.NoContent))
                    throw await RegistryErrors.ReadAsync(response, _transport.Host, repository, "an upload", token);
                session.Location = Location(response, session.Location);
                digest = content.Digest;
            }
            committing?.Invoke(digest);
            using var empty = new ByteArrayContent([]);
            await FinishAsync(repository, session.Location, digest, empty, token);
            return digest;
        }, cancellation);

    /// <summary>Pushes a blob whose digest is known beforehand, in one PUT.</summary>
    public Task PushAsync(string repository, Digest digest, Func<BlobContent> create, CancellationToken cancellation) =>
        _transport.DryRun is { } dryRun ? Task.FromResult(Plan(dryRun, repository, create, digest)) : RetryAsync(repository, async (session, token) =>
        {
            using var content = create();
            await FinishAsync(repository, session.Location, digest, content, token);
            return digest;
        }, cancellation);

    /// <summary>Pushes a small blob from memory.</summary>
    public async Task<Digest> PushAsync(string repository, byte[] blob, CancellationToken cancellation)
    {
        var digest = Digest.Of(blob);
        await PushAsync(repository, digest, () => StreamBlobContent.Of(blob), cancellation);
        return digest;
    }

    /// <summary>Takes a blob over from another repository of the same registry.</summary>
    /// <returns>False when the registry does not (it answers 202 and waits for an upload).</returns>
    public async Task<bool> TryMountAsync(string repository, Digest digest, string from, CancellationToken cancellation)
    {
        var uri = new Uri(_transport.Address, $"v2/{repository}/blobs/uploads/?mount={digest}&from={Uri.EscapeDataString(from)}");
        if (_transport.DryRun is { } dryRun)
        {
            dryRun.Request("POST", $"{Logical(repository)}/blobs/uploads/?mount={digest}&from={Uri.EscapeDataString(from)}");
            return true;
        }
        using var response = await _transport.SendAsync(
            uri, $"{RegistryTransport.PushScope(repository)} {RegistryTransport.PullScope(from)}", to => new HttpRequestMessage(HttpMethod.Post, to), cancellation);
        // The registry has opened an upload instead. Whether one follows, and of which kind, is the caller's business.
        if (response.StatusCode == HttpStatusCode.Accepted && response.Headers.Location is not null)
            await CancelAsync(repository, Location(response, uri));
        return response.StatusCode switch
        {
            HttpStatusCode.Created => true,
            // Refusing a mount says nothing about an upload, which tells better what is wrong.
            HttpStatusCode.Accepted or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => false,
            _ => throw await RegistryErrors.ReadAsync(response, _transport.Host, repository, $"the mount of blob {digest}", cancellation),
        };
    }

    /// <summary>Puts a manifest under a tag or digest.</summary>
    public async Task<Digest> PutManifestAsync(string repository, string name, string mediaType, ReadOnlyMemory<byte> manifest, CancellationToken cancellation)
    {
        await PutAsync(repository, name, mediaType, manifest, cancellation);
        return Digest.Of(manifest.Span);
    }

    /// <summary>Puts a manifest that refers to another one, under its digest.</summary>
    /// <returns>True when the registry says that it lists it (<c>OCI-Subject</c>); else the list is the client's task.</returns>
    /// <remarks>https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#pushing-manifests-with-subject</remarks>
    public async Task<bool> PutReferrerAsync(string repository, Digest subject, ReadOnlyMemory<byte> manifest, CancellationToken cancellation) =>
        await PutAsync(repository, Digest.Of(manifest.Span).ToString(), MediaTypes.OciManifest, manifest, cancellation) == subject.ToString();

    /// <returns>The answer's <c>OCI-Subject</c>; null without.</returns>
    private async Task<string?> PutAsync(string repository, string name, string mediaType, ReadOnlyMemory<byte> manifest, CancellationToken cancellation)
    {
        var digest = Digest.Of(manifest.Span);
        if (_transport.DryRun is { } dryRun)
        {
            dryRun.Request("PUT", $"{Logical(repository)}/manifests/{(name.StartsWith("sha256", StringComparison.Ordinal) ? dryRun.Known(name) : name)}", $"{manifest.Length:N0} bytes");
            return null;
        }
        using var response = await _transport.SendAsync(
            new Uri(_transport.Address, $"v2/{repository}/manifests/{name}"),
            RegistryTransport.PushScope(repository),
            uri => new HttpRequestMessage(HttpMethod.Put, uri)
            {
                Content = new ReadOnlyMemoryContent(manifest) { Headers = { ContentType = new MediaTypeHeaderValue(mediaType) } },
            },
            cancellation);
        if (response.IsSuccessStatusCode)
        {
            CheckStated(response, repository, digest);
            return response.Headers.TryGetValues("OCI-Subject", out var subject) ? subject.FirstOrDefault() : null;
        }
        // A tag that may not move refuses also the image that it has.
        var held = IsRefusal(response.StatusCode) && !Digest.TryParse(name, out _) ? await HeldAsync(repository, name, cancellation) : null;
        if (held == digest)
            return null;
        throw held is null
            ? await RegistryErrors.ReadAsync(response, _transport.Host, repository, $"manifest {name}", cancellation)
            : new UserException($"{_transport.Host}/{repository} has the tag {name} on {held} and refuses ({(int)response.StatusCode}) to move it to {digest}: its tags are immutable, or the account may not move them. Choose another tag (--image-tag), or allow it in the repository's settings.");
    }

    private static bool IsRefusal(HttpStatusCode status) =>
        status is HttpStatusCode.BadRequest or HttpStatusCode.Forbidden or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed;

    /// <summary>The digest that a tag has now; null when the registry does not tell.</summary>
    private async Task<Digest?> HeldAsync(string repository, string tag, CancellationToken cancellation)
    {
        using var response = await _transport.SendAsync(
            new Uri(_transport.Address, $"v2/{repository}/manifests/{tag}"),
            RegistryTransport.PushScope(repository),
            RegistryTransport.AcceptManifests(HttpMethod.Head),
            cancellation);
        return response.IsSuccessStatusCode && response.Headers.TryGetValues("Docker-Content-Digest", out var values) && Digest.TryParse(values.FirstOrDefault(), out var digest)
            ? digest
            : null;
    }

    private string Logical(string repository) => $"https://{_transport.Host}/v2/{repository}";

    /// <summary>Tells the requests of an upload instead of sending them.</summary>
    /// <param name="digest">Null when only sending tells it.</param>
    private Digest Plan(DryRun dryRun, string repository, Func<BlobContent> create, Digest? digest = null)
    {
        using var content = create();
        var uploads = $"{Logical(repository)}/blobs/uploads/";
        var size = $"{content.Length:N0} bytes";
        dryRun.Request("POST", uploads);
        if (digest is { } known)
        {
            dryRun.Request("PUT", $"{uploads}UPLOAD?digest={dryRun.Known(known.ToString())}", size);
            return known;
        }
        dryRun.Request("PATCH", $"{uploads}UPLOAD", size);
        dryRun.Leave();
        dryRun.Request("PUT", $"{uploads}UPLOAD?digest={dryRun.Known("")}");
        return Digest.Of("decided when it runs"u8);
    }

    /// <summary>Runs an upload, each try in a session of its own; that of a try that failed is given up.</summary>
    private async Task<Digest> RetryAsync(string repository, Func<Session, CancellationToken, Task<Digest>> upload, CancellationToken cancellation)
    {
        try
        {
            return await HttpPipeline.RunAsync(
                async token =>
                {
                    var session = new Session { Location = await StartAsync(repository, token) };
                    try
                    {
                        return await upload(session, token);
                    }
                    catch
                    {
                        await CancelAsync(repository, session.Location);
                        throw;
                    }
                },
                _transport.Time,
                cancellation);
        }
        catch (Exception exception) when (exception is IOException or TimeoutException or HttpRequestException)
        {
            var cause = exception.InnerException is IOException inner ? inner.Message : exception.Message;
            throw new PreheatException(
                $"An upload to {_transport.Host}/{repository} failed {HttpPipeline.Retries + 1} times, the last time with: {cause} Nothing was tagged. Run the step again; finished layers are kept.",
                exception);
        }
    }

    private async Task<Uri> StartAsync(string repository, CancellationToken cancellation)
    {
        var uri = new Uri(_transport.Address, $"v2/{repository}/blobs/uploads/");
        using var response = await _transport.SendAsync(
            uri, RegistryTransport.PushScope(repository), to => new HttpRequestMessage(HttpMethod.Post, to), cancellation);
        return response.StatusCode == HttpStatusCode.Accepted
            ? Location(response, uri)
            : throw await RegistryErrors.ReadAsync(response, _transport.Host, repository, "an upload", cancellation);
    }

    /// <summary>Gives an upload up, also when the run is interrupted. Once, and whatever the answer: the registry drops it in time by itself.</summary>
    /// <remarks>https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#cancel-a-blob-upload</remarks>
    private async Task CancelAsync(string repository, Uri location)
    {
        using var limit = new CancellationTokenSource(CancelLimit, _transport.Time);
        try
        {
            using var response = await _transport.SendUploadAsync(() => new HttpRequestMessage(HttpMethod.Delete, location), RegistryTransport.PushScope(repository), limit.Token);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException or OperationCanceledException or PreheatException)
        {
            // What went wrong before is the news.
        }
    }

    private async Task FinishAsync(string repository, Uri location, Digest digest, HttpContent content, CancellationToken cancellation)
    {
        var query = location.Query.TrimStart('?');
        var target = new UriBuilder(location) { Query = $"{query}{(query.Length > 0 ? "&" : "")}digest={Uri.EscapeDataString(digest.ToString())}" }.Uri;
        using var response = await SendAsync(repository, HttpMethod.Put, target, content, cancellation);
        // Any other success, such as 202, does not say that the blob is stored.
        if (response.StatusCode is not (HttpStatusCode.Created or HttpStatusCode.OK or HttpStatusCode.NoContent))
            throw await RegistryErrors.ReadAsync(response, _transport.Host, repository, $"blob {digest}", cancellation);
        CheckStated(response, repository, digest);
    }

    private async Task<HttpResponseMessage> SendAsync(string repository, HttpMethod method, Uri uri, HttpContent content, CancellationToken cancellation)
    {
        content.Headers.ContentType = new MediaTypeHeaderValue("application/octet-stream");
        try
        {
            var response = await _transport.SendUploadAsync(() => new HttpRequestMessage(method, uri) { Content = content }, RegistryTransport.PushScope(repository), cancellation);
            // A server may answer before it has read all; then what was sent is no whole blob.
            if ((content as BlobContent)?.Failure is not { } late)
                return response;
            response.Dispose();
            throw late.SourceException;
        }
        catch (Exception) when (!cancellation.IsCancellationRequested && (content as BlobContent)?.Failure is not null)
        {
            // What the source did says more than "error while copying content".
            ((BlobContent)content).Failure!.Throw();
            throw;
        }
    }

    /// <summary>Where the upload goes on: absolute or relative, on this host or another one, its query kept.</summary>
    private Uri Location(HttpResponseMessage response, Uri request)
    {
        if (response.Headers.Location is not { } given)
            throw new PreheatException($"{_transport.Host} opened an upload without saying where (no Location). Check that it is a container registry.");
        var location = new Uri(request, given);
        return location.Scheme == "https" || (location.Scheme == "http" && request.Scheme == "http")
            ? location
            : throw new UserException($"{_transport.Host} wants an upload at {location.Scheme}://{location.Host}, which is not encrypted. Let the registry know its own address (for a proxy: X-Forwarded-Proto).");
    }

    private void CheckStated(HttpResponseMessage response, string repository, Digest digest)
    {
        if (StatedDigest.Other(response, digest) is { } stated)
            throw new PreheatException($"{_transport.Host}/{repository} stored {stated} where {digest} was sent. Check the registry's store, then run the step again.");
    }

    /// <summary>An upload that the registry has open.</summary>
    private sealed class Session
    {
        /// <summary>What the latest answer said.</summary>
        public required Uri Location { get; set; }
    }
}
