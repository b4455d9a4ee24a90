namespace Preheat.EndToEnd.Tests;

/// <summary>What several deployments of a cluster share belongs to none of them.</summary>
public sealed class SharedObjectsTests
{
    [Fact]
    public async Task Stay_until_the_last_deployment_takes_them_along()
    {
        await using var place = new Workplace();
        foreach (var name in new[] { "one", "two" })
            (await place.BuildAsync("Deploy", "--skip", "SmokeTest", "--deployment", name, "--autoscale-on", "dcgm")).ShouldExit(0);

        (await place.BuildAsync("Teardown", "--yes", "--deployment", "one", "--shared")).ShouldExit(2).Output.ShouldContain("use what is shared: two");
        var first = (await place.BuildAsync("Teardown", "--yes", "--deployment", "one")).ShouldExit(0);
        first.Output.ShouldContain("PodMonitoring/one");
        first.Output.ShouldNotContain("nvidia-dcgm-exporter-for-hpa");
        var last = (await place.BuildAsync("Teardown", "--yes", "--deployment", "two", "--shared")).ShouldExit(0);
        last.Output.ShouldContain("PodMonitoring/nvidia-dcgm-exporter-for-hpa: removed");
    }
}
