namespace Preheat.Images;

/// <summary>The layer of the directories that WORKDIR makes: a few hundred bytes.</summary>
internal static class DirectoryLayer
{
    /// <summary>An uncompressed tar archive; the same directories give the same bytes.</summary>
    public static byte[] Make(IReadOnlyList<ImageDirectory> directories) =>
        [.. directories.SelectMany(Entry), .. TarHeaders.End.Span];

    public static byte[] Entry(ImageDirectory directory) => TarHeaders.Directory(directory.Path.Trim('/'), new TarAttributes(directory.Owner, directory.Group));
}
