using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Api;

/// <summary>
/// An object as one version of its kind shows it. Versions of a definition differ in <c>apiVersion</c> alone
/// (conversion strategy <c>None</c>, the only one served); those of the server's own kinds by their <see cref="KindConversion"/>.
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

        return JsonOf(stored.Json, kind);
    }

    /// <summary>A copy of the object in that version.</summary>
    public static JsonObject JsonOf(JsonObject stored, ResourceKind kind)
    {
        if (kind.Conversion is { } conversion)
        {
            return conversion.FromStored(stored);
        }

        var json = stored.Copy();
        json["apiVersion"] = kind.ApiVersion;
        return json;
    }

    private static bool IsOther(StoredObject stored, ResourceKind kind) => kind.Conversion is not null || (kind.Defined is not null && stored.Json.Text("apiVersion") != kind.ApiVersion);
}
