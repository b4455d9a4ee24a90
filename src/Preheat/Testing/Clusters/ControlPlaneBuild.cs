using System.Collections;
using System.Security.Cryptography;
using Preheat.Runs;

namespace Preheat.Testing.Clusters;

/// <summary>Builds a Kubernetes control plane from Debian's source package, once: the programs are kept in a folder named for the source's digest.</summary>
/// <remarks>
/// Debian 12 packages the whole source of Kubernetes 1.20.2 with its dependencies, and of its programs only kubectl. Later releases of Debian carry a part of the source.
/// </remarks>
public sealed class ControlPlaneBuild(string folder, IEventSink events, TimeProvider time)
{
    /// <summary>What is built.</summary>
    public const string Version = "1.20.2";

    private const string Suite = "bookworm";
    private const string Archive = "kubernetes_1.20.5+really1.20.2.orig.tar.gz";
    private const string Digest = "b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc";

    // What Debian's package needs to build, and etcd; each with the package that brings it.
    private static readonly (string Program, string Package)[] Tools =
        [("apt-get", "apt"), ("tar", "tar"), ("make", "make"), ("go", "golang-go"), ("rsync", "rsync"), ("jq", "jq"), ("etcd", "etcd-server")];

    private static readonly string[] Programs = ["kube-apiserver", "kube-controller-manager", "kube-scheduler"];

    private readonly ChildProcess _child = new(time);

    /// <summary>The folder of the programs.</summary>
    /// <exception cref="UserException">A tool is missing.</exception>
    /// <exception cref="PreheatException">The source cannot be had, or does not build.</exception>
    public async Task<string> EnsureAsync(CancellationToken cancellation)
    {
        var missing = Tools.Where(tool => !IsOnPath(tool.Program)).ToList();
        if (missing.Count > 0)
            throw new UserException($"The cluster tests need {string.Join(", ", missing.Select(tool => tool.Program))}. On Debian 12: apt-get install {string.Join(' ', missing.Select(tool => tool.Package))}");
        var programs = Path.Combine(folder, "kubernetes-" + Digest[..12]);
        if (Programs.All(program => File.Exists(Path.Combine(programs, program))))
            return programs;
        var work = Path.Combine(folder, "work");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        Directory.CreateDirectory(work);
        await DownloadAsync(work, cancellation);
        var source = Path.Combine(work, "source");
        Directory.CreateDirectory(source);
        await RunAsync("tar", ["-xzf", Archive, "-C", "source", "--strip-components=1"], work, [], cancellation);
        await CompileAsync(work, source, cancellation);
        Directory.CreateDirectory(programs + ".part");
        foreach (var program in Programs)
            File.Copy(Path.Combine(source, "_output", "bin", program), Path.Combine(programs + ".part", program), overwrite: true);
        Directory.Move(programs + ".part", programs);
        Directory.Delete(work, recursive: true);
        return programs;
    }

    // apt knows Debian's mirrors and keys; the lists of sources are fetched beside the machine's own, which stay as they are.
    private async Task DownloadAsync(string work, CancellationToken cancellation)
    {
        events.Emit(new Note($"Fetching the source of Kubernetes {Version} from Debian {Suite}…"));
        var mirrors = new List<string>();
        await RunAsync("apt-get", ["indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Origin: Debian"], work, mirrors, cancellation);
        var mirror = mirrors.Select(line => line.Trim()).FirstOrDefault(line => line.TrimEnd('/').EndsWith("/debian", StringComparison.Ordinal))
            ?? throw new UserException("apt knows no mirror of Debian, and the source of the control plane comes from there. Run ./build.sh ClusterTest on Debian, or name programs of your own with --control-plane.");
        await File.WriteAllTextAsync(Path.Combine(work, "sources.list"), $"deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror} {Suite} main\n", cancellation);
        Directory.CreateDirectory(Path.Combine(work, "lists", "partial"));
        string[] settings = ["-o", $"Dir::Etc::sourcelist={work}/sources.list", "-o", "Dir::Etc::sourceparts=-", "-o", $"Dir::State::lists={work}/lists", "-o", "APT::Sandbox::User=root", "-qq"];
        await RunAsync("apt-get", [.. settings, "update"], work, [], cancellation);
        await RunAsync("apt-get", [.. settings, "source", "--download-only", "kubernetes"], work, [], cancellation);
        var archive = Path.Combine(work, Archive);
        if (!File.Exists(archive))
            throw new PreheatException($"Debian {Suite} has another source than {Archive}: {string.Join(", ", Directory.EnumerateFiles(work, "kubernetes*").Select(Path.GetFileName))}.");
        await using var stream = File.OpenRead(archive);
        if (Convert.ToHexStringLower(await SHA256.HashDataAsync(stream, cancellation)) is var digest && digest != Digest)
            throw new PreheatException($"{Archive} has the SHA-256 {digest}, not {Digest}.");
    }

    private async Task CompileAsync(string work, string source, CancellationToken cancellation)
    {
        events.Emit(new Note($"Building {string.Join(", ", Programs)}; that takes some ten minutes, once…"));
        var began = time.GetTimestamp();
        // A released archive has no history to read the version from.
        await File.WriteAllTextAsync(
            Path.Combine(work, "version"),
            $"KUBE_GIT_COMMIT='0'\nKUBE_GIT_TREE_STATE='archive'\nKUBE_GIT_VERSION='v{Version}'\nKUBE_GIT_MAJOR='1'\nKUBE_GIT_MINOR='20'\n",
            cancellation);
        var environment = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().ToDictionary(entry => (string)entry.Key, entry => entry.Value?.ToString() ?? "", StringComparer.Ordinal);
        (environment["KUBE_GIT_VERSION_FILE"], environment["GO111MODULE"], environment["GOCACHE"], environment["GOFLAGS"]) = (Path.Combine(work, "version"), "off", Path.Combine(work, "cache"), "");
        await RunAsync("nice", ["-n", "5", "make", "WHAT=" + string.Join(' ', Programs.Select(program => "cmd/" + program))], source, [], cancellation, environment);
        events.Emit(new Note(FormattableString.Invariant($"Built the control plane in {time.GetElapsedTime(began).TotalSeconds:0} s.")));
    }

    private async Task RunAsync(string program, string[] arguments, string directory, List<string> output, CancellationToken cancellation, Dictionary<string, string>? environment = null)
    {
        var errors = new Queue<string>();
        var exit = await _child.RunAsync(program, arguments, directory, environment, (line, isError) =>
        {
            if (!isError)
                output.Add(line);
            errors.Enqueue(line);
            if (errors.Count > 15)
                errors.Dequeue();
        }, cancellation);
        if (exit != 0)
            throw new PreheatException($"'{program} {string.Join(' ', arguments)}' in {directory} ended with exit code {exit}:\n{string.Join('\n', errors)}");
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Any(directory => directory.Length > 0 && File.Exists(Path.Combine(directory, program)));
}
