using Preheat.Models;

namespace Preheat.Images;

/// <summary>A tar layer of model files that is made while it is sent, straight from the source.</summary>
internal sealed class ModelLayerContent : BlobContent
{
    private readonly IReadOnlyList<LayerFile> _files;
    private readonly IModelSource _source;
    private readonly Action<long> _moved;
    private readonly List<KnownFile> _written = [];

    /// <param name="moved">Told how many bytes of content each step moved.</param>
    public ModelLayerContent(IReadOnlyList<LayerFile> files, IModelSource source, LayerCompression compression, Action<long> moved)
    {
        _files = files;
        _source = source;
        _moved = moved;
        Compression = compression;
        Length = Directories(files).Sum(path => (long)TarHeaders.Directory(path).Length)
            + files.Sum(file => TarHeaders.File(file.Path, file.Source.Size, file.Attributes).Length + file.Source.Size + TarHeaders.Padding(file.Source.Size))
            + TarHeaders.End.Length;
    }

    public override long Length { get; }

    internal override LayerCompression Compression { get; }

    /// <summary>The files with their hashes, once all is written.</summary>
    public IReadOnlyList<KnownFile> Written => _written;

    internal override async Task WriteAsync(BlobWriter writer, CancellationToken cancellation)
    {
        _written.Clear();
        foreach (var directory in Directories(_files))
            await writer.WriteAsync(TarHeaders.Directory(directory, _files[0].Placement.Attributes(directory)), cancellation);
        foreach (var file in _files)
        {
            await writer.WriteAsync(TarHeaders.File(file.Path, file.Source.Size, file.Attributes), cancellation);
            var sha256 = await CopyAsync(writer, file.Source, cancellation);
            await writer.WriteAsync(new byte[TarHeaders.Padding(file.Source.Size)], cancellation);
            _written.Add(new KnownFile(file.Path, file.Source.Size, sha256, file.Source.Identity) { Attributes = file.Attributes.Text });
        }
        await writer.WriteAsync(TarHeaders.End, cancellation);
    }

    private async Task<string> CopyAsync(BlobWriter writer, ModelFile file, CancellationToken cancellation)
    {
        using var hash = new ContentHash(file);
        try
        {
            await using var stream = await _source.OpenAsync(file, 0, null, cancellation);
            await writer.CopyAsync(stream, file.Size, hash, _moved, cancellation);
            return hash.Finish(_source.Description);
        }
        catch (PreheatException exception)
        {
            throw new SourceException(exception);
        }
    }

    /// <summary>All directories above the files, parents first; those that the base image has keep what they are.</summary>
    private static SortedSet<string> Directories(IReadOnlyList<LayerFile> files)
    {
        var directories = new SortedSet<string>(StringComparer.Ordinal);
        foreach (var file in files)
        {
            for (var slash = file.Path.LastIndexOf('/'); slash > 0; slash = file.Path.LastIndexOf('/', slash - 1))
            {
                if (file.Placement.Makes(file.Path[..slash]))
                    directories.Add(file.Path[..slash]);
            }
        }
        return directories;
    }
}
