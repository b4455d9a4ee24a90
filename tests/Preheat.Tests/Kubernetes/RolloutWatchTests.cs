using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

public sealed class RolloutWatchTests : ScriptedRolloutTests
{
    [Fact]
    public async Task Follows_the_roll_out_to_its_end_and_tells_each_change_once()
    {
        _rollout.SetPod("""{"phase":"Pending"}""");
        var waiting = _rollout.WaitAsync(Long);
        await ToldAsync("Deployment/gemma: 0 of 1 replicas are made anew");
        _rollout.SetPod("""{"phase":"Pending","startTime":"2026-11-21T10:00:00Z"}""");
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        var view = await waiting;
        view.Pods.ShouldHaveSingleItem().Name.ShouldBe("gemma-1-a");
        Lines().Count(line => line == "Deployment/gemma: 0 of 1 replicas are made anew").ShouldBe(1);
        Lines().Count(line => line.StartsWith("Pod/gemma-1-a: has a node", StringComparison.Ordinal)).ShouldBe(1);
        Lines().ShouldContain("Deployment/gemma: 1 of 1 replicas available");
    }

    [Fact]
    public async Task Waits_for_the_news_of_the_pods_when_the_Deployments_comes_first()
    {
        _rollout.SetPod("""{"phase":"Pending"}""");
        var waiting = _rollout.WaitAsync(Long);
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        await ToldAsync("Deployment/gemma: 1 of 1 replicas available");
        waiting.IsCompleted.ShouldBeFalse();
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        var view = await waiting;
        PodReport.Of(view.Pods.ShouldHaveSingleItem()).IsReady.ShouldBeTrue();
    }

