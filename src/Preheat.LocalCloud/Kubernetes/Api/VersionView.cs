using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// An object as one version of its kind shows it. Versions of a definition differ in <c>apiVersion</c> alone
/// (conversion strategy <c>None</c>, the only one served).
/// </summary>
internal static class VersionView
{
    public static byte[] Of(StoredObject stored, ResourceKind kind) => IsOther(stored, kind) ? KubeJson.Serialize(JsonOf(stored, kind)) : stored.Bytes;

    /// <summary>The object itself where it is of that version already: not to be changed.</summary>
    public static JsonObject JsonOf(StoredObject stored, ResourceKind kind)
    {
        if (!IsOther(stored, kind))
        {
            return stored.Json;
        }

        var json = stored.Json.Copy();
        json["apiVersion"] = kind.ApiVersion;
        return json;
    }

    private static bool IsOther(StoredObject stored, ResourceKind kind) => kind.Defined is not null && stored.Json.Text("apiVersion") != kind.ApiVersion;
}
