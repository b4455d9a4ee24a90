using System.Net;
using Polly;
using Polly.Retry;

namespace Preheat.Http;

/// <summary>The one way requests are retried: 408, 425, 429, 5xx and lost connections, with jitter, honouring <c>Retry-After</c>.</summary>
/// <remarks>The final failure tells the history: how many tries, and what each answered.</remarks>
public static class HttpPipeline
{
    /// <summary>Tries after the first one. The default value is 4.</summary>
    public const int Retries = 4;

    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(30);

    /// <summary>True for an answer that another try may better.</summary>
    public static bool IsTransient(HttpStatusCode status) => (int)status is 408 or 425 or 429 or (>= 500 and not 501 and not 505);

    /// <summary>True for a failure of the connection (not of the caller's cancellation, not of an unresolvable host).</summary>
    public static bool IsTransient(Exception exception) =>
        exception is IOException or TimeoutException
        || exception is HttpRequestException { HttpRequestError: not (HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError) };

    /// <summary>Sends a request that <paramref name="create"/> makes anew for each try; the response is returned whatever its status once tries are used up.</summary>
    /// <exception cref="HttpRequestException">The connection failed at every try.</exception>
    public static async Task<HttpResponseMessage> SendAsync(
        HttpClient client,
        Func<HttpRequestMessage> create,
        HttpCompletionOption completion,
        TimeProvider time,
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
                    { Result: { } response } => IsTransient(response.StatusCode),
                    _ => false,
                }),
                DelayGenerator = arguments => ValueTask.FromResult(RetryAfter(arguments.Outcome.Result, time)),
                OnRetry = arguments =>
                {
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

    private static TimeSpan? RetryAfter(HttpResponseMessage? response, TimeProvider time)
    {
        var asked = response?.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - time.GetUtcNow(),
            _ => (TimeSpan?)null,
        };
        if (asked is not { } wait)
            return null;
        return wait < TimeSpan.Zero ? TimeSpan.Zero : wait > LongestWait ? LongestWait : wait;
    }
}
