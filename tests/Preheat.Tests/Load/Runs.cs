using System.Collections.Concurrent;
using Preheat.Load;
using Preheat.Runs;

namespace Preheat.Tests.Load;

/// <summary>Keeps the events of a run.</summary>
internal sealed class RecordedEvents : IEventSink
{
    private readonly ConcurrentQueue<RunEvent> _events = new();

    public IReadOnlyList<RunEvent> All => [.. _events];

    public void Emit(RunEvent runEvent) => _events.Enqueue(runEvent);
}

internal static class LoadRuns
{
    /// <summary>Runs against a server; the default is a short run without warm-up.</summary>
    public static async Task<LoadReport> RunAsync(LoadServer server, LoadOptions? options = null, RecordedEvents? events = null, CancellationToken cancellation = default) =>
        await LoadTester.RunAsync(
            new LoadRequest
            {
                Client = server.Client,
                BaseAddress = server.Address,
                ServedModelName = "preheat/tiny-gemma-2",
                Options = options ?? new LoadOptions { Rate = 50, Duration = TimeSpan.FromMilliseconds(60), WarmUpRequests = 0, Timeout = TimeSpan.FromSeconds(10) },
            },
            events ?? new RecordedEvents(),
            TimeProvider.System,
            cancellation);
}
