namespace Preheat.Runs;

/// <summary>Files that are whole or absent: written beside their place, then renamed.</summary>
public static class AtomicFile
{
    /// <summary>Writes bytes to <paramref name="path"/>; the folder is made when it is missing.</summary>
    /// <exception cref="UserException">The folder cannot be written.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content)
    {
        var temporary = $"{path}.{Environment.ProcessId}.{Environment.CurrentManagedThreadId}.tmp";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            TryDelete(temporary);
            throw new UserException($"Cannot write {path}: {exception.Message} Make the folder writable, or name another with --artifacts-directory.", exception);
        }
    }

    private static void TryDelete(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // The first error is the one to tell.
        }
    }
}
