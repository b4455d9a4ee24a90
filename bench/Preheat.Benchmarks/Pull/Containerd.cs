using System.Diagnostics;
using System.Globalization;

namespace Preheat.Benchmarks.Pull;

/// <summary>containerd with a root, state and socket of its own, without Kubernetes: what a node pulls with. It needs root; another user starts it with sudo, which must not ask.</summary>
internal sealed class Containerd : IAsyncDisposable
{
    /// <summary>Clock ticks in a second (proc(5), <c>sysconf(_SC_CLK_TCK)</c>).</summary>
    private const double Ticks = 100;

    private readonly Process _process;
    private readonly string _folder;
    private readonly int _id;

    private Containerd(Process process, string folder, int id) => (_process, _folder, _id) = (process, folder, id);

    private string Socket => Path.Combine(_folder, "c.sock");

    /// <summary>Processor time of the daemon and of the programs that it has waited for (it may unpack gzip with unpigz).</summary>
    public TimeSpan CpuTime
    {
        get
        {
            var text = File.ReadAllText($"/proc/{_id}/stat");
            var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
            return TimeSpan.FromSeconds(fields[11..15].Sum(ticks => long.Parse(ticks, CultureInfo.InvariantCulture)) / Ticks);
        }
    }

    /// <exception cref="PreheatException">containerd is not installed, or does not start; the message has what it said.</exception>
    public static async Task<Containerd> StartAsync(CancellationToken cancellation = default)
    {
        // A socket's path has at most 107 bytes.
        var folder = Directory.CreateTempSubdirectory("preheat-ctd-").FullName;
        await File.WriteAllTextAsync(
            Path.Combine(folder, "config.toml"),
            $"""
            version = 2
            root = "{folder}/root"
            state = "{folder}/state"
            disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
            [grpc]
              address = "{folder}/c.sock"
            [ttrpc]
              address = "{folder}/c.sock.ttrpc"
            """,
            cancellation);
        var (program, arguments) = AsRoot("sh", "-c", "echo $$ >\"$0/pid\"; exec containerd --config \"$0/config.toml\"", folder);
        var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, UseShellExecute = false })!;
        var said = "";
        while (await process.StandardError.ReadLineAsync(cancellation) is { } line)
        {
            said = line;
            if (!line.Contains("successfully booted", StringComparison.Ordinal))
                continue;
            // Read on, so that a full pipe never stops it.
            _ = process.StandardError.ReadToEndAsync(CancellationToken.None);
            return new Containerd(process, folder, int.Parse(await File.ReadAllTextAsync(Path.Combine(folder, "pid"), cancellation), CultureInfo.InvariantCulture));
        }
        throw new PreheatException($"containerd did not start: {said} Is the Debian package containerd installed, and is this root, or may sudo run without a password?");
    }

    /// <summary>A command line of ctr for this daemon.</summary>
    public (string Program, string[] Arguments) Ctr(params string[] arguments) => AsRoot("ctr", ["--address", Socket, "--namespace", "preheat", .. arguments]);

    /// <summary>Pulls an image over plain http and unpacks it, as a node does.</summary>
    public (string Program, string[] Arguments) Pull(string reference) => Ctr("image", "pull", "--plain-http", "--snapshotter", "overlayfs", reference);

    /// <summary>Mounts the tree of an image that was pulled, read-only.</summary>
    public (string Program, string[] Arguments) Mount(string reference, string directory) => Ctr("image", "mount", "--snapshotter", "overlayfs", reference, directory);

    public (string Program, string[] Arguments) Unmount(string directory) => Ctr("image", "unmount", "--snapshotter", "overlayfs", "--rm", directory);

    public async ValueTask DisposeAsync()
    {
        await RunAsync("kill", $"{_id}");
        await _process.WaitForExitAsync();
        _process.Dispose();
        await RunAsync("rm", "-rf", _folder);
    }

    private static async Task RunAsync(string name, params string[] words)
    {
        var (program, arguments) = AsRoot(name, words);
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
    }

    private static (string Program, string[] Arguments) AsRoot(string program, params string[] arguments) =>
        Environment.IsPrivilegedProcess ? (program, arguments) : ("sudo", ["-n", program, .. arguments]);
}
