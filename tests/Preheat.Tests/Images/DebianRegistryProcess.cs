using System.Diagnostics;
using System.Text.RegularExpressions;

namespace Preheat.Tests.Images;

/// <summary>Debian's docker-registry, running on a free loopback port.</summary>
internal sealed partial class DebianRegistryProcess : IAsyncDisposable
{
    private readonly Process _process;

    private DebianRegistryProcess(Process process, string address) => (_process, Address) = (process, address);

    /// <summary>HOST:PORT</summary>
    public string Address { get; }

    /// <param name="folder">Configuration and store; the store is below <c>root</c>.</param>
    /// <param name="further">Further YAML of its configuration.</param>
    public static async Task<DebianRegistryProcess> StartAsync(string folder, string further = "")
    {
        var configuration = Path.Combine(folder, "config.yml");
        await File.WriteAllTextAsync(configuration, $"""
            version: 0.1
            log:
              level: info
              accesslog:
                disabled: true
            storage:
              filesystem:
                rootdirectory: {Path.Combine(folder, "root")}
              delete:
                enabled: true
            http:
              addr: 127.0.0.1:0
            {further}
            """);
        var process = Process.Start(new ProcessStartInfo("docker-registry", ["serve", configuration]) { RedirectStandardError = true, RedirectStandardOutput = true, UseShellExecute = false })!;
        var listening = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(object sender, DataReceivedEventArgs line)
        {
            if (ListeningForm().Match(line.Data ?? "") is { Success: true } match)
                listening.TrySetResult(match.Groups[1].Value);
        }
        process.ErrorDataReceived += Look;
        process.OutputDataReceived += Look;
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return new DebianRegistryProcess(process, await listening.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    [GeneratedRegex(@"listening on (127\.0\.0\.1:\d+)")]
    private static partial Regex ListeningForm();
}
