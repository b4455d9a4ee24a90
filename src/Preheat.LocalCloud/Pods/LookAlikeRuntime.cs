using Preheat.LocalCloud.Hub;
using Preheat.LocalCloud.Serving;

namespace Preheat.LocalCloud.Pods;

/// <summary>
/// Runs inference servers as a Kestrel listener per pod inside the cloud. A command line of vLLM is taken for what it is; its flags,
/// its model's files and its memory are checked as the real server checks them, its tokens are made up, its times are modelled.
/// </summary>
/// <param name="hub">The hub that servers reach for models which are neither in their image nor in a volume; null for none.</param>
public sealed class LookAlikeRuntime(ModelHub? hub = null) : IPodRuntime
{
    /// <summary>Whether argv starts an inference server known here.</summary>
    public bool Accepts(IReadOnlyList<string> argv) => ServerCommand.Recognise(argv) is not null;

    /// <summary>Begins the start and returns at once; a start that fails shows in the log and in <see cref="IRunningContainer.Exited"/>.</summary>
    /// <exception cref="NotSupportedException">argv is not accepted.</exception>
    public Task<IRunningContainer> StartAsync(ContainerStart start, CancellationToken cancellation)
    {
        var command = ServerCommand.Recognise(start.Argv)
            ?? throw new NotSupportedException($"No inference server: {string.Join(' ', start.Argv)}");
        cancellation.ThrowIfCancellationRequested();
        return Task.FromResult<IRunningContainer>(LookAlikeServer.Begin(start, command, hub));
    }
}
