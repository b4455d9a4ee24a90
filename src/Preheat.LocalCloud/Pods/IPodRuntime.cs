using Preheat.LocalCloud.Clocks;

namespace Preheat.LocalCloud.Pods;

/// <summary>Everything a runtime needs to start one container.</summary>
public sealed record ContainerStart
{
    public required string Namespace { get; init; }

    public required string Pod { get; init; }

    public required string Container { get; init; }

    /// <summary>Command and arguments after Kubernetes' rules (command/args over ENTRYPOINT/CMD, <c>$(VAR)</c> expanded).</summary>
    public required IReadOnlyList<string> Argv { get; init; }

    /// <summary>Image ENV overlaid with the pod's env.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    public required string WorkingDirectory { get; init; }

    /// <summary>The image's unpacked root on this machine, read-only.</summary>
    public required string RootDirectory { get; init; }

    /// <summary>Mount path inside the container → folder on this machine.</summary>
    public required IReadOnlyDictionary<string, string> Mounts { get; init; }

    /// <summary>GPU product of the node (<c>nvidia-l4</c>) and how many the container may use (0 = none).</summary>
    public required string Accelerator { get; init; }

    public required int AcceleratorCount { get; init; }

    public required InfrastructureClock Clock { get; init; }

    /// <summary>Takes one line of the container's log.</summary>
    public required Action<string> Log { get; init; }

    /// <summary>Called whenever the container serves a request, so that the cloud knows it is in use.</summary>
    public required Action Touch { get; init; }
}

/// <summary>What a container has used.</summary>
/// <param name="CpuTime">Time of all processors together since it began.</param>
/// <param name="MemoryBytes">Memory that it holds now.</param>
public sealed record ContainerUsage(TimeSpan CpuTime, long MemoryBytes);

/// <summary>A container that runs.</summary>
public interface IRunningContainer : IAsyncDisposable
{
    /// <summary>Where a container port is reached on this machine; null while the container does not listen on it.</summary>
    Uri? Address(int containerPort);

    /// <summary>Completes with the exit code when the container ends by itself or is stopped.</summary>
    Task<int> Exited { get; }

    /// <summary>How long its accelerators have worked since it began to serve; null for a container that does not use them.</summary>
    TimeSpan? AcceleratorBusy => null;

    /// <summary>What the metrics server is told; null for a container of which nothing is known.</summary>
    ContainerUsage? Usage => null;

    /// <summary>SIGTERM, then SIGKILL after <paramref name="grace"/>.</summary>
    Task StopAsync(TimeSpan grace);
}

/// <summary>Runs containers of one form. Which one is decided by argv, never by image name.</summary>
public interface IPodRuntime
{
    bool Accepts(IReadOnlyList<string> argv);

    Task<IRunningContainer> StartAsync(ContainerStart start, CancellationToken cancellation);
}
