using System.Text.Json;
using System.Text.Json.Nodes;

namespace Preheat.Runs;

/// <summary>Writes every event but those for lookers-on as a line of <c>log.jsonl</c>: <c>time</c>, <c>level</c>, <c>type</c>, <c>target</c>, then the event's own fields.</summary>
/// <remarks>Each line is handed to the system at once, so that a killed run leaves its log. The log of the run before is kept as <see cref="PreviousName"/>, no older one.</remarks>
/// <param name="mask">Takes secrets out of a text.</param>
public sealed class EventLog(TimeProvider time, Func<string, string> mask) : IEventSink, IDisposable
{
    public const string Name = "log.jsonl";

    /// <summary>The log of the run before.</summary>
    public const string PreviousName = "log.previous.jsonl";

    /// <summary>Lines kept until the deployment's folder is open.</summary>
    private const int MostPending = 10_000;

    private static readonly JsonSerializerOptions Fields = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private readonly Lock _lock = new();
    private readonly Queue<string> _pending = new();
    private StreamWriter? _file;
    private bool _isClosed;

    /// <summary>Begins the log in a deployment's folder, with what has happened so far. A log that cannot be written is no reason to stop a run.</summary>
    public void Open(string directory)
    {
        var path = Path.Combine(directory, Name);
        lock (_lock)
        {
            try
            {
                if (File.Exists(path))
                    File.Move(path, Path.Combine(directory, PreviousName), overwrite: true);
                _file = new StreamWriter(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete)) { NewLine = "\n", AutoFlush = true };
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                _isClosed = true;
            }
            while (_pending.TryDequeue(out var line))
                Write(line);
        }
    }

    public void Emit(RunEvent runEvent)
    {
        if (runEvent is LiveEvent)
            return;
        var line = Line(runEvent);
        lock (_lock)
            Write(line);
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _isClosed = true;
            _file?.Dispose();
        }
    }

    private void Write(string line)
    {
        if (_isClosed)
            return;
        if (_file is null)
        {
            if (_pending.Count < MostPending)
                _pending.Enqueue(line);
            return;
        }
        try
        {
            _file.WriteLine(line);
        }
        catch (IOException)
        {
            // A full disk fails the step that needs it, with a message; the log just ends.
            _isClosed = true;
        }
    }

    private string Line(RunEvent runEvent)
    {
        var line = new JsonObject
        {
            ["time"] = JsonValue.Create(time.GetUtcNow()),
            ["level"] = runEvent switch { Warning => "warning", TargetEnded { Error: not null } => "error", ByteProgress => "debug", _ => "info" },
            ["type"] = JsonNamingPolicy.KebabCaseLower.ConvertName(runEvent.GetType().Name),
        };
        if (CurrentTarget.Name is { } target)
            line["target"] = target;
        foreach (var (name, value) in JsonSerializer.SerializeToNode(runEvent, runEvent.GetType(), Fields)!.AsObject())
            line[name] = value?.GetValueKind() == JsonValueKind.String ? mask(value.GetValue<string>()) : value?.DeepClone();
        return line.ToJsonString(Fields);
    }
}
