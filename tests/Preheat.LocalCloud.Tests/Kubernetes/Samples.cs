using System.Text.Json.Nodes;

namespace Preheat.LocalCloud.Tests.Kubernetes;

/// <summary>Small valid objects that tests vary.</summary>
internal static class Samples
{
    public static JsonObject ConfigMap(string name, string key = "a", string value = "1", string? label = null)
    {
        var metadata = new JsonObject { ["name"] = name };
        if (label is not null)
        {
            metadata["labels"] = new JsonObject { ["app"] = label };
        }

        return new JsonObject { ["apiVersion"] = "v1", ["kind"] = "ConfigMap", ["metadata"] = metadata, ["data"] = new JsonObject { [key] = value } };
    }

    public static JsonObject Container() => (JsonObject)JsonNode.Parse($$"""
        {
          "name": "server",
          "image": "{{TestCluster.Image}}",
          "ports": [{ "name": "http", "containerPort": 8000 }],
          "readinessProbe": { "httpGet": { "path": "/health", "port": 8000 }, "periodSeconds": 10 }
        }
        """)!;

    public static JsonObject Pod(string name, Action<JsonObject>? change = null)
    {
        var container = Container();
        var pod = new JsonObject
        {
            ["apiVersion"] = "v1",
            ["kind"] = "Pod",
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = name } },
            ["spec"] = new JsonObject { ["containers"] = new JsonArray(container), ["terminationGracePeriodSeconds"] = 1 },
        };
        change?.Invoke((JsonObject)pod["spec"]!);
        return pod;
    }

    public static JsonObject Deployment(string name, int replicas = 1, Action<JsonObject>? change = null)
    {
        var deployment = new JsonObject
        {
            ["apiVersion"] = "apps/v1",
            ["kind"] = "Deployment",
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["replicas"] = replicas,
                ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = name } },
                ["template"] = new JsonObject
                {
                    ["metadata"] = new JsonObject { ["labels"] = new JsonObject { ["app"] = name } },
                    ["spec"] = new JsonObject { ["containers"] = new JsonArray(Container()), ["terminationGracePeriodSeconds"] = 1 },
                },
            },
        };
        change?.Invoke((JsonObject)deployment["spec"]!);
        return deployment;
    }

    public static JsonObject Service(string name, string app) => (JsonObject)JsonNode.Parse($$"""
        {
          "apiVersion": "v1", "kind": "Service", "metadata": { "name": "{{name}}" },
          "spec": { "selector": { "app": "{{app}}" }, "ports": [{ "name": "http", "port": 80, "targetPort": "http" }] }
        }
        """)!;

    /// <summary>The first container of a pod's or template's spec.</summary>
    public static JsonObject Server(this JsonNode spec) => (JsonObject)(spec["template"]?["spec"] ?? spec)["containers"]![0]!;
}
