using System.Globalization;
using Preheat.LocalCloud.Pods;

namespace Preheat.LocalCloud.Serving;

/// <summary>One phase of a server's start on the infrastructure's clock.</summary>
internal static class StartPhase
{
    /// <summary>
    /// Does the work within the modelled time, then says in the log that the phase is over:
    /// <c>[preheat] phase=weights simulated_seconds=12.300 seconds=0.104</c>, the time on the simulated hardware and the time here.
    /// </summary>
    public static async Task RunAsync(ContainerStart start, string name, TimeSpan modelled, Action work, CancellationToken cancellation)
    {
        var began = start.Clock.Time.GetTimestamp();
        await start.Clock.PhaseAsync(
            modelled,
            () =>
            {
                work();
                return Task.CompletedTask;
            },
            cancellation);
        var lasted = start.Clock.Time.GetElapsedTime(began);
        start.Log(string.Create(CultureInfo.InvariantCulture, $"[preheat] phase={name} simulated_seconds={modelled.TotalSeconds:0.000} seconds={lasted.TotalSeconds:0.000}"));
    }
}
