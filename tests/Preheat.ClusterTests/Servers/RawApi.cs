using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.ClusterTests.Servers;

/// <summary>An answer as it came.</summary>
/// <param name="Json">Null where the body is no JSON object.</param>
internal sealed record RawAnswer(HttpStatusCode Status, string Body, JsonObject? Json)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    /// <summary>Asserts success, showing the body when there is none.</summary>
    public JsonObject Object()
    {
        IsSuccess.ShouldBeTrue($"{(int)Status}: {Body}");
        return Json.ShouldNotBeNull();
    }
}

/// <summary>Plain requests to an API server, beside the client under test: what both got wrong would not be noticed.</summary>
internal sealed class RawApi : IDisposable
{
    private readonly HttpClient _http;

    public RawApi(Uri server, string authorityFile, string token)
    {
        var handler = new SocketsHttpHandler { UseProxy = false };
        handler.SslOptions.CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        handler.SslOptions.CertificateChainPolicy.CustomTrustStore.ImportFromPemFile(authorityFile);
        _http = new HttpClient(handler) { BaseAddress = server, Timeout = Timeout.InfiniteTimeSpan };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public Task<RawAnswer> GetAsync(string path, CancellationToken cancellation = default) => SendAsync(HttpMethod.Get, path, body: null, "", cancellation);

    public Task<RawAnswer> PostAsync(string path, string body, CancellationToken cancellation = default) => SendAsync(HttpMethod.Post, path, body, "application/json", cancellation);

    public Task<RawAnswer> ApplyAsync(string path, string body, CancellationToken cancellation = default) => SendAsync(HttpMethod.Patch, path, body, "application/apply-patch+yaml", cancellation);

    public Task<RawAnswer> MergeAsync(string path, string body, CancellationToken cancellation = default) => SendAsync(HttpMethod.Patch, path, body, "application/merge-patch+json", cancellation);

    public Task<RawAnswer> DeleteAsync(string path, string? options = null, CancellationToken cancellation = default) => SendAsync(HttpMethod.Delete, path, options, "application/json", cancellation);

    public async Task<RawAnswer> SendAsync(HttpMethod method, string path, string? body, string mediaType, CancellationToken cancellation = default)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
            request.Content = new StringContent(body, new MediaTypeHeaderValue(mediaType));
        using var response = await _http.SendAsync(request, cancellation);
        var text = await response.Content.ReadAsStringAsync(cancellation);
        return new(response.StatusCode, text, Parse(text));
    }

    /// <summary>The events of a watch, until the server ends it.</summary>
    public async IAsyncEnumerable<JsonObject> WatchAsync(string path, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellation)
    {
        using var response = await _http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            if (Parse(line) is { } change)
                yield return change;
        }
    }

    public void Dispose() => _http.Dispose();

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
