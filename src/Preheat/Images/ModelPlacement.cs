namespace Preheat.Images;

/// <summary>Where and how the model's files are put into an image.</summary>
/// <param name="Path">Absolute path without a slash at its end: <c>/models/tiny-gemma-2</c>.</param>
/// <param name="Owner">Numeric user of the files and of the directories that the copy makes.</param>
/// <param name="Group">Numeric group of the same.</param>
/// <param name="Mode">Mode of files and directories below <paramref name="Path"/>; null means 0644 for files and 0755 for directories.</param>
public sealed record ModelPlacement(string Path, int Owner = 0, int Group = 0, UnixFileMode? Mode = null)
{
    /// <summary>The directories from the root to <see cref="Path"/> that the copy makes, parents first: mode 0755, the files' owner.</summary>
    public IReadOnlyList<string> Made { get; init; } = [.. StandardDirectories.Missing(Path, "/")];

    /// <summary>True when the layer has an entry for a directory at this path of the archive (without a leading slash).</summary>
    internal bool Makes(string path) => IsBelow(path) || Made.Contains("/" + path);

    /// <summary>Owner and mode of the entry at this path.</summary>
    internal TarAttributes Attributes(string path) => new(Owner, Group, IsBelow(path) ? Mode : null);

    private bool IsBelow(string path) => path.StartsWith(Path[1..] + "/", StringComparison.Ordinal);
}

/// <summary>A directory that WORKDIR makes, mode 0755.</summary>
/// <param name="Path">Absolute path without a slash at its end.</param>
public sealed record ImageDirectory(string Path, int Owner, int Group);
