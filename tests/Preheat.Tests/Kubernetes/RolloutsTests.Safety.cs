using Preheat.Kubernetes;

namespace Preheat.Tests.Kubernetes;

/// <summary>Nothing half done, nobody else's work undone, and a way back.</summary>
public sealed partial class RolloutsTests
{
    [Fact]
    public async Task Takes_a_field_over_only_when_told_to()
    {
        await DeployAsync();
        await ApplyAsOtherAsync("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"gemma","namespace":"default"},"spec":{"revisionHistoryLimit":3}}""", force: true);
        await DeployAsync(request => request with { ForceConflicts = true });
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull().Json["spec"]!["revisionHistoryLimit"]!.GetValue<int>().ShouldBe(5);
    }

    [Fact]
    public async Task Goes_back_to_the_last_good_revision_when_the_next_one_fails()
    {
        await DeployAsync();
        UseNewImage('9');
        _cluster.CrashWith = "RuntimeError: header too large";
        _cluster.CrashImage = _fixture.Image.Reference;
        var error = await Should.ThrowAsync<PreheatException>(DeployAsync);
        error.Message.ShouldContain("RuntimeError: header too large");
        error.Message.ShouldContain("Revision 1 serves again (as revision 3)");
        error.ExitCode.ShouldBe(1);
        var status = await ClusterStatus.GetAsync("gemma", "default", _cluster.Endpoints, _fixture, TimeProvider.System, default);
        status.Objects.Single(row => row.Title == "Deployment/gemma").IsReady.ShouldBeTrue();
        status.Objects.Single(row => row.Title == "Deployment/gemma").ImageDigest.ShouldNotBe(_fixture.Image.Digest);
        _cluster.CrashWith = null;
        (await DeployAsync()).Revision.ShouldBe("4");
    }

    [Fact]
    public async Task Undoes_nothing_when_only_the_look_at_the_roll_out_fails()
    {
        await DeployAsync();
        UseNewImage('9');
        await using var server = await RestrictedServer.StartAsync(_cluster.Endpoints);
        // The apply goes through; a proxy in between answers what follows.
        server.Fails = (_, path) => path.EndsWith("/replicasets", StringComparison.Ordinal) && States().Contains("Deployment/gemma: changed") ? WayFault.Stranger : WayFault.None;
        var error = await Should.ThrowAsync<PreheatException>(() => Rollouts.DeployAsync(Request(), server.Endpoints, _fixture, TimeProvider.System, default));
        error.ShouldNotBeOfType<RolloutFailedException>();
        error.Message.ShouldStartWith("Whether Deployment/gemma rolls out is not known: Cannot list replicasets");
        States().ShouldNotContain(state => state.Contains("goes back", StringComparison.Ordinal));
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull().Json.ToJsonString().ShouldContain(_fixture.Image.Digest);
    }

    [Fact]
    public async Task Keeps_a_failed_revision_when_told_to()
    {
        await DeployAsync();
        UseNewImage('9');
        _cluster.CrashWith = "RuntimeError: header too large";
        _cluster.CrashImage = _fixture.Image.Reference;
        var error = await Should.ThrowAsync<PreheatException>(() => DeployAsync(request => request with { NoRollback = true }));
        error.Message.ShouldNotContain("serves again");
        error.Message.ShouldContain("The earlier revision goes on serving.");
    }

    [Fact]
    public async Task Rolls_back_by_hand_and_lists_the_revisions_when_asked_wrongly()
    {
        await DeployAsync();
        UseNewImage('9');
        await DeployAsync();
        var error = await Should.ThrowAsync<UserException>(() => RollBackAsync(7));
        error.Message.ShouldContain("keeps no revision 7");
        error.Message.ShouldContain("--revision 1  ");
        error.Message.ShouldContain("--revision 2  ");
        (await Should.ThrowAsync<UserException>(() => RollBackAsync(2))).Message.ShouldContain("is what runs now");
        var (revision, from) = await RollBackAsync(null);
        (revision, from.Number).ShouldBe(("3", 1L));
        (await RollBackAsync(2)).Revision.ShouldBe("4");
    }

