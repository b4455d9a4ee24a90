using System.Globalization;
using System.Text;
using System.Text.Json;
using Preheat.Load;
using Preheat.Runs;

namespace Preheat.Smoke;

/// <summary>Runs checks one after the other, each within its time-out, and collects what became of them.</summary>
internal sealed class SmokeRun(SmokeRequest request, IEventSink events, TimeProvider time, CancellationToken cancellation)
{
    private const int LargestAnswer = 4 * 1024 * 1024;

    private readonly List<SmokeCheck> _checks = [];
    private readonly long _start = time.GetTimestamp();
    private readonly Uri _base = request.BaseAddress.AbsoluteUri.EndsWith('/') ? request.BaseAddress : new Uri(request.BaseAddress.AbsoluteUri + "/");
    private CancellationToken _checkToken;

    public SmokeRequest Request => request;

    public string? ServerVersion { get; set; }

    public async Task CheckAsync(string name, Func<SmokeRun, Task<string>> check)
    {
        var start = time.GetTimestamp();
        using var deadline = new CancellationTokenSource(request.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, cancellation);
        _checkToken = either.Token;
        var (passed, detail) = (false, "");
        try
        {
            detail = await check(this);
            passed = true;
        }
        catch (UnexpectedAnswerException exception)
        {
            detail = exception.Message;
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            detail = string.Create(CultureInfo.InvariantCulture, $"no complete answer within {request.Timeout.TotalSeconds:0.###} s");
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            detail = exception.InnerException is { } inner ? $"{exception.Message} {inner.Message}" : exception.Message;
        }
        _checks.Add(new(name, passed, detail, time.GetElapsedTime(start).TotalSeconds));
        events.Emit(passed ? new Note($"{name}: {detail}") : new Warning($"{name}: {detail}"));
    }

    public SmokeReport Report() => new()
    {
        Checks = _checks,
        ServerVersion = ServerVersion,
        ServedModelName = request.ServedModelName,
        Seconds = time.GetElapsedTime(_start).TotalSeconds,
    };

    public Task<SmokeAnswer> GetAsync(string path, int expected) => SendAsync(HttpMethod.Get, path, null, expected);

    public Task<SmokeAnswer> PostAsync(LoadDialect dialect, CompletionRequest body, int expected) =>
        SendAsync(HttpMethod.Post, body.PathOf(dialect), body.ToBody(dialect), expected);

    /// <summary>An answer whatever its status.</summary>
    public Task<SmokeAnswer> PostAsync(LoadDialect dialect, CompletionRequest body) => SendAsync(HttpMethod.Post, body.PathOf(dialect), body.ToBody(dialect), null);

    // No retries: what a client would see is what is asked about.
    private async Task<SmokeAnswer> SendAsync(HttpMethod method, string path, byte[]? body, int? expected)
    {
        using var message = new HttpRequestMessage(method, new Uri(_base, path)) { Version = request.Client.DefaultRequestVersion, VersionPolicy = request.Client.DefaultVersionPolicy };
        if (body is not null)
        {
            message.Content = new ByteArrayContent(body);
            message.Content.Headers.ContentType = new("application/json");
        }
        using var response = await request.Client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, _checkToken);
        await using var stream = await response.Content.ReadAsStreamAsync(_checkToken);
        using var content = new MemoryStream();
        var buffer = new byte[16 * 1024];
        int read;
        while (content.Length <= LargestAnswer && (read = await stream.ReadAsync(buffer, _checkToken)) > 0)
            content.Write(buffer, 0, read);
        var answer = new SmokeAnswer(
            $"{method} /{path}{(body is null ? "" : " " + AnswerFields.Excerpt(body, SmokeAnswer.ExcerptLength))}",
            (int)response.StatusCode,
            response.Content.Headers.ContentType?.MediaType ?? "",
            content.GetBuffer().AsMemory(0, (int)content.Length));
        if (content.Length > LargestAnswer)
            throw answer.Unexpected($"the answer is larger than {LargestAnswer / 1024 / 1024} MiB");
        return expected is null || answer.Status == expected ? answer : throw answer.Unexpected($"status {answer.Status}, expected {expected}");
    }
}

/// <summary>An answer, with what was asked.</summary>
/// <param name="Asked">Method, path and body, cut short.</param>
/// <param name="Status">HTTP status.</param>
/// <param name="ContentType">Media type; empty when absent.</param>
/// <param name="Body">The body.</param>
internal sealed record SmokeAnswer(string Asked, int Status, string ContentType, ReadOnlyMemory<byte> Body)
{
    /// <summary>Bytes of a request or an answer that a message shows.</summary>
    public const int ExcerptLength = 200;

    public string Text() => Encoding.UTF8.GetString(Body.Span);

    public JsonDocument Json()
    {
        try
        {
            return JsonDocument.Parse(Body);
        }
        catch (JsonException)
        {
            throw Unexpected("the answer is not JSON");
        }
    }

    public UnexpectedAnswerException Unexpected(string reason) =>
        new(this, $"{reason}; asked {Asked}; answered {Status} {(Body.IsEmpty ? "with nothing" : AnswerFields.Excerpt(Body.Span, ExcerptLength))}");
}

/// <summary>The endpoint answered, but not as it must.</summary>
internal sealed class UnexpectedAnswerException(SmokeAnswer answer, string message) : Exception(message)
{
    public SmokeAnswer Answer { get; } = answer;
}
