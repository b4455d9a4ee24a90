using System.Diagnostics;

namespace Preheat.ClusterTests.Servers;

/// <summary>One program of a cluster, with its output in a file. It ends with this process, however that ends.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private const int TailLines = 15;

    // The shell reads until this process closes the pipe, be it by dying; nothing of the cluster outlives the tests.
    private const string Guard = """exec 2>/dev/null; log=$1; shift; "$@" >"$log" 2>&1 </dev/null & read -r _; kill $!; wait $!""";

    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly Process _guard;
    private readonly string _log;

    private ServerProcess(string program, Process guard, string log) => (Program, _guard, _log) = (program, guard, log);

    public string Program { get; }

    /// <summary>The last lines that the program printed.</summary>
    public string Tail => File.Exists(_log) ? string.Join('\n', File.ReadLines(_log).TakeLast(TailLines)) : "";

    public static ServerProcess Start(string program, string folder, params string[] arguments)
    {
        var log = Path.Combine(folder, Path.GetFileName(program) + ".log");
        var start = new ProcessStartInfo("/bin/sh", ["-c", Guard, "sh", log, program, .. arguments])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
        };
        return new(program, Process.Start(start)!, log);
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(Grace);
        _guard.StandardInput.Close();
        try
        {
            await _guard.WaitForExitAsync(limit.Token);
        }
        catch (OperationCanceledException)
        {
            _guard.Kill(entireProcessTree: true);
        }
        _guard.Dispose();
    }
}
