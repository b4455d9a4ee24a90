using Preheat.Runs;

namespace Preheat.Kubernetes;

/// <summary>Tells of a failed roll-out and of the way back from it.</summary>
internal static class WayBack
{
    /// <param name="number">The revision that is gone back to.</param>
    /// <param name="restore">Puts it back, and gives the number that it has then.</param>
    /// <returns>The failure, with what became of the way back.</returns>
    public static async Task<PreheatException> GoAsync(string title, long number, PreheatException failure, string advice, IEventSink events, Func<Task<string>> restore)
    {
        // The evidence comes at the end, where it is looked for.
        events.Emit(new Warning(failure.Message.Split('\n')[0]));
        events.Emit(new StateChanged(title, $"goes back to revision {number}, the last good one"));
        try
        {
            return new PreheatException($"{failure.Message}\nRevision {number} serves again (as revision {await restore()}). {advice}", failure);
        }
        catch (PreheatException second)
        {
            return new PreheatException($"{failure.Message}\nThe way back to revision {number} failed too: {second.Message}", failure);
        }
    }
}
