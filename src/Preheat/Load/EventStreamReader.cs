using System.Buffers;

namespace Preheat.Load;

/// <summary>Takes the events of a stream.</summary>
internal interface IEventStreamHandler
{
    /// <param name="type">Value of the <c>event</c> field; empty when absent.</param>
    /// <param name="data">Value of the <c>data</c> fields, joined by line feeds; valid during the call only.</param>
    /// <param name="stamp">When the bytes that ended the event arrived.</param>
    void OnEvent(string type, ReadOnlyMemory<byte> data, long stamp);
}

/// <summary>Reads server-sent events from bytes as they arrive, cut anywhere. A line and an event hold at most 1 MiB.</summary>
/// <remarks>
/// Source: HTML standard, section 9.2.6 "Interpreting an event stream". Lines end in LF, CRLF or CR; comments are dropped; a byte order mark is skipped.
/// One leniency: an event whose blank line is missing at the end of the stream counts, as the clients of these servers read line by line.
/// </remarks>
internal sealed class EventStreamReader(IEventStreamHandler handler)
{
    /// <summary>Bytes of the longest line, and of the longest event, that is taken.</summary>
    public const int Limit = 1024 * 1024;

    private readonly ArrayBufferWriter<byte> _line = new(256);
    private readonly ArrayBufferWriter<byte> _data = new(1024);
    private string _type = "";
    private bool _hasData;
    private bool _skipLineFeed;
    private bool _begun;

    /// <exception cref="InvalidDataException">A line or an event exceeds <see cref="Limit"/>.</exception>
    public void Feed(ReadOnlySpan<byte> bytes, long stamp)
    {
        while (bytes.Length > 0)
        {
            if (_skipLineFeed)
            {
                _skipLineFeed = false;
                if (bytes[0] == '\n')
                {
                    bytes = bytes[1..];
                    continue;
                }
            }
            var end = bytes.IndexOfAny((byte)'\n', (byte)'\r');
            if (_line.WrittenCount + (end < 0 ? bytes.Length : end) > Limit)
                throw new InvalidDataException("a line of the event stream is longer than 1 MiB");
            if (end < 0)
            {
                _line.Write(bytes);
                return;
            }
            _skipLineFeed = bytes[end] == '\r';
            if (_line.WrittenCount == 0)
            {
                TakeLine(bytes[..end], stamp);
            }
            else
            {
                _line.Write(bytes[..end]);
                TakeLine(_line.WrittenSpan, stamp);
                _line.ResetWrittenCount();
            }
            bytes = bytes[(end + 1)..];
        }
    }

    /// <summary>The stream has ended: hands on an event that only lacks its blank line. A line that was cut off is dropped.</summary>
    public void Complete(long stamp) => Dispatch(stamp);

    private void TakeLine(ReadOnlySpan<byte> line, long stamp)
    {
        if (!_begun)
        {
            _begun = true;
            if (line.StartsWith("\uFEFF"u8))
                line = line[3..];
        }
        if (line.IsEmpty)
        {
            Dispatch(stamp);
            return;
        }
        var colon = line.IndexOf((byte)':');
        if (colon == 0)
            return;
        var name = colon < 0 ? line : line[..colon];
        var value = colon < 0 ? [] : line[(colon + 1)..];
        if (value.StartsWith(" "u8))
            value = value[1..];
        if (name.SequenceEqual("data"u8))
        {
            if (_data.WrittenCount + value.Length + 1 > Limit)
                throw new InvalidDataException("an event of the stream is longer than 1 MiB");
            if (_hasData)
                _data.Write("\n"u8);
            _data.Write(value);
            _hasData = true;
        }
        else if (name.SequenceEqual("event"u8))
        {
            _type = value.SequenceEqual("error"u8) ? "error" : System.Text.Encoding.UTF8.GetString(value);
        }
    }

    private void Dispatch(long stamp)
    {
        if (_hasData)
            handler.OnEvent(_type, _data.WrittenMemory, stamp);
        _data.ResetWrittenCount();
        _hasData = false;
        _type = "";
    }
}
