namespace Preheat.Kubernetes;

/// <summary>The contexts of the user's kubeconfig.</summary>
public static class KubeContexts
{
    /// <summary>Word in the place of a context: the service account of the pod that this runs in. A kubeconfig's context of this name cannot be used.</summary>
    public const string InCluster = "in-cluster";

    /// <summary>Checks that the context is there and whole, without asking its cluster.</summary>
    /// <exception cref="UserException">There is no kubeconfig, no such context, or it is not understood; or this is no pod.</exception>
    public static void Check(CloudEndpoints endpoints) => _ = Kubeconfig.Resolve(endpoints);
}
