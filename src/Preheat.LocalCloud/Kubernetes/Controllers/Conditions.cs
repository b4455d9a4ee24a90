using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Controllers;

/// <summary>Writes <c>status.conditions</c>: <c>lastTransitionTime</c> moves only when the status does.</summary>
internal static class Conditions
{
    /// <summary>True when the condition's status changed.</summary>
    public static bool Set(JsonObject json, string type, bool status, string reason, string message, DateTimeOffset now, bool updateTime = false) =>
        Set(json, type, status ? "True" : "False", reason, message, now, updateTime);

    /// <inheritdoc cref="Set(JsonObject, string, bool, string, string, DateTimeOffset, bool)"/>
    /// <param name="text"><c>True</c>, <c>False</c> or <c>Unknown</c>.</param>
    public static bool Set(JsonObject json, string type, string text, string reason, string message, DateTimeOffset now, bool updateTime = false)
    {
        var holder = json.Ensure("status");
        if (holder["conditions"] is not JsonArray list)
        {
            holder["conditions"] = list = [];
        }

        var condition = list.OfType<JsonObject>().FirstOrDefault(item => item.Text("type") == type);
        if (condition is null)
        {
            condition = new JsonObject { ["type"] = type };
            list.Add((JsonNode)condition);
        }

        var changed = condition.Text("status") != text;
        if (changed)
        {
            condition["lastTransitionTime"] = KubeJson.Seconds(now);
        }

        if (updateTime && (changed || condition.Text("reason") != reason || condition.Text("message") != message))
        {
            condition["lastUpdateTime"] = KubeJson.Seconds(now);
        }

        condition["status"] = text;
        Put(condition, "reason", reason);
        Put(condition, "message", message);
        return changed;
    }

    public static void Remove(JsonObject json, string type)
    {
        if (json.Items("status", "conditions") is { } list && json.Condition(type) is { } condition)
        {
            list.Remove(condition);
        }
    }

    public static bool IsTrue(JsonNode? json, string type) => json.Condition(type).Text("status") == "True";

    private static void Put(JsonObject condition, string name, string value)
    {
        condition.Remove(name);
        if (value.Length > 0)
        {
            condition[name] = value;
        }
    }
}
