using System.Text.Json.Nodes;
using Preheat.ClusterTests.Servers;
using Preheat.Kubernetes;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.ClusterTests.Machinery;

/// <summary>Leases with optimistic concurrency, and removal of exactly what was seen.</summary>
[Collection(MachineryCollection.Name)]
public sealed class OwnershipTests(MachineryFixture machinery)
{
    [Fact]
    public async Task Lets_one_of_two_deploys_go_on_and_tells_the_other_who_holds_it()
    {
        using var client = machinery.Client();
        using var events = new RenderingFixture();
        var place = await machinery.PlaceAsync();
        await using (await ClusterLease.TakeAsync(client, "gemma", place, "Deploy", events, TimeProvider.System, default))
        {
            var error = await Should.ThrowAsync<UserException>(() => ClusterLease.TakeAsync(client, "gemma", place, "Deploy", events, TimeProvider.System, default));
            error.Message.ShouldContain("is deploying 'gemma' at this moment");
        }
        await using var after = await ClusterLease.TakeAsync(client, "gemma", place, "Deploy", events, TimeProvider.System, default);
        after.ShouldNotBeNull();
        events.Events.OfType<Warning>().ShouldBeEmpty();
    }

    [Fact]
    public async Task Writes_a_lease_only_over_the_version_that_was_read()
    {
        using var client = machinery.Client();
        var lease = MachineryFixture.Object($"{{apiVersion: coordination.k8s.io/v1, kind: Lease, metadata: {{name: a, namespace: {await machinery.PlaceAsync()}}}, spec: {{holderIdentity: one, renewTime: '2026-11-22T06:00:00.123456Z'}}}}");
        var read = (await client.TryWriteAsync(lease, isNew: true, default)).ShouldNotBeNull();
        (await client.TryWriteAsync(lease, isNew: true, default)).ShouldBeNull();
        (await client.TryWriteAsync(read.Json, isNew: false, default)).ShouldNotBeNull();
        var other = (JsonObject)read.Json.DeepClone();
        other["spec"]!["holderIdentity"] = "two";
        var written = (await client.TryWriteAsync(other, isNew: false, default)).ShouldNotBeNull();
        (await client.TryWriteAsync(read.Json, isNew: false, default)).ShouldBeNull();
        (await client.DeleteAsync(written, waitForDependents: false, default)).ShouldBeTrue();
        (await client.TryWriteAsync(other, isNew: false, default)).ShouldBeNull();
    }

    [Fact]
    public async Task Removes_the_object_that_was_seen_and_no_other_of_its_name()
    {
        using var client = machinery.Client();
        var manifest = MachineryFixture.Object($"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {await machinery.PlaceAsync()}}}}}");
        var first = await client.ApplyAsync(manifest, default);
        (await client.DeleteAsync(first, waitForDependents: false, default)).ShouldBeTrue();
        (await client.DeleteAsync(first, waitForDependents: false, default)).ShouldBeFalse();
        await client.ApplyAsync(manifest, default);
        (await client.DeleteAsync(first, waitForDependents: false, default)).ShouldBeFalse();
        (await client.FindAsync(KubernetesKind.ConfigMap, first.Namespace, "a", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Marks_what_waits_for_its_dependents()
    {
        using var client = machinery.Client();
        var kept = await client.ApplyAsync(MachineryFixture.Object($"{{apiVersion: apps/v1, kind: ReplicaSet, metadata: {{name: a, namespace: {await machinery.PlaceAsync()}}}, spec: {{selector: {{matchLabels: {{app: a}}}}, template: {{metadata: {{labels: {{app: a}}}}, spec: {{containers: [{{name: c, image: c}}]}}}}}}}}"), default);
        (await client.DeleteAsync(kept, waitForDependents: true, default)).ShouldBeTrue();
        var going = (await client.FindAsync(KubernetesKind.ReplicaSet, kept.Namespace, "a", default)).ShouldNotBeNull();
        going.IsDeleting.ShouldBeTrue();
        going.Json.At("metadata", "finalizers")!.ToJsonString().ShouldBe("[\"foregroundDeletion\"]");
        using var events = new RenderingFixture();
        var error = await Should.ThrowAsync<UserException>(() => new ObjectApply(client, force: false, events).CheckAsync([going.Json], default));
        error.Message.ShouldContain("ReplicaSet/a is being removed, held by foregroundDeletion");
    }

    [Fact]
    public async Task Lets_a_user_without_rights_on_namespaces_work_inside_one()
    {
        using var guest = machinery.Client(TestedServer.Guest);
        using var events = new RenderingFixture();
        await using var lease = await ClusterLease.TakeAsync(guest, "guest", MachineryServer.GuestPlace, "Deploy", events, TimeProvider.System, default);
        lease.ShouldNotBeNull();
        var manifest = MachineryFixture.Object($"{{apiVersion: v1, kind: ConfigMap, metadata: {{name: a, namespace: {MachineryServer.GuestPlace}}}}}");
        (await new ObjectApply(guest, force: false, events).CheckAsync([manifest], default)).ShouldHaveSingleItem().Word.ShouldBe("created");
    }
}
