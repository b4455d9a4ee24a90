using System.Collections;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;

namespace Preheat.Testing.Kills;

/// <summary><c>build.sh</c> in a session of its own, so that it can be killed with all it started (save the embedded cloud, which has another).</summary>
internal sealed class BuildProcess : IDisposable
{
    private const int Kill = 9;

    private static readonly string[] Foreign =
        ["HF_TOKEN", "HF_ENDPOINT", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "MSBuildSDKsPath", "MSBUILD_EXE_PATH", "MSBuildExtensionsPath"];

    private readonly Process _process;
    private readonly StringBuilder _output = new();

    public BuildProcess(string root, string folder, string state, IEnumerable<string> arguments)
    {
        // setsid (util-linux) replaces itself by the program, as it leads no group: the group has the process's own id.
        var start = new ProcessStartInfo("setsid", ["bash", Path.Combine(root, "build.sh"), .. arguments])
        {
            WorkingDirectory = folder,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => (string)variable.Key))
        {
            // What a user's own settings say is not what is tested.
            if (Foreign.Contains(name, StringComparer.Ordinal) || name.StartsWith("NUKE_", StringComparison.OrdinalIgnoreCase))
                start.Environment.Remove(name);
        }
        start.Environment["PREHEAT_STATE"] = state;
        start.Environment["NO_COLOR"] = "1";
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Append(line.Data);
        _process.ErrorDataReceived += (_, line) => Append(line.Data);
        try
        {
            _process.Start();
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new UserException($"The program setsid does not start: {exception.Message}. This test needs Linux with util-linux.", exception);
        }
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasExited => _process.HasExited;

    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>SIGKILL to every process of the group.</summary>
    public void KillGroup() => _ = kill(-_process.Id, Kill);

    /// <summary>SIGKILL to one process.</summary>
    public static void KillOne(int pid) => _ = kill(pid, Kill);

    /// <summary>Waits for the end; a process that outlives the limit is killed.</summary>
    /// <returns>The exit code; null when it did not end within the limit.</returns>
    public async Task<int?> WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellation)
    {
        using var late = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, cancellation);
        try
        {
            await _process.WaitForExitAsync(either.Token);
            return _process.ExitCode;
        }
        catch (OperationCanceledException)
        {
            KillGroup();
            cancellation.ThrowIfCancellationRequested();
            return null;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
            KillGroup();
        _process.Dispose();
    }

#pragma warning disable SYSLIB1054, IDE1006 // the generated form needs unsafe code; the name is C's
    [DllImport("libc", SetLastError = true)]
    private static extern int kill(int pid, int signal);
#pragma warning restore SYSLIB1054, IDE1006

    private void Append(string? line)
    {
        lock (_output)
            _output.AppendLine(line);
    }
}
