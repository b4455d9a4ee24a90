using System.Runtime.InteropServices;

namespace Preheat.LocalCloud.Hosting;

/// <summary>What .NET has no call for: a session of one's own, and descriptors that are not passed on.</summary>
internal static class ProcessSession
{
    /// <summary>Sets close-on-exec; has no third argument, so that calling it is the same on every system although C declares it variadic.</summary>
    private static readonly nuint SetCloseOnExec = OperatingSystem.IsMacOS() ? (nuint)0x20006601 : 0x5451;

    /// <summary>Leaves the terminal and process group of whoever started this process: their Ctrl+C and hang-up do not come here.</summary>
    /// <param name="log">Where the console goes on a system on which <see cref="OnLog"/> cannot send it there.</param>
    public static void Detach(string log)
    {
        if (!OperatingSystem.IsWindows())
        {
            _ = setsid(); // fails only for a group leader, which a started child is not
            return;
        }

        var file = new FileStream(log, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);
        var writer = TextWriter.Synchronized(new StreamWriter(file) { AutoFlush = true });
        Console.SetOut(writer);
        Console.SetError(writer);
    }

    /// <summary>The command that runs a program with descriptors 0 to 2 on nothing and a log from its very beginning.</summary>
    /// <remarks>
    /// The runtime keeps duplicates of the descriptors that it was started with, so they cannot be changed from inside; and a pipe behind the starter
    /// (<c>./build.sh | cat</c>) must end with the starter.
    /// </remarks>
    public static (string Program, IReadOnlyList<string> Arguments) OnLog(string log, string program, IEnumerable<string> arguments) => OperatingSystem.IsWindows()
        ? (program, [.. arguments])
        : ("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" </dev/null >>\"$log\" 2>&1", "sh", log, program, .. arguments]);

    /// <summary>Keeps this process's open descriptors (a shell's lock file, a pipe) out of programs that it starts.</summary>
    public static void KeepDescriptorsToThisProcess()
    {
        if (OperatingSystem.IsWindows())
        {
            return; // handles are not inherited there unless asked for
        }

        foreach (var entry in Directory.GetFileSystemEntries(OperatingSystem.IsMacOS() ? "/dev/fd" : "/proc/self/fd"))
        {
            if (int.TryParse(Path.GetFileName(entry), out var descriptor) && descriptor > 2)
            {
                _ = ioctl(descriptor, SetCloseOnExec); // one that has been closed since does not matter
            }
        }
    }

#pragma warning disable SYSLIB1054, IDE1006, MA0048 // the generated form needs unsafe code; the names are C's
    [DllImport("libc", SetLastError = true)]
    private static extern int setsid();

    [DllImport("libc", SetLastError = true)]
    private static extern int ioctl(int descriptor, nuint request);
#pragma warning restore SYSLIB1054, IDE1006, MA0048
}
