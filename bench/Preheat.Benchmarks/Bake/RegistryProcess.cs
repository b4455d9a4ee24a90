using System.Diagnostics;

namespace Preheat.Benchmarks.Bake;

/// <summary>A registry in a process of its own, with a folder that goes with it.</summary>
internal sealed class RegistryProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly DirectoryInfo _folder;

    private RegistryProcess(Process process, DirectoryInfo folder)
    {
        _process = process;
        _folder = folder;
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>Processor time that the registry has used.</summary>
    public TimeSpan CpuTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    public static async Task<RegistryProcess> StartAsync(bool real)
    {
        var folder = Directory.CreateTempSubdirectory("preheat-bench-");
        var start = real ? await DebianRegistryAsync(folder) : Discarding();
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.UseShellExecute = false;
        var process = Process.Start(start) ?? throw new PreheatException($"{start.FileName} did not start.");
        var registry = new RegistryProcess(process, folder);
        var reader = real ? process.StandardError : process.StandardOutput;
        while (await reader.ReadLineAsync() is { } line)
        {
            if (Address(line) is not { } address)
                continue;
            registry.Address = address;
            // Read on, so that a full pipe never stops the process.
            process.ErrorDataReceived += (_, _) => { };
            if (!real)
                process.BeginErrorReadLine();
            _ = reader.ReadToEndAsync();
            return registry;
        }
        await registry.DisposeAsync();
        throw new PreheatException($"{start.FileName} ended without saying where it listens. Is docker-registry installed?");

        static Uri? Address(string line)
        {
            const string listening = "listening on ";
            if (line.StartsWith("http://", StringComparison.Ordinal))
                return new Uri(line + "/");
            var at = line.IndexOf(listening, StringComparison.Ordinal);
            return at < 0 ? null : new Uri($"http://{line[(at + listening.Length)..].Split('"')[0]}/");
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
            _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
        _folder.Delete(recursive: true);
    }

    private static ProcessStartInfo Discarding()
    {
        var own = Environment.ProcessPath!;
        var start = new ProcessStartInfo(own);
        if (Path.GetFileNameWithoutExtension(own) == "dotnet")
            start.ArgumentList.Add(typeof(RegistryProcess).Assembly.Location);
        start.ArgumentList.Add("sink");
        return start;
    }

    private static async Task<ProcessStartInfo> DebianRegistryAsync(DirectoryInfo folder)
    {
        var config = Path.Combine(folder.FullName, "config.yml");
        await File.WriteAllTextAsync(config, $"""
            version: 0.1
            log:
              accesslog:
                disabled: true
            storage:
              filesystem:
                rootdirectory: {folder.FullName}
            http:
              addr: 127.0.0.1:0
            """);
        return new ProcessStartInfo("docker-registry", ["serve", config]);
    }
}
