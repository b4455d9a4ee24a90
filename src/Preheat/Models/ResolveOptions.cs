namespace Preheat.Models;

/// <summary>How a model is resolved.</summary>
public sealed record ResolveOptions
{
    /// <summary>Which files are taken. The default value is what the server needs.</summary>
    public ModelFilter Filter { get; init; } = ModelFilter.Default;

    /// <summary>
    /// Reads and hashes every local file, so that also a change is found that left size, times and inode as they were. Files of a hub are named by their content
    /// already and are not read. The default value is false: a local file is taken as unchanged while size, mtime, ctime and inode are.
    /// </summary>
    public bool VerifyContent { get; init; }
}
