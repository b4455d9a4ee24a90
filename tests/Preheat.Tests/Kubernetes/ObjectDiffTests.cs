using System.Text.Json.Nodes;
using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

public sealed class ObjectDiffTests
{
    // echo -n canary | base64
    private const string Value = "Y2FuYXJ5";

    [Fact]
    public void Shows_no_value_of_a_secret_that_kubectl_apply_made()
    {
        var before = Secret(Value, "{\"kubectl.kubernetes.io/last-applied-configuration\":\"data: " + Value + "\"}");
        var difference = ObjectDiff.Of(new(before, Secret("b3RoZXI=", "{}")));
        difference.ShouldContain("-  token: \"*** (before)\"");
        difference.ShouldContain("+  token: \"*** (after)\"");
        var removal = ObjectDiff.OfRemoval(before);
        removal.ShouldContain("-  token: \"*** (before)\"");
        foreach (var text in new[] { difference, removal })
        {
            text.ShouldNotContain(Value);
            text.ShouldNotContain("last-applied-configuration");
        }
    }

    [Fact]
    public void Shows_the_other_annotations()
    {
        var difference = ObjectDiff.Of(new(Secret(Value, """{"kubectl.kubernetes.io/last-applied-configuration":"{}","team":"a"}"""), Secret(Value, """{"team":"b"}""")));
        difference.ShouldContain("-    team: a");
        difference.ShouldContain("+    team: b");
    }

    private static KubernetesObject Secret(string value, string annotations) =>
        new((JsonObject)JsonNode.Parse($$$"""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s","namespace":"n","annotations":{{{annotations}}}},"data":{"token":"{{{value}}}"}}""")!);
}
