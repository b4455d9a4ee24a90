using System.Globalization;

namespace Preheat.LocalCloud.Serving;

/// <summary>Writes a server's log in vLLM's line forms, and one line for programs at the end of each phase.</summary>
internal sealed class ServerLog(Action<string> write, TimeProvider time)
{
    /// <summary>A line of the API server's process.</summary>
    public void Api(string source, string message) => Line("(APIServer pid=1) ", "INFO", source, message);

    /// <summary>A line of the engine's process.</summary>
    public void Engine(string source, string message) => Line("(EngineCore_DP0 pid=85) ", "INFO", source, message);

    public void Warning(string source, string message) => Line("(APIServer pid=1) ", "WARNING", source, message);

    /// <summary>A line as it stands.</summary>
    public void Plain(string line) => write(line);

    /// <summary>
    /// Says that a phase of the start is over: <c>[preheat] phase=weights simulated_seconds=12.300 seconds=0.104</c>.
    /// <paramref name="modelled"/> is the time on the simulated hardware, <paramref name="lasted"/> the time here.
    /// </summary>
    public void Phase(string name, TimeSpan modelled, TimeSpan lasted) => write(string.Create(
        CultureInfo.InvariantCulture,
        $"[preheat] phase={name} simulated_seconds={modelled.TotalSeconds:0.000} seconds={lasted.TotalSeconds:0.000}"));

    private void Line(string process, string level, string source, string message) => write(string.Create(
        CultureInfo.InvariantCulture,
        $"{process}{level} {time.GetUtcNow():MM-dd HH:mm:ss} [{source}] {message}"));
}
