using System.Text.Json.Nodes;
using Preheat.Kubernetes;
using Preheat.Serving;

namespace Preheat.Tests.Kubernetes;

public sealed class RolloutTimeoutsTests
{
    [Fact]
    public void Reads_phases_and_the_whole()
    {
        var timeouts = Parse("node=40m", "first-token=90,Image=1h30m", "2h");
        timeouts.Phases.OrderBy(entry => entry.Key).Select(entry => (entry.Key, entry.Value.TotalMinutes)).ShouldBe([(PodPhase.Node, 40), (PodPhase.Image, 90), (PodPhase.FirstToken, 1.5)]);
        timeouts.Whole.ShouldBe(TimeSpan.FromHours(2));
        Parse().Phases.ShouldBeEmpty();
        Parse().Whole.ShouldBeNull();
    }

    [Theory]
    [InlineData("pull=5m", "--rollout-timeout 'pull=5m' is not allowed. Give PHASE=DURATION with a phase of node, image, container, weights, ready, first-token")]
    [InlineData("node=soon", "'node=soon' is not allowed")]
    [InlineData("node=", "'node=' is not allowed")]
    [InlineData("node=5m=6m", "'node=5m=6m' is not allowed")]
    [InlineData("0", "'0' is not allowed")]
    [InlineData("25h", "from 1s to 24h")]
    [InlineData("-5m", "'-5m' is not allowed")]
    [InlineData("served=5m", "'served=5m' is not allowed")]
    [InlineData("node=5m node=6m", "gives node two limits")]
    [InlineData("5m 6m", "gives the whole roll-out two limits")]
    public void Refuses_what_is_no_limit(string value, string message) =>
        Should.Throw<UserException>(() => Parse(value)).Message.ShouldContain(message);

    [Fact]
    public void Has_Kubernetes_wait_as_much_longer_as_the_phases_may()
    {
        var deployment = Deployment();
        Parse("node=50m", "image=10m", "first-token=2h").Extend(deployment);
        deployment.Whole("spec", "progressDeadlineSeconds").ShouldBe(900 + (30 * 60), "only what is above the usual 20 minutes counts, and no pod is waited for any more at its first token");
        deployment = Deployment();
        Parse("2h").Extend(deployment);
        deployment.Whole("spec", "progressDeadlineSeconds").ShouldBe(7200);
        deployment = Deployment();
        Parse("5m").Extend(deployment);
        deployment.Whole("spec", "progressDeadlineSeconds").ShouldBe(900);
    }

    [Fact]
    public void Warns_when_the_start_up_probe_ends_a_server_before_its_time()
    {
        Parse("weights=30m", "node=2h").Warning(Deployment()).ShouldNotBeNull().ShouldStartWith("--rollout-timeout weights=30m is longer than the start-up probe lets the server start (10m), after which");
        Parse("weights=9m", "node=2h").Warning(Deployment()).ShouldBeNull();
    }

    [Fact]
    public void Takes_the_usual_limits_from_the_progress_deadline()
    {
        var limits = PhaseLimits.Of(new(Deployment()), Parse("ready=3m"));
        (limits.Node, limits.Weights, limits.Ready, limits.Quiet, limits.Whole).ShouldBe((TimeSpan.FromMinutes(20), TimeSpan.FromMinutes(16), TimeSpan.FromMinutes(3), TimeSpan.FromMinutes(16), null));
    }

    private static JsonObject Deployment() => (JsonObject)JsonNode.Parse("""
        {"kind":"Deployment","spec":{"progressDeadlineSeconds":900,"template":{"spec":{"containers":[{"startupProbe":{"failureThreshold":60}}]}}}}
        """)!;

    private static RolloutTimeouts Parse(params string[] values)
    {
        var read = new ParameterReader(_ => null, _ => { });
        var timeouts = RolloutTimeouts.Parse(values, read);
        read.ThrowIfWrong();
        return timeouts;
    }
}
