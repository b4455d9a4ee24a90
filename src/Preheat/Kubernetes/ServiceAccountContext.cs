namespace Preheat.Kubernetes;

/// <summary>The context of a pod: the API server that the environment names, and the pod's service account (kubernetes.io, "Accessing the Kubernetes API from a Pod").</summary>
internal static class ServiceAccountContext
{
    private const string Folder = "/var/run/secrets/kubernetes.io/serviceaccount";

    /// <summary>Null outside a pod.</summary>
    public static KubeContext? Find() => Find(Environment.GetEnvironmentVariable, Folder);

    /// <param name="folder">Where the account's <c>token</c>, <c>ca.crt</c> and <c>namespace</c> are.</param>
    /// <exception cref="UserException">The account's certificate authority cannot be used.</exception>
    public static KubeContext? Find(Func<string, string?> variable, string folder)
    {
        var (host, port) = (variable("KUBERNETES_SERVICE_HOST"), variable("KUBERNETES_SERVICE_PORT"));
        var token = Path.Combine(folder, "token");
        if (string.IsNullOrEmpty(host) || string.IsNullOrEmpty(port) || !File.Exists(token))
            return null;
        var place = Path.Combine(folder, "namespace");
        var authority = Path.Combine(folder, "ca.crt");
        return new()
        {
            Name = KubeContexts.InCluster,
            File = folder,
            Server = new UriBuilder("https", host, int.Parse(port, System.Globalization.CultureInfo.InvariantCulture)).Uri,
            Namespace = File.Exists(place) ? File.ReadAllText(place).Trim() : null,
            Authority = File.Exists(authority) ? Kubeconfig.AuthorityOf(File.ReadAllText(authority), authority) : null,
            // The kubelet replaces the token before it expires, so it is read again and again.
            User = new() { Name = "(service account)", TokenFile = token },
        };
    }
}
