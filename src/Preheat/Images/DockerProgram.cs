using System.ComponentModel;
using System.Diagnostics;
using Preheat.Runs;

namespace Preheat.Images;

/// <summary>Runs docker and passes its lines on.</summary>
internal static class DockerProgram
{
    private const int KeptLines = 20;

    /// <param name="program">Name on the search path, or path.</param>
    /// <param name="environment">Secrets that the program gets in its environment.</param>
    /// <exception cref="UserException">There is no such program, no buildx, or no daemon.</exception>
    /// <exception cref="PreheatException">It failed.</exception>
    public static async Task RunAsync(
        string program, IReadOnlyList<string> arguments, IReadOnlyList<(string Name, Secret Value)> environment, IEventSink events, CancellationToken cancellation)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
            start.Environment[name] = value.Reveal();
        var last = new Queue<string>();
        using var process = Start(start);
        try
        {
            await Task.WhenAll(PassAsync(process.StandardOutput), PassAsync(process.StandardError));
            await process.WaitForExitAsync(cancellation);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
        if (process.ExitCode != 0)
            throw Missing(string.Join('\n', last)) is { } missing ? new UserException($"--image-builder docker {missing}, or leave --image-builder out: the built-in builder needs no docker.") : new PreheatException($"docker buildx build ended with exit code {process.ExitCode}. The end of what it printed:\n{string.Join('\n', last)}");

        async Task PassAsync(StreamReader reader)
        {
            while (await reader.ReadLineAsync(cancellation) is { } line)
            {
                // A recipe may print its environment.
                var shown = environment.Aggregate(line, (text, secret) => text.Replace(secret.Value.Reveal(), "***", StringComparison.Ordinal));
                lock (last)
                {
                    last.Enqueue(shown);
                    if (last.Count > KeptLines)
                        last.Dequeue();
                }
                events.Emit(new Note($"docker: {shown}"));
            }
        }
    }

    /// <summary>What docker says when a part of it is not there, and what to do; null for a build that failed.</summary>
    private static string? Missing(string output)
    {
        // Without the plugin, docker takes "buildx" for an unknown word, and the options after it for its own.
        if (output.Contains("unknown flag: --file", StringComparison.Ordinal) || output.Contains("unknown command: docker buildx", StringComparison.Ordinal) || output.Contains("'buildx' is not a docker command", StringComparison.Ordinal))
            return "needs docker's plugin buildx, which this docker does not have. Install it (https://docs.docker.com/go/buildx/)";
        if (output.Contains("onnect to the Docker daemon", StringComparison.Ordinal) || output.Contains("onnect to the docker API", StringComparison.Ordinal))
            return $"cannot reach docker's daemon: {output.Split('\n').First(line => line.Contains("onnect to the", StringComparison.Ordinal)).Trim().TrimEnd('.', '?')}. Start it, allow this user to use it, or set DOCKER_HOST";
        return null;
    }

    private static Process Start(ProcessStartInfo start)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new UserException($"--image-builder docker needs the program docker, which cannot be run: {exception.Message}. Install Docker with buildx, or leave --image-builder out: the built-in builder needs no docker.", exception);
        }
    }
}
