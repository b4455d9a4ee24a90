using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Preheat.LocalCloud.Hub;

/// <summary>Content names as git makes them.</summary>
internal static class GitHash
{
    /// <summary>From this size on a repository of the hub keeps a file in LFS, besides those that match its patterns.</summary>
    private const long LargeFile = 10 << 20;

    private static readonly string[] LargeSuffixes = [".safetensors", ".bin", ".gguf", ".pt", ".h5", ".onnx", "tokenizer.model"];

    /// <summary>Reads a file once and names it as the hub does (LFS by suffix or size, see the default <c>.gitattributes</c> of the hub).</summary>
    public static HubFile Describe(string directory, string path)
    {
        var source = Path.Combine(directory, path);
        using var stream = new FileStream(source, FileMode.Open, FileAccess.Read, FileShare.Read, 256 * 1024, FileOptions.SequentialScan);
        if (stream.Length < LargeFile && !LargeSuffixes.Any(suffix => path.EndsWith(suffix, StringComparison.Ordinal)))
        {
            var content = new byte[stream.Length];
            stream.ReadExactly(content);
            return new HubFile(path, stream.Length, Blob(content), null, 0, source);
        }

        return Large(path, stream.Length, Convert.ToHexStringLower(SHA256.HashData(stream)), source);
    }

    /// <summary>A large file whose SHA-256 is known (pointer format: <see href="https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md"/>).</summary>
    public static HubFile Large(string path, long size, string sha256, string source)
    {
        var pointer = Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"));
        return new HubFile(path, size, Blob(pointer), sha256, pointer.Length, source);
    }

    /// <summary>A commit name that follows from the contents alone.</summary>
    public static string Commit(IEnumerable<HubFile> files) =>
        Sha1(Encoding.UTF8.GetBytes(string.Concat(files.Select(file => $"{file.GitOid} {file.Path}\n"))));

    private static string Blob(byte[] content) =>
        Sha1([.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"blob {content.Length}\0")), .. content]);

    private static string Sha1(byte[] content) => Convert.ToHexStringLower(SHA1.HashData(content)); // git's own choice, not a protection
}
