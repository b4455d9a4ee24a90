using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class KubeconfigTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("preheat-kubeconfig-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Merges_a_list_where_the_first_file_wins()
    {
        var first = Write("first", """
            current-context: b
            contexts: [{name: a, context: {cluster: one, user: u}}]
            clusters: [{name: one, cluster: {server: "https://first:6443"}}]
            users: [{name: u, user: {token: first}}]
            """);
        var second = Write("second", """
            current-context: a
            contexts: [{name: a, context: {cluster: two}}, {name: b, context: {cluster: one, user: u, namespace: ml}}]
            clusters: [{name: one, cluster: {server: "https://second:6443"}}]
            users: [{name: u, user: {token: second}}]
            """);
        var context = Kubeconfig.Resolve([Path.Combine(_folder, "absent"), first, second], contextName: null);
        context.Name.ShouldBe("b");
        context.File.ShouldBe(second);
        context.Namespace.ShouldBe("ml");
        context.Server.ShouldBe(new Uri("https://first:6443/"));
        context.User.Token!.Reveal().ShouldBe("first");
    }

    [Fact]
    public void Resolves_paths_from_the_file_that_names_them()
    {
        using var authority = new TestAuthority();
        Directory.CreateDirectory(Path.Combine(_folder, "keys"));
        File.WriteAllText(Path.Combine(_folder, "keys/ca.pem"), authority.Pem);
        var file = Write("config", """
            current-context: a
            contexts: [{name: a, context: {cluster: one, user: u}}]
            clusters: [{name: one, cluster: {server: "https://host:6443/prefix", certificate-authority: keys/ca.pem}}]
            users: [{name: u, user: {tokenFile: keys/token}}]
            """);
        var context = Kubeconfig.Resolve([file], null);
        context.Authority.ShouldNotBeNull().Count.ShouldBe(1);
        context.User.TokenFile.ShouldBe(Path.Combine(_folder, "keys/token"));
        context.Server.ShouldBe(new Uri("https://host:6443/prefix/"));
    }

    [Theory]
    [InlineData("current-context: x\n", "has no context 'x'. It has: (none)")]
    [InlineData("contexts: [{name: a, context: {}}]\n", "no current context. Choose one with --kube-context: a")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k}}]\n", "config:2: the context 'a' names the cluster 'k'")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: 'ftp://x'}}]\n", "config:3: 'ftp://x' is no address")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: 'https://x', certificate-authority-data: '***'}}]\n", "config:3: certificate-authority-data is not base64")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: 'https://x'}}]\nusers: [{name: u, user: {auth-provider: {name: gcp}}}]\n", "gke-gcloud-auth-plugin")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: 'https://x'}}]\nusers: [{name: u, user: {client-certificate-data: YQ==}}]\n", "needs both")]
    [InlineData("current-context: a\ncontexts: [{name: a, context: {cluster: k, user: u}}]\nclusters: [{name: k, cluster: {server: 'https://x'}}]\nusers: [{name: u, user: {as: b, as-groups: [c, d]}}]\n", "config:4: the user 'u' acts with 2 values of as-groups (c, d)")]
    [InlineData("- a\n", "is no kubeconfig")]
    [InlineData("a: [\n", "not YAML")]
    public void Says_what_is_wrong_and_where(string text, string message) =>
        Should.Throw<UserException>(() => Kubeconfig.Resolve([Write("config", text)], null)).Message.ShouldContain(message);

    [Theory]
    [InlineData("10.0.0.1", "443", "https://10.0.0.1/")]
    [InlineData("fd00::1", "6443", "https://[fd00::1]:6443/")]
    public void Takes_the_service_account_of_the_pod_it_runs_in(string host, string port, string server)
    {
        using var authority = new TestAuthority();
        Write("token", "abc\n");
        Write("namespace", "ml\n");
        Write("ca.crt", authority.Pem);
        var context = ServiceAccountContext.Find(name => name == "KUBERNETES_SERVICE_HOST" ? host : port, _folder).ShouldNotBeNull();
        context.Server.ShouldBe(new Uri(server));
        context.Namespace.ShouldBe("ml");
        context.Authority.ShouldNotBeNull().Count.ShouldBe(1);
        context.User.TokenFile.ShouldBe(Path.Combine(_folder, "token"));
    }

    [Fact]
    public void Shows_no_password_of_a_proxy()
    {
        var file = Write("config", "current-context: a\ncontexts: [{name: a, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: 'https://x', proxy-url: 'ftp://me:canary@proxy:3128'}}]\n");
        var message = Should.Throw<UserException>(() => Kubeconfig.Resolve([file], null)).Message;
        message.ShouldContain("'***@proxy:3128' is no proxy");
        message.ShouldNotContain("canary");
    }

    [Fact]
    public void Takes_the_service_account_when_told_to_whatever_the_kubeconfig_has()
    {
        var endpoints = new CloudEndpoints { Hub = new("http://127.0.0.1:1/"), KubeContext = "in-cluster" };
        var account = new KubeContext { Name = "in-cluster", File = "", Server = new("https://10.0.0.1/"), User = new() { Name = "u" } };
        Kubeconfig.Resolve(endpoints, () => account).ShouldBeSameAs(account);
        Should.Throw<UserException>(() => Kubeconfig.Resolve(endpoints, () => null)).Message.ShouldStartWith("--kube-context in-cluster is for a run in a pod");
        // The embedded cluster's own file decides for itself.
        var file = Write("config", "contexts: [{name: in-cluster, context: {cluster: k}}]\nclusters: [{name: k, cluster: {server: 'https://x'}}]\n");
        Kubeconfig.Resolve(endpoints with { Kubeconfig = file }, () => account).Server.ShouldBe(new Uri("https://x/"));
    }

    [Theory]
    [InlineData(null, "443")]
    [InlineData("10.0.0.1", null)]
    [InlineData("10.0.0.1", "443")]
    public void Is_in_no_pod_without_address_or_token(string? host, string? port) =>
        ServiceAccountContext.Find(name => name == "KUBERNETES_SERVICE_HOST" ? host : port, _folder).ShouldBeNull();

    [Fact]
    public void Says_how_to_get_a_kubeconfig() =>
        Should.Throw<UserException>(() => Kubeconfig.Resolve([Path.Combine(_folder, "absent")], null)).Message.ShouldContain("gcloud container clusters get-credentials");

    private string Write(string name, string text)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, text);
        return path;
    }
}
