using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;
using Preheat.Tests;

namespace Preheat.ClusterTests;

/// <summary>With the rights that <c>docs/targets/Deploy.md</c> names and no others, under RBAC.</summary>
[Collection(ClusterCollection.Name)]
public sealed class RightsTests(ClusterFixture cluster) : DeploymentTests(cluster)
{
    private const string Kinds = """{"apiGroups":["","apps"],"resources":["services","deployments"],"verbs":["get","list","watch","create","patch","delete"]}""";
    private const string Looking = """{"apiGroups":["","apps"],"resources":["pods","replicasets","events"],"verbs":["get","list","watch"]},{"apiGroups":[""],"resources":["pods/log"],"verbs":["get"]}""";
    private const string Proxy = """{"apiGroups":[""],"resources":["services/proxy"],"verbs":["get"]}""";
    private const string Forward = """{"apiGroups":[""],"resources":["pods/portforward"],"verbs":["create"]}""";
    private const string Leases = """{"apiGroups":["coordination.k8s.io"],"resources":["leases"],"verbs":["get","create","update","delete"]}""";
    private const string Records = """{"apiGroups":[""],"resources":["configmaps"],"verbs":["get","list","create","patch","delete"]}""";

    [Fact]
    public async Task Deploys_goes_back_and_deploys_again()
    {
        await BindAsync(Kinds, Looking, Proxy, Leases, Records);
        var rollout = await _deployment.DeployAsync();
        rollout.Endpoint.Kind.ShouldBe(EndpointKind.ServiceProxy);
        rollout.ColdStart.Select(phase => phase.Phase).ShouldContain("weights");
        _deployment.Warnings.ShouldAllBe(warning => warning.StartsWith("This user may not list ", StringComparison.Ordinal));
        _deployment.UseImage('9');
        await _deployment.DeployAsync();
        (await _deployment.RollBackAsync()).From.Number.ShouldBe(1);
        (await Cluster.Api.GetAsync($"apis/coordination.k8s.io/v1/namespaces/{_deployment.Place}/leases")).Object()["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Reaches_the_pod_by_port_forward_where_the_proxy_is_not_given()
    {
        await BindAsync(Kinds, Looking, Forward, Leases, Records);
        var rollout = await _deployment.DeployAsync();
        rollout.Endpoint.Kind.ShouldBe(EndpointKind.PortForward);
        rollout.ColdStart[^1].Phase.ShouldBe("first token");
    }

    [Fact]
    public async Task Goes_without_the_lease_and_the_records_and_says_so()
    {
        await BindAsync(Kinds, Looking, Proxy);
        (await _deployment.DeployAsync()).Revision.ShouldBe("1");
        _deployment.Warnings.ShouldContain(warning => warning.StartsWith("Nothing keeps two deploys apart", StringComparison.Ordinal));
        _deployment.Warnings.ShouldContain(warning => warning.Contains("onfig", StringComparison.Ordinal) && !warning.StartsWith("This user may not list", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Names_the_right_that_is_missing()
    {
        await BindAsync("""{"apiGroups":["","apps"],"resources":["services","deployments"],"verbs":["get","list","watch"]}""", Looking, Leases, Records);
        var error = await Should.ThrowAsync<UserException>(_deployment.DeployAsync);
        error.Message.ShouldContain($"Cannot check Deployment/gemma: deployments.apps \"gemma\" is forbidden: User \"guest\" cannot patch resource \"deployments\" in API group \"apps\" in the namespace \"{_deployment.Place}\". The user 'guest' needs this right");
        error.Message.ShouldContain("Cannot check Service/gemma: ");
        (await Cluster.Api.GetAsync(_deployment.PathOf("services"))).Object()["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Says_that_a_token_is_not_known()
    {
        var user = await UserAsync("token: nobodys");
        using var client = KubernetesClient.Connect(user, TimeProvider.System);
        var error = await Should.ThrowAsync<KubernetesApiException>(() => client.FindAsync(KubernetesKind.Pod, _deployment.Place, "a", default));
        error.Message.ShouldContain("did not accept the credentials of the user 'me'");
        error.ExitCode.ShouldBe(2);
    }

    [Theory]
    [InlineData(TestedServer.Admin)]
    [InlineData(TestedServer.Token)]
    public async Task Is_known_by_its_certificate_or_its_token(string context)
    {
        using var client = Cluster.Client(context);
        (await client.FindAsync(KubernetesKind.Namespace, null, _deployment.Place, default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Acts_as_another_user_where_the_kubeconfig_says_so()
    {
        await BindAsync(Looking);
        var me = "token: " + (await File.ReadAllLinesAsync(Cluster.Server.Kubeconfig)).First(line => line.Contains("token: ", StringComparison.Ordinal)).Split(": ")[1];
        using var client = KubernetesClient.Connect(await UserAsync(me + "\n      as: guest\n      as-groups: [\"system:authenticated\"]"), TimeProvider.System);
        (await client.ListAsync(KubernetesKind.Pod, new(_deployment.Place), default)).Items.ShouldBeEmpty();
        (await Should.ThrowAsync<KubernetesApiException>(() => client.ListAsync(KubernetesKind.Secret, new(_deployment.Place), default))).Message.ShouldContain("User \"guest\" cannot list resource \"secrets\"");
    }

    [Fact]
    public async Task Runs_a_plugin_for_the_token_of_a_service_account()
    {
        var token = await AccountTokenAsync();
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["credential"], $$$"""{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"{{{token}}}"}}""");
        using var client = KubernetesClient.Connect(
            await UserAsync($"exec:\n        apiVersion: client.authentication.k8s.io/v1\n        command: cat\n        args: [\"{folder["credential"]}\"]\n        interactiveMode: Never"), TimeProvider.System);
        await SeesPodsAsync(client);
    }

    [Fact]
    public async Task Uses_the_service_account_of_a_pod_that_it_runs_in()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(folder["token"], await AccountTokenAsync());
        File.Copy(Cluster.Server.AuthorityFile, folder["ca.crt"]);
        var context = ServiceAccountContext.Find(name => name is "KUBERNETES_SERVICE_HOST" ? Cluster.Server.Address.Host : name is "KUBERNETES_SERVICE_PORT" ? $"{Cluster.Server.Address.Port}" : null, folder.Path).ShouldNotBeNull();
        using var http = ClusterTransport.Create(context, TimeProvider.System, TimeSpan.FromSeconds(30));
        (await http.GetAsync($"api/v1/namespaces/{_deployment.Place}/pods")).IsSuccessStatusCode.ShouldBeTrue();
        ((int)(await http.GetAsync($"api/v1/namespaces/{_deployment.Place}/secrets")).StatusCode).ShouldBe(403);
    }

    private async Task SeesPodsAsync(KubernetesClient client)
    {
        (await client.ListAsync(KubernetesKind.Pod, new(_deployment.Place), default)).Items.ShouldBeEmpty();
        (await Should.ThrowAsync<KubernetesApiException>(() => client.ListAsync(KubernetesKind.Secret, new(_deployment.Place), default))).Message.ShouldContain($"User \"system:serviceaccount:{_deployment.Place}:runner\" cannot list");
    }

    // A token as a pod of the account has it (TokenRequest), with the right to look.
    private async Task<string> AccountTokenAsync()
    {
        var accounts = $"api/v1/namespaces/{_deployment.Place}/serviceaccounts";
        (await Cluster.Api.PostAsync(accounts, """{"apiVersion":"v1","kind":"ServiceAccount","metadata":{"name":"runner"}}""")).Object();
        await BindToAsync($"system:serviceaccount:{_deployment.Place}:runner", $$"""{"kind":"ServiceAccount","name":"runner","namespace":"{{_deployment.Place}}"}""", Looking);
        var asked = (await Cluster.Api.PostAsync(accounts + "/runner/token", """{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{}}""")).Object();
        return asked["status"]!["token"]!.GetValue<string>();
    }

    private Task BindAsync(params string[] rules)
    {
        _deployment.Context = TestedServer.Guest;
        return BindToAsync("guest", """{"apiGroup":"rbac.authorization.k8s.io","kind":"User","name":"guest"}""", rules);
    }

    private async Task BindToAsync(string user, string subject, params string[] rules)
    {
        var path = $"apis/rbac.authorization.k8s.io/v1/namespaces/{_deployment.Place}/";
        (await Cluster.Api.PostAsync(path + "roles", $$$"""{"apiVersion":"rbac.authorization.k8s.io/v1","kind":"Role","metadata":{"name":"deployer"},"rules":[{{{string.Join(',', rules)}}}]}""")).Object();
        (await Cluster.Api.PostAsync(path + "rolebindings", $$$"""
            {"apiVersion":"rbac.authorization.k8s.io/v1","kind":"RoleBinding","metadata":{"name":"deployer"},"subjects":[{{{subject}}}],"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"deployer"}}
            """)).Object();
        // The authorizer reads roles from a cache.
        var review = $$$"""{"apiVersion":"authorization.k8s.io/v1","kind":"SubjectAccessReview","spec":{"user":"{{{user}}}","resourceAttributes":{"namespace":"{{{_deployment.Place}}}","verb":"list","resource":"pods"} } }""";
        while ((await Cluster.Api.PostAsync("apis/authorization.k8s.io/v1/subjectaccessreviews", review)).Object()["status"]!["allowed"]!.GetValue<bool>() is false)
            await Task.Delay(20);
    }

    // A kubeconfig with one user, beside the server's own.
    private async Task<CloudEndpoints> UserAsync(string user)
    {
        var file = Path.Combine(Path.GetDirectoryName(Cluster.Server.Kubeconfig)!, $"user-{_deployment.Place}");
        await File.WriteAllTextAsync(file, $$"""
            apiVersion: v1
            kind: Config
            current-context: mine
            contexts: [{name: mine, context: {cluster: tested, user: me} }]
            clusters: [{name: tested, cluster: {server: "{{Cluster.Server.Address}}", certificate-authority: {{Cluster.Server.AuthorityFile}} } }]
            users:
              - name: me
                user:
                  {{user}}
            """);
        return Cluster.Endpoints() with { Kubeconfig = file, KubeContext = null };
    }
}
