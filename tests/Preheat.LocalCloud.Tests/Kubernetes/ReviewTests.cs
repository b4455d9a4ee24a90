using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

[Collection(SharedCluster.Name)]
public sealed class ReviewTests(TestCluster cluster)
{
    private const string Authorization = "apis/authorization.k8s.io/v1/";
    private const string Authentication = "apis/authentication.k8s.io/v1/";

    [Fact]
    public async Task The_owner_of_the_token_is_told_who_they_are_and_that_they_may_do_everything()
    {
        var self = (await PostAsync(Authentication + "selfsubjectreviews", "{}")).Body;
        self.Text("status", "userInfo", "username").ShouldBe("preheat-local");
        self.Texts("status", "userInfo", "groups").ShouldContain("system:masters");
        (await PostAsync(Authorization + "selfsubjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"delete","group":"apps","resource":"deployments","namespace":"x"}}}""")).Body.Flag("status", "allowed").ShouldBeTrue();
        (await PostAsync(Authorization + "selfsubjectrulesreviews", """{"spec":{"namespace":"default"}}""")).Body.Objects("status", "resourceRules").Single().Texts("verbs").ShouldBe(["*"]);
    }

    [Fact]
    public async Task A_token_is_known_or_not()
    {
        var token = cluster.Kubeconfig.Split("token:")[1].Trim().Split('\n')[0];
        var known = (await PostAsync(Authentication + "tokenreviews", new JsonObject { ["spec"] = new JsonObject { ["token"] = token } }.ToJsonString())).Body;
        known.Flag("status", "authenticated").ShouldBeTrue();
        var other = (await PostAsync(Authentication + "tokenreviews", """{"spec":{"token":"other"}}""")).Body;
        other.Flag("status", "authenticated").ShouldBeFalse();
        other.Text("status", "error").ShouldBe("invalid bearer token");
    }

    [Theory]
    [InlineData("""{"verb":"get","resource":"pods","namespace":"NS"}""", true)]
    [InlineData("""{"verb":"get","resource":"pods","subresource":"log","namespace":"NS"}""", true)]
    [InlineData("""{"verb":"get","resource":"pods","subresource":"exec","namespace":"NS"}""", false)]
    [InlineData("""{"verb":"delete","resource":"pods","namespace":"NS"}""", false)]
    [InlineData("""{"verb":"get","resource":"pods","namespace":"elsewhere"}""", false)]
    [InlineData("""{"verb":"update","group":"apps","resource":"deployments","name":"web","namespace":"NS"}""", true)]
    [InlineData("""{"verb":"update","group":"apps","resource":"deployments","name":"other","namespace":"NS"}""", false)]
    public async Task Others_may_do_what_their_roles_say(string attributes, bool allowed)
    {
        var ns = await cluster.NamespaceAsync();
        var name = ns["namespaces/".Length..^1];
        const string Rbac = "apis/rbac.authorization.k8s.io/v1/";
        await PostAsync($"{Rbac}{ns}roles", """{"metadata":{"name":"reader"},"rules":[{"apiGroups":[""],"resources":["pods","pods/log"],"verbs":["get","list"]},{"apiGroups":["apps"],"resources":["deployments"],"resourceNames":["web"],"verbs":["*"]}]}""");
        await PostAsync($"{Rbac}{ns}rolebindings", """{"metadata":{"name":"reader"},"roleRef":{"kind":"Role","name":"reader"},"subjects":[{"kind":"ServiceAccount","name":"app","namespace":"NS"}]}""".Replace("NS", name));
        var review = (await PostAsync(Authorization + "subjectaccessreviews",
            $$$"""{"spec":{"user":"system:serviceaccount:{{{name}}}:app","resourceAttributes":{{{attributes.Replace("NS", name)}}} } }""")).Body;
        review.Flag("status", "allowed").ShouldBe(allowed);
        review.Text("status", "reason").ShouldBe(allowed ? $"RBAC: allowed by RoleBinding \"reader/{name}\" of Role \"reader\" to ServiceAccount \"app/{name}\"" : null);
    }

    [Theory]
    [InlineData("selfsubjectaccessreviews", """{"spec":{}}""", "exactly one of nonResourceAttributes or resourceAttributes must be specified")]
    [InlineData("subjectaccessreviews", """{"spec":{"resourceAttributes":{"verb":"get"}}}""", "at least one of user or group must be specified")]
    public async Task Refuses_a_question_that_asks_nothing(string plural, string body, string message)
    {
        var (code, status) = await PostAsync(Authorization + plural, body);
        code.ShouldBe(422);
        status.Text("message")!.ShouldContain(message);
    }

    [Fact]
    public async Task A_review_is_not_kept()
    {
        (await cluster.GetAsync(Authorization + "selfsubjectaccessreviews")).Code.ShouldBe(405);
        var list = (await cluster.GetAsync("apis/authorization.k8s.io/v1")).Body;
        list.Objects("resources").Single(item => item.Text("name") == "selfsubjectaccessreviews").Texts("verbs").ShouldBe(["create"]);
    }

    [Fact]
    public async Task A_binding_keeps_its_role()
    {
        var path = "apis/rbac.authorization.k8s.io/v1/clusterrolebindings";
        (await cluster.GetAsync($"{path}/cluster-admin")).Body.Objects("subjects").Single().Text("name").ShouldBe("system:masters");
        var (code, status) = await cluster.MergeAsync($"{path}/cluster-admin", """{"roleRef":{"name":"other"}}""");
        code.ShouldBe(422);
        status.Text("message")!.ShouldContain("cannot change roleRef");
    }

    private Task<(int Code, JsonNode Body)> PostAsync(string path, string body) => cluster.SendAsync(HttpMethod.Post, path, body);
}
