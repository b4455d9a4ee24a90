using System.Diagnostics;
using System.Globalization;

namespace Preheat.Benchmarks;

/// <summary>One run of another program.</summary>
/// <param name="Seconds">Wall time.</param>
/// <param name="CpuSeconds">Processor time of it and of all that it waited for, in steps of 10 ms; on a busy machine the steadier figure.</param>
internal sealed record ChildRun(double Seconds, double CpuSeconds)
{
    /// <summary>Clock ticks in a second, as the kernel counts them for user space on every architecture (proc(5), <c>sysconf(_SC_CLK_TCK)</c>).</summary>
    private const double Ticks = 100;

    /// <exception cref="PreheatException">It is not there, or ended with another code than 0.</exception>
    public static async Task<ChildRun> MeasureAsync(string program, IReadOnlyList<string> arguments, string directory, IReadOnlyDictionary<string, string> variables, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = directory,
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        var cpu = await ChildTicksAsync(cancellation);
        var clock = Stopwatch.StartNew();
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new PreheatException($"{program} cannot be run: {exception.Message}", exception);
        }
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            var seconds = clock.Elapsed.TotalSeconds;
            var said = await output + await error;
            return process.ExitCode == 0
                ? new ChildRun(seconds, (await ChildTicksAsync(cancellation) - cpu) / Ticks)
                : throw new PreheatException($"{program} {string.Join(' ', arguments)} ended with {process.ExitCode}: {said[Math.Max(0, said.Length - 800)..].Trim()}");
        }
    }

    /// <summary>Load average of the last minute.</summary>
    public static async Task<string> LoadAverageAsync(CancellationToken cancellation) =>
        (await File.ReadAllTextAsync("/proc/loadavg", cancellation)).Split(' ')[0];

    /// <summary>User and system time of children that have ended: fields 16 and 17 of <c>/proc/self/stat</c>; the name before them may hold blanks.</summary>
    private static async Task<long> ChildTicksAsync(CancellationToken cancellation)
    {
        var text = await File.ReadAllTextAsync("/proc/self/stat", cancellation);
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return long.Parse(fields[13], CultureInfo.InvariantCulture) + long.Parse(fields[14], CultureInfo.InvariantCulture);
    }
}
