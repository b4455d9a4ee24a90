using System.Diagnostics;
using Nuke.Common.Sessions;
using Serilog;

namespace Nuke.Common.Tooling;

/// <summary>A program file.</summary>
internal sealed class Executable(string file)
{
    /// <summary>The file that <c>NAME_EXE</c> in the environment names, or else the first of the <c>PATH</c>; null when there is none.</summary>
    public static string? Find(string name)
    {
        var variables = BuildSession.Current.Context.Variables;
        if (variables.GetValueOrDefault($"{name.ToUpperInvariant().Replace('-', '_')}_EXE") is { Length: > 0 } given)
        {
            return File.Exists(given) ? given : null;
        }

        string[] endings = OperatingSystem.IsWindows() ? [".exe", ".cmd", ".bat", ""] : [""];
        return (variables.GetValueOrDefault("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(_ => endings, (folder, ending) => Path.Combine(folder, name + ending))
            .FirstOrDefault(IsProgram);
    }

    /// <inheritdoc cref="Tool"/>
    public IReadOnlyCollection<Output> Run(
        ArgumentStringHandler arguments,
        string? workingDirectory,
        IReadOnlyDictionary<string, string>? environmentVariables,
        int? timeout,
        bool? logOutput,
        bool? logInvocation,
        Action<OutputType, string>? logger,
        Action<IProcess>? exitHandler)
    {
        var text = arguments.ToStringAndClear();
        if (logInvocation ?? true)
        {
            Log.Information("> {File:l} {Arguments:l}", file, text);
        }

        var start = new ProcessStartInfo(file, text)
        {
            WorkingDirectory = workingDirectory ?? BuildSession.Current.Context.WorkingDirectory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach (var (name, value) in environmentVariables ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[name] = value;
        }

        using var process = new RunningProgram(start, timeout, logOutput ?? true ? logger ?? LogLine : (_, _) => { });
        if (!process.WaitForExit())
        {
            throw new InvalidOperationException($"'{file}' ran longer than {timeout} ms and was stopped.");
        }

        (exitHandler ?? RefuseFailure)(process);
        return process.Output;
    }

    private void RefuseFailure(IProcess process)
    {
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"'{file}' ended with exit code {process.ExitCode}.");
        }
    }

    private static void LogLine(OutputType type, string line)
    {
        if (type == OutputType.Std)
        {
            Log.Debug("{Line:l}", line);
        }
        else
        {
            Log.Warning("{Line:l}", line);
        }
    }

    private static bool IsProgram(string path) =>
        File.Exists(path) && (OperatingSystem.IsWindows() || (File.GetUnixFileMode(path) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != UnixFileMode.None);

    private sealed class RunningProgram : IProcess
    {
        private readonly Process _process = new();
        private readonly int? _timeout;
        private readonly List<Output> _lines = [];

        public RunningProgram(ProcessStartInfo start, int? timeout, Action<OutputType, string> take)
        {
            _process.StartInfo = start;
            _timeout = timeout;
            _process.OutputDataReceived += (_, line) => Take(OutputType.Std, line.Data, take);
            _process.ErrorDataReceived += (_, line) => Take(OutputType.Err, line.Data, take);
            _process.Start();
            _process.StandardInput.Close();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
        }

        public string FileName => _process.StartInfo.FileName;
        public string Arguments => _process.StartInfo.Arguments;
        public string WorkingDirectory => _process.StartInfo.WorkingDirectory;
        public int ExitCode => _process.ExitCode;

        public IReadOnlyCollection<Output> Output
        {
            get
            {
                lock (_lines)
                {
                    return [.. _lines];
                }
            }
        }

        public void Kill() => _process.Kill(entireProcessTree: true);

        public bool WaitForExit()
        {
            if (_timeout is { } limit && !_process.WaitForExit(limit))
            {
                Kill();
                return false;
            }

            // Without a limit it waits for the last lines, too.
            _process.WaitForExit();
            return true;
        }

        public void Dispose() => _process.Dispose();

        private void Take(OutputType type, string? line, Action<OutputType, string> take)
        {
            if (line is null)
            {
                return;
            }

            lock (_lines)
            {
                _lines.Add(new Output { Type = type, Text = line });
                take(type, line);
            }
        }
    }
}
