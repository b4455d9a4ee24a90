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

    private readonly BuildCommands _commands = new(time);

    /// <summary>The folder of the programs.</summary>
    /// <exception cref="UserException">A tool is missing.</exception>
    /// <exception cref="PreheatException">The source cannot be had, or does not build.</exception>
    public async Task<string> EnsureAsync(CancellationToken cancellation)
    {
        BuildCommands.Require(Tools);
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
        await _commands.RunAsync("tar", ["-xzf", Archive, "-C", "source", "--strip-components=1"], work, cancellation);
        await CompileAsync(work, source, cancellation);
        Directory.CreateDirectory(programs + ".part");
        foreach (var program in Programs)
            File.Copy(Path.Combine(source, "_output", "bin", program), Path.Combine(programs + ".part", program), overwrite: true);
        Directory.Move(programs + ".part", programs);
        Directory.Delete(work, recursive: true);
        return programs;
    }

    private async Task DownloadAsync(string work, CancellationToken cancellation)
    {
        events.Emit(new Note($"Fetching the source of Kubernetes {Version} from Debian {Suite}…"));
        var debian = new DebianArchive(Suite, work, _commands);
        await debian.UpdateAsync("deb-src", cancellation);
        await debian.SourceAsync("kubernetes", cancellation);
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
        var environment = BuildCommands.Environment(("KUBE_GIT_VERSION_FILE", Path.Combine(work, "version")), ("GO111MODULE", "off"), ("GOCACHE", Path.Combine(work, "cache")), ("GOFLAGS", ""));
        await _commands.RunAsync("nice", ["-n", "5", "make", "WHAT=" + string.Join(' ', Programs.Select(program => "cmd/" + program))], source, cancellation, environment);
        events.Emit(new Note(FormattableString.Invariant($"Built the control plane in {time.GetElapsedTime(began).TotalSeconds:0} s.")));
    }
}
