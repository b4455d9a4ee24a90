using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Calls <c>/admin/</c> of a running cloud.</summary>
internal sealed class AdminClient : IDisposable
{
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(5) };

    /// <summary>Whether the very process of the endpoint answers there.</summary>
    public async Task<bool> AnswersAsync(LocalEndpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            using var answer = await SendAsync(HttpMethod.Get, endpoint, "health", cancellation);
            if (answer.StatusCode != HttpStatusCode.OK)
            {
                return false;
            }

            using var health = JsonDocument.Parse(await answer.Content.ReadAsByteArrayAsync(cancellation));
            return health.RootElement.GetProperty("pid").GetInt32() == endpoint.Pid;
        }
        catch (Exception error) when (IsSilence(error, cancellation) || error is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return false; // nobody, or another program on that port
        }
    }

    /// <summary>Asks it to stop; that it is gone already is as good.</summary>
    public async Task StopAsync(LocalEndpoint endpoint, CancellationToken cancellation)
    {
        try
        {
            using var answer = await SendAsync(HttpMethod.Post, endpoint, "stop", cancellation);
        }
        catch (Exception error) when (IsSilence(error, cancellation))
        {
            // The caller waits for the process and ends it by force.
        }
    }

    public void Dispose() => _client.Dispose();

    private static bool IsSilence(Exception error, CancellationToken cancellation) =>
        error is HttpRequestException || (error is OperationCanceledException && !cancellation.IsCancellationRequested);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, LocalEndpoint endpoint, string path, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(method, new Uri(endpoint.Gateway, $"/admin/{path}"));
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", endpoint.AdminToken);
        return await _client.SendAsync(request, cancellation);
    }
}
