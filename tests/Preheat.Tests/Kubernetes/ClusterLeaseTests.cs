using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

/// <summary>A lease is lost when somebody else has it, and not before.</summary>
public sealed class ClusterLeaseTests : IAsyncLifetime, IEventSink
{
    private readonly ConcurrentQueue<RunEvent> _events = new();
    private readonly CancellationTokenSource _limit = new(TimeSpan.FromSeconds(60));
    private EmbeddedCluster _cluster = null!;
    private RestrictedServer _way = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync();
        _way = await RestrictedServer.StartAsync(_cluster.Endpoints);
        _client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _way.DisposeAsync();
        await _cluster.DisposeAsync();
        _limit.Dispose();
    }

    void IEventSink.Emit(RunEvent runEvent) => _events.Enqueue(runEvent);

    [Fact]
    public async Task Is_taken_although_the_answer_to_that_was_lost()
    {
        FailOnce("POST", WayFault.LostAnswer);
        using var client = KubernetesClient.Connect(_way.Endpoints, TimeProvider.System);
        await using (await ClusterLease.TakeAsync(client, "gemma", "default", "Deploy", this, TimeProvider.System, _limit.Token))
        {
            (await LeaseAsync()).ShouldNotBeNull();
            _events.ShouldBeEmpty("nobody else was there to be waited for");
        }
        (await LeaseAsync()).ShouldBeNull();
    }

    [Theory]
    [InlineData(nameof(WayFault.LostAnswer))]
    [InlineData(nameof(WayFault.NoAnswer))]
    [InlineData(nameof(WayFault.Cut))]
    public async Task Is_kept_when_a_renewal_gets_no_answer(string fault)
    {
        using var client = KubernetesClient.Connect(_way.Endpoints, TimeProvider.System);
        await using var lease = await TakeAsync(client);
        FailOnce("PUT", Enum.Parse<WayFault>(fault));
        await RenewedAsync(times: 4);
        lease.Token.IsCancellationRequested.ShouldBeFalse();
        lease.TakenBy.ShouldBeNull();
    }

    [Fact]
    public async Task Is_kept_through_an_outage_in_which_nobody_took_it()
    {
        using var client = KubernetesClient.Connect(_way.Endpoints, TimeProvider.System);
        await using var lease = await TakeAsync(client);
        await OutageAsync();
        lease.Token.IsCancellationRequested.ShouldBeFalse();
        _way.Fails = (_, _) => WayFault.None;
        await RenewedAsync(times: 2);
        lease.TakenBy.ShouldBeNull();
    }

    [Fact]
    public async Task Is_lost_when_somebody_took_it_during_an_outage()
    {
        using var client = KubernetesClient.Connect(_way.Endpoints, TimeProvider.System);
        await using var lease = await TakeAsync(client);
        await OutageAsync();
        await TakeOverAsync();
        _way.Fails = (_, _) => WayFault.None;
        await LostAsync(lease);
        lease.TakenBy.ShouldBe("anna@desk");
    }

    [Fact]
    public async Task Is_lost_when_it_was_removed()
    {
        await using var lease = await TakeAsync(_client);
        await _client.DeleteAsync((await LeaseAsync()).ShouldNotBeNull(), waitForDependents: false, default);
        await LostAsync(lease);
        lease.TakenBy.ShouldBe("somebody who removed its lease");
    }

    [Fact]
    public async Task Goes_on_without_protection_after_one_warning_where_leases_may_not_be_updated()
    {
        _way.Denies = (method, path) => method == "PUT" && path.Contains("/leases/", StringComparison.Ordinal);
        using var client = KubernetesClient.Connect(_way.Endpoints, TimeProvider.System);
        await using (var lease = await TakeAsync(client))
        {
            while (_events.IsEmpty)
                await Task.Delay(20, _limit.Token);
            // Longer than a lease lasts at this speed.
            await Task.Delay(500, _limit.Token);
            lease.Token.IsCancellationRequested.ShouldBeFalse();
            _events.ShouldHaveSingleItem().ShouldBeOfType<Warning>().Text.ShouldStartWith("Nothing keeps two deploys apart from now on: this user may not update leases");
        }
    }

    [Fact]
    public async Task Leaves_the_lease_of_a_run_that_took_it_since_the_last_renewal()
    {
        var lease = (await ClusterLease.TakeAsync(_client, "gemma", "default", "Deploy", this, TimeProvider.System, default)).ShouldNotBeNull();
        var uid = (await LeaseAsync())!.Uid;
        await TakeOverAsync();
        await lease.DisposeAsync();
        (await LeaseAsync()).ShouldNotBeNull("it is anna's now").Uid.ShouldBe(uid);
    }

    [Fact]
    public async Task Is_given_back_although_somebody_wrote_on_it()
    {
        var lease = (await ClusterLease.TakeAsync(_client, "gemma", "default", "Deploy", this, TimeProvider.System, default)).ShouldNotBeNull();
        var there = (JsonObject)(await LeaseAsync())!.Json.DeepClone();
        there["metadata"]!["annotations"]!["note"] = "seen";
        (await _client.TryWriteAsync(there, isNew: false, default)).ShouldNotBeNull();
        await lease.DisposeAsync();
        (await LeaseAsync()).ShouldBeNull();
    }

    [Fact]
    public async Task Tells_who_took_the_deployment_over_while_it_was_worked_on()
    {
        var error = await Should.ThrowAsync<PreheatException>(() => ClusterLease.HoldAsync(_client, "gemma", "default", "Rollback", this, new FastTime(), async token =>
        {
            await TakeOverAsync();
            await Task.Delay(Timeout.Infinite, token);
            return 0;
        }, _limit.Token));
        error.Message.ShouldBe("anna@desk took the deployment 'gemma' over while this run changed it. Look with ./build.sh Status at what is there, then run Rollback again.");
        error.ExitCode.ShouldBe(1);
    }

    [Fact]
    public async Task Lets_the_user_interrupt_what_it_protects()
    {
        using var interrupt = new CancellationTokenSource();
        await Should.ThrowAsync<OperationCanceledException>(() => ClusterLease.HoldAsync(_client, "gemma", "default", "Deploy", this, new FastTime(), async token =>
        {
            await interrupt.CancelAsync();
            await Task.Delay(Timeout.Infinite, token);
            return 0;
        }, interrupt.Token));
    }

    [Fact]
    public async Task Keeps_a_teardown_away_while_another_run_deploys()
    {
        await _client.ApplyAsync((JsonObject)JsonNode.Parse("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"gemma","namespace":"default","labels":{"preheat-deployment":"gemma","app.kubernetes.io/managed-by":"preheat"}},"spec":{"ports":[{"port":80}]}}""")!, default);
        var plan = await PlanAsync();
        await using (await TakeAsync(_client))
        {
            var error = await Should.ThrowAsync<UserException>(() => PlanAsync());
            error.Message.ShouldStartWith($"{Environment.UserName}@{Environment.MachineName} is deploying 'gemma' at this moment (since ");
            error.Message.ShouldEndWith("Wait until that has ended, then run Teardown again.");
            error.ExitCode.ShouldBe(2);
            (await Should.ThrowAsync<UserException>(() => ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, this, TimeProvider.System, _limit.Token))).Message.ShouldBe(error.Message);
        }
        plan = await PlanAsync();
        plan.Objects.Select(item => item.Title).ShouldBe(["Service/gemma"], "the service is there still");
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, this, new FastTime(), _limit.Token);
        (await PlanAsync()).Objects.ShouldBeEmpty();
    }

    [Fact]
    public async Task Lets_a_teardown_remove_what_a_killed_run_left_with_its_lease()
    {
        (await _client.TryWriteAsync((JsonObject)JsonNode.Parse("""{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"preheat-gemma","namespace":"default","labels":{"preheat-deployment":"gemma","app.kubernetes.io/managed-by":"preheat"}},"spec":{"holderIdentity":"anna@desk","leaseDurationSeconds":15}}""")!, isNew: true, default)).ShouldNotBeNull();
        var plan = await PlanAsync(new FastTime());
        plan.Objects.Select(item => item.Title).ShouldBe(["Lease/preheat-gemma"]);
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, this, new FastTime(), _limit.Token);
        (await LeaseAsync()).ShouldBeNull();
    }

    private Task<TeardownPlan> PlanAsync(TimeProvider? time = null) =>
        ClusterTeardown.PlanAsync("gemma", inNamespace: null, withShared: false, _cluster.Endpoints, this, time ?? TimeProvider.System, _limit.Token);

    private async Task<ClusterLease> TakeAsync(KubernetesClient client) =>
        (await ClusterLease.TakeAsync(client, "gemma", "default", "Deploy", this, new FastTime(), _limit.Token)).ShouldNotBeNull();

    private Task<KubernetesObject?> LeaseAsync() => _client.FindAsync(KubernetesKind.Lease, "default", "preheat-gemma", _limit.Token);

    private void FailOnce(string method, WayFault fault)
    {
        var failed = 0;
        _way.Fails = (verb, path) => verb == method && path.Contains("/leases", StringComparison.Ordinal) && Interlocked.Exchange(ref failed, 1) == 0 ? fault : WayFault.None;
    }

    // Far longer than a lease lasts at the speed of these tests.
    private async Task OutageAsync()
    {
        _way.Fails = (_, _) => WayFault.Cut;
        var before = _way.Requests.Count;
        await Task.Delay(1000, _limit.Token);
        while (_way.Requests.Count < before + 3)
            await Task.Delay(20, _limit.Token);
    }

    private async Task RenewedAsync(int times)
    {
        var seen = new HashSet<string?>();
        while (seen.Count <= times)
        {
            seen.Add((await LeaseAsync()).ShouldNotBeNull().Json.Text("spec", "renewTime"));
            await Task.Delay(20, _limit.Token);
        }
    }

    private async Task LostAsync(ClusterLease lease)
    {
        while (!lease.Token.IsCancellationRequested)
            await Task.Delay(20, _limit.Token);
    }

    // As another run does: a whole new version of the same object.
    private async Task TakeOverAsync()
    {
        while (true)
        {
            var there = (JsonObject)(await LeaseAsync()).ShouldNotBeNull().Json.DeepClone();
            there["metadata"]!["annotations"] = new JsonObject { ["preheat.dev/run"] = "another" };
            there["spec"]!["holderIdentity"] = "anna@desk";
            if (await _client.TryWriteAsync(there, isNew: false, _limit.Token) is not null)
                return;
        }
    }

    /// <summary>A clock that runs twenty times as fast.</summary>
    private sealed class FastTime : TimeProvider
    {
        private const int Factor = 20;

        public override long GetTimestamp() => base.GetTimestamp() * Factor;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.Zero ? dueTime / Factor : dueTime, period);
    }
}
