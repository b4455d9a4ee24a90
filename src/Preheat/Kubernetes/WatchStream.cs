using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Kubernetes;

/// <summary>One connection of a watch: an answer whose body is one JSON object per line, until it ends, is cut, or is older than its limit.</summary>
internal sealed class WatchStream : IAsyncDisposable
{
    private const int LongestLine = 16 * 1024 * 1024;
    private const int LongestError = 64 * 1024;

    private readonly HttpResponseMessage _response;
    private readonly CancellationToken _caller;
    private readonly CancellationTokenSource _limit;
    private readonly ITimer _timer;
    private PipeReader? _reader;

    public WatchStream(HttpResponseMessage response, TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        _response = response;
        _caller = cancellation;
        _limit = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _timer = time.CreateTimer(state => ((CancellationTokenSource)state!).Cancel(), _limit, limit, Timeout.InfiniteTimeSpan);
    }

    public HttpStatusCode Status => _response.StatusCode;

    /// <summary>The start of the body of an answer that is no success; empty when it was cut off.</summary>
    public async Task<string> BodyAsync()
    {
        var buffer = new byte[LongestError];
        try
        {
            await using var stream = await _response.Content.ReadAsStreamAsync(_limit.Token);
            return Encoding.UTF8.GetString(buffer, 0, await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, _limit.Token));
        }
        catch (Exception exception) when (IsCut(exception))
        {
            return "";
        }
    }

    /// <summary>The next object; null when the connection is over, for whatever reason.</summary>
    public async Task<JsonObject?> NextAsync()
    {
        try
        {
            _reader ??= PipeReader.Create(await _response.Content.ReadAsStreamAsync(_limit.Token));
            while (true)
            {
                var read = await _reader.ReadAsync(_limit.Token);
                if (read.Buffer.PositionOf((byte)'\n') is { } end)
                {
                    var line = LeanJson.Read(read.Buffer.Slice(0, end));
                    _reader.AdvanceTo(read.Buffer.GetPosition(1, end));
                    return line;
                }
                // Half a line at the end was cut off: what it says comes again after the last version seen.
                if (read.IsCompleted)
                    return null;
                if (read.Buffer.Length > LongestLine)
                    throw new PreheatException($"A watch event is longer than {LongestLine} bytes.");
                _reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (Exception exception) when (exception is JsonException || IsCut(exception))
        {
            return null;
        }
    }

    private bool IsCut(Exception exception) => exception is IOException or HttpRequestException || (exception is OperationCanceledException && !_caller.IsCancellationRequested);

    public async ValueTask DisposeAsync()
    {
        await _timer.DisposeAsync();
        _response.Dispose();
        if (_reader is not null)
            await _reader.CompleteAsync();
        _limit.Dispose();
    }
}
