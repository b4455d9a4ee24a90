using System.Buffers;
using System.Globalization;
using System.Net.Sockets;
using System.Text.Json;

namespace Preheat.Load;

/// <summary>Sends one request and measures its answer, whatever becomes of it.</summary>
internal sealed class RequestSender(HttpClient client, RunClock clock, TimeSpan timeout)
{
    private const int ReadSize = 16 * 1024;
    private const int DetailLimit = 300;

    // Beyond this an answer is counted, but not looked into.
    private const int KeptBody = 1024 * 1024;

    private readonly string _timeoutText = GoDuration.Format(timeout.Ticks * 100);

    /// <exception cref="OperationCanceledException">The run was cancelled; the request says nothing.</exception>
    public async Task<RequestRecord> SendAsync(LoadTarget target, long planned, CancellationToken run)
    {
        using var deadline = new CancellationTokenSource(timeout, clock.Time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(deadline.Token, run);
        using var message = target.ToMessage(client);
        var record = new RequestRecord { Planned = planned, Sent = clock.Now, End = 0, BytesOut = target.Body.Length };
        var reading = false;
        try
        {
            using var response = await client.SendAsync(message, HttpCompletionOption.ResponseHeadersRead, either.Token);
            reading = true;
            await MeasureAsync(record, response, either.Token);
        }
        catch (Exception exception) when (!run.IsCancellationRequested && exception is OperationCanceledException or HttpRequestException or IOException)
        {
            if (exception is OperationCanceledException)
                record.Fail(FailureKind.Timeout, $"deadline exceeded: no complete answer within {_timeoutText} ({(reading ? "reading the answer" : "waiting for headers")})");
            else
                record.Fail(FailureKind.Connection, Describe(exception, reading), exception.Message);
        }
        catch (InvalidDataException exception)
        {
            record.Fail(FailureKind.Malformed, exception.Message);
        }
        run.ThrowIfCancellationRequested();
        record.End = clock.Now;
        return record;
    }

    private async Task MeasureAsync(RequestRecord record, HttpResponseMessage response, CancellationToken cancellation)
    {
        record.Status = (int)response.StatusCode;
        var type = response.Content.Headers.ContentType?.MediaType;
        if (record.Succeeded && string.Equals(type, "text/event-stream", StringComparison.OrdinalIgnoreCase))
        {
            await MeasureStreamAsync(record, response, cancellation);
            return;
        }
        var json = type is not null && type.EndsWith("json", StringComparison.OrdinalIgnoreCase);
        var keep = record.Succeeded ? json ? KeptBody : 0 : DetailLimit + 1;
        var kept = new ArrayBufferWriter<byte>();
        await ReadAsync(
            record,
            response,
            (bytes, _) =>
            {
                var room = keep - kept.WrittenCount;
                if (room > 0)
                    kept.Write(bytes.Span[..Math.Min(room, bytes.Length)]);
                return true;
            },
            cancellation);
        if (record.Succeeded)
            TakeUsage(record, kept.WrittenMemory, whole: record.BytesIn == kept.WrittenCount);
        else
            Refused(record, response, kept.WrittenSpan);
    }

    private async Task MeasureStreamAsync(RequestRecord record, HttpResponseMessage response, CancellationToken cancellation)
    {
        var stream = new CompletionStream();
        var reader = new EventStreamReader(stream);
        try
        {
            await ReadAsync(
                record,
                response,
                (bytes, stamp) =>
                {
                    reader.Feed(bytes.Span, stamp);
                    return stream.Failure is null;
                },
                cancellation);
            reader.Complete(clock.Now);
            stream.Complete();
        }
        finally
        {
            record.FirstContent = stream.FirstContent;
            record.FirstVisible = stream.FirstVisible;
            record.LastContent = stream.LastContent;
            record.ContentChunks = stream.ContentChunks;
            record.ChunkGaps = stream.ChunkGaps;
            record.TokensFromChunks = stream.UsageTokens is null;
            record.OutputTokens = stream.UsageTokens ?? stream.ContentChunks;
        }
        if (stream.Failure is { } failure)
            record.Fail(failure, stream.Error!, stream.Detail);
    }

    /// <summary>Reads the body to its end, or until <paramref name="take"/> has had enough.</summary>
    private async Task ReadAsync(RequestRecord record, HttpResponseMessage response, Func<ReadOnlyMemory<byte>, long, bool> take, CancellationToken cancellation)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellation);
        var buffer = ArrayPool<byte>.Shared.Rent(ReadSize);
        try
        {
            int read;
            while ((read = await body.ReadAsync(buffer, cancellation)) > 0)
            {
                // Stamped before anything is parsed: parsing is not the server's time.
                var stamp = clock.Now;
                record.FirstByte ??= stamp;
                record.BytesIn += read;
                if (!take(buffer.AsMemory(0, read), stamp))
                    return;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static void Refused(RequestRecord record, HttpResponseMessage response, ReadOnlySpan<byte> body)
    {
        var status = record.Status;
        record.Fail(FailureKind.Status, string.Create(CultureInfo.InvariantCulture, $"{status} {response.ReasonPhrase}").TrimEnd(), AnswerFields.Excerpt(body, DetailLimit));
        record.Status = status;
    }

    /// <summary>Tokens of an answer that came whole. Other JSON than a completion's is nobody's failure: targets may be any interface.</summary>
    private static void TakeUsage(RequestRecord record, ReadOnlyMemory<byte> body, bool whole)
    {
        if (!whole || body.IsEmpty)
            return;
        try
        {
            using var document = JsonDocument.Parse(body);
            record.OutputTokens = AnswerFields.CompletionTokens(document.RootElement);
        }
        catch (JsonException)
        {
            return;
        }
        if (record.OutputTokens == 0)
            record.Fail(FailureKind.Empty, "the answer holds no token");
    }

    private static string Describe(Exception exception, bool reading)
    {
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            if (cause is SocketException socket)
            {
                return socket.SocketErrorCode switch
                {
                    SocketError.ConnectionRefused => "connection refused",
                    SocketError.ConnectionReset => "connection reset by the server",
                    SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "the host's name does not resolve",
                    SocketError.TooManyOpenSockets => "too many open files on the load machine",
                    SocketError.AddressNotAvailable => "no free port on the load machine",
                    var code => $"connection failed: {code}",
                };
            }
        }
        return (exception as HttpRequestException)?.HttpRequestError switch
        {
            HttpRequestError.ResponseEnded => "the server closed the connection before the answer was complete",
            HttpRequestError.NameResolutionError => "the host's name does not resolve",
            HttpRequestError.SecureConnectionError => "the secure connection could not be made",
            { } error and not HttpRequestError.Unknown => $"connection failed: {error}",
            _ => reading ? "the connection was lost while reading the answer" : "the connection was lost",
        };
    }
}
