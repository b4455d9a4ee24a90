using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Store;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>Adds and takes back finalizers; false when nothing changes.</summary>
internal static class Finalizers
{
    public static bool Add(JsonObject json, string name)
    {
        var present = json.Texts("metadata", "finalizers").ToList();
        if (present.Contains(name))
        {
            return false;
        }

        json.Metadata()["finalizers"] = KubeJson.ToArray(present.Append(name));
        return true;
    }

    public static bool Remove(JsonObject json, string name)
    {
        var present = json.Texts("metadata", "finalizers").ToList();
        if (!present.Remove(name))
        {
            return false;
        }

        json.Metadata()["finalizers"] = KubeJson.ToArray(present);
        return true;
    }
}
