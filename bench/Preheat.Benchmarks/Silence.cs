using Preheat.Runs;

namespace Preheat.Benchmarks;

/// <summary>Hears every event and tells none.</summary>
internal sealed class Silence : IEventSink
{
    public void Emit(RunEvent runEvent)
    {
    }
}
