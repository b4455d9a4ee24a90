using Preheat.Kubernetes;
using Preheat.Runs;

/// <summary>What a terminal shows of the targets that run, as of the last event about it; the bundled engine draws it.</summary>
sealed class LiveView(TimeProvider time) : IEventSink
{
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, RolloutPicture?> _pictures = new(StringComparer.Ordinal);

    public void Emit(RunEvent runEvent)
    {
        if (runEvent is RolloutSeen seen && CurrentTarget.Name is { } target)
            _pictures[target] = seen.Picture;
    }

    /// <summary>The rows for a target; none when there is nothing to show.</summary>
    public string[] Rows(string target, int columns, int rows) =>
        _pictures.GetValueOrDefault(target) is { } picture ? [.. picture.Lines(time.GetUtcNow(), columns, rows)] : [];
}
