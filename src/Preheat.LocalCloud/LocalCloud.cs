using System.Globalization;
using Preheat.LocalCloud.Hosting;
using Preheat.LocalCloud.Registry;

namespace Preheat.LocalCloud;

/// <summary>The embedded cloud as a process of its own, one per state folder, that outlives the build which started it.</summary>
#pragma warning disable MA0049 // the type is what the namespace is about, and callers read LocalCloud.EnsureRunningAsync
public static class LocalCloud
#pragma warning restore MA0049
{
    /// <summary>How long a start or a graceful stop may take before something is wrong.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Registry hosts beyond Docker Hub whose image of this name the embedded registry has a stand-in for: <c>ghcr.io</c>.</summary>
    public static IReadOnlyList<string> StandInHosts(string image) =>
        [.. StandIn.All.Where(one => one.Name != one.Repository && (image.StartsWith(one.Name + ":", StringComparison.Ordinal) || image.StartsWith(one.Name + "@", StringComparison.Ordinal) || image == one.Name)).Select(one => one.Name.Split('/')[0]).Distinct()];

    /// <summary>Returns the running cloud of the state folder, or starts one. One of another build, time-scale or port is replaced; its state is kept.</summary>
    /// <param name="options">What the cloud must be like.</param>
    /// <param name="progress">Takes a line for each thing that takes time.</param>
    /// <param name="cancellation">Ends the wait; a process that is starting goes on and is found by the next call.</param>
    /// <exception cref="LocalCloudException">A port is taken (exit 2), or the process did not come up; the message carries the end of its log.</exception>
    public static async Task<LocalEndpoint> EnsureRunningAsync(LocalCloudOptions options, Action<string>? progress, CancellationToken cancellation)
    {
        options = options with { StateDirectory = AtomicFile.CreateState(options.StateDirectory) };
        var binaries = BinaryStore.OfThisBuild();
        await using var control = await StateLock.TakeAsync(StateLock.Control(options.StateDirectory), options.Time, cancellation);
        using var admin = new AdminClient();
        if (await FindSettledAsync(options, admin, cancellation) is { } running)
        {
            if (Difference(running, options, binaries.Hash) is not { } difference)
            {
                if (options.TimeScale is null && running.TimeScale != LocalCloudOptions.DefaultTimeScale)
                {
                    progress?.Invoke(string.Create(CultureInfo.InvariantCulture, $"Embedded cloud: runs with time-scale {running.TimeScale}, as it was started; --time-scale changes it"));
                }

                return running;
            }

            // A build of another version must not change the speed of what runs.
            options = options with { TimeScale = options.TimeScale ?? running.TimeScale };
            progress?.Invoke($"Embedded cloud: stopping the one that runs, since {difference}");
            await StopAsync(running, options.StateDirectory, admin, options.Time, cancellation);
        }

        progress?.Invoke($"Embedded cloud: starting in {options.StateDirectory}");
        var program = binaries.CopyTo(options.StateDirectory);
        var endpoint = await CloudProcess.StartAsync(options, program, binaries.Hash, Patience, cancellation);
        BinaryStore.Prune(options.StateDirectory, keep: binaries.Hash);
        progress?.Invoke($"Embedded cloud: ready (process {endpoint.Pid})");
        return endpoint;
    }

    /// <summary>Stops the cloud of a state folder: gracefully, or by force when it does not answer. What it keeps stays.</summary>
    /// <returns>Whether one was running.</returns>
    public static async Task<bool> StopAsync(string stateDirectory, CancellationToken cancellation)
    {
        stateDirectory = Path.GetFullPath(stateDirectory);
        if (!Directory.Exists(stateDirectory))
        {
            return false;
        }

        await using var control = await StateLock.TakeAsync(StateLock.Control(stateDirectory), TimeProvider.System, cancellation);
        using var admin = new AdminClient();
        if (await FindSettledAsync(new LocalCloudOptions { StateDirectory = stateDirectory }, admin, cancellation) is not { } running)
        {
            return false;
        }

        await StopAsync(running, stateDirectory, admin, TimeProvider.System, cancellation);
        return true;
    }

    /// <summary>The cloud that runs on a state folder, by its process; asks nothing over the network. Null when none runs.</summary>
    public static LocalEndpoint? Find(string stateDirectory) =>
        EndpointFile.Read(Path.GetFullPath(stateDirectory)) is { } endpoint && CloudProcess.IsAlive(endpoint) ? endpoint : null;

    /// <summary>Why <see cref="EnsureRunningAsync"/> would replace this cloud, as a clause; null when it would not.</summary>
    public static string? Difference(LocalEndpoint running, LocalCloudOptions options) => Difference(running, options, BinaryStore.OfThisBuild().Hash);

    private static string? Difference(LocalEndpoint running, LocalCloudOptions options, string hash)
    {
        if (running.BuildHash != hash)
        {
            return "it is of another build";
        }

        if (options.TimeScale is { } scale && Math.Abs(running.TimeScale - scale) > 1e-9)
        {
            return string.Create(CultureInfo.InvariantCulture, $"its time-scale is {running.TimeScale} and not {scale}");
        }

        return Port(running.Registry, options.RegistryPort) ?? Port(running.Kubernetes, options.KubernetesPort) ?? Port(running.Gateway, options.GatewayPort);
    }

    private static string? Port(Uri running, int wanted) => wanted == 0 || wanted == running.Port ? null : $"it listens on port {running.Port} and not {wanted}";

    /// <summary>Finds a cloud that answers. One that is just starting or stopping is waited for; one that is alive and does not answer is ended.</summary>
    private static async Task<LocalEndpoint?> FindSettledAsync(LocalCloudOptions options, AdminClient admin, CancellationToken cancellation)
    {
        var begun = options.Time.GetTimestamp();
        while (true)
        {
            if (EndpointFile.Read(options.StateDirectory) is { } endpoint)
            {
                if (await admin.AnswersAsync(endpoint, cancellation))
                {
                    return endpoint;
                }

                if (CloudProcess.IsAlive(endpoint))
                {
                    CloudProcess.Kill(endpoint);
                }

                EndpointFile.Delete(options.StateDirectory);
            }

            using (var free = StateLock.TryTake(StateLock.Running(options.StateDirectory)))
            {
                if (free is not null)
                {
                    return null;
                }
            }

            if (options.Time.GetElapsedTime(begun) > Patience)
            {
                throw new LocalCloudException(
                    $"A program holds {StateLock.Running(options.StateDirectory)} and does not answer. End it (a process \"Preheat.LocalCloud.dll serve\"), or use another folder (PREHEAT_STATE).", exitCode: 2);
            }

            await Task.Delay(Interval, options.Time, cancellation);
        }
    }

    private static async Task StopAsync(LocalEndpoint running, string stateDirectory, AdminClient admin, TimeProvider time, CancellationToken cancellation)
    {
        var begun = time.GetTimestamp();
        await admin.StopAsync(running, cancellation);
        while (CloudProcess.IsAlive(running))
        {
            if (time.GetElapsedTime(begun) > Patience)
            {
                CloudProcess.Kill(running);
            }

            await Task.Delay(Interval, time, cancellation);
        }

        EndpointFile.Delete(stateDirectory);
    }
}
