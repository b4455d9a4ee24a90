using System.Diagnostics;

namespace Preheat.LocalCloud.Hosting;

/// <summary>Starts the cloud's process and watches it.</summary>
internal static class CloudProcess
{
    private const int LogTail = 20;
    private const long LogLimit = 4 << 20;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>The cloud outlives the build and holds none of its secrets: it gets what a .NET program needs, and no more.</summary>
    private static readonly string[] Environment =
    [
        "HOME", "USER", "LOGNAME", "SHELL", "PATH", "LANG", "TZ", "TMPDIR", "TEMP", "TMP", "DOTNET_ROOT", "DOTNET_SYSTEM_GLOBALIZATION_INVARIANT",
        "DOTNET_GCHeapHardLimit", "DOTNET_PROCESSOR_COUNT", "SystemRoot", "windir", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "SystemDrive", "PATHEXT",
    ];

    /// <summary>Whether the process of an endpoint is there: the pid, and a start time that tells a reused pid apart.</summary>
    public static bool IsAlive(LocalEndpoint endpoint)
    {
        using var process = Get(endpoint);
        return process is not null;
    }

    /// <summary>Ends it by force.</summary>
    public static void Kill(LocalEndpoint endpoint)
    {
        using var process = Get(endpoint);
        process?.Kill();
    }

    /// <summary>Starts <c>serve</c> from a copy and waits until <c>endpoint.json</c> names the new process.</summary>
    public static async Task<LocalEndpoint> StartAsync(LocalCloudOptions options, string program, string hash, TimeSpan patience, CancellationToken cancellation)
    {
        var state = options.StateDirectory;
        File.Delete(ServeCommand.FailurePath(state));
        Rotate(ServeCommand.LogPath(state));
        var (shell, arguments) = ProcessSession.OnLog(ServeCommand.LogPath(state), DotnetHost.Find(), ["exec", program, .. ServeCommand.Arguments(options, hash)]);
        var start = new ProcessStartInfo(shell, arguments)
        {
            UseShellExecute = false,
            CreateNoWindow = true,
            // Pipes, although nobody writes to them: a child on this process's own descriptors would share its terminal's settings.
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = state,
        };
        var inherited = start.Environment.Where(entry => Environment.Contains(entry.Key, StringComparer.OrdinalIgnoreCase)).ToList();
        start.Environment.Clear();
        foreach (var (name, value) in inherited)
        {
            start.Environment[name] = value;
        }

        ProcessSession.KeepDescriptorsToThisProcess();
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var early = Task.WhenAll(process.StandardError.ReadToEndAsync(CancellationToken.None), process.StandardOutput.ReadToEndAsync(CancellationToken.None));
        for (var begun = options.Time.GetTimestamp(); options.Time.GetElapsedTime(begun) < patience;)
        {
            if (EndpointFile.Read(state) is { } endpoint && endpoint.Pid == process.Id)
            {
                return endpoint;
            }

            if (process.HasExited)
            {
                throw await ExplainAsync(state, process.ExitCode, early);
            }

            await Task.Delay(Interval, options.Time, cancellation);
        }

        process.Kill();
        throw new LocalCloudException($"The embedded cloud was not ready after {patience.TotalSeconds:0} s.{Tail(state)}");
    }

    private static async Task<LocalCloudException> ExplainAsync(string state, int exitCode, Task<string[]> early)
    {
        if (File.Exists(ServeCommand.FailurePath(state)))
        {
            return new LocalCloudException(await File.ReadAllTextAsync(ServeCommand.FailurePath(state), CancellationToken.None), exitCode);
        }

        var said = string.Concat(await early).Trim();
        return new LocalCloudException($"The embedded cloud ended at its start with exit code {exitCode}.{(said.Length > 0 ? $"\n{said}" : "")}{Tail(state)}");
    }

    private static string Tail(string state)
    {
        var log = ServeCommand.LogPath(state);
        return new FileInfo(log) is { Exists: true, Length: > 0 } ? $"\nThe end of {log}:\n{string.Join('\n', File.ReadLines(log).TakeLast(LogTail))}" : "";
    }

    private static void Rotate(string log)
    {
        if (new FileInfo(log) is { Exists: true, Length: > LogLimit })
        {
            File.Move(log, $"{log}.1", overwrite: true);
        }
    }

    // Killed, and not yet collected by its parent: the first process of a container may leave it so for long.
    private static bool IsZombie(int pid)
    {
        try
        {
            // proc_pid_stat(5): the state stands behind the command name, which is in parentheses and may hold any character.
            return OperatingSystem.IsLinux() && File.ReadAllText($"/proc/{pid}/stat") is { } stat && stat.AsSpan(stat.LastIndexOf(')') + 1).TrimStart() is ['Z' or 'X', ..];
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static Process? Get(LocalEndpoint endpoint)
    {
        if (endpoint.Pid == System.Environment.ProcessId)
        {
            return null; // a pid from before a restart of the machine, and now ours
        }

        Process? process = null;
        try
        {
            process = Process.GetProcessById(endpoint.Pid);
            // Systems derive it from the time since boot, so two readings may differ a little.
            if (!process.HasExited && !IsZombie(endpoint.Pid) && (process.StartTime.ToUniversalTime() - endpoint.StartedAt.UtcDateTime).Duration() < TimeSpan.FromSeconds(1))
            {
                return process;
            }
        }
        catch (Exception error) when (error is ArgumentException or InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // There is no such process, or it belongs to somebody else and so is not ours.
        }

        process?.Dispose();
        return null;
    }
}