    [Fact]
    public async Task Applies_nothing_when_the_API_server_refuses_one_object()
    {
        await DeployAsync();
        Rewrite("service.yaml", "port: 8000", "port: 9000");
        Rewrite("deployment.yaml", "    matchLabels:\n      app:", "    matchLabels:\n      preheat-deployment:");
        var error = await Should.ThrowAsync<UserException>(DeployAsync);
        error.Message.ShouldContain("spec.selector");
        error.Message.ShouldContain("immutable");
        error.Message.ShouldContain("Nothing was applied");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Service, "default", "gemma", default)).ShouldNotBeNull().Json.ToJsonString().ShouldNotContain("9000");
    }

    [Fact]
    public async Task Shows_what_would_change_and_changes_nothing()
    {
        var all = await DiffAsync();
        all.ShouldContain("+++ default Deployment/gemma (as it would be)");
        all.ShouldContain("+kind: Deployment");
        await DeployAsync();
        (await DiffAsync()).ShouldBe("");
        UseNewImage('9');
        var difference = await DiffAsync();
        difference.ShouldContain($"+          image: {_fixture.Image.Reference}".Replace("          ", "", StringComparison.Ordinal).TrimStart('+'));
        difference.Split('\n').Count(line => line.StartsWith('-') && !line.StartsWith("---", StringComparison.Ordinal)).ShouldBe(1);
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldNotBeNull().Json.ToJsonString().ShouldNotContain(_fixture.Image.Digest);
    }

    [Fact]
    public async Task Is_not_up_to_date_once_somebody_has_changed_or_removed_what_runs()
    {
        var rollout = await DeployAsync();
        (await ProbeAsync(rollout)).ShouldBeTrue();
        const string Scaled = """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"gemma","namespace":"default"},"spec":{"replicas":2}}""";
        await ApplyAsOtherAsync(Scaled, force: true);
        (await ProbeAsync(rollout)).ShouldBeFalse();
        (await Should.ThrowAsync<UserException>(DeployAsync)).Message.ShouldContain(".spec.replicas: conflict with \"other\"");
        await DeployAsync(request => request with { ForceConflicts = true });
        (await ReplicasAsync()).ShouldBe(1);
        (await ProbeAsync(rollout)).ShouldBeTrue();

        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        await client.DeleteAsync((await client.FindAsync(KubernetesKind.Service, "default", "gemma", default)).ShouldNotBeNull(), waitForDependents: false, default);
        (await ProbeAsync(rollout)).ShouldBeFalse();
        await DeployAsync();
        (await ProbeAsync(rollout)).ShouldBeTrue();
    }

    [Fact]
    public async Task Is_up_to_date_at_whatever_size_an_autoscaler_wants()
    {
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", MinReplicas = 2 };
        var rollout = await DeployAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await ReplicasAsync() < 2 || !await ProbeAsync(rollout))
            await Task.Delay(100, limit.Token);
    }

    [Fact]
    public async Task Takes_an_autoscaler_away_before_another_number_of_replicas_is_set()
    {
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", MinReplicas = 2 };
        await DeployAsync();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (await ReplicasAsync() < 2)
            await Task.Delay(100, limit.Token);
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "none", MinReplicas = 1 };
        _fixture.Events.Clear();
        (await Should.ThrowAsync<UserException>(DeployAsync)).Message.ShouldContain(".spec.replicas");
        States().ShouldBeEmpty("a conflict changes nothing");
        await DeployAsync(request => request with { ForceConflicts = true });
        (await ReplicasAsync()).ShouldBe(1);
        var states = States().ToList();
        states.IndexOf("HorizontalPodAutoscaler/gemma: removed: an earlier revision left it").ShouldBeInRange(0, states.IndexOf("Deployment/gemma: changed") - 1);
    }

    [Fact]
    public async Task Leaves_a_scaled_up_deployment_at_its_size()
    {
        await DeployAsync();
        await ApplyAsOtherAsync("""{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"mine","namespace":"default"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"gemma"},"minReplicas":1,"maxReplicas":4,"metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":80}}}]}}""");
        // Before the autoscaler has done anything, the count is still ours to let go of.
        await DeployAsync();
        (await ReplicasAsync()).ShouldBe(1);
        await ApplyAsOtherAsync("""{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"gemma","namespace":"default"},"spec":{"replicas":2}}""", force: true);
        UseNewImage('9');
        await DeployAsync();
        (await ReplicasAsync()).ShouldBe(2);
    }

    [Fact]
    public async Task Lets_one_of_two_deploys_win_and_says_who_holds_it()
    {
        await ApplyAsOtherAsync("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default"},"spec":{"holderIdentity":"anna@desk","leaseDurationSeconds":15,"acquireTime":"2026-11-21T10:00:00.000000Z"}}""");
        using var stop = new CancellationTokenSource();
        var renewing = RenewAsync(stop.Token);
        var error = await Should.ThrowAsync<UserException>(DeployAsync);
        await stop.CancelAsync();
        await renewing;
        error.Message.ShouldContain("anna@desk is deploying 'gemma' at this moment");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Deployment, "default", "gemma", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Takes_over_from_a_run_that_was_killed_and_leaves_no_lease_behind()
    {
        await ApplyAsOtherAsync("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default"},"spec":{"holderIdentity":"anna@desk","leaseDurationSeconds":1}}""");
        await DeployAsync();
        States().ShouldContain(state => state.StartsWith("Lease/preheat-gemma: held by anna@desk", StringComparison.Ordinal));
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await client.FindAsync(KubernetesKind.Lease, "default", "preheat-gemma", default)).ShouldBeNull();
    }

    [Fact]
    public async Task Refuses_to_follow_a_deploy_that_ends_while_it_waits()
    {
        await ApplyAsOtherAsync("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default"},"spec":{"holderIdentity":"anna@desk","leaseDurationSeconds":15}}""");
        var deploy = DeployAsync();
        while (!States().Exists(state => state.StartsWith("Lease/preheat-gemma: held by", StringComparison.Ordinal)) && !deploy.IsCompleted)
            await Task.Delay(20);
        await RemoveLeaseAsync();
        (await Should.ThrowAsync<UserException>(() => deploy)).Message.ShouldStartWith("anna@desk has deployed 'gemma' just now");
    }

    [Fact]
    public async Task Notices_that_its_lease_was_taken_away_and_leaves_it_to_the_other()
    {
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        var lease = (await ClusterLease.TakeAsync(client, "gemma", "default", "Deploy", _fixture, new HastyTime(), default)).ShouldNotBeNull();
        var lost = new TaskCompletionSource();
        await using var registration = lease.Token.Register(() => lost.TrySetResult());
        await Task.Delay(200);
        lost.Task.IsCompleted.ShouldBeFalse("it is renewed");
        await ApplyAsOtherAsync("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default"},"spec":{"holderIdentity":"anna@desk"}}""", force: true);
        await lost.Task.WaitAsync(TimeSpan.FromSeconds(20));
        lease.TakenBy.ShouldBe("anna@desk");
        await lease.DisposeAsync();
        (await client.FindAsync(KubernetesKind.Lease, "default", "preheat-gemma", default)).ShouldNotBeNull("it is anna's now");
    }

    [Fact]
    public async Task Refuses_at_once_while_a_live_process_of_this_machine_holds_the_lease()
    {
        using var holder = System.Diagnostics.Process.Start("sleep", "60");
        try
        {
            var stat = (await File.ReadAllTextAsync($"/proc/{holder.Id}/stat")).Split(' ');
            var process = $"{LocalProcess.Current.Split('/')[0]}/{holder.Id}/{stat[21]}";
            await ApplyAsOtherAsync($$$"""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default","annotations":{"preheat.dev/process":"{{{process}}}"}},"spec":{"holderIdentity":"me@here"}}""");
            (await Should.ThrowAsync<UserException>(DeployAsync)).Message.ShouldStartWith("me@here is deploying 'gemma' at this moment");
        }
        finally
        {
            holder.Kill();
            await holder.WaitForExitAsync();
        }
        // Its process is gone, so nobody is waited for.
        (await DeployAsync()).Revision.ShouldBe("1");
        States().ShouldNotContain(state => state.StartsWith("Lease/", StringComparison.Ordinal));
    }

    private async Task RemoveLeaseAsync()
    {
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        var lease = (await client.FindAsync(KubernetesKind.Lease, "default", "preheat-gemma", default)).ShouldNotBeNull();
        await client.DeleteAsync(lease, waitForDependents: false, default);
    }

    private async Task RenewAsync(CancellationToken cancellation)
    {
        for (var second = 1; !cancellation.IsCancellationRequested; second++)
        {
            await ApplyAsOtherAsync($$$"""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default"},"spec":{"holderIdentity":"anna@desk","leaseDurationSeconds":15,"acquireTime":"2026-11-21T10:00:00.000000Z","renewTime":"2026-11-21T10:00:{{{second % 60:00}}}.000000Z"}}""");
            await Task.Delay(200, cancellation).ContinueWith(_ => { }, TaskScheduler.Default);
        }
    }

    private void Rewrite(string file, string from, string to)
    {
        var path = Path.Combine(_fixture.ManifestsRoot, "base", "vllm", file);
        var text = File.ReadAllText(path);
        text.ShouldContain(from);
        File.WriteAllText(path, text.Replace(from, to, StringComparison.Ordinal));
    }
}
