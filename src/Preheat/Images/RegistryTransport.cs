using System.Net;
using System.Net.Http.Headers;
using Preheat.Http;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Sends requests to one registry: finds its address, answers its challenges, keeps the credential on its own origin.</summary>
internal sealed class RegistryTransport : IDisposable
{
    private readonly OriginClient _http;
    private readonly RegistryAuthentication _authentication;
    private readonly RegistryWarnings _warnings;

    public RegistryTransport(string host, CloudEndpoints endpoints, TimeProvider time, IRegistryCredentials? credentials, IEventSink? events = null)
    {
        Host = host;
        Address = AddressOf(host, endpoints);
        Time = time;
        DryRun = endpoints.DryRun;
        _http = new OriginClient(time, events is null ? null : text => events.Emit(new Note(text)));
        _warnings = new RegistryWarnings(host, events);
        _authentication = new RegistryAuthentication(host, Address, _http, credentials ?? RegistryCredentials.Default(Address, time), time);
    }

    /// <summary>Logical host.</summary>
    public string Host { get; }

    /// <summary>Base address, ends with a slash.</summary>
    public Uri Address { get; }

    public TimeProvider Time { get; }

    /// <summary>Takes the requests that change something; null sends them.</summary>
    public DryRun? DryRun { get; }

    /// <summary>Where a logical host is: mapped, or <c>https://HOST/</c>; plain http for loopback, as Docker has it, and for hosts named insecure.</summary>
    /// <exception cref="UserException">The host is mapped to plain http elsewhere.</exception>
    public static Uri AddressOf(string host, CloudEndpoints endpoints)
    {
        var insecure = endpoints.InsecureRegistries.Contains(host, StringComparer.OrdinalIgnoreCase);
        if (endpoints.Registries.TryGetValue(host, out var mapped))
        {
            if (mapped.Scheme == "http" && !mapped.IsLoopback && !insecure)
                throw new UserException($"{host} is at {mapped.Host} over plain http. Use https, or allow it with --insecure-registry {host}.");
            return mapped.AbsoluteUri.EndsWith('/') ? mapped : new Uri(mapped.AbsoluteUri + "/");
        }
        // The registry behind docker.io has another name (distribution, registry/registry.go of the Docker engine).
        var real = host == ImageReference.DefaultHost ? "registry-1.docker.io" : host;
        var uri = new Uri($"https://{real}/");
        return uri.IsLoopback || insecure ? new Uri($"http://{real}/") : uri;
    }

    public static string PullScope(string repository) => $"repository:{repository}:pull";

    public static string PushScope(string repository) => $"repository:{repository}:pull,push";

    /// <summary>Makes requests that accept every kind of manifest this client reads.</summary>
    public static Func<Uri, HttpRequestMessage> AcceptManifests(HttpMethod method) => uri =>
    {
        var request = new HttpRequestMessage(method, uri);
        foreach (var mediaType in MediaTypes.Manifests)
            request.Headers.Accept.ParseAdd(mediaType);
        return request;
    };

    /// <summary>Sends with retries and redirects; a challenge is answered once.</summary>
    public async Task<HttpResponseMessage> SendAsync(Uri uri, string scope, Func<Uri, HttpRequestMessage> create, CancellationToken cancellation)
    {
        var response = await AnsweredAsync(uri, scope, create, cancellation);
        _warnings.Read(response);
        return response;
    }

    private async Task<HttpResponseMessage> AnsweredAsync(Uri uri, string scope, Func<Uri, HttpRequestMessage> create, CancellationToken cancellation)
    {
        var authorization = await _authentication.KnownAsync(scope, cancellation);
        var response = await _http.SendAsync(uri, create, authorization, cancellation);
        if (response.StatusCode != HttpStatusCode.Unauthorized)
            return response;
        _authentication.Forget(scope);
        var answer = await _authentication.AnswerAsync(response, scope, cancellation);
        if (answer is null)
            return response;
        response.Dispose();
        return await _http.SendAsync(uri, create, answer, cancellation);
    }

    /// <summary>Sends a part of an upload once. Where the token is refused, an empty body is sent again with a fresh one; any other is reported as a lost connection, so that
    /// the upload starts again.</summary>
    /// <exception cref="HttpRequestException">The connection failed, or an answer says that another try may help.</exception>
    public async Task<HttpResponseMessage> SendUploadAsync(Func<HttpRequestMessage> create, string scope, CancellationToken cancellation)
    {
        var request = create();
        var own = OriginClient.SameOrigin(request.RequestUri!, Address);
        // A token that has run out while a large layer went up is renewed here, before the request that closes the upload.
        var authorization = own ? await _authentication.KnownAsync(scope, cancellation) : null;
        var response = await SendOnceAsync(request, authorization, cancellation);
        var refused = response.StatusCode == HttpStatusCode.Unauthorized && authorization is not null;
        if (refused)
        {
            _authentication.Forget(scope);
            if (request.Content is null or { Headers.ContentLength: 0 } && await _authentication.AnswerAsync(response, scope, cancellation) is { } answer)
            {
                response.Dispose();
                response = await SendOnceAsync(create(), answer, cancellation);
                refused = response.StatusCode == HttpStatusCode.Unauthorized;
            }
        }
        _warnings.Read(response);
        // 404 and 416: the registry has lost the upload or does not have it as this client thinks; it must start again (distribution specification, "Errors" of a push).
        var lost = response.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.RequestedRangeNotSatisfiable;
        if (!refused && !lost && !HttpPipeline.IsTransient(response.StatusCode))
            return response;
        using (response)
            throw new HttpRequestException($"{Host} answered {(int)response.StatusCode} to {request.Method}", null, response.StatusCode);
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, AuthenticationHeaderValue? authorization, CancellationToken cancellation)
    {
        request.Headers.Authorization = authorization;
        return await _http.SendOnceAsync(request, cancellation);
    }

    public void Dispose() => _http.Dispose();
}
