using System.Security.Cryptography;
using System.Text;
using Preheat.Runs;

namespace Preheat.Testing.Clusters;

/// <summary>Builds a small API server on the present Kubernetes API machinery, once: the programs are kept in a folder named for its source's digest.</summary>
/// <remarks>
/// Debian's development suite has the libraries of the present Kubernetes (k8s.io/apiserver, k8s.io/apiextensions-apiserver, k8s.io/api), the compiler for them, etcd
/// and kubectl, but no kube-apiserver; the program around them is in <c>tests/ApiServer</c>. Nothing is installed: everything is unpacked into a folder of its own.
/// </remarks>
/// <param name="folder">Where the programs are kept.</param>
/// <param name="source">The folder of the program's source, with <c>packages.txt</c> and <c>schemas.txt</c>.</param>
public sealed class ApiMachineryBuild(string folder, string source, IEventSink events, TimeProvider time)
{
    private const string Suite = "sid";
    private const string GoRoot = "usr/lib/go-1.27";

    // The versions of the libraries are those of Kubernetes with 0 for 1.
    private const string Library = "golang-k8s-apiserver-dev";

    private static readonly (string Program, string Package)[] Tools = [("apt-get", "apt"), ("dpkg", "dpkg"), ("nice", "coreutils")];

    private readonly BuildCommands _commands = new(time);

    /// <summary>The folder of <c>apiserver</c>, <c>etcd</c> and <c>kubectl</c>.</summary>
    /// <exception cref="UserException">A tool is missing.</exception>
    /// <exception cref="PreheatException">The packages cannot be had, or the program does not build.</exception>
    public async Task<string> EnsureAsync(CancellationToken cancellation)
    {
        BuildCommands.Require(Tools);
        var programs = Path.Combine(folder, "api-machinery-" + await DigestAsync(cancellation));
        if (Directory.Exists(programs))
            return programs;
        var work = Path.Combine(folder, "machinery-work");
        if (Directory.Exists(work))
            Directory.Delete(work, recursive: true);
        var root = Path.Combine(work, "root");
        Directory.CreateDirectory(root);
        events.Emit(new Note($"Fetching the libraries of Kubernetes' API server from Debian {Suite}…"));
        var archive = new DebianArchive(Suite, work, _commands);
        await archive.UpdateAsync("deb", cancellation);
        var versions = await archive.UnpackAsync(await File.ReadAllLinesAsync(Path.Combine(source, "packages.txt"), cancellation), root, cancellation);
        var parts = Directory.CreateDirectory(programs + ".part").FullName;
        await CompileAsync(work, root, versions[Library].Split('-')[0], Path.Combine(parts, "apiserver"), cancellation);
        foreach (var program in new[] { "etcd", "kubectl" })
            File.Copy(Path.Combine(root, "usr", "bin", program), Path.Combine(parts, program), overwrite: true);
        Directory.Move(parts, programs);
        Directory.Delete(work, recursive: true);
        return programs;
    }

    private async Task CompileAsync(string work, string root, string version, string program, CancellationToken cancellation)
    {
        events.Emit(new Note($"Building an API server on the libraries {version}; that takes some minutes, once…"));
        var began = time.GetTimestamp();
        var own = Directory.CreateDirectory(Path.Combine(work, "go", "src", "preheat")).FullName;
        var sources = Directory.CreateDirectory(Path.Combine(own, "apiserver")).FullName;
        foreach (var file in Directory.EnumerateFiles(source, "*.go"))
            File.Copy(file, Path.Combine(sources, Path.GetFileName(file)));
        // Debian's Go libraries are built as one tree without modules.
        var environment = BuildCommands.Environment(
            ("GOROOT", Path.Combine(root, GoRoot)), ("PATH", $"{Path.Combine(root, GoRoot, "bin")}:{System.Environment.GetEnvironmentVariable("PATH")}"),
            ("GOPATH", $"{Path.Combine(work, "go")}:{Path.Combine(root, "usr/share/gocode")}"), ("GO111MODULE", "off"), ("GOTOOLCHAIN", "local"), ("GOFLAGS", "-trimpath"),
            ("GOCACHE", Path.Combine(work, "cache")), ("CGO_ENABLED", "0"));
        await File.WriteAllTextAsync(Path.Combine(work, "header"), "", cancellation);
        var schemas = await File.ReadAllLinesAsync(Path.Combine(source, "schemas.txt"), cancellation);
        await _commands.RunAsync(
            "nice",
            [
                "-n", "5", Path.Combine(root, "usr/bin/openapi-gen"), "--output-dir", Path.Combine(own, "openapi"), "--output-pkg", "preheat/openapi", "--output-file", "definitions.go",
                "--go-header-file", Path.Combine(work, "header"), "--report-filename", Path.Combine(work, "report"), .. schemas,
            ],
            work, cancellation, environment);
        var release = version.Split('.');
        var named = $"-s -w -X k8s.io/component-base/version.gitVersion=v1.{release[1]}.{release[2]} -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor={release[1]}";
        await _commands.RunAsync("nice", ["-n", "5", "go", "build", "-ldflags", named, "-o", program, "."], sources, cancellation, environment);
        events.Emit(new Note(FormattableString.Invariant($"Built the API server in {time.GetElapsedTime(began).TotalSeconds:0} s.")));
    }

    private async Task<string> DigestAsync(CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var file in Directory.EnumerateFiles(source).Order(StringComparer.Ordinal))
        {
            hash.AppendData(Encoding.UTF8.GetBytes(Path.GetFileName(file)));
            hash.AppendData(await File.ReadAllBytesAsync(file, cancellation));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
