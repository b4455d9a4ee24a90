using System.Text.Json.Nodes;
using Preheat.Kubernetes;
using Preheat.Runs;
using Preheat.Tests.Manifests;

namespace Preheat.Tests.Kubernetes;

/// <summary>A set that brings a custom resource definition and an object of its kind.</summary>
public sealed class DefinitionsFirstTests : IAsyncLifetime
{
    private const string Definition = """
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"widgets.example.org"},"spec":{"group":"example.org","scope":"Namespaced",
        "names":{"plural":"widgets","singular":"widget","kind":"Widget","listKind":"WidgetList"},"versions":[{"name":"v1","served":true,"storage":true,
        "schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer"}}}}}}}]}}
        """;

    private readonly RenderingFixture _fixture = new();
    private EmbeddedCluster _cluster = null!;
    private KubernetesClient _client = null!;

    public async Task InitializeAsync()
    {
        _cluster = await EmbeddedCluster.StartAsync();
        _client = KubernetesClient.Connect(_cluster.Endpoints, TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _cluster.DisposeAsync();
        _fixture.Dispose();
    }

    [Fact]
    public async Task Are_applied_before_their_objects_are_checked()
    {
        JsonObject[] wanted = [Widget("3"), Object(Definition)];
        var apply = new ObjectApply(_client, force: false, _fixture);
        (await apply.CheckAsync(wanted, default)).Select(change => change.Word).ShouldBe(["created", "created"]);
        _fixture.Events.OfType<Warning>().ShouldHaveSingleItem().Text.ShouldStartWith("Widget/a is not checked beforehand: ");
        await apply.DefineAsync(wanted, TimeProvider.System, default);
        await apply.CheckAsync(wanted, default);
        _fixture.Events.OfType<Warning>().Count().ShouldBe(1);
        await apply.ApplyAsync(wanted, default);
        (await _client.FindAsync(new("example.org/v1", "Widget"), "default", "a", default)).ShouldNotBeNull();
    }

    [Fact]
    public async Task Stay_when_an_object_is_refused_and_the_message_says_so()
    {
        JsonObject[] wanted = [Object(Definition), Widget("\"big\"")];
        var apply = new ObjectApply(_client, force: false, _fixture);
        await apply.DefineAsync(wanted, TimeProvider.System, default);
        var error = await Should.ThrowAsync<UserException>(() => apply.CheckAsync(wanted, default));
        error.Message.ShouldContain("size");
        error.Message.ShouldEndWith("Nothing but CustomResourceDefinition/widgets.example.org was applied.");
    }

    [Fact]
    public async Task Are_not_applied_when_something_else_is_refused()
    {
        var service = Object("""{"apiVersion":"v1","kind":"Service","metadata":{"name":"a","namespace":"default"},"spec":{"ports":[{"port":-1}]}}""");
        var error = await Should.ThrowAsync<UserException>(() => new ObjectApply(_client, force: false, _fixture).DefineAsync([Object(Definition), Widget("3"), service], TimeProvider.System, default));
        error.Message.ShouldEndWith("Nothing was applied.");
        (await _client.HasKindAsync(new("example.org/v1", "Widget"), default)).ShouldBeFalse();
    }

    private static JsonObject Widget(string size) => Object($$"""{"apiVersion":"example.org/v1","kind":"Widget","metadata":{"name":"a","namespace":"default"},"spec":{"size":{{size}} } }""");

    private static JsonObject Object(string json) => (JsonObject)JsonNode.Parse(json)!;
}
