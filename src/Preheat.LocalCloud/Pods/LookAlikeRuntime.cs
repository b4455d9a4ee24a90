namespace Preheat.LocalCloud.Pods;

/// <summary>Runs inference servers as a Kestrel listener per pod inside the cloud.</summary>
public sealed class LookAlikeRuntime : IPodRuntime
{
    public bool Accepts(IReadOnlyList<string> argv) => false;

    public Task<IRunningContainer> StartAsync(ContainerStart start, CancellationToken cancellation) => throw new NotSupportedException();
}
