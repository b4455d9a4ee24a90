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
        // With a dot first, so that what a killed process leaves is no tag or other entry of a folder whose file names mean something.
        var temporary = Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
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

    /// <summary>Makes the state folder, which only its owner may enter; one that exists is closed to others.</summary>
    /// <returns>Its full path.</returns>
    /// <exception cref="LocalCloudException">It cannot be made or written (exit 2).</exception>
    public static string CreateState(string directory)
    {
        var path = Path.GetFullPath(directory);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(path);
            }
            else
            {
                Directory.CreateDirectory(path, PrivateDirectory);
                File.SetUnixFileMode(path, PrivateDirectory);
            }

            return path;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LocalCloudException($"The embedded cloud's folder {path} cannot be used: {error.Message} Name another with PREHEAT_STATE.", exitCode: 2, error);
        }
    }
}
