using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Preheat.LocalCloud.Hosting;

/// <summary>The program's files as this build made them, and copies of them by hash, so that a rebuild never overwrites a running program.</summary>
internal sealed class BinaryStore
{
    private const string Program = "Preheat.LocalCloud";

    private readonly string _source;
    private readonly IReadOnlyList<string> _files;

    private BinaryStore(string source, IReadOnlyList<string> files)
    {
        (_source, _files) = (source, files);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in files)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{file}\n"));
            hash.AppendData(SHA256.HashData(File.ReadAllBytes(Path.Combine(source, file))));
        }

        Hash = Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>16 hex digits over names and contents.</summary>
    public string Hash { get; }

    /// <summary>The files that the program's own <c>.deps.json</c> names, wherever a build that references it has put them.</summary>
    public static BinaryStore OfThisBuild()
    {
        var folder = AppContext.BaseDirectory;
        var dependencies = Path.Combine(folder, $"{Program}.deps.json");
        if (!File.Exists(dependencies))
        {
            throw new LocalCloudException($"{dependencies} is missing: the embedded cloud cannot be started from here. Build again.");
        }

        using var document = JsonDocument.Parse(File.ReadAllBytes(dependencies));
        var assemblies = document.RootElement.GetProperty("targets").EnumerateObject()
            .SelectMany(target => target.Value.EnumerateObject())
            .SelectMany(library => library.Value.TryGetProperty("runtime", out var runtime) ? runtime.EnumerateObject().Select(asset => Path.GetFileName(asset.Name)) : []);
        return new BinaryStore(folder, [.. assemblies.Append($"{Program}.deps.json").Append($"{Program}.runtimeconfig.json").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
    }

    /// <summary>Makes the copy if it is not there, whole or not at all.</summary>
    /// <returns>Path of the copied program.</returns>
    public string CopyTo(string stateDirectory)
    {
        var target = Path.Combine(Root(stateDirectory), Hash);
        var program = Path.Combine(target, $"{Program}.dll");
        if (_files.All(file => new FileInfo(Path.Combine(target, file)) is { Exists: true } copy && copy.Length == new FileInfo(Path.Combine(_source, file)).Length))
        {
            return program;
        }

        var temporary = $"{target}.{Guid.NewGuid():N}.tmp";
        Directory.CreateDirectory(temporary);
        foreach (var file in _files)
        {
            File.Copy(Path.Combine(_source, file), Path.Combine(temporary, file));
        }

        if (Directory.Exists(target))
        {
            Directory.Delete(target, recursive: true); // somebody took files out of it
        }

        Directory.Move(temporary, target);
        return program;
    }

    /// <summary>Removes the copies of other builds and what a killed process left. A folder in use elsewhere is left for the next time.</summary>
    public static void Prune(string stateDirectory, string keep)
    {
        foreach (var folder in new DirectoryInfo(Root(stateDirectory)).EnumerateDirectories().Where(folder => folder.Name != keep))
        {
            try
            {
                folder.Delete(recursive: true);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                // Windows keeps files of a running program; they go with a later call.
            }
        }
    }

    private static string Root(string stateDirectory) => Path.Combine(stateDirectory, "bin");
}
