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

    public RegistryTransport(string host, CloudEndpoints endpoints, TimeProvider time, IRegistryCredentials credentials)
    {
        Host = host;
        Address = AddressOf(host, endpoints);
        Time = time;
        DryRun = endpoints.DryRun;
        _http = new OriginClient(time);
        _authentication = new RegistryAuthentication(host, Address, _http, credentials);
    }

    /// <summary>Logical host.</summary>
    public string Host { get; }

    /// <summary>Base address, ends with a slash.</summary>
    public Uri Address { get; }

    public TimeProvider Time { get; }

    /// <summary>Takes the requests that change something; null sends them.</summary>
    public DryRun? DryRun { get; }

    /// <summary>Where a logical host is: mapped, or <c>https://HOST/</c> (plain http for loopback, as Docker has it).</summary>
    public static Uri AddressOf(string host, CloudEndpoints endpoints)
    {
        if (endpoints.Registries.TryGetValue(host, out var mapped))
            return mapped.AbsoluteUri.EndsWith('/') ? mapped : new Uri(mapped.AbsoluteUri + "/");
        // The registry behind docker.io has another name (distribution, registry/registry.go of the Docker engine).
        var real = host == ImageReference.DefaultHost ? "registry-1.docker.io" : host;
        var uri = new Uri($"https://{real}/");
        return uri.IsLoopback ? new Uri($"http://{real}/") : uri;
    }

    public static string PullScope(string repository) => $"repository:{repository}:pull";

    public static string PushScope(string repository) => $"repository:{repository}:pull,push";

    /// <summary>Sends with retries and redirects; a challenge is answered once.</summary>
    public async Task<HttpResponseMessage> SendAsync(Uri uri, string scope, Func<Uri, HttpRequestMessage> create, CancellationToken cancellation)
    {
        var authorization = _authentication.Known(scope);
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

    /// <summary>Sends the body of an upload once. A refused token is forgotten and reported as a lost connection, so that the upload starts again with a fresh one.</summary>
    /// <exception cref="HttpRequestException">The connection failed, or an answer says that another try may help.</exception>
    public async Task<HttpResponseMessage> SendUploadAsync(HttpRequestMessage request, string scope, CancellationToken cancellation)
    {
        var own = OriginClient.SameOrigin(request.RequestUri!, Address);
        AuthenticationHeaderValue? authorization = own ? _authentication.Known(scope) : null;
        request.Headers.Authorization = authorization;
        var response = await _http.SendOnceAsync(request, cancellation);
        var expired = response.StatusCode == HttpStatusCode.Unauthorized && authorization is not null;
        if (expired)
            _authentication.Forget(scope);
        if (!expired && !HttpPipeline.IsTransient(response.StatusCode))
            return response;
        using (response)
            throw new HttpRequestException($"{Host} answered {(int)response.StatusCode} to {request.Method}", null, response.StatusCode);
    }

    public void Dispose() => _http.Dispose();
}
