namespace Preheat.Kubernetes;

/// <summary>The contexts of the user's kubeconfig.</summary>
public static class KubeContexts
{
    /// <summary>Checks that the context is there and whole, without asking its cluster.</summary>
    /// <exception cref="UserException">There is no kubeconfig, no such context, or it is not understood.</exception>
    public static void Check(CloudEndpoints endpoints) => _ = Kubeconfig.Resolve(endpoints);
}
