using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>What the roll-out before left in the cluster is no news of this one.</summary>
public sealed class EarlierRolloutTests : ScriptedRolloutTests
{
    private const string Crashing = """{"phase":"Running","containerStatuses":[{"name":"server","restartCount":5,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 5m"}}}]}""";
    private const string Ready = """{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""";

    public override async Task InitializeAsync()
    {
        await base.InitializeAsync();
        // Revision 1 has missed its deadline; another image was applied over it, which Kubernetes has seen and not acted on.
        _rollout.Applied = new(ScriptedRollout.Deployment(Status(1, Late("07:00:00"))), ScriptedRollout.Deployment(Status(1, Late("07:00:00")), generation: 2, image: "b"));
        _rollout.SetDeployment(Status(2, Late("07:00:00")), generation: 2);
        _rollout.SetPod(Crashing);
    }

    [Fact]
    public async Task Judges_neither_the_deadline_nor_the_pods_of_the_roll_out_before()
    {
        var waiting = _rollout.WaitAsync(Long);
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.SetDeployment(Status(2, Late("07:00:00"), ",\"replicas\":0"), generation: 2);
        _rollout.SetReplicaSet("2");
        _rollout.SetDeployment(Status(2, Progress("ReplicaSetUpdated", "07:11:00")), "2", generation: 2);
        _rollout.SetPod("""{"phase":"Pending"}""", name: "gemma-2-a");
        await ToldAsync("Pod/gemma-2-a: has a node; fetching its image");
        _rollout.SetPod(Ready, name: "gemma-2-a");
        _rollout.SetDeployment(Status(2, Progress("NewReplicaSetAvailable", "07:12:00"), Available), "2", generation: 2);
        var view = await waiting;
        (view.ReplicaSet?.Name, view.Pods.Single().Name).ShouldBe(("gemma-2", "gemma-2-a"));
        Lines().ShouldNotContain(line => line.StartsWith("Pod/gemma-1-a", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Believes_a_deadline_of_its_own()
    {
        var waiting = _rollout.WaitAsync(Long);
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.SetDeployment(Status(2, Late("07:11:00")), "2", generation: 2);
        (await Should.ThrowAsync<RolloutFailedException>(() => waiting)).Message.ShouldContain("no progress within 600 s (timed out)");
    }

    [Fact]
    public async Task Takes_a_deadline_that_is_missed_before_the_change_is_seen_for_the_earlier_one()
    {
        _rollout.SetDeployment(Status(1, Late("07:00:30")), generation: 2);
        var waiting = _rollout.WaitAsync(Long);
        await ToldAsync("Deployment/gemma: waiting until the cluster takes the change up");
        _rollout.SetDeployment(Status(2, Late("07:00:30")), generation: 2);
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.SetReplicaSet("2");
        _rollout.SetPod(Ready, name: "gemma-2-a");
        _rollout.SetDeployment(Status(2, Progress("NewReplicaSetAvailable", "07:12:00"), Available), "2", generation: 2);
        (await waiting).Pods.ShouldHaveSingleItem().Name.ShouldBe("gemma-2-a");
    }

    [Fact]
    public async Task Waits_no_longer_than_nothing_may_change()
    {
        var error = await Should.ThrowAsync<RolloutFailedException>(() => _rollout.WaitAsync(TimeSpan.FromSeconds(1)));
        error.Message.ShouldContain("nothing has changed for 1 s");
        error.Message.ShouldNotContain("CrashLoopBackOff");
    }

    [Fact]
    public async Task Judges_the_pods_that_are_there_when_the_template_stays()
    {
        _rollout.Applied = new(ScriptedRollout.Deployment(Status(1, Late("07:00:00"))), ScriptedRollout.Deployment(Status(1, Late("07:00:00"))));
        _rollout.SetDeployment(Status(1, Late("07:00:00")));
        (await Should.ThrowAsync<RolloutFailedException>(() => _rollout.WaitAsync(Long))).Message.ShouldContain("Pod/gemma-1-a: CrashLoopBackOff");
    }

    [Fact]
    public async Task Notices_by_the_end_that_a_change_which_was_never_acted_on_is_taken_back()
    {
        _rollout.SetPod(Ready);
        _rollout.SetDeployment(Status(2, Progress("NewReplicaSetAvailable", "07:12:00"), Available), generation: 2);
        (await _rollout.WaitAsync(Long)).Pods.ShouldHaveSingleItem().Name.ShouldBe("gemma-1-a");
    }

    private const string Available = ",\"replicas\":1,\"updatedReplicas\":1,\"availableReplicas\":1";

    private static string Late(string time) => Progress("ProgressDeadlineExceeded", time);

    private static string Progress(string reason, string time) =>
        $$"""{"type":"Progressing","status":"{{(reason is "ProgressDeadlineExceeded" ? "False" : "True")}}","reason":"{{reason}}","message":"timed out","lastUpdateTime":"2026-11-22T{{time}}Z"}""";

    private static string Status(int observed, string condition, string counts = "") => $$"""{"observedGeneration":{{observed}},"conditions":[{{condition}}]{{counts}}}""";
}
