namespace Preheat.LocalCloud.Hosting;

/// <summary>Files that are either the old or the new version, never half written.</summary>
internal static class AtomicFile
{
    /// <summary>Owner may read and write, nobody else.</summary>
    public const UnixFileMode Private = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Owner may use the folder, nobody else.</summary>
    public const UnixFileMode PrivateDirectory = Private | UnixFileMode.UserExecute;

    /// <summary>Writes beside the target and renames over it.</summary>
    public static void Write(string path, ReadOnlySpan<byte> content, UnixFileMode? mode = null)
    {
        var temporary = $"{path}.{Guid.NewGuid():N}.tmp";
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0 };
        if (mode is { } unix && !OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = unix;
        }

        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Makes a folder that only its owner can enter; one that exists is closed to others.</summary>
    public static void CreatePrivateDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
            return;
        }

        Directory.CreateDirectory(path, PrivateDirectory);
        File.SetUnixFileMode(path, PrivateDirectory);
    }
}
