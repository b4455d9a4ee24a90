namespace Preheat.EndToEnd.Tests;

/// <summary>A cluster of the user's kubeconfig and a registry of the user's own: here the embedded ones of another place.</summary>
public sealed class OtherClusterTests
{
    [Fact]
    public async Task Serves_on_the_cluster_of_a_context_from_a_registry_of_the_users_own()
    {
        await using var there = new Workplace();
        (await there.BuildAsync("ResolveModel")).ShouldExit(0);
        var registry = there.Registry.Authority;
        await using var here = new Workplace { Variables = { ["KUBECONFIG"] = Path.Combine(there.State, "kubeconfig") } };
        var model = ModelFolder.Write(here.In("mine"));
        string[] arguments =
        [
            "SmokeTest", "--model", "file://" + model, "--platform", "kubernetes", "--kube-context", "preheat-local",
            "--repository", $"{registry}/team/models", "--base-image", $"{registry}/vllm/vllm-openai:v0.11.1",
        ];
        var result = (await here.BuildAsync(arguments)).ShouldExit(0);
        Directory.Exists(here.State).ShouldBeFalse(result.Output);
        here.Output("mine", "BakeImage").GetProperty("reference").GetString()!.ShouldStartWith($"{registry}/team/models/mine@sha256:");
        (await here.BuildAsync(arguments)).ShouldExit(0);
        here.Steps("mine")["Deploy"].ShouldBeTrue();
        (await here.BuildAsync("Teardown", "--yes", "--model", "file://" + model, "--platform", "kubernetes", "--kube-context", "preheat-local", "--repository", $"{registry}/team/models")).ShouldExit(0);
    }

    [Theory]
    [InlineData("--kube-context elsewhere", "--repository HOST[:PORT]/PATH")]
    [InlineData("--kube-context elsewhere --repository localhost:5000/models --model file:///srv/model", "There is no kubeconfig: /no/such/kubeconfig")]
    [InlineData("--kube-context in-cluster --repository localhost:5000/models --model file:///srv/model", "--kube-context in-cluster is for a run in a pod")]
    [InlineData("--repository localhost:5000/models", "--kube-context")]
    public async Task Is_refused_when_the_place_cannot_be(string arguments, string expected)
    {
        await using var place = new Workplace { Variables = { ["KUBECONFIG"] = "/no/such/kubeconfig" } };
        var result = (await place.BuildAsync(["Deploy", .. arguments.Split(' ')])).ShouldExit(2);
        result.Output.ShouldContain(expected);
        Directory.Exists(place.State).ShouldBeFalse(result.Output);
    }
}
