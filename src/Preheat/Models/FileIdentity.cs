using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Preheat.Models;

/// <summary>What changes when a local file's content changes: size, mtime, ctime and inode.</summary>
/// <remarks>
/// On Linux from <c>statx(2)</c>, whose structure is the same on every architecture. Elsewhere only size and mtime are known.
/// ctime is what a tool that rewrites a file and sets its old mtime back cannot forge.
/// </remarks>
/// <param name="Text"><c>stat:SIZE:MTIME:CTIME:INODE</c>, times in nanoseconds since 1970; <c>stat:SIZE:MTIME</c> off Linux.</param>
internal readonly record struct FileIdentity(string Text, long Size, bool IsRegular)
{
    private const int CurrentDirectory = -100; // AT_FDCWD
    private const int EmptyPath = 0x1000; // AT_EMPTY_PATH
    private const uint BasicStats = 0x7ff; // STATX_BASIC_STATS
    private const int FormatMask = 0xF000; // S_IFMT
    private const int RegularFile = 0x8000; // S_IFREG

    /// <summary>The identity of what a path leads to, links followed.</summary>
    /// <exception cref="IOException">There is no such file, the link is a loop, or it may not be seen.</exception>
    public static FileIdentity Of(string path)
    {
        if (OperatingSystem.IsLinux())
            return Linux(CurrentDirectory, path, 0);
        var info = new FileInfo(path);
        info = info.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? info;
        if (!info.Exists)
            throw new FileNotFoundException("no such file", path);
        return Portable(info.Length, info.LastWriteTimeUtc);
    }

    /// <summary>The identity of an open file.</summary>
    public static FileIdentity Of(SafeFileHandle handle) =>
        OperatingSystem.IsLinux()
            ? Linux((int)handle.DangerousGetHandle(), "", EmptyPath)
            : Portable(RandomAccess.GetLength(handle), File.GetLastWriteTimeUtc(handle));

    private static FileIdentity Portable(long size, DateTime modified) =>
        new(string.Create(CultureInfo.InvariantCulture, $"stat:{size}:{(modified - DateTime.UnixEpoch).Ticks * 100}"), size, true);

    private static FileIdentity Linux(int directory, string path, int flags)
    {
        var buffer = new byte[256];
        if (StatX(directory, path, flags, BasicStats, buffer) != 0)
            throw new IOException(Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
        // struct statx: mode at 28, inode at 32, size at 40, ctime at 96, mtime at 112 (seconds int64, nanoseconds uint32).
        var mode = BinaryPrimitives.ReadUInt16LittleEndian(buffer.AsSpan(28));
        var inode = BinaryPrimitives.ReadUInt64LittleEndian(buffer.AsSpan(32));
        var size = BinaryPrimitives.ReadInt64LittleEndian(buffer.AsSpan(40));
        var changed = Nanoseconds(buffer.AsSpan(96));
        var modified = Nanoseconds(buffer.AsSpan(112));
        return new(string.Create(CultureInfo.InvariantCulture, $"stat:{size}:{modified}:{changed}:{inode}"), size, (mode & FormatMask) == RegularFile);
    }

    private static Int128 Nanoseconds(ReadOnlySpan<byte> time) =>
        (Int128)BinaryPrimitives.ReadInt64LittleEndian(time) * 1_000_000_000 + BinaryPrimitives.ReadUInt32LittleEndian(time[8..]);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int StatX(int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, byte[] buffer);
}
