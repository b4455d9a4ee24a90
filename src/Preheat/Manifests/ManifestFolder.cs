using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Preheat.Runs;

namespace Preheat.Manifests;

/// <summary>The folder of a deployment's rendered manifests.</summary>
internal static class ManifestFolder
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Writes the files, each one whole or not at all, and removes YAML of an earlier rendering. The order given is the order of applying.</summary>
    public static ManifestSet Write(string directory, IEnumerable<KeyValuePair<string, string>> files, DryRun? dryRun = null)
    {
        var contents = files.Select(file => (Name: file.Key, Bytes: Utf8.GetBytes(file.Value))).ToList();
        var kept = contents.Select(file => file.Name).ToHashSet(StringComparer.Ordinal);
        if (dryRun is not null)
        {
            contents.ForEach(file => dryRun.Write(Path.Combine(directory, file.Name), file.Bytes));
            foreach (var stale in Directory.Exists(directory) ? Stale(directory, kept) : [])
                dryRun.Remove(stale);
            return new() { Files = [.. contents.Select(file => file.Name)], Digest = DigestOf(contents) };
        }
        try
        {
            Directory.CreateDirectory(directory);
            foreach (var (name, bytes) in contents)
            {
                var path = Path.Combine(directory, name);
                File.WriteAllBytes(path + ".part", bytes);
                File.Move(path + ".part", path, overwrite: true);
            }
            foreach (var stale in Stale(directory, kept))
                File.Delete(stale);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"The manifests cannot be written to {directory}: {exception.Message} Choose another --artifacts-directory.", exception);
        }
        return new() { Files = [.. contents.Select(file => file.Name)], Digest = DigestOf(contents) };
    }

    /// <summary>Reads a set back as objects, in the order of applying.</summary>
    /// <exception cref="UserException">A file is missing, is not what was rendered, or is no manifest.</exception>
    public static IReadOnlyList<ManifestObject> Load(ManifestSet set, string directory, DryRun? dryRun = null)
    {
        var contents = new List<(string Name, byte[] Bytes)>();
        foreach (var name in set.Files)
        {
            var path = Path.Combine(directory, name);
            if (dryRun is not null && dryRun.TryRead(path, out var planned) && planned is not null)
            {
                contents.Add((name, planned));
                continue;
            }
            if (name != Path.GetFileName(name) || !File.Exists(path))
                throw new UserException($"The rendered manifest {path} is missing. Run ./build.sh RenderManifests.");
            contents.Add((name, File.ReadAllBytes(path)));
        }
        if (DigestOf(contents) != set.Digest)
            throw new UserException($"The manifests in {directory} are not the ones that were rendered. Change the sources in manifests/ and run ./build.sh RenderManifests.");
        var problems = new List<string>();
        var objects = contents
            .SelectMany(file => YamlReader.Read(Utf8.GetString(file.Bytes), file.Name, strict: true).Select(document => ManifestObject.From(document, file.Name, problems)))
            .OfType<ManifestObject>()
            .ToList();
        ManifestProblems.ThrowIfAny(problems, $"The manifests in {directory} cannot be applied");
        return objects;
    }

    private static IEnumerable<string> Stale(string directory, HashSet<string> kept) =>
        Directory.EnumerateFiles(directory, "*.yaml").Where(path => !kept.Contains(Path.GetFileName(path))).Order(StringComparer.Ordinal);

    // Every part is preceded by its length, so that no two sets of files run together into the same bytes.
    private static string DigestOf(IEnumerable<(string Name, byte[] Bytes)> files)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in files.SelectMany(file => new[] { Utf8.GetBytes(file.Name), file.Bytes }))
        {
            var length = new byte[sizeof(long)];
            BinaryPrimitives.WriteInt64BigEndian(length, part.LongLength);
            hash.AppendData(length);
            hash.AppendData(part);
        }
        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
