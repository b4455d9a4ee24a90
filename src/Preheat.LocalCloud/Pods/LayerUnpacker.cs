using System.Formats.Tar;
using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud.Pods;

/// <summary>
/// Unpacks an image's layers into a root folder (https://github.com/opencontainers/image-spec/blob/main/layer.md): each blob is read once,
/// hashed on the way and held against its digest; whiteouts remove what lower layers left.
/// </summary>
internal static class LayerUnpacker
{
    private const string Whiteout = ".wh.";
    private const string Opaque = ".wh..wh..opq";
    private const int EntryLimit = 2_000_000;
    private const int BufferSize = 256 * 1024;

    /// <summary>Throws <see cref="InvalidDataException"/> for damage: a wrong digest, a malformed tar, a path that leaves the root.</summary>
    public static async Task UnpackAsync(StoredLayer layer, string root, CancellationToken cancellation)
    {
        await using var file = new FileStream(layer.Path, new FileStreamOptions
        {
            Mode = FileMode.Open, Access = FileAccess.Read, Share = FileShare.Read, BufferSize = 0, Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
        });
        using var hash = SHA256.Create();
        await using var hashed = new CryptoStream(file, hash, CryptoStreamMode.Read, leaveOpen: true);
        await using var buffered = new BufferedStream(hashed, BufferSize);
        Stream content = layer.MediaType switch
        {
            var type when type.EndsWith("gzip", StringComparison.Ordinal) => new GZipStream(buffered, CompressionMode.Decompress, leaveOpen: true),
            var type when type.EndsWith("zstd", StringComparison.Ordinal) => throw new InvalidDataException($"layer {layer.Digest}: zstd layers are not unpacked by this embedded node"),
            _ => buffered,
        };
        try
        {
            await ExtractAsync(content, root, cancellation);
        }
        catch (Exception e) when (e is FormatException or EndOfStreamException or InvalidOperationException)
        {
            throw new InvalidDataException($"layer {layer.Digest}: no readable tar: {e.Message}", e);
        }
        finally
        {
            if (content != buffered)
            {
                await content.DisposeAsync();
            }
        }

        // Padding behind the archive's end belongs to the blob too.
        await buffered.CopyToAsync(Stream.Null, BufferSize, cancellation);
        var digest = $"sha256:{Convert.ToHexStringLower(hash.Hash ?? [])}";
        if (digest != layer.Digest)
        {
            throw new InvalidDataException($"layer {layer.Digest}: the blob's digest is {digest}");
        }
    }

    private static async Task ExtractAsync(Stream content, string root, CancellationToken cancellation)
    {
        var paths = new RootPath(root);
        var made = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = new TarReader(content, leaveOpen: true);
        for (var count = 0; await reader.GetNextEntryAsync(copyData: false, cancellation) is { } entry; count++)
        {
            if (count > EntryLimit)
            {
                throw new InvalidDataException($"a layer holds more than {EntryLimit} entries");
            }

            var name = entry.Name.TrimEnd('/');
            var last = name[(name.LastIndexOf('/') + 1)..];
            if (last == Opaque)
            {
                Clear(paths.Resolve(name[..^Opaque.Length].TrimEnd('/')), made);
            }
            else if (last.StartsWith(Whiteout, StringComparison.Ordinal))
            {
                Remove(paths.Resolve(name[..^last.Length] + last[Whiteout.Length..]));
            }
            else
            {
                var path = paths.Resolve(name);
                await ExtractAsync(entry, path, paths, cancellation);
                made.Add(path);
            }
        }
    }

    private static async Task ExtractAsync(TarEntry entry, string path, RootPath paths, CancellationToken cancellation)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.Directory:
                if (!Directory.Exists(path) || new FileInfo(path).LinkTarget is not null)
                {
                    Remove(path);
                    Directory.CreateDirectory(path);
                }

                break;
            case TarEntryType.SymbolicLink:
                Replace(path);
                File.CreateSymbolicLink(path, entry.LinkName);
                break;
            case TarEntryType.HardLink:
                Link(path, paths.Resolve(entry.LinkName));
                break;
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                Replace(path);
                await WriteAsync(entry, path, cancellation);
                break;
            default:
                // Devices and pipes need rights that this program does not have, and no server needs them from an image.
                return;
        }
    }

    private static async Task WriteAsync(TarEntry entry, string path, CancellationToken cancellation)
    {
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, BufferSize = 0, PreallocationSize = entry.Length };
        if (!OperatingSystem.IsWindows())
        {
            // The owner reads and writes in any case, or the folder could not be removed again.
            options.UnixCreateMode = (entry.Mode & (UnixFileMode)0b111_111_111) | UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        await using var file = new FileStream(path, options);
        if (entry.DataStream is { } data)
        {
            await data.CopyToAsync(file, BufferSize, cancellation);
        }
    }

    private static void Link(string path, string target)
    {
        if (!File.Exists(target) || new FileInfo(target).LinkTarget is not null)
        {
            throw new InvalidDataException($"a layer links to {Path.GetFileName(target)}, which is no file of the image");
        }

        Replace(path);
        if (OperatingSystem.IsWindows() || HardLink(target, path) != 0)
        {
            // A file system without hard links: the content is what counts.
            File.Copy(target, path);
        }
    }

    /// <summary>link(2); the framework has no call for it.</summary>
    [DllImport("libc", EntryPoint = "link", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int HardLink([MarshalAs(UnmanagedType.LPUTF8Str)] string existing, [MarshalAs(UnmanagedType.LPUTF8Str)] string path);

    /// <summary>Makes room for an entry: its parents exist, and nothing stands in its place.</summary>
    private static void Replace(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Remove(path);
    }

    private static void Remove(string path)
    {
        var info = new FileInfo(path);
        if (info.LinkTarget is not null || info.Exists)
        {
            info.Delete();
        }
        else if (Directory.Exists(path))
        {
            Directory.Delete(path, recursive: true);
        }
    }

    /// <summary>An opaque folder hides what lower layers put there, not what this layer has.</summary>
    private static void Clear(string folder, HashSet<string> made)
    {
        foreach (var path in Directory.Exists(folder) ? Directory.GetFileSystemEntries(folder) : [])
        {
            if (!made.Contains(path) && !made.Any(entry => entry.StartsWith(path + "/", StringComparison.Ordinal)))
            {
                Remove(path);
            }
        }
    }
}
