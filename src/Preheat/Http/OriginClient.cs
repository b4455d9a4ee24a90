using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Preheat.Http;

/// <summary>Requests to one service: follows redirects itself so that a credential is sent to its own origin only, and caps what it reads.</summary>
/// <remarks>The credential of a hub or registry must not reach the storage host that a download is redirected to (RFC 9110, section 15.4).</remarks>
public sealed class OriginClient : IDisposable
{
    /// <summary>Most bytes of an error's body that are read.</summary>
    public const int ErrorBodyLimit = 64 * 1024;

    private const int MostRedirects = 10;

    private readonly HttpClient _client;
    private readonly TimeProvider _time;
    private readonly Action<string>? _say;

    /// <param name="say">Told about long waits that the service asks for.</param>
    public OriginClient(TimeProvider time, Action<string>? say = null)
    {
        _time = time;
        _say = say;
        // No over-all time-out: one request may carry a layer of many gigabytes.
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(20),
            PooledConnectionIdleTimeout = TimeSpan.FromSeconds(60),
        })
        { Timeout = Timeout.InfiniteTimeSpan };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("preheat", typeof(OriginClient).Assembly.GetName().Version?.ToString(3) ?? "0"));
    }

    /// <summary>Sends one request without retry or redirect: for uploads, whose caller restarts the whole upload.</summary>
    public Task<HttpResponseMessage> SendOnceAsync(HttpRequestMessage request, CancellationToken cancellation) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);

    /// <summary>Sends a request with retries and follows up to ten redirects; <paramref name="authorization"/> goes only to the origin of <paramref name="uri"/>.</summary>
    /// <exception cref="UserException">The host's name does not resolve, or a redirect leads from https to http.</exception>
    /// <exception cref="PreheatException">The connection failed at every try, or there are too many redirects.</exception>
    public async Task<HttpResponseMessage> SendAsync(
        Uri uri,
        Func<Uri, HttpRequestMessage> create,
        AuthenticationHeaderValue? authorization,
        CancellationToken cancellation)
    {
        var target = uri;
        for (var redirects = 0; redirects <= MostRedirects; redirects++)
        {
            var response = await SendWithRetriesAsync(target, create, SameOrigin(uri, target) ? authorization : null, cancellation);
            if (response.StatusCode is not (HttpStatusCode.Moved or HttpStatusCode.Found or HttpStatusCode.SeeOther or HttpStatusCode.TemporaryRedirect
                    or HttpStatusCode.PermanentRedirect) || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            var next = new Uri(target, location);
            if (next.Scheme is not ("http" or "https") || (target.Scheme == "https" && next.Scheme == "http"))
                throw new UserException($"{uri.Host} redirects to {next.Scheme}://{next.Host}, which is not safe to follow. Check the address of the service.");
            target = next;
        }
        throw new PreheatException($"{uri.Host} redirected {MostRedirects} times without an answer. Check the address of the service.");
    }

    /// <summary>True when scheme, host and port agree.</summary>
    public static bool SameOrigin(Uri left, Uri right) =>
        left.Scheme == right.Scheme && string.Equals(left.Host, right.Host, StringComparison.OrdinalIgnoreCase) && left.Port == right.Port;

    /// <summary>The body as bytes.</summary>
    /// <exception cref="PreheatException">It is longer than <paramref name="limit"/>, or the connection broke.</exception>
    public static async Task<byte[]> ReadBodyAsync(HttpResponseMessage response, int limit, string what, CancellationToken cancellation)
    {
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            using var buffer = new MemoryStream();
            var piece = new byte[16 * 1024];
            int read;
            while ((read = await stream.ReadAsync(piece, cancellation)) > 0)
            {
                if (buffer.Length + read > limit)
                    throw new PreheatException($"{what} is longer than the {limit:N0} bytes that are allowed.");
                buffer.Write(piece, 0, read);
            }
            return buffer.ToArray();
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            throw new PreheatException($"{what} broke off while it was read: {exception.Message} Run the step again.", exception);
        }
    }

    /// <summary>The start of an error's body as text, at most <see cref="ErrorBodyLimit"/> bytes; never throws for what the server sent.</summary>
    public static async Task<string> ReadErrorAsync(HttpResponseMessage response, CancellationToken cancellation)
    {
        var buffer = new byte[ErrorBodyLimit];
        var length = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellation);
            int read;
            while (length < buffer.Length && (read = await stream.ReadAsync(buffer.AsMemory(length), cancellation)) > 0)
                length += read;
        }
        catch (Exception exception) when (exception is IOException or HttpRequestException)
        {
            // The status is the news; what was read of the body so far is enough.
        }
        return Encoding.UTF8.GetString(buffer, 0, length);
    }

    /// <summary>Turns a failed connection into the message for the user.</summary>
    public static PreheatException Unreachable(Uri uri, HttpRequestException exception) =>
        exception.HttpRequestError == HttpRequestError.NameResolutionError
            ? new UserException($"The host {uri.Host} does not resolve. Check its name and the network.", exception)
            : new PreheatException($"{uri.Host}:{uri.Port} could not be reached after {HttpPipeline.Retries + 1} tries: {exception.Message.TrimEnd('.')}. Check that the service runs, then run the step again.", exception);

    public void Dispose() => _client.Dispose();

    private async Task<HttpResponseMessage> SendWithRetriesAsync(
        Uri target,
        Func<Uri, HttpRequestMessage> create,
        AuthenticationHeaderValue? authorization,
        CancellationToken cancellation)
    {
        try
        {
            return await HttpPipeline.SendAsync(
                _client,
                () =>
                {
                    var request = create(target);
                    request.Headers.Authorization = authorization;
                    return request;
                },
                HttpCompletionOption.ResponseHeadersRead,
                _time,
                _say,
                cancellation);
        }
        catch (HttpRequestException exception)
        {
            throw Unreachable(target, exception);
        }
    }
}
