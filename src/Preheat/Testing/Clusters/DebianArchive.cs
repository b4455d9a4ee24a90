namespace Preheat.Testing.Clusters;

/// <summary>Packages of one suite of Debian, whatever suite this machine runs. Nothing is installed; apt checks each file against the suite's signed index.</summary>
/// <param name="work">Folder for apt's lists and the files.</param>
internal sealed class DebianArchive(string suite, string work, BuildCommands commands)
{
    private const string Keys = "/usr/share/keyrings/debian-archive-keyring.gpg";

    private string[] _settings = [];

    /// <summary>Fetches the suite's lists, beside this machine's own, which stay as they are.</summary>
    /// <param name="type"><c>deb</c> or <c>deb-src</c>.</param>
    /// <exception cref="UserException">This machine is no Debian.</exception>
    public async Task UpdateAsync(string type, CancellationToken cancellation)
    {
        var mirrors = await commands.RunAsync("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"], work, cancellation);
        var mirror = mirrors.Select(line => line.Trim()).FirstOrDefault(line => line.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal))
            ?? throw new UserException("apt knows no mirror of Debian, and what the cluster tests build comes from there. Run ./build.sh ClusterTest on Debian, or name programs of your own with --control-plane.");
        await File.WriteAllTextAsync(Path.Combine(work, "sources.list"), $"{type} [signed-by={Keys}] {mirror} {suite} main\n", cancellation);
        Directory.CreateDirectory(Path.Combine(work, "lists", "partial"));
        Directory.CreateDirectory(Path.Combine(work, "apt", "archives", "partial"));
        _settings =
        [
            "-o", $"Dir::Etc::sourcelist={work}/sources.list", "-o", "Dir::Etc::sourceparts=-", "-o", $"Dir::State::lists={work}/lists", "-o", "Dir::State::status=/dev/null",
            "-o", $"Dir::Cache={work}/apt", "-o", "Acquire::Languages=none", "-o", "APT::Sandbox::User=root", "-qq",
        ];
        await commands.RunAsync("apt-get", [.. _settings, "update"], work, cancellation);
    }

    /// <summary>Fetches the files of a source package into the folder.</summary>
    public Task SourceAsync(string package, CancellationToken cancellation) =>
        commands.RunAsync("apt-get", [.. _settings, "source", "--download-only", package], work, cancellation);

    /// <summary>Fetches binary packages and unpacks them into one folder.</summary>
    /// <returns>Version by package.</returns>
    public async Task<IReadOnlyDictionary<string, string>> UnpackAsync(IReadOnlyList<string> packages, string root, CancellationToken cancellation)
    {
        var files = Path.Combine(work, "packages");
        Directory.CreateDirectory(files);
        await commands.RunAsync("apt-get", [.. _settings, "download", .. packages], files, cancellation);
        var versions = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var file in Directory.EnumerateFiles(files, "*.deb").Order(StringComparer.Ordinal))
        {
            await commands.RunAsync("dpkg", ["-x", file, root], work, cancellation);
            var parts = Path.GetFileName(file).Split('_');
            versions[parts[0]] = Uri.UnescapeDataString(parts[1]);
        }
        return versions;
    }
}
