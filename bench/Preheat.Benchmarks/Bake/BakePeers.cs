using System.Diagnostics;

namespace Preheat.Benchmarks.Bake;

/// <summary>The same folder of weights, put into an image and pushed by Debian's programs. Each run has its own registry and its own store.</summary>
internal static class BakePeers
{
    /// <summary>buildah: COPY into a layer, then push, which compresses (it has no way not to).</summary>
    public static async Task<TimeSpan> BuildahAsync(string model, Uri registry, CancellationToken cancellation)
    {
        using var work = new WorkFolder();
        string[] store = ["--storage-driver", "overlay", "--root", work["root"], "--runroot", work["run"]];
        await File.WriteAllTextAsync(work["Dockerfile"], "FROM scratch\nCOPY . /models/generated\n", cancellation);
        var image = $"{registry.Authority}/bench/buildah:1";
        var clock = Stopwatch.StartNew();
        await RunAsync("buildah", [.. store, "bud", "--tls-verify=false", "--isolation", "chroot", "-f", work["Dockerfile"], "-t", image, model], cancellation);
        await RunAsync("buildah", [.. store, "push", "--tls-verify=false", image], cancellation);
        var elapsed = clock.Elapsed;
        await RunAsync("buildah", [.. store, "rmi", "--all", "--force"], cancellation);
        return elapsed;
    }

    /// <summary>umoci inserts into a layout, skopeo copies it to the registry.</summary>
    public static async Task<TimeSpan> UmociAsync(string model, Uri registry, CancellationToken cancellation)
    {
        using var work = new WorkFolder();
        var layout = work["layout"];
        await RunAsync("umoci", ["init", "--layout", layout], cancellation);
        await RunAsync("umoci", ["new", "--image", $"{layout}:1"], cancellation);
        var clock = Stopwatch.StartNew();
        await RunAsync("umoci", ["insert", "--rootless", "--image", $"{layout}:1", model, "/models/generated"], cancellation);
        await RunAsync("skopeo", ["copy", "--preserve-digests", "--dest-tls-verify=false", $"oci:{layout}:1", $"docker://{registry.Authority}/bench/umoci:1"], cancellation);
        return clock.Elapsed;
    }

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (System.ComponentModel.Win32Exception exception)
        {
            throw new UserException($"{program} is not on this machine ({exception.Message}). Install the Debian package of the same name, or measure with --peers none.", exception);
        }
        using (process)
        {
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var error = await process.StandardError.ReadToEndAsync(cancellation);
            await output;
            await process.WaitForExitAsync(cancellation);
            if (process.ExitCode != 0)
                throw new PreheatException($"{program} {arguments[0]} ended with {process.ExitCode}: {error[Math.Max(0, error.Length - 500)..].Trim()}");
        }
    }
}

/// <summary>A temporary folder that goes at the end.</summary>
internal sealed class WorkFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("preheat-bench-");

    public string this[string name] => Path.Combine(_folder.FullName, name);

    public void Dispose() => _folder.Delete(recursive: true);
}