    [Fact]
    public async Task Ends_at_a_crash_loop_with_the_log_of_the_run_that_crashed()
    {
        _rollout.PreviousLog = "loading\nRuntimeError: header too large\n";
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","restartCount":3,"state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s"}}}]}""");
        var error = await FailsAsync();
        error.ShouldStartWith("Deployment/gemma did not roll out: the server ends again and again: Pod/gemma-1-a: CrashLoopBackOff: back-off 40s\n");
        error.ShouldContain("\n    RuntimeError: header too large\n");
        error.ShouldContain("The log above says why the server ends");
    }

    [Fact]
    public async Task Gives_an_image_three_tries()
    {
        const string Failed = """{"phase":"Pending","containerStatuses":[{"name":"server","state":{"waiting":{"reason":"ErrImagePull","message":"manifest unknown"}}}]}""";
        const string BackOff = """{"phase":"Pending","containerStatuses":[{"name":"server","state":{"waiting":{"reason":"ImagePullBackOff","message":"Back-off"}}}]}""";
        var waiting = _rollout.WaitAsync(Long);
        for (var tries = 1; tries <= 3; tries++)
        {
            waiting.IsCompleted.ShouldBeFalse();
            _rollout.SetPod(Failed);
            await ToldAsync("Pod/gemma-1-a: ErrImagePull: manifest unknown", tries);
            if (tries == 3)
                break;
            _rollout.SetPod(BackOff);
            await ToldAsync("Pod/gemma-1-a: ImagePullBackOff: Back-off", tries);
        }
        (await Should.ThrowAsync<PreheatException>(() => waiting)).Message.ShouldContain("BakeImage");
    }

    [Fact]
    public async Task Ends_when_Kubernetes_calls_it_failed_with_warnings_as_evidence()
    {
        _rollout.SetPod("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/2 nodes have nvidia-h100"}]}""");
        _rollout.AddEvent("gemma-1-a", "Normal", "Pulled", "all is well");
        _rollout.AddEvent("gemma-1-a", "Warning", "FailedScaleUp", "GCE out of resources");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"conditions":[{"type":"Progressing","reason":"ProgressDeadlineExceeded","message":"timed out"}]}""");
        var error = await FailsAsync();
        error.ShouldContain("no progress within 600 s (timed out)");
        error.ShouldContain("Pod/gemma-1-a: no node yet: 0/2 nodes have nvidia-h100");
        error.ShouldContain("FailedScaleUp: GCE out of resources");
        error.ShouldNotContain("all is well");
        error.ShouldEndWith("If it only needs longer: --rollout-timeout image=1m");
    }

    [Fact]
    public async Task Waits_for_no_pod_that_has_ended()
    {
        var (brief, ample) = (TimeSpan.FromMilliseconds(300), TimeSpan.FromMinutes(1));
        // The node refused it, and it stays listed; another one takes its place.
        _rollout.SetPod("""{"phase":"Failed","reason":"UnexpectedAdmissionError","message":"no healthy devices present"}""");
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","ready":false,"state":{"running":{}}}]}""", name: "gemma-1-b");
        var waiting = _rollout.WaitAsync(ample, new() { Image = brief, Weights = ample, Ready = ample, Quiet = ample });
        await ToldAsync("Pod/gemma-1-a: failed: UnexpectedAdmissionError");
        await ToldAsync("Pod/gemma-1-b: started; loading, not ready yet");
        await Task.Delay(2 * brief);
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""", name: "gemma-1-b");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        await waiting;
        _rollout.Told.OfType<RolloutSeen>().Select(seen => seen.Picture).OfType<RolloutPicture>().Last().Pods.ShouldHaveSingleItem().Name.ShouldBe("gemma-1-b");
    }

    [Theory]
    [InlineData("failed to sync secret cache: timed out waiting for the condition")]
    [InlineData("secret \"gemma-hub\" not found")]
    public async Task Waits_for_what_a_container_asks_for(string message)
    {
        _rollout.SetPod(Configuration(message));
        var waiting = _rollout.WaitAsync(Long);
        await ToldAsync("Pod/gemma-1-a: CreateContainerConfigError: " + message);
        waiting.IsCompleted.ShouldBeFalse();
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        await waiting;
    }

    [Fact]
    public async Task Gives_what_a_container_asks_for_a_minute_to_be_there()
    {
        var ample = TimeSpan.FromMinutes(5);
        var limits = new PhaseLimits { Weights = ample, Ready = ample, Quiet = ample, Missing = TimeSpan.FromMilliseconds(300) };
        _rollout.SetPod(Configuration("failed to sync secret cache: timed out waiting for the condition"));
        var waiting = _rollout.WaitAsync(Long, limits);
        await ToldAsync("Pod/gemma-1-a: CreateContainerConfigError: failed to sync");
        await Task.Delay(TimeSpan.FromSeconds(1));
        waiting.IsCompleted.ShouldBeFalse("the kubelet reads it again");
        _rollout.SetPod(Configuration("secret \"gemma-hub\" not found"));
        (await Should.ThrowAsync<RolloutFailedException>(() => waiting)).Message.ShouldContain("a Secret is not there: Pod/gemma-1-a: CreateContainerConfigError: secret \"gemma-hub\" not found");
        new PhaseLimits { Weights = ample, Ready = ample, Quiet = ample }.Missing.ShouldBe(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task Ends_when_nothing_changes_any_more()
    {
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","ready":false,"state":{"running":{}}}]}""");
        _rollout.Log = "waiting for the GPU driver\n";
        var error = (await Should.ThrowAsync<PreheatException>(() => _rollout.WaitAsync(TimeSpan.FromSeconds(1)))).Message;
        error.ShouldContain("nothing has changed for 1 s");
        error.ShouldContain("Pod/gemma-1-a: started; loading, not ready yet");
        error.ShouldContain("waiting for the GPU driver");
    }

    [Fact]
    public async Task Shows_the_phases_of_a_pod_as_status_events_and_log_tell_them()
    {
        _rollout.SetPod("""{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/2 nodes"}]}""", node: null);
        var waiting = _rollout.WaitAsync(Long);
        (await SeenAsync(PodPhase.Node)).Trouble.ShouldBe("Pod/gemma-1-a: no node yet: 0/2 nodes");
        _rollout.SetPod("""{"phase":"Pending"}""");
        await SeenAsync(PodPhase.Image);
        _rollout.AddEvent("gemma-1-a", "Normal", "Pulled", "Successfully pulled image");
        await SeenAsync(PodPhase.Container);
        _rollout.SetPod("""{"phase":"Running","containerStatuses":[{"name":"server","ready":false,"state":{"running":{}}}]}""");
        await SeenAsync(PodPhase.Weights);
        _rollout.Log = "INFO Loading weights took 41.5 seconds\n";
        var picture = await SeenAsync(PodPhase.Ready);
        picture.Pods[0].Limit.ShouldBe(Long);
        (picture.Ready, picture.Wanted).ShouldBe((0, 1));
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}""");
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        await waiting;
        picture = await SeenAsync(PodPhase.FirstToken);
        (picture.Ready, picture.Trouble).ShouldBe((1, null));
        _rollout.Told.OfType<RolloutSeen>().Last().Picture.ShouldBeNull("it has ended");
    }

    [Fact]
    public async Task Reads_the_time_line_of_a_pod()
    {
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-11-21T10:05:00Z"}]}""");
        _rollout.AddEvent("gemma-1", "Normal", "SuccessfulCreate", "Created pod: gemma-1-a", "2026-11-21T10:00:00.500000Z");
        _rollout.AddEvent("gemma-1-a", "Normal", "Scheduled", "assigned", "2026-11-21T10:02:00.500000Z", """{"preheat.dev/simulated-seconds":"120"}""");
        _rollout.AddEvent("gemma-1-a", "Normal", "Pulling", "Pulling image", "2026-11-21T10:02:01Z");
        _rollout.AddEvent("gemma-1-a", "Normal", "Pulled", "Successfully pulled image \"a@sha256:b\" in 1m2.5s (1m2.5s including waiting). Image size: 7 bytes.", "2026-11-21T10:03:03Z");
        _rollout.AddEvent("gemma-1-a", "Normal", "Started", "Started container", "2026-11-21T10:03:05.500000Z");
        _rollout.Log = "INFO Loading weights took 41.5 seconds\n";
        (await PhasesAsync()).ShouldBe([new("node", 120, 120), new("image", 62.5, null), new("container", 2.5, null), new("weights", 41.5, null), new("ready", 73, null)]);
    }

    [Fact]
    public async Task Takes_the_embedded_clusters_own_figures()
    {
        _rollout.SetPod("""{"phase":"Running","conditions":[{"type":"Ready","status":"True","lastTransitionTime":"2026-11-21T10:00:03Z"}]}""", """{"preheat.dev/ready-time":"2026-11-21T10:00:03.250000Z"}""");
        _rollout.AddEvent("gemma-1-a", "Normal", "Scheduled", "assigned", "2026-11-21T10:00:01.000000Z", """{"preheat.dev/simulated-seconds":"120"}""");
        _rollout.AddEvent("gemma-1-a", "Normal", "Pulled", "Container image already present on machine", "2026-11-21T10:00:01.000000Z", """{"preheat.dev/simulated-seconds":"0"}""");
        _rollout.AddEvent("gemma-1-a", "Normal", "Started", "Started container", "2026-11-21T10:00:02.000000Z", """{"preheat.dev/simulated-seconds":"30"}""");
        _rollout.Log = "[preheat] phase=weights simulated_seconds=60.000 seconds=0.500\n[preheat] phase=warm-up simulated_seconds=90.000 seconds=0.750\n";
        (await PhasesAsync()).ShouldBe([new("node", 1, 120), new("image", 0, 0), new("container", 1, 30), new("weights", 0.5, 60), new("ready", 0.75, 90)]);
    }

    private async Task<IReadOnlyList<ColdStartPhase>> PhasesAsync()
    {
        _rollout.SetDeployment("""{"observedGeneration":1,"updatedReplicas":1,"replicas":1,"availableReplicas":1}""");
        var view = await _rollout.WaitAsync(Long);
        using var client = KubernetesClient.Connect(_server.Endpoints(), TimeProvider.System);
        return (await ColdStartTimeline.ReadAsync(client, view.Pods[0], view.ReplicaSet, default)).Phases;
    }

    private static string Configuration(string message) =>
        $$$"""{"phase":"Pending","containerStatuses":[{"name":"server","state":{"waiting":{"reason":"CreateContainerConfigError","message":{{{System.Text.Json.JsonSerializer.Serialize(message)}}} } } }]}""";

    private async Task<string> FailsAsync()
    {
        var error = await Should.ThrowAsync<PreheatException>(() => _rollout.WaitAsync(Long));
        error.ExitCode.ShouldBe(1);
        return error.Message;
    }

    private async Task<RolloutPicture> SeenAsync(PodPhase phase)
    {
        using var limit = new CancellationTokenSource(Long);
        while (true)
        {
            if (_rollout.Told.OfType<RolloutSeen>().Select(seen => seen.Picture).LastOrDefault(picture => picture?.Pods is [var pod] && pod.Phase == phase) is { } found)
                return found;
            await Task.Delay(10, limit.Token);
        }
    }
}
