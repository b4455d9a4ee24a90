using System.Diagnostics;

namespace Preheat.Testing;

/// <summary>Takes one line that a child process printed; called from several threads, one line at a time.</summary>
public delegate void ChildOutput(string line, bool isError);

/// <summary>Runs a program to its end, without a standard input, and takes its whole process tree down when cancelled.</summary>
public sealed class ChildProcess(TimeProvider time)
{
    /// <summary>How long output may still arrive after the program's end: a grandchild that stays behind holds the pipes open.</summary>
    private static readonly TimeSpan Drain = TimeSpan.FromSeconds(5);

    /// <summary>Environment variables that MSBuild itself needs although their names have no underscore.</summary>
    private static readonly HashSet<string> NeededVariables = new(StringComparer.OrdinalIgnoreCase)
    {
        "PATH", "PATHEXT", "HOME", "USER", "USERNAME", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ", "CI", "TMPDIR", "TMP", "TEMP",
        "OS", "SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "PROGRAMFILES", "USERPROFILE",
    };

    /// <summary>The <c>dotnet</c> that runs this program, so that a child uses the same SDK.</summary>
    public static string Dotnet { get; } =
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? Environment.ProcessPath! : "dotnet";

    /// <summary>
    /// True when a variable may reach MSBuild, which makes a property of each: an ambient PLATFORM, CONFIGURATION or VERSION
    /// would change the build. Names with an underscore pass, since MSBuild's properties have none (the rule of <c>build.sh</c>).
    /// </summary>
    public static bool MayReachMsBuild(string variable) =>
        NeededVariables.Contains(variable) || variable.IndexOf('_', StringComparison.Ordinal) > 0;

    /// <summary>Runs the program and returns its exit code.</summary>
    /// <param name="program">A path, or a name to be found on PATH.</param>
    /// <param name="arguments">One element per argument, passed exactly.</param>
    /// <param name="directory">The working directory.</param>
    /// <param name="environment">The child's whole environment; null for that of this process.</param>
    /// <param name="output">Gets each line of both streams.</param>
    /// <param name="cancellationToken">Kills the program and everything it started.</param>
    /// <exception cref="System.ComponentModel.Win32Exception">The program does not exist or may not be run.</exception>
    public async Task<int> RunAsync(
        string program,
        IEnumerable<string> arguments,
        string directory,
        IReadOnlyDictionary<string, string>? environment,
        ChildOutput output,
        CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        if (environment is not null)
        {
            start.Environment.Clear();
            foreach (var (name, value) in environment)
            {
                start.Environment[name] = value;
            }
        }

        using var process = new Process { StartInfo = start };
        process.Start();
        process.StandardInput.Close();
        using var reading = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var gate = new Lock();
        var streams = Task.WhenAll(
            PumpAsync(process.StandardOutput, isError: false, output, gate, reading.Token),
            PumpAsync(process.StandardError, isError: true, output, gate, reading.Token));
        try
        {
            await process.WaitForExitAsync(cancellationToken);
            await Task.WhenAny(streams, Task.Delay(Drain, time, cancellationToken));
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }

            await reading.CancelAsync();
        }

        cancellationToken.ThrowIfCancellationRequested();
        return process.ExitCode;
    }

    private static async Task PumpAsync(StreamReader reader, bool isError, ChildOutput output, Lock gate, CancellationToken cancellationToken)
    {
        try
        {
            while (await reader.ReadLineAsync(cancellationToken) is { } line)
            {
                lock (gate)
                {
                    output(line, isError);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The program has ended or is being killed: what a grandchild may still print is of no interest.
        }
    }
}
