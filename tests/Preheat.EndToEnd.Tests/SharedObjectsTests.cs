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

    [Fact]
    public async Task Everything_that_a_deployment_brought_goes_with_it_of_whatever_kind()
    {
        await using var place = new Workplace();
        var own = place.In("own");
        Directory.CreateDirectory(own);
        await File.WriteAllTextAsync(Path.Combine(own, "kustomization.yaml"), "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources:\n  - limits.yaml\n");
        await File.WriteAllTextAsync(Path.Combine(own, "limits.yaml"), "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: own\nspec:\n  limits:\n    - type: Pod\n      max:\n        memory: 512Gi\n");
        (await place.BuildAsync("Deploy", "--skip", "SmokeTest", "--manifests", own, "--features", "compute-class", "network-policy", "--spot")).ShouldExit(0).Output.ShouldContain("ComputeClass/preheat-nvidia-l4-1-spot: created");
        var gone = (await place.BuildAsync("Teardown", "--yes", "--shared")).ShouldExit(0).Output;
        foreach (var title in new[] { "LimitRange/own", "NetworkPolicy/tiny-gemma-2", "ComputeClass/preheat-nvidia-l4-1-spot" })
            gone.ShouldContain($"{title}: removed");
    }
}
