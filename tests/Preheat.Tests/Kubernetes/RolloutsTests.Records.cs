using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.Tests.Kubernetes;

/// <summary>Whole revisions that the cluster keeps, and the way back to them.</summary>
public sealed partial class RolloutsTests
{
    private const string Crash = "RuntimeError: header too large";

    [Fact]
    public async Task Goes_back_with_all_objects_and_removes_what_the_failed_revision_added()
    {
        await DeployAsync();
        UseNewImage('9');
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", MaxReplicas = 3 };
        Rewrite("service.yaml", "port: 8000", "port: 9000");
        (_cluster.CrashWith, _cluster.CrashImage) = (Crash, _fixture.Image.Reference);
        (await Should.ThrowAsync<PreheatException>(DeployAsync)).Message.ShouldContain("Revision 1 serves again (as revision 3)");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await FindAsync(client, KubernetesKind.Service, "gemma")).ShouldNotBeNull().Json["spec"]!["ports"]![0]!["port"]!.GetValue<int>().ShouldBe(8000);
        (await FindAsync(client, KubernetesKind.Autoscaler, "gemma")).ShouldBeNull();
        States().ShouldContain("HorizontalPodAutoscaler/gemma: removed: an earlier revision left it");
        var records = await RecordsAsync(client);
        records.All.Select(record => (record.Number, record.State, record.Origin)).ShouldBe([(3, RevisionState.Good, 1), (2, RevisionState.Failed, 2), (1, RevisionState.Good, 1)]);
        records.All[0].Inventory.ShouldAllBe(entry => entry.IsMade && entry.Uid != null);
    }

    [Fact]
    public async Task Counts_a_change_of_the_autoscaler_alone_as_a_revision_and_goes_back_from_it_and_to_it()
    {
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", MaxReplicas = 3 };
        await DeployAsync();
        (await DeployAsync()).Revision.ShouldBe("1", "the same has the same number");
        _fixture.Deployment = _fixture.Deployment with { MaxReplicas = 4 };
        (await DeployAsync()).Revision.ShouldBe("2");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        async Task<int> MostAsync() => (await FindAsync(client, KubernetesKind.Autoscaler, "gemma")).ShouldNotBeNull().Json["spec"]!["maxReplicas"]!.GetValue<int>();
        (await RollBackAsync(null)).Revision.ShouldBe("3");
        (await MostAsync()).ShouldBe(3);
        var (revision, from) = await RollBackAsync(null);
        (revision, from.Number).ShouldBe(("4", 2L), "there and back again");
        (await MostAsync()).ShouldBe(4);
    }

    [Fact]
    public async Task Puts_back_what_was_there_when_a_rollback_by_hand_fails()
    {
        await DeployAsync();
        var old = _fixture.Image.Reference;
        UseNewImage('9');
        await DeployAsync();
        (_cluster.CrashWith, _cluster.CrashImage) = (Crash, old);
        var error = await Should.ThrowAsync<PreheatException>(() => RollBackAsync(1));
        error.Message.ShouldContain(Crash);
        error.Message.ShouldContain("Revision 2 serves again (as revision 4). It is what ran before.", customMessage: error.Message);
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await FindAsync(client, KubernetesKind.Deployment, "gemma")).ShouldNotBeNull().Json.ToJsonString().ShouldContain(_fixture.Image.Digest);
        var listed = (await Should.ThrowAsync<UserException>(() => RollBackAsync(9))).Message;
        listed.ShouldContain("--revision 4  ");
        listed.ShouldMatch("--revision 3  .*, failed\n");
        listed.ShouldContain(", runs now, good\n");
    }

    [Fact]
    public async Task Keeps_no_secret_values_and_says_which_secret_a_revision_misses()
    {
        _fixture.Image = _fixture.Image with { ModelPath = null };
        await DeployAsync("hf_canary");
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        var record = (await FindAsync(client, KubernetesKind.ConfigMap, "preheat-gemma-revision-1")).ShouldNotBeNull();
        var unpacked = System.Text.Json.JsonSerializer.Serialize(RevisionCodec.Read(record));
        foreach (var value in new[] { "hf_canary", Convert.ToBase64String(System.Text.Encoding.UTF8.GetBytes("hf_canary")) })
            unpacked.ShouldNotContain(value);
        (await DeployAsync("hf_canary")).Revision.ShouldBe("1");
        UseNewImage('9');
        (await DeployAsync()).Revision.ShouldBe("2");
        var secret = (await FindAsync(client, KubernetesKind.Secret, "gemma-hub")).ShouldNotBeNull("the pods read it, whether this run knows its value or not");

        await ApplyAsOtherAsync("""{"apiVersion":"v1","kind":"Secret","metadata":{"name":"gemma-hub","namespace":"default"},"stringData":{"token":"hf_other"}}""", force: true);
        await RollBackAsync(1);
        _fixture.Events.OfType<Warning>().ShouldContain(warning => warning.Text.StartsWith("Secret/gemma-hub has other values than when revision 1 was deployed", StringComparison.Ordinal));
        await RollBackAsync(2);
        await client.DeleteAsync(secret, waitForDependents: false, default);
        (await Should.ThrowAsync<UserException>(() => RollBackAsync(1))).Message.ShouldStartWith("Revision 1 reads Secret/gemma-hub, which is not there any more");
        (await DeployAsync()).Revision.ShouldBe("4", "nothing was applied by the way back that could not be");
    }

    [Fact]
    public async Task Prunes_what_it_made_itself_and_nothing_that_was_there_or_was_made_anew()
    {
        await ApplyAsOtherAsync("""{"apiVersion":"autoscaling/v2","kind":"HorizontalPodAutoscaler","metadata":{"name":"gemma","namespace":"default"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"gemma"},"maxReplicas":2}}""");
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running" };
        await DeployAsync(request => request with { ForceConflicts = true });
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await RecordsAsync(client)).All[0].Inventory.Single(entry => entry.Kind == "HorizontalPodAutoscaler").IsMade.ShouldBeFalse();
        var monitoring = new KubernetesKind("monitoring.googleapis.com/v1", "PodMonitoring");
        var made = (await FindAsync(client, monitoring, "gemma")).ShouldNotBeNull();
        await client.DeleteAsync(made, waitForDependents: false, default);
        // Somebody makes another of that name, with all our labels, and even as our manager.
        await client.ApplyAsync(new() { ["apiVersion"] = made.Kind.ApiVersion, ["kind"] = made.Kind.Kind, ["metadata"] = new System.Text.Json.Nodes.JsonObject { ["name"] = "gemma", ["namespace"] = "default", ["labels"] = made.Json["metadata"]!["labels"]!.DeepClone() }, ["spec"] = made.Json["spec"]!.DeepClone() }, default);
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "none", Platform = "kubernetes" };
        await DeployAsync(request => request with { ForceConflicts = true });
        (await FindAsync(client, KubernetesKind.Autoscaler, "gemma")).ShouldNotBeNull("it was there before");
        (await FindAsync(client, monitoring, "gemma")).ShouldNotBeNull("it is another one");
    }

    [Fact]
    public async Task Takes_up_what_an_interrupted_run_left_and_removes_what_only_that_one_made()
    {
        await DeployAsync();
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running" };
        // A run that ended between the apply and the list of what it made.
        var records = await RecordsAsync(client);
        var set = DeploySet.Of(Request(), dryRun: null);
        var apply = new ObjectApply(client, force: false, _fixture);
        await records.BeginAsync(await apply.CheckAsync(set.Wanted, default), set.Wanted, from: null, default);
        await apply.ApplyAsync(set.Wanted, default);
        (await RecordsAsync(client)).Describe()[0].Text().ShouldEndWith("runs now, was interrupted");
        (await FindAsync(client, KubernetesKind.Autoscaler, "gemma")).ShouldNotBeNull();

        _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "none" };
        (await DeployAsync()).Revision.ShouldBe("3");
        (await FindAsync(client, KubernetesKind.Autoscaler, "gemma")).ShouldBeNull();
        (await RecordsAsync(client)).All.Select(record => record.State).ShouldBe([RevisionState.Good, RevisionState.Applying, RevisionState.Good]);
    }

    [Fact]
    public async Task Completes_an_interrupted_revision_under_its_own_number()
    {
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        var records = await RecordsAsync(client);
        var set = DeploySet.Of(Request(), dryRun: null);
        await records.BeginAsync(await new ObjectApply(client, force: false, _fixture).CheckAsync(set.Wanted, default), set.Wanted, from: null, default);
        (await DeployAsync()).Revision.ShouldBe("1");
        (await RecordsAsync(client)).All.ShouldHaveSingleItem().State.ShouldBe(RevisionState.Good);
    }

    [Fact]
    public async Task Keeps_as_many_revisions_as_the_Deployment_and_removes_all_with_it()
    {
        Rewrite("deployment.yaml", "revisionHistoryLimit: 5", "revisionHistoryLimit: 2");
        for (var most = 2; most <= 6; most++)
        {
            _fixture.Deployment = _fixture.Deployment with { AutoscaleOn = "running", MaxReplicas = most };
            await DeployAsync();
        }
        using var client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
        (await RecordsAsync(client)).All.Select(record => record.Number).ShouldBe([5, 4, 3]);
        var plan = await ClusterTeardown.PlanAsync("gemma", "default", withShared: false, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        await ClusterTeardown.RemoveAsync(plan, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        (await RecordsAsync(client)).All.ShouldBeEmpty();
    }

    [Fact]
    public async Task Goes_on_without_records_where_they_may_not_be_written_and_goes_back_with_the_pods()
    {
        await using var restricted = await RestrictedServer.StartAsync(_cluster.Endpoints);
        restricted.Denies = (_, path) => path.Contains("/configmaps", StringComparison.Ordinal);
        (await Rollouts.DeployAsync(Request(), restricted.Endpoints, _fixture, TimeProvider.System, default)).Revision.ShouldBe("1");
        var warning = _fixture.Events.OfType<Warning>().Select(item => item.Text).ShouldHaveSingleItem();
        warning.ShouldStartWith("No record of this revision is kept: this user may not get, list, create, patch and delete ConfigMaps in the namespace default.");
        UseNewImage('9');
        (_cluster.CrashWith, _cluster.CrashImage) = (Crash, _fixture.Image.Reference);
        var error = await Should.ThrowAsync<PreheatException>(() => Rollouts.DeployAsync(Request(), restricted.Endpoints, _fixture, TimeProvider.System, default));
        error.Message.ShouldContain("Revision 1 serves again (as revision 3)");
        (await Should.ThrowAsync<UserException>(() => Rollbacks.RunAsync(new() { Deployment = _fixture.Deployment, Revision = 7 }, restricted.Endpoints, _fixture, TimeProvider.System, default))).Message.ShouldContain("--revision 2  ");
    }

    [Fact]
    public async Task Tells_endpoint_revisions_cold_starts_and_the_last_trouble()
    {
        await DeployAsync();
        UseNewImage('9');
        (_cluster.CrashWith, _cluster.CrashImage) = (Crash, _fixture.Image.Reference);
        await Should.ThrowAsync<PreheatException>(() => DeployAsync(request => request with { NoRollback = true }));
        var status = await ClusterStatus.GetAsync("gemma", inNamespace: null, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        status.Endpoints.ShouldBe(["http://gemma.default:8000 inside the cluster; from here: kubectl -n default port-forward service/gemma 8000"]);
        status.Revisions.Select(revision => (revision.Number, revision.State, revision.IsCurrent)).ShouldBe([(2L, RevisionState.Failed, true), (1L, RevisionState.Good, false)]);
        status.Revisions[1].ColdStart.ShouldNotBeNull();
        status.Trouble.ShouldNotBeNull().ShouldStartWith("Pod/gemma-");
        status.NewestStart.ShouldNotBeNull().Phases.Select(phase => phase.Phase).ShouldBe(["node", "image", "container", "weights", "ready"]);
        var plan = await ClusterTeardown.PlanAsync("gemma", "default", withShared: false, _cluster.Endpoints, _fixture, TimeProvider.System, default);
        plan.Lines().ShouldContain(line => line.StartsWith("default Deployment/gemma and its 2 pods, made ", StringComparison.Ordinal));
        plan.Lines().ShouldContain(line => line.StartsWith("default the records of 2 revisions (ConfigMap/preheat-gemma-revision-1, ConfigMap/preheat-gemma-revision-2), made ", StringComparison.Ordinal));
    }

    private static Task<KubernetesObject?> FindAsync(KubernetesClient client, KubernetesKind kind, string name) => client.FindAsync(kind, "default", name, default);

    private Task<RevisionRecords> RecordsAsync(KubernetesClient client) => RevisionRecords.OpenAsync(client, "gemma", "default", _fixture, TimeProvider.System, default);
}
