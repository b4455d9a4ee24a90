using System.Diagnostics;

namespace Preheat.Kubernetes;

/// <summary>Names a process so that another one on the same machine can tell whether it is still there.</summary>
internal static class LocalProcess
{
    // One kernel can have several sets of process numbers (containers), and numbers begin anew with each start of the machine.
    private const string Boot = "/proc/sys/kernel/random/boot_id";
    private const string Numbers = "/proc/self/ns/pid";

    /// <summary><c>PLACE/NUMBER</c>; the place is empty where none can be told.</summary>
    public static string Current => $"{Place()}/{Environment.ProcessId}";

    /// <summary>True only when the process surely has ended: it was of this machine, and its number is free.</summary>
    public static bool IsGone(string process)
    {
        var place = Place();
        if (place.Length == 0 || process.Split('/') is not [var there, var text] || there != place || !int.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out var number))
            return false;
        try
        {
            using var found = Process.GetProcessById(number);
            return false;
        }
        catch (ArgumentException)
        {
            return true;
        }
    }

    private static string Place()
    {
        try
        {
            return File.Exists(Boot) && new FileInfo(Numbers).LinkTarget is { } numbers ? $"{File.ReadAllText(Boot).Trim()}-{new string([.. numbers.Where(char.IsAsciiDigit)])}" : "";
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
