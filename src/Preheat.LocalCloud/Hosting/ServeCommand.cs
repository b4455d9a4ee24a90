using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Preheat.LocalCloud.Hosting;

/// <summary><c>Preheat.LocalCloud.dll serve …</c>: the cloud's own process.</summary>
internal static class ServeCommand
{
    /// <summary>Everything that the process writes.</summary>
    public static string LogPath(string stateDirectory) => Path.Combine(stateDirectory, "cloud.log");

    /// <summary>Why it did not start, for the user.</summary>
    public static string FailurePath(string stateDirectory) => Path.Combine(stateDirectory, "start-failure.txt");

    /// <summary>The command line that <see cref="RunAsync"/> reads.</summary>
    public static IEnumerable<string> Arguments(LocalCloudOptions options, string hash) =>
    [
        "serve",
        options.StateDirectory,
        hash,
        (options.TimeScale ?? LocalCloudOptions.DefaultTimeScale).ToString("R", CultureInfo.InvariantCulture),
        options.RegistryPort.ToString(CultureInfo.InvariantCulture),
        options.KubernetesPort.ToString(CultureInfo.InvariantCulture),
        options.GatewayPort.ToString(CultureInfo.InvariantCulture),
        options.IdleStop.ToString("c", CultureInfo.InvariantCulture),
    ];

    /// <returns>The exit code: 0 after a stop, 2 where the user can help, 1 otherwise.</returns>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        if (arguments is not ["serve", var state, var hash, var scale, var registry, var kubernetes, var gateway, var idle])
        {
            await Console.Error.WriteLineAsync("This program is started by the build (./build.sh), which gives it its arguments.");
            return 2;
        }

        var options = new LocalCloudOptions
        {
            StateDirectory = state,
            TimeScale = double.Parse(scale, CultureInfo.InvariantCulture),
            RegistryPort = int.Parse(registry, CultureInfo.InvariantCulture),
            KubernetesPort = int.Parse(kubernetes, CultureInfo.InvariantCulture),
            GatewayPort = int.Parse(gateway, CultureInfo.InvariantCulture),
            IdleStop = TimeSpan.ParseExact(idle, "c", CultureInfo.InvariantCulture),
        };
        ProcessSession.Detach(LogPath(state));
        try
        {
            await ServeAsync(options, hash);
            return 0;
        }
        catch (Exception error)
        {
            Log(options, error.ToString());
            var message = error is LocalCloudException ? error.Message : $"The embedded cloud failed: {error.Message} Its log is {LogPath(state)}.";
            AtomicFile.Write(FailurePath(state), Encoding.UTF8.GetBytes(message));
            return (error as LocalCloudException)?.ExitCode ?? 1;
        }
    }

    private static async Task ServeAsync(LocalCloudOptions options, string hash)
    {
        var terminated = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var term = PosixSignalRegistration.Create(PosixSignal.SIGTERM, context =>
        {
            context.Cancel = true;
            terminated.TrySetResult();
        });
        // Of a terminal that this process may still share where there are no sessions.
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context => context.Cancel = true);
        using var hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, context => context.Cancel = true);

        await using var host = await LocalCloudHost.StartAsync(options, hash, message => Log(options, message), CancellationToken.None);
        EndpointFile.Write(options.StateDirectory, host.Endpoint);
        Log(options, $"ready: registry {host.Endpoint.Registry}, Kubernetes {host.Endpoint.Kubernetes}, gateway {host.Endpoint.Gateway}");

        using var ended = new CancellationTokenSource();
        var idle = WaitForIdleAsync(host, options, ended.Token);
        var abandoned = WaitUntilAbandonedAsync(options, ended.Token);
        var first = await Task.WhenAny(host.StopRequested, terminated.Task, idle, abandoned);
        Log(options, first == idle ? $"stops: not used for {options.IdleStop}" : first == abandoned ? "stops: its state folder is gone" : "stops: asked to");
        if (first != abandoned)
        {
            EndpointFile.Delete(options.StateDirectory);
        }

        await ended.CancelAsync();
        if (first == idle)
        {
            await using var control = await idle;
            await host.DisposeAsync();
        }
    }

    /// <summary>Completes once <c>endpoint.json</c> does not name this process any more: somebody deleted the state folder, and no build will find this process again.</summary>
    private static async Task WaitUntilAbandonedAsync(LocalCloudOptions options, CancellationToken cancellation)
    {
        while (EndpointFile.Read(options.StateDirectory)?.Pid == Environment.ProcessId)
        {
            await Task.Delay(TimeSpan.FromSeconds(2), options.Time, cancellation);
        }
    }

    /// <summary>Completes with the control lock, so that nobody who has just found this process loses it.</summary>
    private static async Task<FileStream> WaitForIdleAsync(LocalCloudHost host, LocalCloudOptions options, CancellationToken cancellation)
    {
        while (true)
        {
            await host.Activity.WaitForIdleAsync(options.IdleStop, cancellation);
            if (StateLock.TryTake(StateLock.Control(options.StateDirectory)) is { } control)
            {
                if (host.Activity.Idle >= options.IdleStop)
                {
                    return control;
                }

                await control.DisposeAsync();
            }
            else
            {
                await Task.Delay(TimeSpan.FromSeconds(1), options.Time, cancellation);
            }
        }
    }

    private static void Log(LocalCloudOptions options, string message) =>
        Console.Error.WriteLine($"{options.Time.GetUtcNow():yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {Environment.ProcessId} {message}");
}
