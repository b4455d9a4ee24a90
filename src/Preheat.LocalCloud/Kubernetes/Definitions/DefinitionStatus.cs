using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Definitions;

/// <summary>The status of a CustomResourceDefinition: conditions <c>NamesAccepted</c> and <c>Established</c>, accepted names, stored versions.</summary>
internal static class DefinitionStatus
{
    /// <summary>Accepts the names unless <paramref name="conflict"/> says why not; a kind that is served stays so.</summary>
    public static void Settle(JsonObject json, string? conflict, DateTimeOffset time)
    {
        var status = json.Ensure("status");
        Set(json, "NamesAccepted", conflict is null, conflict is null ? "NoConflicts" : "ListKindConflict", conflict ?? "no conflicts found", time);
        var established = conflict is null || DefinedKinds.AreEstablished(json);
        Set(json, "Established", established, established ? "InitialNamesAccepted" : "NotAccepted", established ? "the initial names have been accepted" : "not all names are accepted", time);
        if (conflict is null)
        {
            status["acceptedNames"] = json.At("spec", "names")?.DeepClone();
        }

        var stored = json.Texts("status", "storedVersions").ToList();
        if (json.Objects("spec", "versions").FirstOrDefault(version => version.Flag("storage")).Text("name") is { } version && !stored.Contains(version))
        {
            stored.Add(version);
        }

        status["storedVersions"] = KubeJson.ToArray(stored);
    }

    private static void Set(JsonObject json, string type, bool value, string reason, string message, DateTimeOffset time)
    {
        var status = value ? "True" : "False";
        var present = json.Condition(type);
        if (present is null)
        {
            var conditions = json.Ensure("status").Items("conditions")?.DeepClone() as JsonArray ?? [];
            present = new JsonObject { ["type"] = type };
            conditions.Add((JsonNode)present);
            json.Ensure("status")["conditions"] = conditions;
        }

        if (present.Text("status") != status)
        {
            (present["status"], present["lastTransitionTime"]) = (status, KubeJson.Seconds(time));
        }

        (present["reason"], present["message"]) = (reason, message);
    }
}
