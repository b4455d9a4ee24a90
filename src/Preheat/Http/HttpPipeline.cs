using System.Net;
using Polly;
using Polly.Retry;
using Preheat.Runs;

namespace Preheat.Http;

/// <summary>The one way requests are retried: 408, 425, 429, 5xx and lost connections, with jitter, honouring <c>Retry-After</c>.</summary>
/// <remarks>The final failure tells the history: how many tries, and what each answered.</remarks>
public static class HttpPipeline
{
    /// <summary>Tries after the first one. The default value is 4.</summary>
    public const int Retries = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait that a service may ask for; the hub counts requests in windows of five minutes.</summary>
    private static readonly TimeSpan LongestAskedWait = TimeSpan.FromMinutes(6);

    /// <summary>A wait of this length is told, so that nobody takes it for a hang.</summary>
    private static readonly TimeSpan LongWait = TimeSpan.FromSeconds(5);

    /// <summary>True for an answer that another try may better.</summary>
    public static bool IsTransient(HttpStatusCode status) => (int)status is 408 or 425 or 429 or (>= 500 and not 501 and not 505);

    /// <summary>True for a failure of the connection (not of the caller's cancellation, not of an unresolvable host).</summary>
    public static bool IsTransient(Exception exception) =>
        exception is IOException or TimeoutException
        || exception is HttpRequestException { HttpRequestError: not (HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError) };

    /// <summary>Sends a request that <paramref name="create"/> makes anew for each try; the response is returned whatever its status once tries are used up.</summary>
    /// <exception cref="HttpRequestException">The connection failed at every try.</exception>
    public static Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        Func<HttpRequestMessage> create,
        HttpCompletionOption completion,
        TimeProvider time,
        CancellationToken cancellation) =>
        SendAsync(client, create, completion, time, null, cancellation);

    /// <summary>As the other, and tells <paramref name="say"/> about long waits.</summary>
    public static async Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        Func<HttpRequestMessage> create,
        HttpCompletionOption completion,
        TimeProvider time,
        Action<string>? say,
        CancellationToken cancellation)
    {
        var pipeline = new ResiliencePipelineBuilder<HttpResponseMessage> { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                MaxRetryAttempts = Retries,
                Delay = TimeSpan.FromMilliseconds(200),
                MaxDelay = LongestWait,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(arguments.Outcome switch
                {
                    { Exception: { } exception } => !cancellation.IsCancellationRequested && IsTransient(exception),
                    // Who asks for a longer wait than is waited for would refuse every try until then.
                    { Result: { } response } => IsTransient(response.StatusCode) && !(AskedWait(response, time) > LongestAskedWait),
                    _ => false,
                }),
                DelayGenerator = arguments => ValueTask.FromResult(AskedWait(arguments.Outcome.Result, time)),
                OnRetry = arguments =>
                {
                    if (arguments.RetryDelay >= LongWait && arguments.Outcome.Result is { RequestMessage.RequestUri: { } uri } refused)
                        say?.Invoke($"{uri.Host} answered {(int)refused.StatusCode}; the next try comes in {Spans.Text(arguments.RetryDelay)}.");
                    arguments.Outcome.Result?.Dispose();
                    return ValueTask.CompletedTask;
                },
            })
            .Build();
        return await pipeline.ExecuteAsync(
            async token =>
            {
                using var request = create();
                return await client.SendAsync(request, completion, token);
            },
            cancellation);
    }

    /// <summary>Runs work of several requests (an upload) again from its start while it fails for a reason that <see cref="IsTransient(Exception)"/> names.</summary>
    /// <exception cref="HttpRequestException">The last failure, when tries are used up.</exception>
    public static async Task<T> RunAsync<T>(Func<CancellationToken, Task<T>> work, TimeProvider time, CancellationToken cancellation)
    {
        var pipeline = new ResiliencePipelineBuilder { TimeProvider = time }
            .AddRetry(new RetryStrategyOptions
            {
                MaxRetryAttempts = Retries,
                Delay = TimeSpan.FromMilliseconds(200),
                MaxDelay = LongestWait,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                ShouldHandle = arguments => ValueTask.FromResult(
                    !cancellation.IsCancellationRequested && arguments.Outcome.Exception is { } exception && IsTransient(exception)),
            })
            .Build();
        return await pipeline.ExecuteAsync(async token => await work(token), cancellation);
    }

    /// <summary>
    /// How long a service asks to be left alone: <c>Retry-After</c> (RFC 9110), else for 429 the time left of a used-up window in <c>RateLimit</c>
    /// (<c>"api";r=0;t=55</c>, draft-ietf-httpapi-ratelimit-headers-09, as the model hub sends it). Null when it does not say.
    /// </summary>
    public static TimeSpan? AskedWait(HttpResponseMessage? response, TimeProvider time)
    {
        var asked = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => response?.StatusCode == HttpStatusCode.TooManyRequests ? WindowLeft(response) : null,
        };
        return asked < TimeSpan.Zero ? TimeSpan.Zero : asked;
    }

    private static TimeSpan? WindowLeft(HttpResponseMessage response)
    {
        if (!response.Headers.TryGetValues("RateLimit", out var values))
            return null;
        var usedUp = values.SelectMany(value => value.Split(','))
            .Select(item => item.Split(';', StringSplitOptions.TrimEntries))
            .Where(item => item.Contains("r=0"))
            .SelectMany(item => item)
            .Where(field => field.StartsWith("t=", StringComparison.Ordinal) && field.Length is > 2 and <= 8 && field.AsSpan(2).IndexOfAnyExceptInRange('0', '9') < 0)
            .Select(field => int.Parse(field[2..], System.Globalization.CultureInfo.InvariantCulture))
            .DefaultIfEmpty(-1)
            .Max();
        return usedUp < 0 ? null : TimeSpan.FromSeconds(usedUp);
    }
}
