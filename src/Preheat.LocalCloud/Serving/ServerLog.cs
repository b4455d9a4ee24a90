using System.Globalization;

namespace Preheat.LocalCloud.Serving;

/// <summary>Writes a server's log in vLLM's line forms.</summary>
internal sealed class ServerLog(Action<string> write, TimeProvider time)
{
    /// <summary>A line of the API server's process.</summary>
    public void Api(string source, string message) => Line("(APIServer pid=1) ", "INFO", source, message);

    /// <summary>A line of the engine's process.</summary>
    public void Engine(string source, string message) => Line("(EngineCore_DP0 pid=85) ", "INFO", source, message);

    public void Warning(string source, string message) => Line("(APIServer pid=1) ", "WARNING", source, message);

    /// <summary>A line as it stands.</summary>
    public void Plain(string line) => write(line);

    private void Line(string process, string level, string source, string message) => write(string.Create(
        CultureInfo.InvariantCulture,
        $"{process}{level} {time.GetUtcNow():MM-dd HH:mm:ss} [{source}] {message}"));
}
