namespace Preheat.Tests;

/// <summary>A fresh folder that goes with the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Path = Directory.CreateTempSubdirectory("preheat-test-").FullName;

    public string Path { get; }

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public void Dispose() => Directory.Delete(Path, recursive: true);
}

/// <summary>Keeps events for assertions.</summary>
public sealed class RecordedEvents : Preheat.Runs.IEventSink
{
    private readonly List<Preheat.Runs.RunEvent> _events = [];

    public IReadOnlyList<Preheat.Runs.RunEvent> All
    {
        get
        {
            lock (_events)
                return [.. _events];
        }
    }

    public void Emit(Preheat.Runs.RunEvent runEvent)
    {
        lock (_events)
            _events.Add(runEvent);
    }
}
