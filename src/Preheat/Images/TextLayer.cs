using System.Text;

namespace Preheat.Images;

/// <summary>A file that a recipe writes itself, with a here-document.</summary>
/// <param name="Path">Absolute path.</param>
public sealed record ImageText(string Path, string Text, TarAttributes Attributes);

/// <summary>The layer of the files that a recipe writes itself: it lies above the model's.</summary>
internal static class TextLayer
{
    /// <summary>An uncompressed tar archive; the same files give the same bytes.</summary>
    /// <param name="directories">Those to make, parents first.</param>
    public static byte[] Make(IReadOnlyList<ImageDirectory> directories, IEnumerable<ImageText> texts) =>
        [.. directories.SelectMany(DirectoryLayer.Entry), .. texts.OrderBy(text => text.Path, StringComparer.Ordinal).SelectMany(Entry), .. TarHeaders.End.Span];

    private static byte[] Entry(ImageText text)
    {
        var content = Encoding.UTF8.GetBytes(text.Text);
        return [.. TarHeaders.File(text.Path.TrimStart('/'), content.Length, text.Attributes), .. content, .. new byte[TarHeaders.Padding(content.Length)]];
    }
}
