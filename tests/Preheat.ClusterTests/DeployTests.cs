using Preheat.Kubernetes;
using Preheat.Runs;

namespace Preheat.ClusterTests;

/// <summary>What a real server refuses, keeps and gives back, as Deploy tells it.</summary>
[Collection(ClusterCollection.Name)]
public sealed class DeployTests(ClusterFixture cluster) : DeploymentTests(cluster)
{
    [Fact]
    public async Task Says_in_which_versions_the_server_has_a_kind_that_it_lacks_in_ours()
    {
        if (Cluster.Server.Minor >= 23)
            return;
        _deployment.Rendering.Deployment = _deployment.Rendering.Deployment with { AutoscaleOn = "running" };
        var error = await Should.ThrowAsync<UserException>(_deployment.DeployAsync);
        error.Message.ShouldContain("refuses 2 of 4 objects; nothing was applied");
        error.Message.ShouldContain($"no kind HorizontalPodAutoscaler in autoscaling/v2, but in autoscaling/v1 and autoscaling/v2beta1 and autoscaling/v2beta2 (its API server is v1.{Cluster.Server.Minor}.");
        error.Message.ShouldContain("--autoscale-on none");
        error.Message.ShouldContain("no kind PodDisruptionBudget in policy/v1, but in policy/v1beta1 (its API server is");
        (await Cluster.Api.GetAsync(_deployment.PathOf("services"))).Object()["items"]!.AsArray().ShouldBeEmpty();
    }

    [Fact]
    public async Task Deploys_several_replicas_when_a_component_leaves_out_what_the_server_lacks()
    {
        var folder = Path.Combine(_deployment.Rendering.ManifestsRoot, "own");
        Directory.CreateDirectory(folder);
        await File.WriteAllTextAsync(Path.Combine(folder, "kustomization.yaml"), """
            apiVersion: kustomize.config.k8s.io/v1alpha1
            kind: Component
            patches:
              - patch: |
                  apiVersion: policy/v1
                  kind: PodDisruptionBudget
                  metadata:
                    name: ${DEPLOYMENT}
                  $patch: delete
            """);
        _deployment.Rendering.Deployment = _deployment.Rendering.Deployment with { MinReplicas = 2, ManifestsDirectory = folder };
        var rollout = await _deployment.DeployAsync();
        rollout.Pods.Count.ShouldBe(2);
    }

    [Fact]
    public async Task Shows_conflicts_field_by_field_with_their_owner_and_takes_them_over_when_told()
    {
        await _deployment.DeployAsync();
        (await Cluster.Api.ApplyAsync(_deployment.PathOf("deployments") + "/gemma?fieldManager=argocd&force=true", """
            {"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"gemma"},"spec":{"revisionHistoryLimit":3}}
            """)).Object();
        (await Cluster.Api.MergeAsync(_deployment.PathOf("services") + "/gemma?fieldManager=kubectl-edit", """{"spec":{"selector":{"app":"x"}}}""")).Object();
        foreach (var work in new Func<Task>[] { _deployment.DeployAsync, _deployment.DiffAsync })
        {
            var error = await Should.ThrowAsync<UserException>(work);
            error.Message.ShouldContain("Cannot check Service/gemma: these fields belong to somebody else:\n  .spec.selector");
            error.Message.ShouldContain("conflict with \"kubectl-edit\" using v1");
            error.Message.ShouldContain("\n  .spec.revisionHistoryLimit: conflict with \"argocd\"");
            error.Message.ShouldContain("spec.revisionHistoryLimit is at deployment.yaml:");
        }
        await _deployment.DeployAsync(request => request with { ForceConflicts = true });
        (await _deployment.DiffAsync()).ShouldBe("");
        (await Cluster.Api.GetAsync(_deployment.PathOf("services") + "/gemma")).Object()["spec"]!["selector"]!["app"]!.GetValue<string>().ShouldBe("gemma");
    }

    [Fact]
    public async Task Applies_nothing_when_one_object_is_invalid_and_names_file_and_line()
    {
        await _deployment.DeployAsync();
        var line = _deployment.Rendering.Break("base/vllm/deployment.yaml", "matchLabels:\n      app:", "matchLabels:\n      preheat-deployment:");
        line.ShouldBeGreaterThan(0);
        _deployment.Rendering.Break("base/vllm/service.yaml", "type: ClusterIP", "type: ClusterIP\n  sessionAffinity: ClientIP");
        var error = await Should.ThrowAsync<UserException>(_deployment.DeployAsync);
        error.Message.ShouldContain("spec.selector: Invalid value");
        error.Message.ShouldContain("field is immutable");
        error.Message.ShouldContain("spec.selector is at deployment.yaml:");
        (await Cluster.Api.GetAsync(_deployment.PathOf("services") + "/gemma")).Object()["spec"]!["sessionAffinity"]!.GetValue<string>().ShouldBe("None");
    }

    [Fact]
    public async Task Tells_a_quota_apart_from_a_right_that_is_missing()
    {
        await QuotaAsync("count/services");
        foreach (var work in new Func<Task>[] { _deployment.DeployAsync, _deployment.DiffAsync })
        {
            var error = await Should.ThrowAsync<UserException>(work);
            error.Message.ShouldContain("Cannot check Service/gemma: the cluster's admission refuses it: services \"gemma\" is forbidden: exceeded quota: q");
            error.Message.ShouldNotContain("needs this right");
        }
    }

