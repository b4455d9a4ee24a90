namespace Preheat.Engine.Tests.Support;

/// <summary>Tests that each run builds in a root directory of their own.</summary>
public abstract class BuildRunTests : IDisposable
{
    private protected readonly BuildRun _run = new();

    public virtual void Dispose()
    {
        _run.Dispose();
        GC.SuppressFinalize(this);
    }
}
