using System.Globalization;

namespace Preheat.Kubernetes;

/// <summary>Names a process so that another one on the same machine can tell whether it is still there.</summary>
internal static class LocalProcess
{
    // One kernel can have several sets of process numbers (containers), and numbers begin anew with each start of the machine.
    private const string Boot = "/proc/sys/kernel/random/boot_id";
    private const string Numbers = "/proc/self/ns/pid";

    /// <summary><c>PLACE/NUMBER/START</c>; empty where none can be told.</summary>
    public static string Current => NameOf(Environment.ProcessId) ?? "";

    /// <summary>Whether another process is still there; null when that cannot be told from here, or it is this one.</summary>
    public static bool? IsAlive(string process)
    {
        if (process == Current || process.Split('/') is not [{ Length: > 0 } there, var text, _] || there != Place() || !int.TryParse(text, CultureInfo.InvariantCulture, out var number))
            return null;
        return NameOf(number) == process;
    }

    // Numbers are used again; the start of the process in ticks since that of the machine tells two apart (proc_pid_stat(5), field 22). One that has ended and is not yet collected (Z) is gone.
    private static string? NameOf(int number)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{number}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields is ["Z" or "X", ..] ? null : FormattableString.Invariant($"{Place()}/{number}/{fields[19]}");
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static string Place() => new FileInfo(Numbers).LinkTarget is { } numbers ? $"{File.ReadAllText(Boot).Trim()}-{new string([.. numbers.Where(char.IsAsciiDigit)])}" : "";
}