    [Fact]
    public async Task Tells_that_a_quota_keeps_the_pods_from_being_made()
    {
        await QuotaAsync("requests.nvidia.com/gpu");
        using var stop = new CancellationTokenSource();
        var deploy = _deployment.DeployAsync(request => request, stop.Token);
        while (!_deployment.States.Exists(state => state.Contains("pods cannot be made: pods \"gemma-", StringComparison.Ordinal) && state.Contains("exceeded quota: q", StringComparison.Ordinal)) && !deploy.IsCompleted)
            await Task.Delay(50);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(deploy);
    }

    [Fact]
    public async Task Says_that_the_namespace_is_being_removed()
    {
        (await Cluster.Api.MergeAsync("api/v1/namespaces/" + _deployment.Place, """{"metadata":{"finalizers":["example.com/hold"]}}""")).Object();
        await Cluster.Api.DeleteAsync("api/v1/namespaces/" + _deployment.Place);
        foreach (var work in new Func<Task>[] { _deployment.DeployAsync, _deployment.DiffAsync })
            (await Should.ThrowAsync<UserException>(work)).Message.ShouldStartWith($"The namespace {_deployment.Place} is being removed.");
        (await Cluster.Api.MergeAsync("api/v1/namespaces/" + _deployment.Place, """{"metadata":{"finalizers":null}}""")).Object();
    }

    [Fact]
    public async Task Makes_its_namespace_and_removes_its_own_things_alone()
    {
        var place = _deployment.Place + "-made";
        _deployment.Rendering.Deployment = _deployment.Rendering.Deployment with { Namespace = place };
        (await _deployment.DiffAsync()).ShouldContain($"+++ {place} Deployment/gemma (as it would be)");
        await _deployment.DeployAsync();
        _deployment.States.ShouldContain($"Namespace/{place}: created");
        (await Cluster.Api.PostAsync(_deployment.PathOf("configmaps"), """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"foreign","labels":{"preheat-deployment":"gemma","app.kubernetes.io/managed-by":"preheat"}}}""")).Object();
        var status = await ClusterStatus.GetAsync("gemma", inNamespace: null, Cluster.Endpoints(), _deployment.Rendering, TimeProvider.System, default);
        status.Objects.ShouldContain(row => row.Title == "Deployment/gemma" && row.IsReady);
        var plan = await ClusterTeardown.PlanAsync("gemma", place, withShared: false, Cluster.Endpoints(), _deployment.Rendering, TimeProvider.System, default);
        plan.Objects.Select(item => item.Title).ShouldBe(["Service/gemma", "Deployment/gemma", "ConfigMap/preheat-gemma-revision-1"]);
        await ClusterTeardown.RemoveAsync(plan, Cluster.Endpoints(), _deployment.Rendering, TimeProvider.System, default);
        // Foreground deletion: the collector has removed the pods and ReplicaSets before the Deployment went.
        foreach (var plural in new[] { "services", "deployments", "replicasets", "pods" })
            (await Cluster.Api.GetAsync(_deployment.PathOf(plural))).Object()["items"]!.AsArray().ShouldBeEmpty(plural);
        (await Cluster.Api.GetAsync(_deployment.PathOf("configmaps") + "/foreign")).IsSuccess.ShouldBeTrue();
    }

    [Fact]
    public async Task Removes_what_an_earlier_revision_left()
    {
        _deployment.Rendering.Image = _deployment.Rendering.Image with { ModelPath = null };
        await _deployment.DeployAsync(request => request with { HubToken = new Secret("hf_canary") });
        (await Cluster.Api.GetAsync(_deployment.PathOf("secrets") + "/gemma-hub")).Object()["data"]!["token"]!.GetValue<string>().ShouldBe("aGZfY2FuYXJ5");
        _deployment.Rendering.Image = _deployment.Rendering.Image with { ModelPath = "/models/tiny-gemma-2" };
        await _deployment.DeployAsync();
        _deployment.States.ShouldContain("Secret/gemma-hub: removed: an earlier revision left it");
        ((int)(await Cluster.Api.GetAsync(_deployment.PathOf("secrets") + "/gemma-hub")).Status).ShouldBe(404);
    }

    [Fact]
    public async Task Tells_every_change_of_a_dry_run_and_makes_none()
    {
        var dry = new DryRun(_deployment.Rendering);
        await Should.ThrowAsync<UndecidedException>(() => Rollouts.DeployAsync(_deployment.Request, Cluster.Endpoints() with { DryRun = dry }, _deployment.Rendering, TimeProvider.System, default));
        _deployment.Rendering.Events.OfType<PlannedRequest>().Select(request => request.Method).ShouldAllBe(method => method == "PATCH");
        (await Cluster.Api.GetAsync(_deployment.PathOf("services"))).Object()["items"]!.AsArray().ShouldBeEmpty();
    }

    private async Task QuotaAsync(string resource)
    {
        (await Cluster.Api.PostAsync(_deployment.PathOf("resourcequotas"), $$$"""{"apiVersion":"v1","kind":"ResourceQuota","metadata":{"name":"q"},"spec":{"hard":{"{{{resource}}}":"0"} } }""")).Object();
        // What its controller has not counted yet is not enforced.
        while ((await Cluster.Api.GetAsync(_deployment.PathOf("resourcequotas") + "/q")).Object()["status"]?["used"]?[resource] is null)
            await Task.Delay(50);
    }
}
