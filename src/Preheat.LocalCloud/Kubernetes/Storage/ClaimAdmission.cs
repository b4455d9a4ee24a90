using System.Text.Json.Nodes;
using Preheat.LocalCloud.Kubernetes.Api;
using Preheat.LocalCloud.Kubernetes.Store;
using Preheat.LocalCloud.Kubernetes.Validation;

namespace Preheat.LocalCloud.Kubernetes.Storage;

/// <summary>The admission plugins DefaultStorageClass and PersistentVolumeClaimResize (https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/).</summary>
internal static class ClaimAdmission
{
    /// <summary>A new claim that names no class gets the default one. An empty name is a name: no class.</summary>
    public static void Default(ObjectStore store, JsonObject claim)
    {
        if (claim.At("spec", "storageClassName") is null && Claims.DefaultClass(store) is { } standard)
        {
            claim.Ensure("spec")["storageClassName"] = standard.Name;
        }
    }

    /// <summary>Refuses to let a claim grow that cannot.</summary>
    /// <exception cref="ApiException">403 in the words of the API server.</exception>
    public static void CheckGrowth(ObjectStore store, ObjectKey key, JsonObject claim, JsonObject before)
    {
        if (Quantity.ValueOf(claim.At("spec", "resources", "requests", "storage")) <= Quantity.ValueOf(before.At("spec", "resources", "requests", "storage")))
        {
            return;
        }

        if (before.Text("status", "phase") != "Bound")
        {
            throw ApiException.Forbidden(key, "Only bound persistent volume claims can be expanded");
        }

        if (Claims.FindClass(store, claim.Text("spec", "storageClassName") ?? "")?.Json.Flag("allowVolumeExpansion") != true)
        {
            throw ApiException.Forbidden(key, "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize");
        }
    }
}
