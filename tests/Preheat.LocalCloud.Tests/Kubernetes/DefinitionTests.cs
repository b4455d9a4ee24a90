using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>Kinds that a client defines. Each test has a group of its own, since definitions belong to the whole cluster.</summary>
[Collection(SharedCluster.Name)]
public sealed class DefinitionTests(TestCluster cluster)
{
    private const string Definitions = "apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private const string Schema = """
        {
          "type": "object", "required": ["spec"],
          "properties": {
            "spec": {
              "type": "object", "required": ["color"],
              "properties": {
                "color": { "type": "string", "enum": ["red", "green"] },
                "size": { "type": "integer", "minimum": 1, "maximum": 5, "default": 2 },
                "code": { "type": "string", "pattern": "^[a-z]+$", "maxLength": 4 },
                "port": { "x-kubernetes-int-or-string": true },
                "tags": { "type": "array", "maxItems": 2, "items": { "type": "string" } },
                "free": { "type": "object", "x-kubernetes-preserve-unknown-fields": true },
                "parts": {
                  "type": "array", "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"],
                  "items": { "type": "object", "required": ["name"], "properties": { "name": { "type": "string" }, "count": { "type": "integer", "default": 1 } } }
                }
              }
            },
            "status": { "type": "object", "x-kubernetes-preserve-unknown-fields": true }
          }
        }
        """;

    [Fact]
    public async Task Serves_a_new_kind_with_defaults_and_without_unknown_fields()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        (await cluster.GetAsync($"apis/{group}/v1")).Body.Objects("resources").Select(item => item.Text("name")).ShouldBe(["widgets", "widgets/status", "widgets/scale"]);
        var (code, created) = await cluster.PostAsync($"apis/{group}/v1/{ns}widgets", Widget(group, """{"color":"red","colour":"x","free":{"any":1},"parts":[{"name":"a"}],"port":"http"}"""));
        code.ShouldBe(201, created.ToJsonString());
        created["spec"]!.ToJsonString().ShouldBe("""{"color":"red","free":{"any":1},"parts":[{"name":"a","count":1}],"port":"http","size":2}""");
        created.Number("metadata", "generation").ShouldBe(1);
        (await cluster.GetAsync($"apis/{group}/v1/{ns}widgets")).Body.Text("kind").ShouldBe("WidgetList");
    }

    [Theory]
    [InlineData("""{}""", "spec.color", "Required value")]
    [InlineData("""{"color":"blue"}""", "spec.color", "Unsupported value: \"blue\": supported values: \"red\", \"green\"")]
    [InlineData("""{"color":"red","size":"big"}""", "spec.size", "Invalid value: \"string\": spec.size in body must be of type integer: \"string\"")]
    [InlineData("""{"color":"red","size":9}""", "spec.size", "Invalid value: 9: spec.size in body should be less than or equal to 5")]
    [InlineData("""{"color":"red","size":1.5}""", "spec.size", "Invalid value: \"number\": spec.size in body must be of type integer: \"number\"")]
    [InlineData("""{"color":"red","code":"A1"}""", "spec.code", "Invalid value: \"A1\": spec.code in body should match '^[a-z]+$'")]
    [InlineData("""{"color":"red","code":"abcde"}""", "spec.code", "Too long: may not be more than 4 bytes")]
    [InlineData("""{"color":"red","port":true}""", "spec.port", "Invalid value: \"boolean\": spec.port in body must be of type integer,string: \"boolean\"")]
    [InlineData("""{"color":"red","tags":["a","b","c"]}""", "spec.tags", "Too many: 3: must have at most 2 items")]
    [InlineData("""{"color":"red","parts":[{"name":"a"},{"name":"a"}]}""", "spec.parts[1]", "Duplicate value: {\"name\":\"a\"}")]
    public async Task Refuses_what_the_schema_does(string spec, string field, string message)
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        var (code, status) = await cluster.PostAsync($"apis/{group}/v1/{ns}widgets", Widget(group, spec));
        code.ShouldBe(422, status.ToJsonString());
        var cause = status.Objects("details", "causes").Single();
        (cause.Text("field"), cause.Text("message")).ShouldBe((field, message));
        status.Text("message")!.ShouldStartWith($"Widget.{group} \"w\" is invalid: {field}: ");
    }

    [Fact]
    public async Task Unknown_fields_are_refused_warned_of_or_dropped_as_asked()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        var path = $"apis/{group}/v1/{ns}widgets";
        var body = Widget(group, """{"color":"red","colour":"x"}""");
        var (code, status) = await cluster.PostAsync($"{path}?fieldValidation=Strict", body);
        code.ShouldBe(400);
        status.Text("message").ShouldBe("Widget in version \"v1\" cannot be handled as a Widget: strict decoding error: unknown field \"spec.colour\"");
        (await cluster.PostAsync($"{path}?fieldValidation=Ignore", body)).Code.ShouldBe(201);
        (await cluster.SendAsync(HttpMethod.Patch, $"{path}/w", "{}", "application/strategic-merge-patch+json")).Code.ShouldBe(415);
    }

    [Fact]
    public async Task Lists_by_key_are_shared_between_managers()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        var path = $"apis/{group}/v1/{ns}widgets/w";
        await cluster.ApplyAsync(path, Widget(group, """{"color":"red","parts":[{"name":"a","count":3}]}""").ToJsonString());
        var (code, both) = await cluster.ApplyAsync(path, Widget(group, """{"parts":[{"name":"b"}]}""").ToJsonString(), manager: "two");
        code.ShouldBe(200, both.ToJsonString());
        both.Objects("spec", "parts").Select(item => item.Text("name")).ShouldBe(["b", "a"], ignoreOrder: true);
        (code, var status) = await cluster.ApplyAsync(path, Widget(group, """{"colour":"red"}""").ToJsonString());
        code.ShouldBe(500);
        status.Text("message").ShouldBe($"failed to create typed patch object ({ns.Split('/')[1]}/w; {group}/v1, Kind=Widget): .spec.colour: field not declared in schema");
        (code, status) = await cluster.ApplyAsync(path, Widget(group, """{"parts":[{"count":3}]}""").ToJsonString());
        code.ShouldBe(500);
        status.Text("message")!.ShouldEndWith("): .spec.parts: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have default values for any key fields)");
    }

    [Fact]
    public async Task Status_and_scale_are_subresources_of_their_own()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        var path = $"apis/{group}/v1/{ns}widgets";
        var body = Widget(group, """{"color":"red"}""");
        body["status"] = new JsonObject { ["size"] = 4 };
        (await cluster.PostAsync(path, body)).Body["status"].ShouldBeNull("only its own endpoint writes the status");
        (await cluster.MergeAsync($"{path}/w/status", """{"spec":{"color":"green"},"status":{"size":4}}""")).Code.ShouldBe(200);
        var (_, scale) = await cluster.MergeAsync($"{path}/w/scale", """{"spec":{"replicas":5}}""");
        (scale.Number("spec", "replicas"), scale.Number("status", "replicas")).ShouldBe((5, 4));
        var (_, after) = await cluster.GetAsync($"{path}/w");
        (after.Text("spec", "color"), after.Number("spec", "size"), after.Number("metadata", "generation")).ShouldBe(("red", 5, 2));
    }

    [Fact]
    public async Task Every_served_version_shows_the_same_objects()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        await cluster.PostAsync($"apis/{group}/v1/{ns}widgets", Widget(group, """{"color":"red"}"""));
        (await cluster.GetAsync($"apis/{group}/v1beta1/{ns}widgets/w")).Body.Text("apiVersion").ShouldBe($"{group}/v1beta1");
        (await cluster.GetAsync($"apis/{group}/v1beta1/{ns}widgets")).Body.Objects("items").Single().Text("apiVersion").ShouldBe($"{group}/v1beta1");
        (await cluster.GetAsync($"apis/{group}/v1alpha1/{ns}widgets")).Code.ShouldBe(404, "this version is not served");
        (await cluster.GetAsync($"apis/{group}")).Body.Text("preferredVersion", "version").ShouldBe("v1");
    }

    [Fact]
    public async Task A_deleted_definition_takes_its_objects_along()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        await cluster.PostAsync($"apis/{group}/v1/{ns}widgets", Widget(group, """{"color":"red"}"""));
        (await cluster.DeleteAsync($"{Definitions}/widgets.{group}")).Code.ShouldBe(200);
        await cluster.WaitGoneAsync($"{Definitions}/widgets.{group}");
        (await cluster.GetAsync($"apis/{group}/v1/{ns}widgets")).Code.ShouldBe(404);
        await DefineAsync(group);
        (await cluster.GetAsync($"apis/{group}/v1/{ns}widgets")).Body.Objects("items").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("metadata.name", """{"metadata":{"name":"other.x.example"}}""")]
    [InlineData("spec.versions", """{"spec":{"versions":[{"name":"v1","served":true,"storage":false,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}""")]
    [InlineData("spec.versions[0].schema.openAPIV3Schema", """{"spec":{"versions":[{"name":"v1","served":true,"storage":true}]}}""")]
    [InlineData("spec.versions[0].schema.openAPIV3Schema.properties[spec].type", """{"spec":{"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"spec":{}}}}}]}}""")]
    [InlineData("spec.versions[0].schema.openAPIV3Schema.properties[a].items", """{"spec":{"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"array"}}}}}]}}""")]
    [InlineData("spec.versions[0].schema.openAPIV3Schema.properties[a].pattern", """{"spec":{"versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{"a":{"type":"string","pattern":"("}}}}}]}}""")]
    [InlineData("spec.scope", """{"spec":{"scope":"Everywhere"}}""")]
    public async Task Refuses_a_faulty_definition(string field, string change)
    {
        var definition = Definition("x.example");
        foreach (var (part, fields) in (JsonObject)JsonNode.Parse(change)!)
        {
            foreach (var (name, value) in (JsonObject)fields!)
            {
                definition[part]![name] = value?.DeepClone();
            }
        }

        var (code, status) = await cluster.PostAsync(Definitions, definition);
        code.ShouldBe(422, status.ToJsonString());
        status.Objects("details", "causes").Select(cause => cause.Text("field")).ShouldContain(field);
    }

    [Fact]
    public async Task Objects_of_defined_kinds_survive_a_restart()
    {
        var alone = new TestCluster();
        await alone.InitializeAsync();
        try
        {
            (await alone.PostAsync(Definitions, Definition("y.example"))).Code.ShouldBe(201);
            await alone.WaitAsync($"{Definitions}/widgets.y.example", body => body.Condition("Established").Text("status") == "True");
            (await alone.PostAsync("apis/y.example/v1/namespaces/default/widgets", Widget("y.example", """{"color":"red"}"""))).Code.ShouldBe(201);
            await alone.RestartAsync();
            (await alone.GetAsync("apis/y.example/v1/namespaces/default/widgets/w")).Body.Text("spec", "color").ShouldBe("red");
        }
        finally
        {
            await alone.DisposeAsync();
        }
    }

    [Fact]
    public async Task The_kinds_of_a_gke_cluster_are_there_as_definitions()
    {
        var names = (await cluster.GetAsync(Definitions)).Body.Objects("items").Where(item => item.Condition("Established").Text("status") == "True").Select(item => item.Text("metadata", "name")).ToList();
        new[] { "podmonitorings.monitoring.googleapis.com", "clusterpodmonitorings.monitoring.googleapis.com", "gcpresourceallowlists.node.gke.io", "computeclasses.cloud.google.com" }.ShouldBeSubsetOf(names);
        var (code, body) = await cluster.PostAsync($"apis/monitoring.googleapis.com/v1/{await cluster.NamespaceAsync()}podmonitorings",
            JsonNode.Parse("""{"metadata":{"name":"m"},"spec":{"selector":{"matchLabels":{"app":"a"}},"endpoints":[{"port":8000}]}}""")!);
        code.ShouldBe(201, body.ToJsonString());
        body["spec"]!["endpoints"]![0].Text("interval").ShouldBe("1m");
    }

    [Fact]
    public async Task An_apply_keeps_what_a_changed_definition_has_made_one_value_since()
    {
        var (group, ns) = (await DefineAsync(), await cluster.NamespaceAsync());
        var path = $"apis/{group}/v1/{ns}widgets/w";
        var widget = Widget(group, """{"color":"red","parts":[{"name":"a","count":3}]}""").ToJsonString();
        (await cluster.ApplyAsync(path, widget)).Code.ShouldBe(201);

        var definition = (await cluster.GetAsync($"{Definitions}/widgets.{group}")).Body;
        foreach (var version in definition.Objects("spec", "versions"))
        {
            version["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["x-kubernetes-map-type"] = "atomic";
        }

        (await cluster.PutAsync($"{Definitions}/widgets.{group}", definition)).Code.ShouldBe(200);
        var (code, applied) = await cluster.ApplyAsync(path, widget);
        code.ShouldBe(200, applied.ToJsonString());
        applied["spec"]!["parts"]!.ToJsonString().ShouldBe("""[{"name":"a","count":3}]""");
        applied.Objects("metadata", "managedFields").Single().At("fieldsV1", "f:spec")!.ToJsonString().ShouldBe("{}");
    }

    private async Task<string> DefineAsync(string? group = null)
    {
        group ??= $"g{Guid.NewGuid():N}.example";
        var (code, body) = await cluster.PostAsync(Definitions, Definition(group));
        code.ShouldBe(201, body.ToJsonString());
        await cluster.WaitAsync($"{Definitions}/widgets.{group}", item => item.Condition("Established").Text("status") == "True");
        return group;
    }

    private static JsonObject Definition(string group)
    {
        var version = new JsonObject
        {
            ["name"] = "v1",
            ["served"] = true,
            ["storage"] = true,
            ["schema"] = new JsonObject { ["openAPIV3Schema"] = JsonNode.Parse(Schema) },
            ["subresources"] = JsonNode.Parse("""{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size"}}"""),
            ["additionalPrinterColumns"] = JsonNode.Parse("""[{"name":"Size","type":"integer","jsonPath":".spec.size"}]"""),
        };
        var (beta, alpha) = (version.Copy(), version.Copy());
        (beta["name"], beta["storage"]) = ("v1beta1", false);
        (alpha["name"], alpha["storage"], alpha["served"]) = ("v1alpha1", false, false);
        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"widgets.{group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["kind"] = "Widget", ["plural"] = "widgets" },
                ["versions"] = new JsonArray(alpha, beta, version),
            },
        };
    }

    private static JsonObject Widget(string group, string spec) => new()
    {
        ["apiVersion"] = $"{group}/v1",
        ["kind"] = "Widget",
        ["metadata"] = new JsonObject { ["name"] = "w" },
        ["spec"] = JsonNode.Parse(spec),
    };
}
