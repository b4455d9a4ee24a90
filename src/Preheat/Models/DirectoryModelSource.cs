namespace Preheat.Models;

/// <summary>A model in a directory, also one inside a hub cache (<c>snapshots/REV</c> with links into <c>blobs</c>).</summary>
/// <param name="filter">Names files to look at beyond those that a server needs.</param>
public sealed class DirectoryModelSource(string directory, ModelFilter? filter = null) : IModelSource
{
    private const int DeepestFolder = 16;
    private const int MostFiles = 100_000;

    public string Description => directory;

    public Task<ModelListing> ListAsync(CancellationToken cancellation)
    {
        if (!Directory.Exists(directory))
        {
            throw new UserException(File.Exists(directory)
                ? $"{directory} is a file, not a directory. Name the directory that holds config.json and the weights."
                : $"The directory {directory} does not exist. Check the path after file://.");
        }
        var files = new List<ModelFile>();
        Walk(new DirectoryInfo(directory), "", 0, files, cancellation);
        files.Sort((left, right) => string.CompareOrdinal(left.Path, right.Path));
        return Task.FromResult(new ModelListing(null, files, null));
    }

    public Task<Stream> OpenAsync(ModelFile file, long offset, long? length, CancellationToken cancellation)
    {
        var path = Path.Combine(directory, file.Path);
        FileStream stream;
        try
        {
            stream = new FileStream(path, new FileStreamOptions { Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.ReadWrite | FileShare.Delete, BufferSize = 0, Options = FileOptions.SequentialScan });
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(path, exception);
        }
        try
        {
            var opened = new UnchangedFileStream(stream, path, file.Identity);
            opened.Check();
            stream.Position = offset;
            return Task.FromResult<Stream>(opened);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        // Nothing is held open between reads.
    }

    private void Walk(DirectoryInfo folder, string prefix, int depth, List<ModelFile> files, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (depth > DeepestFolder)
            throw new UserException($"{folder.FullName} is more than {DeepestFolder} folders deep. Name the directory that holds config.json and the weights themselves.");
        FileSystemInfo[] entries;
        try
        {
            entries = folder.GetFileSystemInfos();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Unreadable(folder.FullName, exception);
        }
        foreach (var entry in entries)
        {
            var path = prefix + entry.Name;
            // Hidden entries are a tool's own (.git, .cache, .locks), never the model's.
            if (entry.Name.StartsWith('.'))
                continue;
            if (IsFolder(entry))
            {
                RefuseLoop(entry);
                Walk(new DirectoryInfo(entry.FullName), path + "/", depth + 1, files, cancellation);
                continue;
            }
            if (ModelSelection.Judge(path) == FileUse.None && filter?.Includes(path) != true)
            {
                // Not opened, not even looked at: what the server does not need cannot make the model bad.
                files.Add(new ModelFile(path, 0, null, "unread"));
                continue;
            }
            if (files.Count >= MostFiles)
                throw new UserException($"{folder.FullName} and its parents hold more than {MostFiles:N0} files. Name the directory of one model.");
            files.Add(Look(entry, path));
        }
    }

    private static bool IsFolder(FileSystemInfo entry)
    {
        if (entry is DirectoryInfo && entry.LinkTarget is null)
            return true;
        try
        {
            return entry.LinkTarget is not null && Directory.Exists(entry.FullName);
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void RefuseLoop(FileSystemInfo entry)
    {
        if (entry.LinkTarget is null || entry.ResolveLinkTarget(returnFinalTarget: true) is not { } target)
            return;
        var root = target.FullName.TrimEnd('/') + "/";
        if ((entry.FullName + "/").StartsWith(root, StringComparison.Ordinal))
            throw new UserException($"{entry.FullName} is a link to {target.FullName}, a folder that it is inside of. Remove the link.");
    }

    private static ModelFile Look(FileSystemInfo entry, string path)
    {
        if (!ModelPaths.IsSafe(path))
            throw new UserException($"The file name '{Printable(path)}' has characters that no model file may have (control characters, backslashes, bytes that are not UTF-8). Rename it.");
        FileIdentity identity;
        try
        {
            identity = FileIdentity.Of(entry.FullName);
        }
        catch (IOException exception)
        {
            throw Unreadable(entry.FullName, exception);
        }
        if (!identity.IsRegular)
            throw new UserException($"{entry.FullName} is not a regular file. Replace it by the file itself.");
        return new ModelFile(path, identity.Size, null, identity.Text);
    }

    private static string Printable(string path) => string.Concat(path.Select(character => char.IsControl(character) ? '?' : character));

    private static UserException Unreadable(string path, Exception exception) =>
        new($"{path} cannot be read: {exception.Message.TrimEnd('.')}. Check the file, its links and its permissions.", exception);
}
