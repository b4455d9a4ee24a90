using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;

namespace Preheat.ClusterTests.Machinery;

[Collection(MachineryCollection.Name)]
public sealed class DiscoveryTests(MachineryFixture machinery)
{
    [Fact]
    public async Task Knows_the_built_in_kinds_as_the_server_lists_them()
    {
        foreach (var group in BuiltInKinds.All.GroupBy(resource => resource.Kind.ApiVersion))
        {
            var listed = (await machinery.Api.GetAsync(ApiDiscovery.RootOf(group.Key))).Object().Items("resources").ToDictionary(item => item.Text("name")!, item => item);
            foreach (var resource in group)
            {
                listed.ShouldContainKey(resource.Plural);
                (listed[resource.Plural].Text("kind"), listed[resource.Plural].Flag("namespaced")).ShouldBe((resource.Kind.Kind, resource.Namespaced));
            }
        }
    }

    [Fact]
    public async Task Finds_a_kind_that_was_defined_after_the_first_look_and_misses_one_that_is_not_there()
    {
        using var client = machinery.Client();
        (await client.HasKindAsync(KubernetesKind.Deployment, default)).ShouldBeTrue();
        var kind = new KubernetesKind("late.example/v1", "Late");
        (await client.HasKindAsync(kind, default)).ShouldBeFalse();
        await client.ApplyAsync(
            MachineryFixture.Object("""
                {apiVersion: apiextensions.k8s.io/v1, kind: CustomResourceDefinition, metadata: {name: lates.late.example}, spec: {group: late.example, scope: Namespaced, names: {plural: lates, kind: Late},
                 versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]}}
                """),
            default);
        for (var tries = 0; tries < 100 && !await client.HasKindAsync(kind, default); tries++)
            await Task.Delay(100);
        (await client.ListAsync(kind, new("default"), default)).Items.ShouldBeEmpty();
        var error = await Should.ThrowAsync<UserException>(() => client.ListAsync(new("late.example/v2", "Late"), new("default"), default));
        error.Message.ShouldStartWith("The cluster has no kind Late in late.example/v2, but in late.example/v1 (its API server is v1.36.");
    }

    [Fact]
    public async Task Says_who_was_not_let_in_and_what_a_user_may_not_do()
    {
        using var guest = machinery.Client(TestedServer.Guest);
        (await guest.ListAsync(KubernetesKind.Deployment, new(MachineryServer.GuestPlace), default)).Items.ShouldBeEmpty();
        var place = await machinery.PlaceAsync();
        var error = await Should.ThrowAsync<KubernetesApiException>(() => guest.ListAsync(KubernetesKind.Deployment, new(place), default));
        error.Message.ShouldStartWith($"Cannot list deployments: deployments.apps is forbidden: User \"guest\" cannot list resource \"deployments\" in API group \"apps\" in the namespace \"{place}\"");
        error.Message.ShouldContain("The user 'guest' needs this right at ");
        error.ExitCode.ShouldBe(2);

        var stranger = Path.Combine(Directory.CreateTempSubdirectory("preheat-kubeconfig-").FullName, "kubeconfig");
        await File.WriteAllTextAsync(stranger, (await File.ReadAllTextAsync(machinery.Server.Kubeconfig)).Replace("token: guest-token", "token: worn-out", StringComparison.Ordinal));
        using var unknown = KubernetesClient.Connect(machinery.Endpoints(TestedServer.Guest) with { Kubeconfig = stranger }, TimeProvider.System);
        (await Should.ThrowAsync<KubernetesApiException>(() => unknown.ListAsync(KubernetesKind.Pod, new("default"), default))).Message.ShouldContain("did not accept the credentials of the user 'guest'");
        Directory.Delete(Path.GetDirectoryName(stranger)!, recursive: true);
    }
}
