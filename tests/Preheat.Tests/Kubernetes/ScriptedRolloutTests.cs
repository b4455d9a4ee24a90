using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

/// <summary>Tests of a roll-out on a scripted API server, which has a Deployment that its controller has taken up, with its ReplicaSet.</summary>
public abstract class ScriptedRolloutTests : ScriptedServerTests
{
    private protected static readonly TimeSpan Long = TimeSpan.FromSeconds(30);

    private protected ScriptedRollout _rollout = null!;

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        _rollout = new ScriptedRollout(_server);
        _rollout.SetDeployment("""{"observedGeneration":1}""");
        _rollout.SetReplicaSet();
    }

    /// <summary>What was told, as lines.</summary>
    private protected List<string> Lines() => [.. _rollout.Told.OfType<StateChanged>().Select(change => $"{change.Subject}: {change.State}")];

    /// <summary>Waits until so many lines begin like this.</summary>
    private protected async Task ToldAsync(string line, int times = 1)
    {
        using var limit = new CancellationTokenSource(Long);
        while (Lines().Count(told => told.StartsWith(line, StringComparison.Ordinal)) < times)
            await Task.Delay(10, limit.Token);
    }
}
