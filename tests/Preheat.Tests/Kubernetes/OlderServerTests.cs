using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>Answers as kube-apiserver 1.20 gives them; <c>ClusterTest</c> asks a real one.</summary>
public sealed class OlderServerTests : ScriptedServerTests
{
    [Fact]
    public async Task Says_in_which_versions_the_server_has_a_kind_that_it_lacks_in_ours()
    {
        _server.Answer = context => context.Request.Path.Value switch
        {
            "/apis/policy" => ScriptedApiServer.JsonAsync(context, """{"kind":"APIGroup","name":"policy","versions":[{"groupVersion":"policy/v1beta1","version":"v1beta1"}]}"""),
            "/apis/policy/v1beta1" => ScriptedApiServer.JsonAsync(context, """{"kind":"APIResourceList","groupVersion":"policy/v1beta1","resources":[{"name":"poddisruptionbudgets","namespaced":true,"kind":"PodDisruptionBudget"}]}"""),
            "/version" => ScriptedApiServer.JsonAsync(context, """{"gitVersion":"v1.20.2"}"""),
            _ => ScriptedApiServer.JsonAsync(context, """{"kind":"Status","reason":"NotFound","message":"the server could not find the requested resource"}""", 404),
        };
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        var error = await Should.ThrowAsync<UserException>(() => client.ListAsync(KubernetesKind.DisruptionBudget, new("n"), default));
        error.Message.ShouldBe("The cluster has no kind PodDisruptionBudget in policy/v1, but in policy/v1beta1 (its API server is v1.20.2). Use a cluster that serves policy/v1, or leave the object out: a component of your own that deletes it, with --manifests.");
    }

    [Theory]
    [InlineData("""pods \"a\" is forbidden: exceeded quota: q, requested: pods=1, used: pods=0, limited: pods=0""", "the cluster's admission refuses it: pods \"a\" is forbidden: exceeded quota", "needs this right")]
    [InlineData("""pods \"a\" is forbidden: User \"me\" cannot patch resource \"pods\" in API group \"\" in the namespace \"n\".""", "The user 'me' needs this right", "admission")]
    public async Task Tells_what_admission_refuses_apart_from_a_right_that_is_missing(string said, string expected, string unexpected)
    {
        _server.Answer = context => ScriptedApiServer.JsonAsync(context, $$"""{"kind":"Status","reason":"Forbidden","message":"{{said}}"}""", 403);
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.FindAsync(KubernetesKind.Pod, "n", "a", default));
        error.Message.ShouldContain(expected);
        error.Message.ShouldNotContain(unexpected);
        error.ExitCode.ShouldBe(2);
    }
}
